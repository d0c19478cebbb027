import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite(.ownThreads) struct NVIDIASourceTests {
  private static let gibibyte = 1_073_741_824.0

  // MARK: Metrics

  @Test func everyMetric() throws {
    let source = try FakeNVML("DRIVER=570").source()
    // The driver's old samples are not reported at first.
    let earliest = try #require(try source.read(at: 100).gpus.first)
    #expect(earliest.util == 0.5 && earliest.processes?.first { $0.pid == 103 }?.util.isNaN == true)
    #expect(earliest.power == 250.5 && earliest.pcieReceive.isNaN)
    let gpu = try #require(try source.read(at: 102).gpus.first)
    #expect(gpu.vendor == "nvidia" && gpu.state == .active)
    #expect(gpu.model == "NVIDIA Fake 0" && gpu.uuid == "GPU-0" && gpu.pciAddress == "0000:81:00.0")
    #expect(gpu.driver == "570.86.10" && gpu.cuda == "12.8")
    // Of the samples 20, 40 and 90; the fourth is not a percentage, the fifth was seen before.
    #expect(gpu.util == 0.5 && gpu.utilPeak == 0.9 && gpu.memoryUtil == 0.1)
    #expect(gpu.encoder == 0.07)
    #expect(gpu.decoder.isNaN)
    #expect(gpu.temperature == 60 && gpu.memoryTemperature == 88 && gpu.slowdownTemperature == 93)
    #expect(gpu.vramTotal == 80 * Self.gibibyte && gpu.vramUsed == 22 * Self.gibibyte)
    // 300 J in 2 s, rather than the momentary 250.5 W; the previous calls take their time.
    #expect(abs(gpu.power - 150) < 15)
    #expect(gpu.powerLimit == 400)
    #expect(gpu.energy == 1_600)
    #expect(gpu.clock == 1_410e6 && gpu.clockMaximum == 1_980e6 && gpu.memoryClock == 1_593e6)
    #expect(gpu.fan == 0.45 && gpu.pcieGeneration == 4 && gpu.pcieWidth == 16)
    // Two counters, each 2 GB further after 2 s.
    #expect(abs(gpu.pcieReceive - 1e9) < 1e8 && abs(gpu.pcieTransmit - 1e9) < 1e8)
    #expect(gpu.performanceState == "P2")
    #expect(gpu.throttleReasons == "power_cap,hw_thermal")
    #expect(gpu.eccCorrected == 5 && gpu.eccUncorrected == 1 && gpu.retiredPages == 3)
    // Two errors, 79 and then 48.
    #expect(gpu.xid == 48)
    #expect(gpu.instances == nil && !gpu.hasUnifiedMemory && !gpu.isIntegrated)
    let processes = try #require(gpu.processes)
    #expect(processes.count == 100)
    // Most memory first, a process without a value last.
    #expect(processes.first?.pid == 199 && processes.first?.vram == 100 * 1_048_576)
    #expect(processes.last?.pid == 101 && processes.last?.vram.isNaN == true)
    let first = try #require(processes.first { $0.pid == 100 })
    #expect(first.kind == "compute+graphics" && first.util == 0.31 && first.encoder == 0.02 && first.decoder == 0.03)
    #expect(processes.first { $0.pid == 102 }?.util.isNaN == true)
    #expect(processes.first { $0.pid == 103 }?.util.isNaN == true)
  }

  @Test(arguments: [
    // Driver; peak reported; used GiB; watts at first; processes.
    (390, false, 1.0, 3), (470, true, 1.0, 5), (515, true, 22.0, 100), (535, true, 22.0, 100), (570, true, 22.0, 100),
  ]) func driversLackOnlyWhatTheyLack(driver: Int, hasSamples: Bool, used: Double, processes: Int) throws {
    let source = try FakeNVML("DRIVER=\(driver)").source()
    _ = try source.read(at: 1)
    let gpu = try #require(try source.read(at: 3).gpus.first)
    #expect(gpu.pciAddress == "0000:81:00.0" && gpu.temperature == 60)
    #expect(gpu.util == (hasSamples ? 0.5 : 0.12) && gpu.utilPeak.isNaN == !hasSamples)
    #expect(gpu.memoryUtil == (hasSamples ? 0.1 : 0.34))
    #expect(gpu.vramUsed == used * Self.gibibyte)
    #expect(gpu.energy.isNaN == !hasSamples)
    #expect(hasSamples ? abs(gpu.power - 150) < 15 : gpu.power == 250.5)
    #expect(gpu.throttleReasons == "power_cap,hw_thermal")
    // Remapped rows since Ampere's drivers, retired pages before.
    #expect(gpu.retiredPages == (driver >= 535 ? 3 : 4))
    #expect(gpu.memoryTemperature.isNaN == (driver < 470))
    #expect(gpu.xid == 48)
    #expect(gpu.processes?.count == processes)
    #expect(gpu.processes?.last?.pid == 101)
  }

  @Test func aLibraryWithNamesOnly() throws {
    let fake = try FakeNVML("BARE", "COUNT=2")
    let gpus = try fake.source().read(at: 1).gpus
    #expect(gpus.map(\.model) == ["NVIDIA Fake 0", "NVIDIA Fake 1"])
    #expect(gpus.allSatisfy { $0.state == .active && $0.util.isNaN && $0.processes == nil && $0.pciAddress == nil })
    #expect(gpus.allSatisfy { $0.vramTotal.isNaN && !$0.hasUnifiedMemory })
  }

  @Test func entriesOfProcessesThatAreLongerThanDocumented() throws {
    let gpu = try #require(try FakeNVML("LONG").source().read(at: 1).gpus.first)
    #expect(gpu.processes?.count == 100)
    #expect(gpu.processes?.first?.pid == 199 && gpu.processes?.first?.vram == 100 * 1_048_576)
  }

  @Test func unsupportedMetricsAreAbsentAndNotReadAgain() throws {
    let fake = try FakeNVML("UNSUPPORTED")
    let source = fake.source()
    let gpu = try #require(try source.read(at: 1).gpus.first)
    #expect(gpu.model == "NVIDIA Fake 0" && gpu.state == .active)
    #expect(gpu.util.isNaN && gpu.temperature.isNaN && gpu.power.isNaN && gpu.processes == nil && gpu.xid.isNaN)
    #expect(gpu.throttleReasons == nil && gpu.performanceState == nil)
    _ = try source.read(at: 2)
    let before = fake.calls
    _ = try source.read(at: 3)
    // PCI Express traffic is measured on another thread, maybe only now; unsupported, too.
    #expect(fake.calls - before <= 2)
    // After ten minutes they are tried again.
    _ = try source.read(at: 700)
    #expect(fake.calls > before + 10)
  }

  @Test func refusalsAreForgottenAfterAWhile() {
    var metrics = NVMLMetrics()
    metrics.note(.fan, isRefused: true, at: 0)
    metrics.note(.fan, isRefused: false, at: 1)
    metrics.note(.fan, isRefused: true, at: 2)
    #expect(metrics.isWorthAsking(.fan, at: 3))
    metrics.note(.fan, isRefused: true, at: 3)
    #expect(!metrics.isWorthAsking(.fan, at: 4) && metrics.isWorthAsking(.clock, at: 4))
    #expect(metrics.isWorthAsking(.fan, at: 604))
  }

  @Test func throttleReasonsAreNamed() {
    #expect(ThrottleReasons.text(0) == "" && ThrottleReasons.text(1) == "")
    #expect(
      ThrottleReasons.text(.max)
        == "applications_clocks_setting,power_cap,hw_slowdown,sync_boost,sw_thermal,hw_thermal,power_brake,"
        + "display_clock_setting")
  }

  // MARK: Traffic

  /// Measured on a thread of its own, so the value appears at a later reading.
  @Test func trafficIsMeasuredWhereItIsNotCounted() throws {
    let fake = try FakeNVML("DRIVER=535", "COUNT=2")
    let source = fake.source()
    var gpu = try #require(try source.read(at: 1).gpus.first)
    #expect(gpu.pcieReceive.isNaN && gpu.pcieTransmit.isNaN)
    // The measuring thread has the library open as well until it is done.
    #expect(eventually { fake.measured >= 4 && fake.open <= 1 })
    for step in 1...100_000 where gpu.pcieReceive.isNaN {
      gpu = try #require(try source.read(at: 1 + Double(step) / 100_000).gpus.first)
    }
    #expect(gpu.pcieReceive == 2_500_000 && gpu.pcieTransmit == 1_500_000)
    // Not again within ten seconds.
    #expect(fake.measured == 4)
  }

  @Test func measuringThatHangsHoldsNothingUp() throws {
    let fake = try FakeNVML("DRIVER=535", "STUCK_TRAFFIC")
    let source = fake.source()
    _ = try source.read(at: 1)
    #expect(eventually { fake.measured > 0 })
    #expect(fake.measured == 1)
    for instant in 2..<100 {
      let gpu = try #require(try source.read(at: Double(instant)).gpus.first)
      #expect(gpu.util == 0.5 && gpu.pcieReceive.isNaN)
    }
    #expect(fake.measured == 1)
  }

  @Test func aCounterThatRunsOverIsNotBelieved() throws {
    let source = try FakeNVML("WRAPPING").source()
    var rates: [Double] = []
    for instant in 1...12 {
      rates.append(try #require(try source.read(at: Double(instant)).gpus.first).pcieReceive)
    }
    #expect(rates.allSatisfy { $0.isNaN || $0 >= 0 && $0 < 4e9 })
  }

  // MARK: Multiple GPUs, MIG, memory

  @Test(arguments: [0, 1, 8, 16]) func manyGPUs(count: Int) throws {
    let fake = try FakeNVML("COUNT=\(count)")
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.count == count)
    _ = try source.read(at: 2)
    let before = fake.calls
    let gpus = try source.read(at: 3).gpus
    #expect(gpus.count == count)
    #expect(Set(gpus.map(\.pciAddress)).count == count)
    // Driver calls of one reading: those of each device, and one for errors.
    #expect(fake.calls - before == 21 * count + (count > 0 ? 1 : 0))
  }

  @Test func aPartitionedGPUListsItsInstances() throws {
    let fake = try FakeNVML("COUNT=2", "MIG")
    let source = fake.source()
    for instant in [1.0, 2, 70] {
      let gpus = try source.read(at: instant).gpus
      #expect(gpus[0].util.isNaN && gpus[0].utilPeak.isNaN && gpus[0].memoryUtil.isNaN)
      #expect(gpus[0].instances?.map(\.uuid) == ["MIG-1", "MIG-2"])
      #expect(gpus[0].instances?.map(\.profile) == ["1g.10gb", "2g.10gb"])
      #expect(gpus[0].instances?.first?.vramUsed == 5 * Self.gibibyte)
      #expect(gpus[0].instances?.first?.vramTotal == 80 * Self.gibibyte)
      #expect(gpus[1].instances == nil && gpus[1].util == 0.5)
    }
  }

  @Test func instancesWithoutAProfileInTheirName() throws {
    let gpu = try #require(try FakeNVML("MIG", "UNNAMED").source().read(at: 1).gpus.first)
    #expect(gpu.instances?.map(\.profile) == ["2g.10gb", "1c.2g.10gb"])
  }

  @Test func temperaturesByTheirNewFunction() throws {
    let gpu = try #require(try FakeNVML("NEW_TEMPERATURE").source().read(at: 1).gpus.first)
    #expect(gpu.temperature == 64)
  }

  @Test(arguments: ["UNIFIED", "ZERO"]) func memoryThatIsTheMachines(scenario: String) throws {
    let fake = try FakeNVML(scenario)
    let machine = try Fixture(files: ["proc/meminfo": "MemTotal:  131072 kB\n"])
    let source = fake.source(on: machine)
    for instant in [1.0, 2, 3] {
      let gpu = try #require(try source.read(at: instant).gpus.first)
      #expect(gpu.hasUnifiedMemory && gpu.isIntegrated)
      #expect(gpu.vramTotal == 131_072 * 1_024)
      // 1 + 3 + 4 + … + 100 MiB; one process has no value.
      #expect(gpu.vramUsed == 5_048 * 1_048_576)
    }
  }

  /// A driver that reports memory for such a chip nonetheless.
  @Test(arguments: ["NVIDIA GB10", "NVIDIA Thor", "Orin (nvgpu)", "NVIDIA Jetson AGX Orin"])
  func chipsThatAreKnownToHaveNoMemory(model: String) throws {
    let machine = try Fixture(files: ["proc/meminfo": "MemTotal:  134217728 kB\n"])
    let gpu = try #require(try FakeNVML("MODEL=\(model)", "ONE_LANE").source(on: machine).read(at: 1).gpus.first)
    #expect(gpu.model == model && gpu.hasUnifiedMemory && gpu.vramTotal == 0x1p37 && gpu.vramUsed == 5_048 * 0x1p20)
    #expect(gpu.pcieGeneration.isNaN && gpu.pcieWidth.isNaN)
  }

  @Test(arguments: ["NVIDIA GH200 480GB", "NVIDIA GB200", "NVIDIA GB100"])
  func chipsBesideTheirProcessorHaveTheirOwnMemory(model: String) throws {
    let gpu = try #require(try FakeNVML("MODEL=\(model)", "C2C").source().read(at: 1).gpus.first)
    #expect(!gpu.hasUnifiedMemory && !gpu.isIntegrated && gpu.vramTotal == 80 * Self.gibibyte)
    #expect(gpu.pcieGeneration.isNaN && gpu.pcieWidth.isNaN)
  }

  @Test func unusedUnifiedMemory() throws {
    let machine = try Fixture(files: ["proc/meminfo": "MemTotal:  131072 kB\n"])
    let gpu = try #require(try FakeNVML("UNIFIED", "IDLE").source(on: machine).read(at: 1).gpus.first)
    #expect(gpu.hasUnifiedMemory && gpu.vramUsed == 0 && gpu.pcieWidth.isNaN)
  }

  @Test(
    arguments: [
      (0, 570, nil), (1, 570, "Reset"), (2, 570, "Reboot"), (3, 570, "Drain P2P"), (4, 570, "Drain and Reset"),
      (9, 570, "Action 9"), (1, 535, "Reset"),
    ] as [(Int, Int, String?)])
  func theRecoveryActionIsTold(number: Int, driver: Int, action: String?) throws {
    let source = try FakeNVML("RECOVERY=\(number)", "DRIVER=\(driver)").source()
    for instant in [1.0, 2, 3] {
      let gpu = try #require(try source.read(at: instant).gpus.first)
      #expect(gpu.recoveryAction == action && gpu.state == .active && gpu.util == 0.5)
    }
  }

  @Test func aGPUThatMustBeResetIsLostWithItsRecoveryAction() throws {
    let source = try FakeNVML("COUNT=2", "LOST_AT=2", "LOST_STATUS=16").source()
    #expect(try source.read(at: 1).gpus.map(\.recoveryAction) == [nil, nil])
    let gpus = try source.read(at: 2).gpus
    #expect(gpus.map(\.state) == [.active, .lost] && gpus.map(\.recoveryAction) == [nil, "Reset"])
  }

  @Test(arguments: [127, 255]) func valuesThatNoChipHas(temperature: Int) throws {
    let source = try FakeNVML("ABSURD=\(temperature)").source()
    _ = try source.read(at: 1)
    let gpu = try #require(try source.read(at: 3).gpus.first)
    #expect(gpu.temperature.isNaN && gpu.memoryTemperature.isNaN && gpu.util.isNaN && gpu.memoryUtil.isNaN)
    #expect(
      gpu.fan.isNaN && gpu.clock.isNaN && gpu.memoryClock.isNaN && gpu.pcieGeneration.isNaN && gpu.pcieWidth.isNaN)
    #expect(gpu.powerLimit.isNaN && gpu.eccCorrected.isNaN && gpu.eccUncorrected.isNaN)
    #expect(gpu.vramTotal == 80 * Self.gibibyte && gpu.vramUsed.isNaN && !gpu.hasUnifiedMemory)
    // Its power is derived from its energy.
    #expect(abs(gpu.power - 150) < 15)
  }

  @Test func aConstantEnergyCounterIsOmitted() throws {
    let source = try FakeNVML("STILL").source()
    #expect(try source.read(at: 1).gpus.first?.energy == 1_000)
    #expect(try source.read(at: 5).gpus.first?.energy == 1_000)
    for instant in [12.0, 13, 60] {
      let gpu = try #require(try source.read(at: instant).gpus.first)
      #expect(gpu.energy.isNaN && gpu.power == 250.5)
    }
  }

  @Test func oneThatMayNotBeUsedIsLeftOut() throws {
    let fake = try FakeNVML("COUNT=3", "FORBIDDEN=1")
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.map(\.uuid) == ["GPU-0", "GPU-2"])
    // Counting again finds no change: the library stays open.
    _ = try source.read(at: 100)
    #expect(fake.initialisations == 1)
  }

  @Test func aContainersNumbersAreTranslated() throws {
    let fake = try FakeNVML("DRIVER=390")
    let machine = try Fixture(files: [
      "proc/100/status": "NSpid:\t100\n", "proc/4711/status": "NSpid:\t4711\t102\n",
      "proc/4712/status": "NSpid:\t4712\t7\n",
    ])
    let gpu = try #require(try fake.source(on: machine).read(at: 1).gpus.first)
    // 102 is 4711 outside; 101 is not found.
    #expect(gpu.processes?.map(\.pid) == [4711, 100, 101])
  }

  @Test func twoLibrariesConcurrently() throws {
    let (old, new) = (try FakeNVML("DRIVER=470", "COUNT=1"), try FakeNVML("DRIVER=570", "COUNT=2"))
    let (first, second) = (old.source(), new.source())
    for instant in [1.0, 2] {
      #expect(try first.read(at: instant).gpus.map(\.driver) == ["470.86.10"])
      #expect(try second.read(at: instant).gpus.map(\.driver) == ["570.86.10", "570.86.10"])
    }
  }

  // MARK: Jetson

  private static let jetson = [
    "proc/device-tree/compatible": "nvidia,p3701-0000\0nvidia,tegra234\0",
    "proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0", "proc/meminfo": "MemTotal:  131072 kB\n",
    "proc/sys/kernel/osrelease": "5.10.120-tegra\n", "sys/class/devfreq/17000000.ga10b/device/load": "437\n",
    "sys/class/devfreq/17000000.ga10b/cur_freq": "612000000\n",
    "sys/class/devfreq/17000000.ga10b/max_freq": "1300500000\n", "sys/class/devfreq/15480000.nvdec/device/load": "9\n",
    "sys/class/thermal/thermal_zone0/type": "CPU-therm\n", "sys/class/thermal/thermal_zone0/temp": "48000\n",
    "sys/class/thermal/thermal_zone1/type": "GPU-therm\n", "sys/class/thermal/thermal_zone1/temp": "46500\n",
  ]

  @Test(arguments: [true, false]) func aJetsonWithoutLibraryAndTool(isLive: Bool) throws {
    let machine = try Fixture(files: Self.jetson)
    let source = NVIDIASource(GPUEnvironment(root: machine.root, asksDrivers: isLive), paths: ["/nowhere/x"])
    let answer = try source.read(at: 1)
    let gpu = try #require(answer.gpus.first)
    #expect(answer.gpus.count == 1 && answer.failure == nil && answer.rest == 0)
    #expect(gpu.model == "NVIDIA Jetson AGX Orin Developer Kit" && gpu.driver == "nvgpu 5.10.120-tegra")
    #expect(gpu.util == 0.437 && gpu.temperature == 46.5 && gpu.clock == 6.12e8 && gpu.clockMaximum == 1.3005e9)
    #expect(gpu.hasUnifiedMemory && gpu.isIntegrated && gpu.vramTotal == 131_072 * 1_024 && gpu.vramUsed.isNaN)
    try machine.write("1001\n", to: "sys/class/devfreq/17000000.ga10b/device/load")
    #expect(try source.read(at: 2).gpus.first?.util.isNaN == true)
  }

  @Test func theLibraryOfAJetsonComesFirst() throws {
    let machine = try Fixture(files: Self.jetson)
    #expect(try FakeNVML("MODEL=Orin (nvgpu)").source(on: machine).read(at: 1).gpus.map(\.util) == [0.5])
    // Another vendor's chip has a GPU of that name, too.
    let other = try Fixture(files: Self.jetson)
    try other.write("radxa,rock-5b\0rockchip,rk3588\0", to: "proc/device-tree/compatible")
    let source = NVIDIASource(GPUEnvironment(root: other.root, asksDrivers: true), paths: ["/nowhere/x"])
    #expect(try source.read(at: 1).gpus.isEmpty)
  }

  // MARK: Failures

  @Test func withoutLibraryOrDriverThereAreNoGPUsAndNoError() throws {
    let environment = GPUEnvironment(root: "/nowhere", asksDrivers: true)
    let missing = NVIDIASource(environment, paths: ["/nowhere/libnvidia-ml.so.1"])
    #expect(try missing.read(at: 1).gpus.isEmpty)
    #expect(try missing.read(at: 1).rest == 300)
    // A different library.
    #expect(try NVIDIASource(environment, paths: ["libc.so.6"]).read(at: 1).gpus.isEmpty)
    let fake = try FakeNVML("NO_DRIVER")
    let answer = try fake.source().read(at: 1)
    #expect(answer.gpus.isEmpty && answer.rest == 300)
    // A recording's GPUs are not this machine's.
    let recorded = NVIDIASource(GPUEnvironment(root: "/nowhere", asksDrivers: false), paths: [fake.path])
    #expect(try recorded.read(at: 1).rest == .infinity)
    #expect(fake.initialisations == 1)
  }

  @Test func aMissingLibraryIsNotSearchedAtEachReading() throws {
    let fake = try FakeNVML()
    let path = try Fixture(files: [:]).root + "/libnvidia-ml.so.1"
    let source = NVIDIASource(GPUEnvironment(root: "/nowhere", asksDrivers: true), paths: [path])
    #expect(try source.read(at: 1).gpus.isEmpty)
    try #require(symlink(fake.path, path) == 0)
    #expect(try source.read(at: 299).gpus.isEmpty)
    #expect(try source.read(at: 301).gpus.count == 1)
  }

  @Test func aGPUOfAnotherDriverIsNotRead() throws {
    let fake = try FakeNVML()
    let machine = try Fixture(files: [
      "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n", "sys/bus/pci/devices/0000:01:00.0/class": "0x030000\n",
    ])
    try machine.link("sys/bus/pci/devices/0000:01:00.0/driver", to: "../../../bus/pci/drivers/nouveau")
    #expect(try fake.source(on: machine).read(at: 1).gpus.isEmpty)
    #expect(fake.initialisations == 0)
    // NVIDIA's device node is there: the library decides.
    try machine.write("", to: "dev/nvidiactl")
    #expect(try fake.source(on: machine).read(at: 1).gpus.count == 1)
  }

  @Test func withTheDriverButNoLibraryGPUsAreNamed() throws {
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    try machine.write("10de  NVIDIA Corporation\n\t2204  GA102 [GeForce RTX 3090]\n", to: "usr/share/misc/pci.ids")
    let source = NVIDIASource(GPUEnvironment(root: machine.root, asksDrivers: true), paths: ["/nowhere/x"])
    let answer = try source.read(at: 1)
    let gpu = try #require(answer.gpus.first)
    #expect(gpu.pciAddress == "0000:81:00.0" && gpu.state == .active && gpu.util.isNaN)
    #expect(gpu.model == "NVIDIA GeForce RTX 3090" && gpu.driver == "570.86.10")
    #expect(answer.failure == "the driver is loaded, but libnvidia-ml.so.1 and nvidia-smi were not found")
  }

  @Test func aLostGPUIsLostAloneAndRetried() throws {
    let fake = try FakeNVML("COUNT=3", "LOST_AT=2")
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.map(\.state) == [.active, .active, .active])
    for instant in [2.0, 30, 61] {
      let gpus = try source.read(at: instant).gpus
      #expect(gpus.map(\.state) == [.active, .lost, .active])
      #expect(gpus[1].model == "NVIDIA Fake 1" && gpus[1].util.isNaN && gpus[1].temperature.isNaN)
    }
    #expect(fake.initialisations == 1)
    // After a minute the library is opened again, which detects the reset.
    #expect(try source.read(at: 62).gpus.map(\.state) == [.active, .active, .active])
    #expect(fake.initialisations == 2 && fake.open == 1)
  }

  @Test(arguments: [true, false]) func aGPUThatStaysLostIsReportedAsLost(hasSysfs: Bool) throws {
    let fake = try FakeNVML("COUNT=2", "LOST_AT=2", "STAYS_LOST")
    let machine = try NVIDIAMachine.make(
      hasSysfs ? [("0000:80:00.0", "active", "on"), ("0000:81:00.0", "active", "on")] : [])
    let source = fake.source(on: machine)
    _ = try source.read(at: 1)
    for instant in [2.0, 62, 63, 182, 1_000] {
      let gpus = try source.read(at: instant).gpus
      #expect(gpus.map(\.uuid) == ["GPU-0", "GPU-1"] && gpus.map(\.state) == [.active, .lost])
    }
    // At 62, after two minutes more, and at 1,000.
    #expect(fake.initialisations == 4 && fake.open == 1)
    guard hasSysfs else { return }
    // Removed.
    machine.remove(NVIDIAMachine.folder + "0000:80:00.0")
    #expect(try source.read(at: 1_001).gpus.map(\.uuid) == ["GPU-0"])
  }

  /// The agent starts after it was lost, so it never had a name.
  @Test func aGPULostFromTheBeginningIsReportedAsLost() throws {
    let fake = try FakeNVML("COUNT=2", "LOST_AT=2", "STAYS_LOST")
    let machine = try NVIDIAMachine.make([("0000:80:00.0", "active", "on"), ("0000:81:00.0", "active", "on")])
    let first = fake.source(on: machine)
    _ = try first.read(at: 1)
    _ = try first.read(at: 2)
    _ = try first.read(at: 62)
    let gpus = try fake.source(on: machine).read(at: 100).gpus
    #expect(gpus.map(\.pciAddress) == ["0000:81:00.0", "0000:80:00.0"] && gpus.map(\.state) == [.active, .lost])
  }

  @Test func aDriverThatDoesNotListItsGPUsIsReported() throws {
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    let answer = try FakeNVML("COUNT=0").source(on: machine).read(at: 1)
    #expect(answer.gpus.isEmpty && answer.failure == "the driver is bound to GPUs but does not list them")
  }

  @Test func anUnloadedDriverIsRetriedSoon() throws {
    let fake = try FakeNVML()
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    try machine.write("0x10de\n", to: "sys/bus/pci/devices/0000:81:00.0/vendor")
    try machine.write("0x030000\n", to: "sys/bus/pci/devices/0000:81:00.0/class")
    let source = fake.source(on: machine)
    #expect(try source.read(at: 1).gpus.count == 1)
    machine.remove(NVIDIAMachine.folder + "0000:81:00.0")
    let answer = try source.read(at: 2)
    #expect(answer.gpus.isEmpty && answer.rest == 15 && fake.open == 0 && fake.initialisations == 1)
    try machine.write("0x030000\n", to: NVIDIAMachine.folder + "0000:81:00.0/class")
    #expect(try source.read(at: 17).gpus.count == 1)
  }

  @Test(arguments: [1, 9, 18]) func aReloadedDriverIsOpenedAgain(status: Int) throws {
    let fake = try FakeNVML("COUNT=2", "RELOAD_AT=4", "RELOAD_STATUS=\(status)")
    let source = fake.source()
    #expect(try source.read(at: 1).gpus.count == 2)
    #expect(throws: CollectorError.self) { try source.read(at: 2) }
    #expect(fake.open == 0 && fake.events == 0)
    #expect(try source.read(at: 3).gpus.map(\.temperature) == [60, 61])
    #expect(fake.initialisations == 2 && fake.open == 1 && fake.events == 1)
  }

  @Test func retriesOfAFailingDriverBackOff() throws {
    let fake = try FakeNVML("MISMATCH=1000")
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    let source = fake.source(on: machine)
    for instant in 0..<300 {
      #expect(throws: CollectorError("the driver's kernel module and library have different versions")) {
        try source.read(at: Double(instant))
      }
    }
    #expect(fake.initialisations <= 9 && fake.initialisations >= 6)
  }

  @Test func ifAllMetricsFailTheLibraryIsOpenedAgain() throws {
    let fake = try FakeNVML("ALL_UNKNOWN")
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    let source = fake.source(on: machine)
    #expect(throws: CollectorError("NVML error 999")) { try source.read(at: 1) }
    #expect(fake.open == 0)
  }

  @Test func aDeviceThatIsPluggedInIsFound() throws {
    let fake = try FakeNVML("COUNT=2")
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    let source = fake.source(on: machine)
    _ = try source.read(at: 1)
    #expect(fake.initialisations == 1)
    try machine.write("0x030200\n", to: NVIDIAMachine.folder + "0000:80:00.0/class")
    #expect(try source.read(at: 2).gpus.count == 2)
    #expect(fake.initialisations == 2 && fake.open == 1)
  }

  // MARK: Sleep

  @Test func aSleepingGPUIsNotWoken() throws {
    let fake = try FakeNVML()
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "suspended", "auto")])
    let source = fake.source(on: machine)
    let answer = try source.read(at: 1)
    #expect(answer.gpus.map(\.state) == [.asleep] && answer.rest == 5)
    #expect(answer.gpus[0].pciAddress == "0000:81:00.0" && answer.gpus[0].model == "NVIDIA GPU 0x2204")
    // Not even the library was initialized.
    #expect(fake.initialisations == 0 && fake.calls == 0)
    try NVIDIAMachine.set("0000:81:00.0", "active", on: machine)
    // Another program woke it; after a while it is read.
    let woken = try source.read(at: 5).gpus
    #expect(woken.map(\.state) == [.active] && woken[0].util.isNaN && fake.initialisations == 0)
    #expect(try source.read(at: 20).gpus.map(\.util) == [0.5])
    // Asleep again: its identity stays known.
    try NVIDIAMachine.set("0000:81:00.0", "suspended", on: machine)
    let asleep = try source.read(at: 21).gpus
    #expect(asleep.map(\.model) == ["NVIDIA Fake 0"] && asleep[0].util.isNaN && asleep[0].vramUsed.isNaN)
    #expect(asleep[0].state == .asleep && asleep[0].uuid == "GPU-0")
    #expect(fake.open == 0 && fake.events == 0)
  }

  @Test func anIdleGPUIsClosedAndItsValuesAge() throws {
    let fake = try FakeNVML("IDLE")
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "auto")])
    let source = fake.source(on: machine)
    for instant in 0..<30 { #expect(try source.read(at: Double(instant)).gpus.map(\.util) == [0]) }
    #expect(fake.open == 1)
    // Idle for half a minute: closed with the reading that detects it.
    _ = try source.read(at: 30)
    #expect(fake.open == 0)
    let calls = fake.calls
    let gpu = try #require(try source.read(at: 40).gpus.first)
    #expect(gpu.age == 10 && gpu.util == 0 && gpu.state == .active)
    #expect(fake.calls == calls)
    // Still awake: opened for one reading.
    #expect(try source.read(at: 46).gpus.map(\.age) == [0])
    #expect(fake.open == 0 && fake.initialisations == 2)
  }

  @Test func aUsedGPUIsNotLetGo() throws {
    let fake = try FakeNVML()
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "auto")])
    let source = fake.source(on: machine)
    for instant in 0..<100 { _ = try source.read(at: Double(instant)) }
    #expect(fake.open == 1 && fake.initialisations == 1)
  }

  /// Only the awake ones are opened.
  @Test func oneSleepsBesideOneThatIsUsed() throws {
    let fake = try FakeNVML("COUNT=2")
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on"), ("0000:80:00.0", "suspended", "auto")])
    let source = fake.source(on: machine)
    let gpus = try source.read(at: 1).gpus
    #expect(gpus.map(\.pciAddress) == ["0000:81:00.0", "0000:80:00.0"])
    #expect(gpus.map(\.state) == [.active, .asleep])
    #expect(gpus[0].util == 0.5 && gpus[1].util.isNaN)
  }

  // MARK: The collector

  private func look(_ collector: GPUCollector, _ reading: inout Reading) -> String? {
    reading.boottime = Clock.boottime
    collector.prepare()
    do { try collector.read(into: &reading) } catch { return error.description }
    return nil
  }

  @Test func theCollectorShowsThemByAddress() throws {
    let fake = try FakeNVML("COUNT=8")
    let collector = GPUCollector(GPUEnvironment(root: "/nowhere", asksDrivers: true), vendors: [fake.vendor])
    var reading = Reading()
    let areThere = eventually({ !reading.gpus.isEmpty }) { _ = look(collector, &reading) }
    #expect(areThere)
    #expect(reading.gpus.map(\.index) == Array(0..<8))
    #expect(reading.gpus.first?.pciAddress == "0000:7a:00.0" && reading.gpus.last?.model == "NVIDIA Fake 0")
    #expect(reading.gpus.allSatisfy { $0.util == 0.5 })
  }

  /// The call never returns, so a reading that returned did not wait for it.
  @Test func aHangingDriverDelaysNoReading() throws {
    let fake = try FakeNVML("COUNT=2", "HANG_AT=5")
    let other = GPUVendor(name: "amd", pciVendor: 0x1002) { _ in OtherSource() }
    let collector = GPUCollector(GPUEnvironment(root: "/nowhere", asksDrivers: true), vendors: [fake.vendor, other])
    var reading = Reading()
    // Two readings of two GPUs succeed, then a call never returns: further readings still complete.
    var looks = 0
    let hasEnough = eventually({ looks == 20 }) {
      // After a second without a result the source is reported as failing; its values stay, with their age.
      if let error = look(collector, &reading) { #expect(error.hasPrefix("nvidia: no answer")) }
      if fake.isHanging, reading.gpus.contains(where: { $0.vendor == "nvidia" && $0.age > 0 }) { looks += 1 }
    }
    #expect(hasEnough && fake.isHanging)
    #expect(reading.gpus.filter { $0.vendor == "nvidia" }.map(\.temperature) == [61, 60])
    #expect(reading.gpus.contains { $0.vendor == "amd" })
    #expect(reading.gpus.contains { $0.vendor == "nvidia" && $0.age > 0 })
  }

  private final class OtherSource: GPUSource {
    func read(at instant: Double) throws(CollectorError) -> GPUAnswer { GPUAnswer(gpus: [GPU(vendor: "amd")]) }
  }
}

