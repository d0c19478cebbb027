import AgentMetrics
import CDarwin
import CDarwinDouble
import Collect
import PlatformDarwin
import Platforms
import SystemIO
import TestSupport
import Testing

@testable import API
@testable import CollectDarwin

/// Collectors over scripted machines.
///
/// Serialized, because CDarwin's functions report one machine at a time.
@Suite(.serialized) struct CollectDarwinTests {
  private static let boot = Machines.boot * 1_000_000

  /// Fixed clocks of a reading.
  private static func reading(at time: Double, after previous: Reading? = nil) -> Reading {
    var reading = previous ?? Reading()
    reading.timestamp = Timestamp(seconds: Double(Machines.boot) + time)
    reading.monotonic = time
    reading.boottime = time
    return reading
  }

  /// A clock that the test sets.
  private final class Clock: Sendable {
    private let time = Condition(0.0)
    var now: Double {
      get { time.withState { $0 } }
      set { time.update { $0 = newValue } }
    }
  }

  private static func collectors(_ clock: Clock) -> [any Collector] {
    [
      HostCollector(), CPUCollector(), MemoryCollector(), FilesystemCollector(timing: .init(period: 0, bound: 60)),
      NetworkCollector(), ProcessesCollector(boot: boot, now: { clock.now }),
    ]
  }

  /// The sample of ten seconds, and the notes and errors of the collectors.
  private static func sample(
    _ machine: (Double) -> DarwinMachine
  ) -> (sample: Sample, notes: [String: String], errors: [String: String]) {
    let clock = Clock()
    machine(1_000).install()
    let collectors = Self.collectors(clock)
    // Names are looked up on other threads, one at a time. Scans are paced: each is ten seconds after the one before.
    let users = machine(1_000).users
    clock.now = -10_000_000
    var names: [String]?
    let isSettled = eventually {
      names.map { !$0.contains { UInt32($0).flatMap { users[$0] } != nil } } ?? false
    } after: {
      clock.now += 10
      var reading = Self.reading(at: clock.now)
      for collector in collectors { collector.prepare() }
      for collector in collectors { try? collector.read(into: &reading) }
      names = reading.processes?.all.map(\.user) ?? []
      usleep(1_000)
    }
    #expect(isSettled)
    var (notes, errors): ([String: String], [String: String]) = ([:], [:])
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
      readings.append(reading)
    }
    return (Sample(from: readings[1], to: readings[2]), notes, errors)
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

  @Test("A laptop, whose agent is not root") func laptop() throws {
    let (sample, notes, errors) = Self.sample(Machines.laptop)
    #expect(errors.isEmpty)
    #expect(notes["processes"] == "CPU and memory of 2 of 5 processes can be read by root only")
    #expect(sample.host.os == "macOS 26.1 (25B78)")
    // Four of eight CPUs are half busy, four a tenth, though their counters wrap.
    #expect(abs(sample.cpu.usage - 0.3) < 0.001)
    try Golden.expect(Self.text(sample), is: "laptop.json")
  }

  @Test("A Mac Studio, whose file server does not answer") func studio() throws {
    let (sample, notes, errors) = Self.sample(Machines.studio)
    #expect(errors.isEmpty)
    #expect(notes["processes"] == nil)
    #expect(sample.filesystems.map(\.error) == [nil, nil, "Operation timed out"])
    try Golden.expect(Self.text(sample), is: "studio.json")
  }

  @Test("Calls that macOS refuses are errors of their collectors only") func refused() {
    var machine = DarwinMachine()
    (machine.cpus, machine.interfaces, machine.processes, machine.filesystems) = (nil, nil, nil, nil)
    let (sample, _, errors) = Self.sample { _ in machine }
    #expect(Set(errors.keys) == ["cpu", "filesystem", "host", "memory", "network", "processes"])
    #expect(sample.cpu.usage.isNaN)
    #expect(sample.load == nil)
  }

