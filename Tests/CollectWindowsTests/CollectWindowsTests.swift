import AgentMetrics
import CWindows
import CWindowsDouble
import Collect
import CollectGPU
import PlatformWindows
import Platforms
import SystemIO
import TestSupport
import Testing

@testable import API
@testable import CollectWindows

/// Collectors over scripted machines.
///
/// Serialized, because CWindows's functions report one machine at a time.
@Suite(.serialized) struct CollectWindowsTests {
  /// Fixed clocks of a reading.
  private static func reading(at time: Double, after previous: Reading? = nil) -> Reading {
    var reading = previous ?? Reading()
    reading.timestamp = Timestamp(seconds: Double(Machines.boot) / 1e7 - 11_644_473_600 + time)
    reading.monotonic = time
    reading.boottime = time
    return reading
  }

  /// Collectors of Windows, with clocks that the machines' times follow.
  private static func collectors(_ clock: Clock) -> [any Collector] {
    [
      HostCollector(), CPUCollector(), MemoryCollector(), DiskCollector(),
      FilesystemCollector(timing: .init(period: 0, bound: 60)), NetworkCollector(),
      ProcessesCollector(boot: Machines.boot, now: { clock.now }),
    ]
  }

  /// A clock that the test sets.
  private final class Clock: Sendable {
    private let time = Condition(0.0)
    var now: Double {
      get { time.withState { $0 } }
      set { time.update { $0 = newValue } }
    }
  }

  /// Reports the same GPUs at each reading.
  private final class FixedSource: GPUSource {
    private let gpus: [GPU]
    init(_ gpus: [GPU]) { self.gpus = gpus }
    func read(at instant: Double) throws(CollectorError) -> GPUAnswer { GPUAnswer(gpus: gpus) }
  }

  /// The sample of ten seconds, and the notes and errors of the collectors.
  private static func sample(
    _ machine: (Double) -> WindowsMachine, nvidia: [GPU] = []
  ) -> (sample: Sample, notes: [String: String], errors: [String: String]) {
    let clock = Clock()
    let nvml = GPUVendor(name: "nvidia", pciVendor: 0x10DE) { _ in FixedSource(nvidia) }
    // A recording's GPUs are awaited for longer than a machine's.
    let gpus = GPUCollector(
      GPUEnvironment(root: "", asksDrivers: false, firstPatience: 60), vendors: [nvml, .displayAdapters])
    let collectors = Self.collectors(clock) + [gpus]
    settle(collectors.dropLast(), machine(1_000), clock)
    var notes: [String: String] = [:]
    var errors: [String: String] = [:]
    var readings: [Reading] = []
    for time in [1_000.0, 1_010, 1_020] {
      machine(time).install()
      clock.now = time
      var reading = Self.reading(at: time, after: readings.last)
      for collector in collectors { collector.prepare() }
      for collector in collectors {
        do throws(CollectorError) {
          try collector.read(into: &reading)
        } catch {
          errors[collector.name] = error.description
        }
        notes[collector.name] = collector.note
      }
      for index in reading.gpus.indices { reading.gpus[index].age = 0 }
      readings.append(reading)
    }
    return (Sample(from: readings[1], to: readings[2]), notes, errors)
  }

  /// Reads until names that are looked up on other threads are known.
  private static func settle(_ collectors: [any Collector], _ machine: WindowsMachine, _ clock: Clock) {
    machine.install()
    clock.now = 1_000
    var reading = Self.reading(at: 1_000)
    let isSettled = eventually {
      let processes = reading.processes?.all ?? []
      return !processes.contains { $0.user.hasPrefix("S-1-") }
        && (machine.services?.isEmpty != false || processes.contains { $0.service != nil })
        && (machine.diskLetters.isEmpty || reading.disks.contains { $0.name != nil })
    } after: {
      for collector in collectors { collector.prepare() }
      for collector in collectors { try? collector.read(into: &reading) }
    }
    #expect(isSettled)
  }

  /// The sample's JSON with a line for each entry of a list.
  private static func text(_ sample: Sample) -> String {
    var text = ""
    var last: Character = " "
    for character in String(decoding: SampleJSON.encode(sample), as: UTF8.self) {
      text.append(character)
      if character == ",", "}]".contains(last) { text.append("\n") }
      last = character
    }
    return text + "\n"
  }

  @Test("A server with 512 CPUs in 8 groups") func server() throws {
    let (sample, notes, errors) = Self.sample(Machines.server)
    #expect(sample.cpu.perCore.count == 512)
    #expect(errors.isEmpty)
    #expect(notes["cpu"] == nil)
    #expect(notes["processes"] == "users of 3 of 7 processes cannot be read")
    try Golden.expect(Self.text(sample), is: "server.json")
  }

