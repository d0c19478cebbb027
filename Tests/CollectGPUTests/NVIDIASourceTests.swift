import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU

/// A management library of the tests' own: the source beside, compiled for a scenario.
private struct FakeNVML {
  let path: String
  private let handle: UnsafeMutableRawPointer

  init(_ scenario: String...) throws {
    var template = Array("/tmp/fake-nvml.XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = folder + "/libnvidia-ml.so.1"
    let source = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let words =
      ["clang", "-shared", "-fPIC", "-O1", "-o", path] + scenario.map { "-D" + $0 }
      + [source + "/CFakeNVML/fake_nvml.c"]
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    try #require(posix_spawnp(&child, "clang", nil, nil, arguments, environ) == 0)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    try #require(status == 0)
    handle = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL))
    // It stays loaded without its file.
    unlinked = folder
  }

  private let unlinked: String

  func source(_ environment: GPUEnvironment = GPUEnvironment(root: "/nowhere", asksDrivers: true)) -> NVIDIASource {
    NVIDIASource(environment, paths: [path])
  }

  func remove() {
    unlink(path)
    rmdir(unlinked)
  }

  var calls: Int { number("fake_calls") }
  var isInitialised: Bool { number("fake_initialised") == 1 }

  private func number(_ name: String) -> Int {
    guard let symbol = dlsym(handle, name) else { return -1 }
    // Both are functions without arguments; the shorter result is extended below.
    let call = unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
    return Int(call())
  }
}

@Suite(.ownThreads) struct NVIDIASourceTests {
  @Test func everyFigure() throws {
    let fake = try FakeNVML("COUNT=1")
    defer { fake.remove() }
    let source = fake.source()
    _ = try source.read(at: 100)
    let gpu = try #require(try source.read(at: 102).gpus.first)
    #expect(gpu.vendor == "nvidia" && gpu.state == .active)
    #expect(gpu.model == "NVIDIA Fake 0" && gpu.uuid == "GPU-0" && gpu.pciAddress == "0000:81:00.0")
    #expect(gpu.driver == "570.86.10" && gpu.cuda == "12.8")
    // Of the samples 20, 40 and 90; the fourth is no percentage.
    #expect(gpu.util == 0.5 && gpu.utilPeak == 0.9 && gpu.memoryUtil == 0.1)
    #expect(gpu.encoder == 0.07)
    #expect(gpu.decoder.isNaN)
    #expect(gpu.temperature == 60 && gpu.memoryTemperature == 88 && gpu.slowdownTemperature == 93)
    #expect(gpu.vramTotal == 80 * 1_073_741_824 && gpu.vramUsed == 22 * 1_073_741_824)
    // 300 J in 2 s, rather than the 250.5 W of the instant.
    #expect(gpu.power == 150)
    #expect(gpu.powerLimit == 400)
    #expect(gpu.clock == 1_410e6 && gpu.clockMaximum == 1_980e6 && gpu.memoryClock == 1_593e6)
    #expect(gpu.fan == 0.45 && gpu.pcieGeneration == 4 && gpu.pcieWidth == 16)
    #expect(gpu.performanceState == "P2")
    #expect(gpu.throttleReasons == "power_cap,hw_thermal")
    #expect(gpu.eccCorrected == 5 && gpu.eccUncorrected == 1 && gpu.retiredPages == 3)
    #expect(gpu.instances == nil)
    let processes = try #require(gpu.processes)
    #expect(processes.count == 100)
    // Most memory first; the one whose memory is not told comes last.
    #expect(processes.first?.pid == 199 && processes.first?.vram == 100 * 1_048_576)
    #expect(processes.last?.pid == 101 && processes.last?.vram.isNaN == true)
    let first = try #require(processes.first { $0.pid == 100 })
    #expect(first.kind == "compute+graphics" && first.util == 0.31 && first.encoder == 0.02 && first.decoder == 0.03)
    #expect(processes.first { $0.pid == 102 }?.util.isNaN == true)
  }

  @Test func anOldDriverLacksOnlyWhatItLacks() throws {
    let fake = try FakeNVML("COUNT=1", "OLD")
    defer { fake.remove() }
    let gpu = try #require(try fake.source().read(at: 1).gpus.first)
    // No samples, no energy, no second version of memory.
    #expect(gpu.util == 0.12 && gpu.utilPeak.isNaN)
    #expect(gpu.power == 250.5 && gpu.energy.isNaN)
    #expect(gpu.vramUsed == 1_073_741_824)
    #expect(gpu.processes?.map(\.pid) == [102, 100, 101])
  }

