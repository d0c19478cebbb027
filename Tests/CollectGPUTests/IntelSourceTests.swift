import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct IntelSourceTests {
  private func source(_ fixture: Fixture) -> IntelSource {
    IntelSource(GPUEnvironment(root: fixture.root, asksDrivers: false))
  }

  private func answers(_ machine: String, _ change: (Fixture) throws -> Void = { _ in }) throws -> (GPU, GPU) {
    let fixture = try Fixture(machine).copy()
    try change(fixture)
    let source = source(fixture)
    let first = try #require(try source.read(at: 1_000).gpus.first)
    try fixture.advance()
    return (first, try #require(try source.read(at: 1_010).gpus.first))
  }

  @Test func i915AtBothInstants() throws {
    let (before, after) = try answers("gpu-intel-i915")
    for gpu in [before, after] {
      #expect(gpu.vendor == "intel" && gpu.state == .active && gpu.isIntegrated && gpu.hasUnifiedMemory)
      #expect(gpu.model == "Intel Iris Xe Graphics" && gpu.pciAddress == "0000:00:02.0")
      #expect(gpu.driver == "i915 6.8.12-amd64" && gpu.clockMaximum == 1.4e9)
      #expect(gpu.vramTotal.isNaN && gpu.vramUsed.isNaN && gpu.temperature.isNaN && gpu.power.isNaN)
      #expect(gpu.pcieGeneration.isNaN && gpu.pcieWidth.isNaN)
    }
    #expect(before.clock == 3.5e8 && after.clock == 1.1e9)
    // 2 s and 3 s of rendering in 10 s.
    #expect(before.util.isNaN && after.util == 0.5 && after.utilSource == "fdinfo")
    // Half a second on one of two engines.
    #expect(after.decoder == 0.025 && after.encoder.isNaN)
    #expect(after.sharedUsed == 209_715_200)
    #expect(before.throttleReasons == "" && after.throttleReasons == "pl1,thermal")
    let processes = try #require(after.processes)
    #expect(processes.map(\.pid) == [88_120, 71_001])
    #expect(processes.map(\.util) == [0.3, 0.2])
    #expect(processes.map(\.kind) == ["graphics", "graphics"])
    #expect(processes[1].decoder == 0.025)
    #expect(processes.map(\.vram.isNaN) == [true, true])
  }

  /// If other users' processes are hidden, a sum over clients would be too low.
  @Test func i915ByTheTimeAwake() throws {
    let (before, after) = try answers("gpu-intel-i915") { try $0.write("2 (bash) S 1\n", to: "proc/2/stat") }
    // 6 of 10 s asleep.
    #expect(before.util.isNaN && abs(after.util - 0.4) < 1e-9)
    #expect(after.sharedUsed.isNaN && after.decoder.isNaN && after.processes?.count == 2)
  }

  /// Before Linux 5.19 clients have no statistics, and may be busy nonetheless.
  @Test func i915WithoutStatisticsOfItsClients() throws {
    let (before, after) = try answers("gpu-intel-i915") { fixture in
      try fixture.write("pos:\t0\nflags:\t02100002\nmnt_id:\t24\n", to: "proc/71001/fdinfo/11")
      fixture.remove("later/proc/71001")
    }
    #expect(before.util.isNaN && abs(after.util - 0.4) < 1e-9 && after.utilSource == "rc6")
  }

  @Test(arguments: [["rc6_enable": "0\n"], ["rc6_residency_ms": "0\n"]])
  func timeAwakeIsNotToldWithoutTheIdleState(files: [String: String]) throws {
    let fixture = try Fixture("gpu-intel-i915").copy()
    try fixture.write("2 (bash) S 1\n", to: "proc/2/stat")
    let folder = "sys/devices/pci0000:00/0000:00:02.0/drm/card1/gt/gt0/"
    for (name, text) in files { try fixture.write(text, to: folder + name) }
    let source = source(fixture)
    _ = try source.read(at: 1_000)
    #expect(try source.read(at: 1_010).gpus.first?.util.isNaN == true)
  }

  @Test func xeAtBothInstants() throws {
    let (before, after) = try answers("gpu-intel-xe")
    for gpu in [before, after] {
      #expect(gpu.model == "Intel Arc B580" && !gpu.isIntegrated && !gpu.hasUnifiedMemory)
      #expect(gpu.driver == "xe 6.8.12-amd64" && gpu.vramTotal == 12_884_901_888 && gpu.powerLimit == 190)
      // The slot's link: the processor's own is always 2.5 GT/s on one lane.
      #expect(gpu.pcieGeneration == 4 && gpu.pcieWidth == 8 && gpu.clockMaximum == 2.9e9)
      #expect(gpu.throttleReasons == "" && gpu.vramUsed == 2_147_483_648)
    }
    #expect(before.clock == 6e8 && after.clock == 2.85e9)
    #expect(before.temperature == 48 && after.temperature == 62)
    #expect(before.memoryTemperature == 50 && after.memoryTemperature == 66)
    #expect(before.fanSpeed == 0 && after.fanSpeed == 1_210)
    // 1000 J of the card, not the package's 700, in 10 s.
    #expect(before.energy == 500 && after.energy == 1_500 && before.power.isNaN && after.power == 100)
    // Two of four compute engines' time.
    #expect(before.util.isNaN && after.util == 0.5 && after.decoder == 0.05)
    let process = try #require(after.processes?.first)
    #expect(process.pid == 88_120 && process.util == 0.8 && process.decoder == 0.05)
    #expect(process.kind == "compute+graphics" && process.vram == 2_147_483_648)
  }

  @Test func xeByTheTimeAwakeOfTheBusierPart() throws {
    let (_, after) = try answers("gpu-intel-xe") { try $0.write("2 (bash) S 1\n", to: "proc/2/stat") }
    // The graphics part slept 3 of 10 s, the media part all of them.
    #expect(abs(after.util - 0.7) < 1e-9 && after.vramUsed.isNaN)
  }

  @Test func aCounterThatRestartsGivesNoPower() throws {
    let fixture = try Fixture("gpu-intel-xe").copy()
    let path = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0/hwmon/hwmon2/energy1_input"
    let source = source(fixture)
    _ = try source.read(at: 1_000)
    try fixture.write("7000000\n", to: path)
    let gpu = try #require(try source.read(at: 1_010).gpus.first)
    #expect(gpu.energy == 7 && gpu.power.isNaN)
    try fixture.write("57000000\n", to: path)
    #expect(try source.read(at: 1_020).gpus.first?.power == 5)
  }

  /// xe wakes the device for its clients' statistics, so they are not read either.
  @Test func anIdleXeIsLeftAloneWithItsClients() throws {
    let fixture = try Fixture("gpu-intel-xe").copy()
    let source = source(fixture)
    for second in 0...10 {
      // The device's clock advances, its engines do not.
      let info = "drm-driver:\txe\ndrm-client-id:\t3\ndrm-cycles-rcs:\t5\ndrm-total-cycles-rcs:\t\(second)000\n"
      try fixture.write(info, to: "proc/88120/fdinfo/6")
      _ = try source.read(at: 1_000 + Double(second))
    }
    let device = fixture.root + "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0"
    let counter = DRMOpenCounter([
      device + "/tile0/gt0/gtidle", device + "/tile0/gt0/freq0", device + "/hwmon/hwmon2", device + "/power",
      fixture.root + "/proc/88120/fdinfo",
    ])
    _ = try source.read(at: 1_011)
    #expect(counter.paths().allSatisfy { $0.hasSuffix("/runtime_status") })
    // Twice its delay of a second, plus three.
    _ = try source.read(at: 1_015)
    #expect(counter.paths().contains { $0.hasSuffix("/act_freq") })
  }

  @Test func aSleepingCardIsNotTouched() throws {
    let fixture = try Fixture("gpu-intel-xe").copy()
    let folder = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0"
    try fixture.write("suspended\n", to: folder + "/power/runtime_status")
    let device = fixture.root + "/" + folder
    let counter = DRMOpenCounter([
      device + "/tile0", device + "/tile0/gt0/gtidle", device + "/tile0/gt0/freq0", device + "/hwmon/hwmon2",
      fixture.root + "/proc/88120/fdinfo",
    ])
    let source = source(fixture)
    let answer = try source.read(at: 1_000)
    #expect(answer.gpus.map(\.state) == [.asleep] && answer.rest == 5)
    #expect(answer.gpus.first?.model == "Intel Arc B580")
    _ = try source.read(at: 1_005)
    #expect(counter.paths() == [])
  }

  @Test func aDriverBuiltBesideTheKernelReportsItsMemory() throws {
    let fixture = try Fixture("gpu-intel-i915").copy()
    let card = "sys/devices/pci0000:00/0000:00:02.0/drm/card1/"
    try fixture.write("17179869184\n", to: card + "lmem_total_bytes")
    try fixture.write("12884901888\n", to: card + "lmem_avail_bytes")
    let gpu = try #require(try source(fixture).read(at: 1_000).gpus.first)
    // A card with memory of its own is not the processor's, whatever its address.
    #expect(!gpu.isIntegrated && gpu.vramTotal == 17_179_869_184 && gpu.vramUsed == 4_294_967_296)
  }

  @Test func aMachineWithoutAnyRests() throws {
    #expect(try source(Fixture("gpu-amd-dgpu")).read(at: 1_000).rest == 300)
  }
}