  @Test("A laptop whose clocks are base clocks") func laptop() throws {
    let (sample, notes, errors) = Self.sample(Machines.laptop)
    #expect(errors.isEmpty)
    #expect(notes["cpu"] == "frequency is the base clock: Windows reports no current clock on this machine")
    #expect(sample.host.os == "Windows 11 Pro 23H2")
    try Golden.expect(Self.text(sample), is: "laptop.json")
  }

  @Test("A Server Core without counters") func serverCore() throws {
    let (sample, notes, errors) = Self.sample(Machines.serverCore)
    #expect(errors.isEmpty)
    #expect(notes["disk"] == "PhysicalDrive 0: counters are off, `diskperf -Y` enables them")
    #expect(sample.gpus.isEmpty)
    try Golden.expect(Self.text(sample), is: "server-core.json")
  }

  @Test("An AMD GPU only") func amd() throws {
    let (sample, _, errors) = Self.sample { Machines.workstation(at: $0, gpus: [Machines.radeon(at: $0)]) }
    #expect(errors.isEmpty)
    try Golden.expect(Self.text(sample), is: "amd.json")
  }

  @Test("NVIDIA by NVML beside an integrated GPU") func nvidia() throws {
    var known = GPU(vendor: "nvidia")
    known.pciAddress = "0000:01:00.0"
    known.uuid = "GPU-1"
    known.model = "NVIDIA GeForce RTX 4090"
    known.util = 0.87
    let (sample, _, errors) = Self.sample(
      { Machines.workstation(at: $0, gpus: [Machines.integrated(at: $0), Machines.geforce(at: $0)]) }, nvidia: [known])
    #expect(errors.isEmpty)
    #expect(sample.gpus.map(\.vendor) == ["intel", "nvidia"])
    #expect(sample.gpus[1].util == 0.87)
    #expect(sample.gpus[1].sharedUsed == 536_870_912)
    try Golden.expect(Self.text(sample), is: "nvidia.json")
  }

  @Test("Without NVML, DXGI lists NVIDIA's GPU") func nvidiaWithoutNVML() {
    let (sample, _, _) = Self.sample { Machines.workstation(at: $0, gpus: [Machines.geforce(at: $0)]) }
    #expect(sample.gpus.map(\.model) == ["NVIDIA GeForce RTX 4090"])
    #expect(abs((sample.gpus.first?.util ?? .nan) - 0.9) < 1e-6)
  }

  @Test("Without DXGI, only the names of display devices") func namesOnly() {
    let (sample, _, errors) = Self.sample { time in
      var machine = Machines.serverCore(at: time)
      var device = cwindows_display_device()
      (device.vendor, device.device) = (0x1002, 0x744C)
      set(&device.name, "AMD Radeon Pro W7900")
      set(&device.driver, "31.0.24027.1012")
      machine.displays = [device, cwindows_display_device()]
      return machine
    }
    #expect(sample.gpus.map(\.model) == ["AMD Radeon Pro W7900"])
    #expect(sample.gpus.first?.driver == "31.0.24027.1012")
    #expect(sample.gpus.first?.util.isNaN == true)
    #expect(errors["gpu"]?.hasPrefix("display: DXGI lists no adapters") == true)
  }

  @Test("A drive that does not answer keeps its values and has an error") func hungDrive() throws {
    let collector = FilesystemCollector(timing: .init(period: 0, bound: 60, grace: 0.05))
    var reading = Reading()
    Machines.server(at: 1_000).install()
    try collector.read(into: &reading)
    #expect(reading.filesystems.map(\.mountpoint) == ["C:\\", "D:\\", "E:\\"])
    #expect(reading.filesystems[2].error == "This drive is locked by BitLocker Drive Encryption")
    var hung = Machines.server(at: 1_100)
    hung.hungDrives = ["D:\\"]
    hung.install()
    defer { Machines.server(at: 1_100).install() }
    // Waits for the drive up to the bound.
    let impatient = FilesystemCollector(timing: .init(period: 0, bound: 0.01, grace: 0.05))
    try impatient.read(into: &reading)
    #expect(reading.filesystems[1].total.isNaN)
    #expect(impatient.age.isNaN)
    #expect(reading.filesystems[0].fstype == "NTFS")
  }

  @Test("Old values of a drive have their age") func oldValues() throws {
    let collector = FilesystemCollector(timing: .init(period: 0, bound: 0.02, grace: 0.05))
    var reading = Reading()
    Machines.laptop(at: 1_000).install()
    repeat { try collector.read(into: &reading) } while reading.filesystems.first?.total.isFinite != true
    var hung = Machines.laptop(at: 1_100)
    hung.hungDrives = ["C:\\"]
    hung.install()
    defer { Machines.laptop(at: 1_100).install() }
    // Each reading waits for the drive for 20 ms.
    for _ in 0..<500 where !(reading.filesystems.first?.age ?? .nan > 0.05) { try collector.read(into: &reading) }
    #expect(reading.filesystems.first?.fstype == "NTFS")
    #expect((reading.filesystems.first?.age ?? .nan) > 0.05)
  }