/// The state machine behind a reference, since #expect takes no mutating call.
private final class Policy {
  private var power = NVIDIAPower()

  func wanted(_ slots: [NVIDIASlot], at instant: Double) -> Set<String> { power.wanted(slots, at: instant) }

  func isToBeLeft(_ slot: NVIDIASlot, isIdle: Bool, at instant: Double) -> Bool {
    power.isToBeLeft(slot, isIdle: isIdle, at: instant)
  }
}

@Suite struct NVIDIAPowerTests {
  private let sleepy = NVIDIASlot(address: "0000:81:00.0", isAsleep: false, maySleep: true)
  private let asleep = NVIDIASlot(address: "0000:81:00.0", isAsleep: true, maySleep: true)
  private let awake = NVIDIASlot(address: "0000:81:00.0", isAsleep: false, maySleep: false)

  @Test func anIdleGPUIsClosedAndCheckedEverMoreRarely() {
    let power = Policy()
    let all: Set = [sleepy.address]
    #expect(power.wanted([sleepy], at: 0) == all)
    #expect(!power.isToBeLeft(sleepy, isIdle: true, at: 0) && !power.isToBeLeft(sleepy, isIdle: true, at: 29))
    #expect(power.wanted([sleepy], at: 29) == all)
    #expect(power.isToBeLeft(sleepy, isIdle: true, at: 30))
    // Still awake 15 s later: apparently used by another program. It is not: closed immediately, and so on.
    var last = 30.0
    for wait in [15.0, 30, 60, 60, 60] {
      #expect(power.wanted([sleepy], at: last + wait - 1).isEmpty)
      last += wait
      #expect(power.wanted([sleepy], at: last) == all)
      #expect(power.isToBeLeft(sleepy, isIdle: true, at: last))
    }
    // Used by another program.
    #expect(power.wanted([sleepy], at: last + 60) == all)
    #expect(!power.isToBeLeft(sleepy, isIdle: false, at: last + 60))
    #expect(power.wanted([sleepy], at: last + 1_000) == all)
    // From then on as at first.
    #expect(!power.isToBeLeft(sleepy, isIdle: true, at: 2_000) && !power.isToBeLeft(sleepy, isIdle: true, at: 2_029))
    #expect(power.isToBeLeft(sleepy, isIdle: true, at: 2_030))
    #expect(power.wanted([sleepy], at: 2_045) == all)
  }