  @Test("Counters of CPUs that wrap or stand still") func hostileTicks() throws {
    let collector = CPUCollector()
    func usage(_ loads: [(user: UInt32, idle: UInt32)]) throws -> Double {
      var readings: [Reading] = []
      for (index, load) in loads.enumerated() {
        var machine = DarwinMachine()
        machine.cpus = [cdarwin_cpu(user: load.user, system: 0, idle: load.idle, nice: 0)]
        machine.install()
        var reading = Self.reading(at: 1_000 + Double(index) * 10, after: readings.last)
        try collector.read(into: &reading)
        readings.append(reading)
      }
      return Sample(from: readings[readings.count - 2], to: readings[readings.count - 1]).cpu.usage
    }
    #expect(abs(try usage([(UInt32.max - 100, 0), (399, 500)]) - 0.5) < 0.001)
    // No time has passed by the counters.
    #expect(try usage([(0, 0), (0, 0)]).isNaN)
  }

  @Test("A CPU that goes offline") func offline() throws {
    let collector = CPUCollector()
    var machine = Machines.laptop(at: 1_000)
    machine.install()
    var reading = Self.reading(at: 1_000)
    try collector.read(into: &reading)
    machine.cpus?.removeLast()
    machine.install()
    try collector.read(into: &reading)
    #expect(reading.cpu.cores.count == 7)
    machine.cpus = []
    machine.install()
    #expect(throws: CollectorError.self) { try collector.read(into: &reading) }
    #expect(reading.cpu.cores.isEmpty)
  }

  @Test("Impossible counts of pages") func hostileMemory() throws {
    var machine = Machines.laptop(at: 1_000)
    machine.memory?.internal = .max
    machine.memory?.wired = .max
    machine.memory?.purgeable = 0
    machine.memory?.free = 1
    machine.memory?.swap_used = .max - 1
    machine.install()
    var reading = Self.reading(at: 1_000)
    try MemoryCollector().read(into: &reading)
    #expect(reading.memory.available == 0)
    #expect(reading.memory.free == 0)
    #expect(reading.memory.swapFree == 0)
  }

  @Test("Times of processes at the ends of their ranges") func hostileProcesses() throws {
    var machine = Machines.laptop(at: 1_000)
    var process = Machines.process(7, "ghost", parent: -1, user: .max, cpu: 0, threads: -3, at: 0)
    process.pid = -7
    (process.user_time, process.system_time, process.started) = (.max, .max, .max)
    machine.processes = [process]
    machine.install()
    var reading = Self.reading(at: 1_000)
    try ProcessesCollector(boot: Self.boot, now: { 1_000 }).read(into: &reading)
    let ghost = try #require(reading.processes?.all.first)
    #expect(ghost.threads == 0)
    #expect(ghost.start == .max)
    machine.timebase = cdarwin_timebase(numerator: 1, denominator: 0)
    machine.install()
    #expect(Timebase().nanoseconds(5) == 5)
    machine.timebase = cdarwin_timebase(numerator: .max, denominator: 1)
    machine.install()
    #expect(Timebase().nanoseconds(.max) == .max)
  }

  @Test("More processes than the first buffer holds") func manyProcesses() throws {
    var machine = Machines.laptop(at: 1_000)
    machine.processes = (1...3_000).map { Machines.process($0, "w", parent: 1, user: 0, cpu: 0, threads: 1, at: 0) }
    machine.install()
    var reading = Self.reading(at: 1_000)
    try ProcessesCollector(boot: Self.boot, now: { 1_000 }).read(into: &reading)
    #expect(reading.processes?.all.count == 3_000)
  }

  @Test("A pid that is reused, and a program that replaces itself") func reusedPID() throws {
    let collector = ProcessesCollector(boot: Self.boot, now: { 1_000 })
    var machine = Machines.laptop(at: 1_000)
    machine.install()
    var reading = Self.reading(at: 1_000)
    try collector.read(into: &reading)
    set(&machine.processes![4].name, "other")
    machine.install()
    try collector.read(into: &reading)
    #expect(reading.processes?.process(pid: 6_000)?.name == "other")
    machine.processes![4].started += 5_000_000
    machine.install()
    try collector.read(into: &reading)
    #expect(reading.processes?.process(pid: 6_000)?.start == 605_000_000_000)
  }