  @Test("Calls that Windows refuses are errors of their collectors only") func refused() {
    WindowsMachine().install()
    var machine = WindowsMachine()
    (machine.processors, machine.interfaces, machine.processes) = (nil, nil, nil)
    let (sample, _, errors) = Self.sample { _ in machine }
    #expect(ownWorkingSet() == 26_214_400)
    #expect(Set(errors.keys) == ["cpu", "host", "memory", "network", "processes"])
    #expect(sample.cpu.usage.isNaN)
    #expect(sample.networks.isEmpty)
  }

  @Test("More processes than the first buffer holds") func manyProcesses() throws {
    var machine = Machines.laptop(at: 1_000)
    machine.processes = (1...3_000).map { number in
      var process = cwindows_process()
      process.pid = UInt32(number * 4)
      process.threads = 1
      set(&process.name, "worker.exe")
      return process
    }
    machine.install()
    var reading = Self.reading(at: 1_000)
    try ProcessesCollector(boot: Machines.boot, now: { 1_000 }).read(into: &reading)
    #expect(reading.processes?.all.count == 3_000)
  }

  @Test("A pid that is reused is another process") func reusedPID() throws {
    let collector = ProcessesCollector(boot: Machines.boot, now: { 1_000 })
    var machine = Machines.laptop(at: 1_000)
    machine.install()
    var reading = Self.reading(at: 1_000)
    try collector.read(into: &reading)
    let index = try #require(machine.processes?.firstIndex { $0.pid == 6_000 })
    machine.processes?[index].created += 10_000_000
    set(&machine.processes![index].name, "other.exe")
    machine.users[6_000] = nil
    machine.install()
    try collector.read(into: &reading)
    let process = try #require(reading.processes?.process(pid: 6_000))
    #expect(process.name == "other.exe")
    #expect(process.user.isEmpty)
  }

  @Test("Details of a process") func details() throws {
    Machines.laptop(at: 1_000).install()
    let reader = ProcessDetailsReader(boot: Machines.boot)
    let details = try #require(reader.details(of: 6_000))
    #expect(details.command == "C:\\Program Files\\Render\\render.exe --all")
    #expect(details.executable == "C:\\Program Files\\Render\\render.exe")
    #expect(reader.startTime(of: 6_000) == 600)
    #expect(reader.details(of: 6_004) == nil)
    #expect(reader.startTime(of: -1) == nil)
  }

  @Test("The platform's collectors read the machine") func platform() throws {
    Machines.laptop(at: 1_000).install()
    let platform = WindowsPlatform()
    let collectors = platform.allCollectors(root: "", version: "1.2.3", isSingle: true)
    #expect(
      collectors.map(\.name) == [
        "host", "cpu", "memory", "disk", "filesystem", "network", "processes", "agent", "gpu",
      ])
    var reading = Self.reading(at: 1_000)
    for collector in collectors { try collector.read(into: &reading) }
    #expect(reading.agent.resident == 26_214_400)
    #expect(reading.host.hostname == "WORKER-17")
    let access = try #require(platform.processes(root: "", commandLines: .masked))
    #expect(access.commandLine(4_242) == "agent.exe service run")
    #expect(access.commandLine(8) == nil)
  }

  @Test("Secrets of a command line are masked, in quotation marks, too") func commandLines() {
    let line = #""C:\Program Files\db.exe" --password="two words" -v"#
    let arguments = Arguments.terminated(line)
    #expect(String(decoding: arguments, as: UTF8.self) == "C:\\Program Files\\db.exe\0--password=two words\0-v\0")
    #expect(CommandLineText.text(arguments.span)?.contains("two words") == false)
  }

  @Test("Every source names a metric of the catalog") func sources() {
    let ids = Set(Catalog.shared.nodes.map(\.id)).union(Counter.all.map(\.name))
    for id in windowsSources.keys.sorted() { #expect(ids.contains(id), "\(id)") }
  }

  @Test("Every value of a Windows sample has its Windows source, not Linux'") func sourcesAreComplete() {
    let (sample, _, _) = Self.sample { Machines.workstation(at: $0, gpus: [Machines.radeon(at: $0)]) }
    let lines = Self.text(sample)
    // Of Linux alone, though another group has a value of the same name.
    let absent: Set = ["swap.cached_mb", "processes.top.major_faults_per_sec"]
    for node in Catalog.shared.nodes where node.kind == .value && node.definition.source.contains("/proc") {
      let group = node.id.split(separator: ".").first ?? ""
      let isShown = lines.contains("\"\(group)\":") && lines.contains("\"\(node.definition.name)\":")
      #expect(!isShown || windowsSources[node.id] != nil || absent.contains(node.id), "\(node.id)")
    }
  }
}
