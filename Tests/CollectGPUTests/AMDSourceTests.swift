import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct AMDSourceTests {
  private func source(_ fixture: Fixture) -> AMDSource {
    AMDSource(GPUEnvironment(root: fixture.root, asksDrivers: false))
  }

  /// Reads a recorded machine at both its instants, 10 s apart.
  private func answers(_ machine: String) throws -> (first: [GPU], second: [GPU]) {
    let fixture = try Fixture(machine).copy()
    let source = source(fixture)
    let first = try source.read(at: 1_000).gpus
    try fixture.advance()
    return (first, try source.read(at: 1_010).gpus)
  }

  @Test func aCardAtBothInstants() throws {
    let (first, second) = try answers("gpu-amd-dgpu")
    let (before, after) = (try #require(first.first), try #require(second.first))
    for gpu in [before, after] {
      #expect(gpu.vendor == "amd" && gpu.state == .active && !gpu.isIntegrated && !gpu.hasUnifiedMemory)
      #expect(gpu.model == "AMD Radeon Pro W7900" && gpu.uuid == "5b3c1e0f9d2a7711")
      #expect(gpu.pciAddress == "0000:03:00.0" && gpu.driver == "amdgpu 6.8.12-amd64")
      #expect(gpu.vramTotal == 48_301_604_864 && gpu.powerLimit == 295 && gpu.slowdownTemperature == 100)
      #expect(gpu.clockMaximum == 2.526e9)
      // The slot's link, not that between the processor and the switch on its own card (16 GT/s, 16 lanes).
      #expect(gpu.pcieGeneration == 3 && gpu.pcieWidth == 8)
      #expect(gpu.eccCorrected == 3 && gpu.eccUncorrected == 0 && gpu.retiredPages == 2)
      #expect(gpu.energy.isNaN && gpu.pcieReceive.isNaN && gpu.utilPeak.isNaN && gpu.xid.isNaN)
    }
    #expect(before.util == 0.37 && after.util == 0.83)
    #expect(before.memoryUtil == 0.12 && after.memoryUtil == 0.41)
    #expect(before.temperature == 54 && after.temperature == 61)
    #expect(before.hotspotTemperature == 65 && after.hotspotTemperature == 78)
    #expect(before.memoryTemperature == 70 && after.memoryTemperature == 84)
    #expect(before.vramUsed == 2_147_483_648 && after.vramUsed == 12_884_901_888)
    #expect(before.sharedUsed == 67_108_864 && after.sharedUsed == 134_217_728)
    #expect(before.power == 121 && after.power == 287)
    #expect(before.fanSpeed == 0 && after.fanSpeed == 1_250 && before.fan == 0 && after.fan == 0.4)
    #expect(before.clock == 1.35e9 && after.clock == 2.371e9)
    #expect(before.memoryClock == 7.72e8 && after.memoryClock == 1.124e9)
    #expect(before.throttleReasons == "" && after.throttleReasons == "ppt0,temp_hotspot")
    // 1 s of decoding in 10 s, and no encoding ever.
    #expect(before.decoder.isNaN && after.decoder == 0.1 && after.encoder.isNaN)
  }

  @Test func processesOfACard() throws {
    let (first, second) = try answers("gpu-amd-dgpu")
    let before = try #require(first.first?.processes)
    let after = try #require(second.first?.processes)
    // The compute driver reports 9 GiB, fdinfo 0.5.
    #expect(before.map(\.pid) == [71_001, 88_120] && after.map(\.pid) == [88_120, 71_001])
    #expect(before.map(\.vram) == [1_140_850_688, 1_073_741_824])
    #expect(after.map(\.vram) == [9_663_676_416, 1_140_850_688])
    #expect(before.map(\.util.isNaN) == [true, true])
    #expect(after.map(\.util) == [0.25, 0.4])
    #expect(after.map(\.kind) == ["compute", "graphics"])
    #expect(after[1].decoder == 0.1 && after[0].decoder.isNaN && after[0].encoder.isNaN)
  }

  @Test func aSleepingCardIsReportedWithoutBeingTouched() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    let device = fixture.root + "/sys/devices/pci0000:00/0000:00:03.1/0000:0b:00.0"
    let source = source(fixture)
    let counter = DRMOpenCounter([device, device + "/hwmon/hwmon4", device + "/power"])
    _ = try source.read(at: 1_000)
    let gpu = try #require(try source.read(at: 1_001).gpus.last)
    let names = Set(counter.paths().map { $0.split(separator: "/").last.map(String.init) ?? "" })
    // Ids, which the kernel caches, and the state itself.
    #expect(names == ["vendor", "device", "revision", "uevent", "runtime_status"])
    #expect(gpu.state == .asleep && gpu.pciAddress == "0000:0b:00.0")
    #expect(gpu.model == "AMD Radeon RX 6800/6800 XT / 6900 XT")
    #expect(gpu.util.isNaN && gpu.vramUsed.isNaN && gpu.vramTotal.isNaN && gpu.temperature.isNaN)
    #expect(gpu.processes == nil)
  }

  @Test func aCardThatFallsAsleepAndWakes() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    let status = "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0/power/runtime_status"
    let source = source(fixture)
    #expect(try source.read(at: 1_000).rest == 0)
    try fixture.write("suspended\n", to: status)
    let answer = try source.read(at: 1_001)
    // Both sleep now.
    #expect(answer.rest == 5 && answer.gpus.map(\.state) == [.asleep, .asleep])
    let asleep = try #require(answer.gpus.first)
    // Its identity stays known.
    #expect(asleep.vramTotal == 48_301_604_864 && asleep.model == "AMD Radeon Pro W7900")
    #expect(asleep.util.isNaN && asleep.power.isNaN && asleep.processes == nil)
    try fixture.write("active\n", to: status)
    let awake = try source.read(at: 1_006)
    #expect(awake.rest == 0 && awake.gpus.first?.util == 0.37)
  }

  /// A monitor that read an idle card each second would keep it awake.
  @Test func anIdleCardThatMaySleepIsLeftAlone() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    let device = "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0"
    try fixture.write("auto\n", to: device + "/power/control")
    try fixture.write("0\n", to: device + "/gpu_busy_percent")
    let source = source(fixture)
    for second in 0...10 { _ = try source.read(at: 1_000 + Double(second)) }
    let counter = DRMOpenCounter([fixture.root + "/" + device, fixture.root + "/" + device + "/hwmon/hwmon3"])
    for second in 11...19 { _ = try source.read(at: 1_000 + Double(second)) }
    let gpu = try #require(try source.read(at: 1_019.5).gpus.first)
    let touched = Set(counter.paths().map { $0.split(separator: "/").last.map(String.init) ?? "" })
    #expect(touched.isSubset(of: ["vendor", "device", "revision", "uevent"]))
    #expect(gpu.state == .active && gpu.util == 0 && gpu.age == 9.5)
    // A client's engine at work shows without touching the card.
    let info = "drm-driver:\tamdgpu\ndrm-client-id:\t52\ndrm-engine-gfx:\t25000000000 ns\n"
    try fixture.write(info, to: "proc/71001/fdinfo/5")
    try fixture.write("90\n", to: device + "/gpu_busy_percent")
    let used = try #require(try source.read(at: 1_020).gpus.first)
    #expect(used.util == 0.9 && used.age == 0)
  }

  @Test func aProcessorsGraphics() throws {
    let (first, second) = try answers("gpu-amd-apu")
    let (before, after) = (try #require(first.first), try #require(second.first))
    for gpu in [before, after] {
      #expect(gpu.isIntegrated && gpu.hasUnifiedMemory)
      #expect(gpu.model == "AMD Radeon 890M Graphics" && gpu.driver == "amdgpu 6.10.5" && gpu.uuid == nil)
      // The reserved memory; the rest is the machine's.
      #expect(gpu.vramTotal == 536_870_912 && gpu.clockMaximum == 2.9e9)
      #expect(gpu.pcieGeneration.isNaN && gpu.pcieWidth.isNaN && gpu.fan.isNaN && gpu.fanSpeed.isNaN)
      #expect(gpu.powerLimit.isNaN && gpu.slowdownTemperature.isNaN && gpu.eccCorrected.isNaN && gpu.memoryUtil.isNaN)
    }
    #expect(before.util == 0.22 && after.util == 0.64)
    #expect(before.vramUsed == 268_435_456 && after.vramUsed == 301_989_888)
    #expect(before.sharedUsed == 805_306_368 && after.sharedUsed == 1_610_612_736)
    #expect(before.temperature == 41 && after.temperature == 67)
    #expect(before.power == 6.021 && after.power == 24.11)
    #expect(before.clock == 6e8 && after.clock == 1.944e9)
    // No mclk sensor: the marked level.
    #expect(before.memoryClock == 1e9 && after.memoryClock == 2.8e9)
    // A table that counts time has no reasons at the first reading.
    #expect(before.throttleReasons == nil && after.throttleReasons == "sppt")
    // Resident memory rather than requested memory.
    #expect(after.processes?.map(\.vram) == [100_663_296] && after.processes?.map(\.util) == [0.1])
  }

  @Test func valuesThatDriversAreKnownToMakeUp() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    let device = "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0"
    let files = [
      "gpu_busy_percent": "101\n", "mem_busy_percent": "N/A\n", "mem_info_vram_used": "99999999999999\n",
      "hwmon/hwmon3/temp1_input": "0\n", "hwmon/hwmon3/temp2_input": "511000\n", "hwmon/hwmon3/power1_average": "0\n",
      "hwmon/hwmon3/pwm1": "300\n", "hwmon/hwmon3/fan1_input": "65535\n", "hwmon/hwmon3/freq1_input": "-1\n",
      "pp_dpm_sclk": "\n", "gpu_metrics": "cut", "../current_link_speed": "Unknown\n",
    ]
    for (name, text) in files { try fixture.write(text, to: device + "/" + name) }
    try fixture.write("Unknown\n", to: "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/current_link_speed")
    let gpu = try #require(try source(fixture).read(at: 1_000).gpus.first)
    #expect(gpu.util.isNaN && gpu.memoryUtil.isNaN && gpu.vramUsed.isNaN && gpu.vramTotal == 48_301_604_864)
    #expect(gpu.temperature.isNaN && gpu.hotspotTemperature.isNaN && gpu.power.isNaN && gpu.fan.isNaN)
    #expect(gpu.clock.isNaN && gpu.clockMaximum.isNaN && gpu.throttleReasons == nil && gpu.pcieGeneration.isNaN)
  }

  private static let apu = "sys/devices/pci0000:00/0000:00:08.1/0000:c1:00.0/"
  private static let card = "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0/"

  /// A table of processors, version 2.2, with the utilization `use`.
  private func table(_ use: UInt16 = .max) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: 128)
    bytes.replaceSubrange(0..<4, with: [128, 0, 2, 2])
    bytes.replaceSubrange(28..<30, with: [UInt8(truncatingIfNeeded: use), UInt8(use >> 8)])
    return bytes
  }

  /// The utilization of a processor's graphics second by second while its one client works `share` of the time.
  private func uses(
    _ busy: [String?], table: [UInt8]? = nil, share: Double = 0.45, isContainer: Bool = false
  ) throws -> [(util: Double, source: String?)] {
    let fixture = try Fixture("gpu-amd-apu").copy()
    if isContainer { try fixture.write("2 (bash) S 1 2 2\n", to: "proc/2/stat") }
    let source = source(fixture)
    return try busy.enumerated().map { second, text in
      if let text {
        try fixture.write(text, to: "sys/class/drm/card0/device/gpu_busy_percent")
      } else {
        // Like one that fails with EOPNOTSUPP, EBUSY, EINVAL or EPERM.
        fixture.remove("sys/class/drm/card0/device/gpu_busy_percent")
      }
      try fixture.write(table ?? self.table(), to: "sys/class/drm/card0/device/gpu_metrics")
      let gfx = 30_000_000_000 + Int(share * 1e9) * second
      try fixture.write(
        "drm-driver:\tamdgpu\ndrm-client-id:\t9\ndrm-engine-gfx:\t\(gfx) ns\n", to: "proc/71001/fdinfo/9")
      let gpu = try #require(try source.read(at: 1_000 + Double(second)).gpus.first)
      return (gpu.util, gpu.utilSource)
    }
  }

  @Test(arguments: [nil, "", "N/A\n", "101\n", "255\n", "-1\n"])
  func aUseThatIsRefusedIsThatOfTheClients(text: String?) throws {
    let uses = try uses([text, text, text])
    #expect(uses[0].util.isNaN && uses[0].source == nil)
    for use in uses[1...] { #expect(abs(use.util - 0.45) < 1e-6 && use.source == "fdinfo") }
  }

  /// Raven and Picasso: drm/amd#1932.
  @Test(arguments: [("100\n", 2), ("0\n", 2), ("83\n", 3)])
  func aUseThatIsStuckIsThatOfTheClients(text: String, readings: Int) throws {
    let uses = try uses(Array(repeating: text, count: 5))
    for use in uses[..<(readings - 1)] { #expect(use.source == nil) }
    for use in uses[(readings - 1)...] { #expect(abs(use.util - 0.45) < 1e-6 && use.source == "fdinfo") }
  }

  @Test func aUseThatMovesIsBelieved() throws {
    #expect(try uses(["100\n", "20\n", "100\n", "30\n"]).map(\.util) == [1, 0.2, 1, 0.3])
    #expect(try uses(Array(repeating: "47\n", count: 6)).allSatisfy { $0.util == 0.47 && $0.source == nil })
    #expect(try uses(Array(repeating: "100\n", count: 6), share: 0.97).allSatisfy { $0.util == 1 })
    #expect(try uses(Array(repeating: "0\n", count: 6), share: 0).allSatisfy { $0.util == 0 })
    // Stuck, until it moves.
    #expect(try uses(["100\n", "100\n", "100\n", "60\n"]).map(\.source) == [nil, "fdinfo", "fdinfo", nil])
  }

  @Test func clientsOfOneContainerAreNoEvidenceAboutTheOthers() throws {
    #expect(try uses(Array(repeating: "100\n", count: 5), isContainer: true).allSatisfy { $0.util == 1 })
    // But the device cannot have worked less than its clients.
    #expect(try uses(Array(repeating: "0\n", count: 3), isContainer: true).map(\.source) == [nil, "fdinfo", "fdinfo"])
    #expect(
      try uses([nil, nil], table: table(3_000), isContainer: true).map(\.source) == ["gpu_metrics", "gpu_metrics"])
    #expect(try uses([nil, nil], isContainer: true).map(\.source) == [nil, "fdinfo"])
  }

  /// Before Linux 5.14, and with the driver radeon, clients have no statistics: they may be busy nonetheless.
  @Test func clientsWithoutStatisticsAreNoEvidence() throws {
    let fixture = try Fixture("gpu-amd-apu").copy()
    try fixture.write("pos:\t0\nflags:\t02100002\nmnt_id:\t24\n", to: "proc/71001/fdinfo/9")
    let device = "sys/class/drm/card0/device/"
    try fixture.write(table(), to: device + "gpu_metrics")
    try fixture.write("100\n", to: device + "gpu_busy_percent")
    let source = source(fixture)
    for second in 0..<4 {
      let gpu = try #require(try source.read(at: 1_000 + Double(second)).gpus.first)
      #expect(gpu.util == 1 && gpu.utilSource == nil)
    }
    try fixture.write("N/A\n", to: device + "gpu_busy_percent")
    let gpu = try #require(try source.read(at: 1_010).gpus.first)
    #expect(gpu.util.isNaN && gpu.utilSource == nil)
  }

  @Test func gpuMetricsStandInForARefusal() throws {
    #expect(try uses([nil], table: table(4_500)).map(\.util) == [0.45])
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    fixture.remove(Self.card + "gpu_busy_percent")
    fixture.remove(Self.card + "mem_busy_percent")
    for name in [
      "temp1_input", "temp2_input", "temp3_input", "power1_average", "fan1_input", "freq1_input", "freq2_input",
    ] {
      fixture.remove(Self.card + "hwmon/hwmon3/" + name)
    }
    fixture.remove(Self.card + "pp_dpm_sclk")
    fixture.remove(Self.card + "pp_dpm_mclk")
    var bytes = [UInt8](repeating: 0xFF, count: 120)
    bytes.replaceSubrange(0..<4, with: [120, 0, 1, 3])
    for (position, value) in [(4, 51), (6, 62), (8, 73), (16, 45), (18, 7), (22, 187), (54, 205), (58, 96), (72, 120)] {
      bytes.replaceSubrange(position..<position + 2, with: [UInt8(value), 0])
    }
    try fixture.write(bytes, to: Self.card + "gpu_metrics")
    let gpu = try #require(try source(fixture).read(at: 1_000).gpus.first)
    #expect(gpu.util == 0.45 && gpu.utilSource == "gpu_metrics" && gpu.memoryUtil == 0.07)
    #expect(gpu.temperature == 51 && gpu.hotspotTemperature == 62 && gpu.memoryTemperature == 73)
    #expect(gpu.power == 187 && gpu.clock == 2.05e8 && gpu.memoryClock == 9.6e7 && gpu.fanSpeed == 120)
  }

  @Test func aUnitInDoubtIsLearned() throws {
    let fixture = try Fixture("gpu-amd-apu").copy()
    let device = "sys/class/drm/card0/device/"
    fixture.remove(device + "gpu_busy_percent")
    try fixture.write("2 (bash) S 1 2 2\n", to: "proc/2/stat")
    let source = source(fixture)
    var uses: [Double] = []
    for (second, use) in [(0, 45), (1, 4_500), (2, 45)] as [(Double, UInt16)] {
      try fixture.write(table(use), to: device + "gpu_metrics")
      uses.append(try #require(try source.read(at: 1_000 + second).gpus.first).util)
    }
    #expect(uses[..<2] == [0.45, 0.45] && abs(uses[2] - 0.0045) < 1e-9)
  }

  @Test func computeDriverWorkIsNotTheClients() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    try fixture.write("100\n", to: Self.card + "gpu_busy_percent")
    let source = source(fixture)
    // 88120 computes through KFD, which fdinfo does not count.
    for second in 0..<5 {
      let gpu = try #require(try source.read(at: 1_000 + Double(second)).gpus.first)
      #expect(gpu.util == 1 && gpu.utilSource == nil)
    }
  }

  @Test func aConstantEnergyCounterIsOmitted() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    var bytes = [UInt8](repeating: 0xFF, count: 288)
    bytes.replaceSubrange(0..<4, with: [32, 1, 1, 4])
    for index in 0..<8 { bytes[24 + index] = index == 3 ? 1 : 0 }
    try fixture.write(bytes, to: Self.card + "gpu_metrics")
    let source = source(fixture)
    #expect(try source.read(at: 1_000).gpus.first?.energy == 256)
    #expect(try source.read(at: 1_009).gpus.first?.energy == 256)
    let gpu = try #require(try source.read(at: 1_010).gpus.first)
    #expect(gpu.energy.isNaN && gpu.power == 121)
  }

  @Test(arguments: ["127000", "127500", "-128000", "255000", "65535000"])
  func temperaturesOfASensorThatIsNotThere(text: String) throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    for number in 1...3 { try fixture.write(text + "\n", to: Self.card + "hwmon/hwmon3/temp\(number)_input") }
    let gpu = try #require(try source(fixture).read(at: 1_000).gpus.first)
    #expect(gpu.temperature.isNaN && gpu.hotspotTemperature.isNaN && gpu.memoryTemperature.isNaN)
  }

  /// A virtual machine that does not see the card's own switch.
  @Test func aLinkOfAtMostOneLaneIsOmitted() throws {
    let device = "sys/devices/pci0000:00/0000:01:00.0"
    let fixture = try Fixture(files: [
      device + "/vendor": "0x1002\n", device + "/device": "0x6779\n", device + "/drm/card0/dev": "226:0\n",
      device + "/current_link_speed": "2.5 GT/s PCIe\n", device + "/current_link_width": "1\n",
      device + "/max_link_speed": "2.5 GT/s PCIe\n", device + "/max_link_width": "1\n",
    ])
    try fixture.link(device + "/drm/card0/device", to: "../../../0000:01:00.0")
    try fixture.link("sys/class/drm/card0", to: "../../devices/pci0000:00/0000:01:00.0/drm/card0")
    let source = source(fixture)
    #expect(try source.read(at: 1_000).gpus.first?.pcieWidth.isNaN == true)
    // A card in a riser.
    try fixture.write("16\n", to: device + "/max_link_width")
    let gpu = try #require(try source.read(at: 1_001).gpus.first)
    #expect(gpu.pcieGeneration == 1 && gpu.pcieWidth == 1)
  }

  @Test func aCardThatIsAllButEmptyStillCounts() throws {
    let fixture = try Fixture(files: [
      "sys/devices/pci0000:00/0000:01:00.0/vendor": "0x1002\n",
      "sys/devices/pci0000:00/0000:01:00.0/device": "0x6779\n",
      "sys/devices/pci0000:00/0000:01:00.0/drm/card0/dev": "226:0\n",
    ])
    try fixture.link("sys/devices/pci0000:00/0000:01:00.0/drm/card0/device", to: "../../../0000:01:00.0")
    try fixture.link("sys/class/drm/card0", to: "../../devices/pci0000:00/0000:01:00.0/drm/card0")
    let gpu = try #require(try source(fixture).read(at: 1_000).gpus.first)
    #expect(gpu.model == "AMD GPU 0x6779" && gpu.driver == nil && gpu.util.isNaN && gpu.vramTotal.isNaN)
    #expect(gpu.processes == [])
  }

  @Test func energyGivesTheMeanPowerOfADataCentreCard() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    let path = "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/0000:02:00.0/0000:03:00.0/gpu_metrics"
    let table = { (joules: UInt64) in
      var bytes = [UInt8](repeating: 0xFF, count: 288)
      bytes.replaceSubrange(0..<4, with: [32, 1, 1, 4])
      for index in 0..<8 { bytes[24 + index] = UInt8(truncatingIfNeeded: (joules << 16) >> UInt64(index * 8)) }
      return bytes
    }
    let source = source(fixture)
    try fixture.write(table(5_000), to: path)
    #expect(try source.read(at: 1_000).gpus.first?.power == 121)
    try fixture.write(table(7_000), to: path)
    let gpu = try #require(try source.read(at: 1_010).gpus.first)
    #expect(gpu.power == 200 && gpu.energy == 7_000)
    // A reloaded driver counts from 0: the sensor's momentary value stands in.
    try fixture.write(table(10), to: path)
    #expect(try source.read(at: 1_020).gpus.first?.power == 121)
  }

  @Test func clientsAreNotReadOnLinux519() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    try fixture.write("5.19.12-arch1-1\n", to: "proc/sys/kernel/osrelease")
    let counter = DRMOpenCounter([fixture.root + "/proc/71001/fdinfo", fixture.root + "/proc/88120/fdinfo"])
    let gpu = try #require(try source(fixture).read(at: 1_000).gpus.first)
    #expect(counter.paths().isEmpty)
    #expect(gpu.util == 0.37 && gpu.processes == nil)
  }

  @Test func cardsComeAndGo() throws {
    let fixture = try Fixture("gpu-amd-dgpu").copy()
    let source = source(fixture)
    #expect(try source.read(at: 1_000).gpus.count == 2)
    fixture.remove("sys/class/drm/card2")
    #expect(try source.read(at: 1_005).gpus.count == 2)
    #expect(try source.read(at: 1_010).gpus.map(\.pciAddress) == ["0000:03:00.0"])
    try fixture.link("sys/class/drm/card2", to: "../../devices/pci0000:00/0000:00:03.1/0000:0b:00.0/drm/card2")
    #expect(try source.read(at: 1_020).gpus.count == 2)
    fixture.remove("sys/class/drm/card1")
    fixture.remove("sys/class/drm/card2")
    let answer = try source.read(at: 1_030)
    #expect(answer.gpus.isEmpty && answer.rest == 300)
  }

  @Test func aMachineWithoutAnyRests() throws {
    let source = source(Fixture("vm-1-core"))
    let answer = try source.read(at: 1_000)
    #expect(answer.gpus.isEmpty && answer.rest == 300)
    // The driver may be loaded only after the agent.
    #expect(try source.read(at: 60).rest == 5)
  }

  @Test func throughTheCollector() throws {
    let collector = GPUCollector(
      GPUEnvironment(root: Fixture("gpu-amd-dgpu").root, asksDrivers: false), vendors: [.amd, .intel])
    var reading = Reading()
    let hasGPUs = try eventually({ !reading.gpus.isEmpty }) {
      reading.boottime = Clock.boottime
      collector.prepare()
      try collector.read(into: &reading)
    }
    #expect(hasGPUs)
    #expect(reading.gpus.map(\.state) == [.active, .asleep])
    #expect(GPU.primary(of: reading.gpus)?.model == "AMD Radeon Pro W7900")
  }
}