  @Test(arguments: [8, 16]) func manyAtOnce(count: Int) throws {
    let fake = try FakeNVML("COUNT=\(count)")
    defer { fake.remove() }
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.count == count)
    _ = try source.read(at: 2)
    let before = fake.calls
    #expect(try source.read(at: 3).gpus.count == count)
    // Calls to the driver of one reading; none grows with the number of GPUs.
    #expect((fake.calls - before) / count <= 40)
  }

  @Test func whatIsNotSupportedIsAbsentAndNotAskedAgain() throws {
    let fake = try FakeNVML("COUNT=1", "UNSUPPORTED")
    defer { fake.remove() }
    let source = fake.source()
    let gpu = try #require(try source.read(at: 1).gpus.first)
    #expect(gpu.model == "NVIDIA Fake 0")
    #expect(gpu.util.isNaN && gpu.temperature.isNaN && gpu.power.isNaN && gpu.processes == nil)
    _ = try source.read(at: 2)
    let before = fake.calls
    _ = try source.read(at: 3)
    #expect(fake.calls - before <= 2)
  }

  @Test func aLostGPUIsLostAlone() throws {
    let fake = try FakeNVML("COUNT=3", "LOST_AT=2")
    defer { fake.remove() }
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.map(\.state) == [.active, .active, .active])
    let gpus = try source.read(at: 2).gpus
    #expect(gpus.map(\.state) == [.active, .lost, .active])
    #expect(gpus[1].model == "NVIDIA Fake 1" && gpus[1].util.isNaN && gpus[1].temperature.isNaN)
  }

  @Test func aReloadedDriverIsOpenedAnew() throws {
    let fake = try FakeNVML("COUNT=1", "RELOAD_AT=2")
    defer { fake.remove() }
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.count == 1)
    #expect(throws: CollectorError.self) { try source.read(at: 2) }
    let gpu = try #require(try source.read(at: 3).gpus.first)
    #expect(gpu.temperature == 60)
  }

  @Test func aDividedGPUTellsItsParts() throws {
    let fake = try FakeNVML("COUNT=2", "MIG")
    defer { fake.remove() }
    let gpus = try fake.source().read(at: 1).gpus
    #expect(gpus[0].util.isNaN && gpus[0].utilPeak.isNaN)
    #expect(gpus[0].instances?.map(\.uuid) == ["MIG-1", "MIG-2"])
    #expect(gpus[0].instances?.map(\.profile) == ["1g.10gb", "2g.10gb"])
    #expect(gpus[0].instances?.first?.vramUsed == 5_368_709_120.0)
    #expect(gpus[1].instances == nil && gpus[1].util == 0.5)
  }

  @Test func memoryThatIsTheMachines() throws {
    let fake = try FakeNVML("COUNT=1", "UNIFIED")
    defer { fake.remove() }
    let machine = try Fixture(files: ["proc/meminfo": "MemTotal:  131072 kB\n"])
    let gpu = try #require(
      try fake.source(GPUEnvironment(root: machine.root, asksDrivers: true)).read(at: 1).gpus.first)
    #expect(gpu.hasUnifiedMemory)
    #expect(gpu.vramTotal == 131_072 * 1_024)
    #expect(gpu.vramUsed > 0)
  }

  @Test func withoutLibraryOrDriverThereIsNothingAndNoError() throws {
    let environment = GPUEnvironment(root: "/nowhere", asksDrivers: true)
    let missing = NVIDIASource(environment, paths: ["/nowhere/libnvidia-ml.so.1"])
    #expect(try missing.read(at: 1).gpus.isEmpty)
    #expect(try missing.read(at: 1).rest == 300)
    // A library of another kind.
    #expect(try NVIDIASource(environment, paths: ["libc.so.6"]).read(at: 1).gpus.isEmpty)
    let fake = try FakeNVML("COUNT=1", "NO_DRIVER")
    defer { fake.remove() }
    #expect(try fake.source().read(at: 1).gpus.isEmpty)
    // A recording's GPUs are not this machine's.
    let recorded = NVIDIASource(GPUEnvironment(root: "/nowhere", asksDrivers: false), paths: [fake.path])
    #expect(try recorded.read(at: 1).rest == .infinity)
  }

  @Test func aHangingDriverDelaysNobody() throws {
    let fake = try FakeNVML("COUNT=2", "HANG_AT=5")
    defer { fake.remove() }
    let path = fake.path
    let vendor = GPUVendor(name: "nvidia", pciVendor: 0x10DE) { NVIDIASource($0, paths: [path]) }
    let collector = GPUCollector(GPUEnvironment(root: "/nowhere", asksDrivers: true), vendors: [vendor])
    var reading = Reading()
    // Two readings of two GPUs are told, then a call that never returns: the looks go on.
    for _ in 0..<60 {
      reading.boottime = Clock.boottime
      collector.prepare()
      // After a second without an answer the source is told to fail; its figures stay, with their age.
      do { try collector.read(into: &reading) } catch { #expect(error.description.hasPrefix("nvidia: no answer")) }
    }
    #expect(reading.gpus.count == 2)
    #expect(reading.gpus[0].age > 0)
  }

  @Test func aContainersNumbersAreTranslated() throws {
    let fake = try FakeNVML("COUNT=1", "OLD")
    defer { fake.remove() }
    let machine = try Fixture(files: [
      "proc/100/status": "NSpid:\t100\n", "proc/4711/status": "NSpid:\t4711\t102\n",
      "proc/4712/status": "NSpid:\t4712\t7\n",
    ])
    let gpu = try #require(
      try fake.source(GPUEnvironment(root: machine.root, asksDrivers: true)).read(at: 1).gpus.first)
    // 102 is 4711 outside; of 101 nothing is known.
    #expect(gpu.processes?.map(\.pid) == [4711, 100, 101])
  }

  // MARK: Sleep

  private func machine(status: String, control: String = "auto") throws -> Fixture {
    try Fixture(files: [
      "sys/bus/pci/drivers/nvidia/0000:81:00.0/class": "0x030000\n",
      "sys/bus/pci/drivers/nvidia/0000:81:00.0/power/runtime_status": status + "\n",
      "sys/bus/pci/drivers/nvidia/0000:81:00.0/power/control": control + "\n",
      "sys/bus/pci/drivers/nvidia/0000:81:00.1/class": "0x040300\n",
    ])
  }

  @Test func aSleepingGPUIsNotWoken() throws {
    let fake = try FakeNVML("COUNT=1")
    defer { fake.remove() }
    let machine = try machine(status: "suspended")
    let source = fake.source(GPUEnvironment(root: machine.root, asksDrivers: true))
    let answer = try source.read(at: 1)
    #expect(answer.gpus.map(\.state) == [.asleep])
    #expect(answer.gpus[0].pciAddress == "0000:81:00.0")
    // Not even the library was initialised.
    #expect(!fake.isInitialised && fake.calls == 0)
    try machine.write("active\n", to: "sys/bus/pci/drivers/nvidia/0000:81:00.0/power/runtime_status")
    // Someone woke it; after a while it is asked.
    #expect(try source.read(at: 5).gpus.map(\.state) == [.asleep])
    #expect(try source.read(at: 20).gpus.map(\.state) == [.active])
    // Asleep again: who it is, is still known.
    try machine.write("suspended\n", to: "sys/bus/pci/drivers/nvidia/0000:81:00.0/power/runtime_status")
    let asleep = try source.read(at: 21).gpus
    #expect(asleep.map(\.model) == ["NVIDIA Fake 0"] && asleep[0].util.isNaN)
    #expect(!fake.isInitialised)
  }

  @Test func anIdleGPUIsLetGo() {
    var power = NVIDIAPower()
    let slots = [NVIDIASlot(address: "0000:81:00.0", isAsleep: false, maySleep: true)]
    #expect(power.decide(slots: slots, isOpen: false, at: 0) == .ask)
    power.note(isIdle: true, slots: slots, at: 0)
    #expect(power.decide(slots: slots, isOpen: true, at: 29) == .ask)
    #expect(power.decide(slots: slots, isOpen: true, at: 31) == .leaveAlone)
    // Still awake 15 s later: somebody uses it, or so it seems.
    #expect(power.decide(slots: slots, isOpen: false, at: 40) == .leaveAlone)
    #expect(power.decide(slots: slots, isOpen: false, at: 47) == .ask)
    // Nobody did: closed at once, and looked at less often.
    power.note(isIdle: true, slots: slots, at: 47)
    #expect(power.decide(slots: slots, isOpen: true, at: 48) == .leaveAlone)
    #expect(power.decide(slots: slots, isOpen: false, at: 48 + 20) == .leaveAlone)
    #expect(power.decide(slots: slots, isOpen: false, at: 48 + 31) == .ask)
    power.note(isIdle: false, slots: slots, at: 79)
    #expect(power.decide(slots: slots, isOpen: true, at: 1_000) == .ask)
    // One that may not sleep is asked for ever; and so is one of which sysfs tells nothing.
    let awake = [NVIDIASlot(address: "0000:81:00.0", isAsleep: false, maySleep: false)]
    var other = NVIDIAPower()
    other.note(isIdle: true, slots: awake, at: 0)
    #expect(other.decide(slots: awake, isOpen: true, at: 100) == .ask)
    #expect(other.decide(slots: [], isOpen: true, at: 100) == .ask)
  }
}