  @Test func oneThatSleptIsTakenUpWhenItIsAwakeForAWhile() {
    let power = Policy()
    for instant in 0..<100 { #expect(power.wanted([asleep], at: Double(instant)).isEmpty) }
    #expect(power.wanted([sleepy], at: 100).isEmpty && power.wanted([sleepy], at: 113).isEmpty)
    // It fell asleep again meanwhile.
    #expect(power.wanted([asleep], at: 113.5).isEmpty && power.wanted([sleepy], at: 115).isEmpty)
    #expect(power.wanted([sleepy], at: 128.5) == [sleepy.address])
  }

  @Test func oneThatMayNotSleepIsAskedForEver() {
    let power = Policy()
    for instant in [0.0, 100, 10_000] {
      #expect(power.wanted([awake], at: instant) == [awake.address])
      #expect(!power.isToBeLeft(awake, isIdle: true, at: instant))
    }
    #expect(power.wanted([], at: 10_001).isEmpty)
  }

  @Test func eachIsJudgedByItself() {
    let power = Policy()
    let used = NVIDIASlot(address: "0000:01:00.0", isAsleep: false, maySleep: true)
    #expect(power.wanted([used, sleepy], at: 0).count == 2)
    for instant in stride(from: 0.0, through: 30, by: 1) {
      #expect(!power.isToBeLeft(used, isIdle: false, at: instant))
      #expect(power.isToBeLeft(sleepy, isIdle: true, at: instant) == (instant == 30))
    }
    #expect(power.wanted([used, sleepy], at: 31) == [used.address])
  }
}