  @Test("A file server that hangs keeps no tick waiting") func hungMount() throws {
    var hung = Machines.studio(at: 1_000)
    hung.hungMounts = ["/Volumes/Projects"]
    hung.install()
    defer { Machines.studio(at: 1_000).install() }
    let collector = FilesystemCollector(timing: .init(period: 0, bound: 0.01, grace: 0.05))
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.filesystems.map(\.mountpoint) == ["/", "/System/Volumes/Data", "/Volumes/Projects"])
    #expect(reading.filesystems[2].total.isNaN)
    #expect(collector.age.isNaN)
  }

  @Test("Details of a process, without its environment and secrets") func details() throws {
    Machines.laptop(at: 1_000).install()
    let reader = ProcessDetailsReader(boot: Self.boot)
    let details = try #require(reader.details(of: 6_000))
    #expect(details.command == "render --token ******** scene 1")
    #expect(details.executable == "/Applications/Render.app/Contents/MacOS/render")
    #expect(details.directory == "/Users/anna/scenes")
    #expect(reader.startTime(of: 6_000) == 600)
    #expect(reader.details(of: 170)?.command == nil)
    #expect(reader.details(of: 7) == nil)
    #expect(reader.startTime(of: -1) == nil)
  }

  @Test("Arguments of programs, cut and mutated") func arguments() {
    func text(_ bytes: [UInt8]) -> String {
      String(decoding: ArgumentsParser.arguments(bytes.span).map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self)
    }
    let whole = Machines.arguments("/bin/zsh", ["zsh", "-c", "exit 1"])
    #expect(text(whole) == "zsh|-c|exit 1|")
    #expect(text(Machines.arguments("/bin/zsh", ["zsh"], count: -1)).isEmpty)
    #expect(text(Machines.arguments("/bin/zsh", ["zsh"], count: 0)).isEmpty)
    for length in whole.indices { #expect("zsh|-c|exit 1|".hasPrefix(text(Array(whole.prefix(length))))) }
    surviveTruncationAndMutation(of: whole, mutations: 20_000) { _ = ArgumentsParser.arguments($0) }
  }

  @Test("The platform's collectors read the machine") func platform() throws {
    Machines.laptop(at: 1_000).install()
    let platform = DarwinPlatform()
    let collectors = platform.allCollectors(root: "", version: "1.2.3", isSingle: true)
    #expect(
      collectors.map(\.name) == ["host", "cpu", "memory", "filesystem", "network", "processes", "agent", "gpu"])
    var reading = Self.reading(at: 1_000)
    for collector in collectors { try collector.read(into: &reading) }
    #expect(reading.agent.resident == 26_214_400)
    #expect(reading.host.hostname == "worker-17.local")
    let access = try #require(platform.processes(root: "", commandLines: .masked))
    #expect(access.commandLine(6_000) == "render --token ******** scene 1")
    #expect(access.commandLine(8) == nil)
  }

  @Test("Every source names a metric of the catalog") func sources() {
    let ids = Set(Catalog.shared.nodes.map(\.id)).union(Counter.all.map(\.name))
    for id in darwinSources.keys.sorted() { #expect(ids.contains(id), "\(id)") }
  }

  @Test("Every value of a Mac's sample has its source, not Linux'") func sourcesAreComplete() {
    let (sample, _, _) = Self.sample(Machines.studio)
    let lines = Self.text(sample)
    // Of Linux alone, though another group has a value of the same name.
    let absent: Set = ["swap.cached_mb", "load.running", "load.blocked"]
    for node in Catalog.shared.nodes where node.kind == .value && node.definition.source.contains("/proc") {
      let group = node.id.split(separator: ".").first ?? ""
      if group == "disks" { continue }
      let isShown = lines.contains("\"\(group)\":") && lines.contains("\"\(node.definition.name)\":")
      #expect(!isShown || darwinSources[node.id] != nil || absent.contains(node.id), "\(node.id)")
    }
  }
}
