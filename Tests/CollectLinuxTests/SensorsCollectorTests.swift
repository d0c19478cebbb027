import AgentMetrics
import Collect
import KernelFiles
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite(.ownThreads) struct SensorsCollectorTests {
  private func read(_ root: String) throws -> Reading {
    var reading = Reading()
    try SensorsCollector(root: root).read(into: &reading)
    return reading
  }

  /// Temperatures as "chip/sensor celsius".
  private func temperatures(_ reading: Reading) -> [String] {
    reading.temperatures.map { "\($0.chip)/\($0.sensor) \($0.celsius)" }
  }

  @Test func aServerWithChipsOfOneName() throws {
    let reading = try read(Fixture("nvme-md-dm").root)
    #expect(
      temperatures(reading) == [
        "acpitz/temp1 27.8", "nvme0/Composite 43.85", "nvme0/Sensor 1 43.85", "nvme0/Sensor 2 52.85",
        "nvme1/Composite 46.85", "nvme1/Sensor 1 46.85", "nvme1/Sensor 2 55.85", "coretemp/Package id 0 62.0",
        "coretemp/Core 0 56.0", "coretemp/Core 1 62.0", "coretemp/Core 2 61.0", "coretemp/Core 3 60.0",
        "coretemp/Core 4 59.0", "coretemp/Core 5 58.0", "coretemp/Core 6 57.0", "coretemp/Core 7 56.0",
        // Without AUXTIN0, whose −62 °C means not connected.
        "nct6798/SYSTIN 34.0", "nct6798/CPUTIN 41.5",
      ])
    let composite = reading.temperatures[1]
    #expect(composite.high == 79.85)
    #expect(composite.critical == 84.85)
    // 65261.85 °C and 0 are not limits.
    #expect(reading.temperatures[2].high.isNaN)
    #expect(reading.temperatures[16].high.isNaN)
    #expect(reading.temperatures[0].critical == 119)
    #expect(
      reading.fans.map { "\($0.chip)/\($0.sensor) \($0.rpm)" } == [
        "nct6798/fan1 812.0", "nct6798/fan2 1120.0", "nct6798/fan3 0.0",
      ])
  }

  @Test func everySocketHasItsChip() throws {
    let reading = try read(Fixture("epyc-2s-256t").root)
    #expect(reading.temperatures.count == 2 * 9 + 5)
    #expect(
      reading.temperatures.filter { $0.sensor == "Tctl" }.map { "\($0.chip) \($0.celsius)" } == [
        "k10temp-0000:00:18.3 71.25", "k10temp-0000:00:19.3 52.125",
      ])
    #expect(reading.temperatures.suffix(5).map(\.chip) == ["nvme0", "nvme1", "nvme2", "nvme3", "nvme4"])
    // Tccd8 is temp10, after temp9.
    #expect(reading.temperatures[8].sensor == "Tccd8")
  }

  @Test func oldKernelsPutFilesBesideTheDevices() throws {
    let reading = try read(Fixture("old-kernel").root)
    #expect(reading.temperatures.map(\.chip) == (0..<8).map { "coretemp.\($0)" })
    #expect(reading.temperatures.map(\.celsius) == (0..<8).map { Double(41 + $0) })
    #expect(reading.temperatures[2].sensor == "Core 9")
    #expect(reading.temperatures[2].critical == 101)
  }

  @Test func implausibleValuesAreAbsent() throws {
    let reading = try read(Fixture("hybrid-laptop").root)
    // Neither 0, nor −128 °C, nor a label without an input.
    #expect(temperatures(reading).filter { $0.hasPrefix("thinkpad") } == ["thinkpad/CPU 54.0"])
    #expect(reading.fans.map { "\($0.chip)/\($0.sensor) \($0.rpm)" } == ["thinkpad/fan1 2480.0"])
    #expect(temperatures(reading).contains("coretemp/Core 23 56.0"))
    #expect(temperatures(reading).contains("iwlwifi_1/temp1 44.0"))
    let battery = try #require(reading.powers.first { $0.chip == "BAT0" })
    #expect(battery.sensor == "power1")
    #expect(battery.watts == 18.12)
    #expect(battery.energy == nil)
  }

  @Test func thermalZonesStandInForChips() throws {
    #expect(try temperatures(read(Fixture("arm-board").root)) == ["cpu_thermal/temp1 55.017"])
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "fan_only\n", "sys/class/hwmon/hwmon0/fan1_input": "900\n",
      "sys/class/thermal/thermal_zone10/temp": "51234\n", "sys/class/thermal/thermal_zone10/type": "gpu-thermal\n",
      "sys/class/thermal/thermal_zone2/temp": "48000\n", "sys/class/thermal/thermal_zone2/type": "cpu-thermal\n",
      "sys/class/thermal/thermal_zone2/trip_point_0_type": "passive\n",
      "sys/class/thermal/thermal_zone2/trip_point_0_temp": "85000\n",
      "sys/class/thermal/thermal_zone2/trip_point_1_type": "critical\n",
      "sys/class/thermal/thermal_zone2/trip_point_1_temp": "105000\n",
      "sys/class/thermal/thermal_zone3/temp": "0\n", "sys/class/thermal/thermal_zone3/type": "off\n",
      "sys/class/thermal/cooling_device0/type": "Fan\n",
    ])
    let reading = try read(fixture.root)
    #expect(temperatures(reading) == ["thermal_zone2/cpu-thermal 48.0", "thermal_zone10/gpu-thermal 51.234"])
    #expect(reading.temperatures[0].critical == 105)
    #expect(reading.fans.map(\.rpm) == [900])
  }

  @Test func chipsOfOneNameWithoutADevice() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon2/name": "tmp102\n", "sys/class/hwmon/hwmon2/temp1_input": "21000\n",
      "sys/class/hwmon/hwmon10/name": "tmp102\n", "sys/class/hwmon/hwmon10/temp1_input": "22000\n",
      "sys/class/hwmon/hwmon10/temp1_label": "Same\n", "sys/class/hwmon/hwmon10/temp2_input": "23000\n",
      "sys/class/hwmon/hwmon10/temp2_label": "Same\n",
      // An input's name without a label, and a chip without temperature inputs.
      "sys/class/hwmon/hwmon3/name": "tmp102\n", "sys/class/hwmon/hwmon3/in0_input": "5\n",
    ])
    #expect(
      try temperatures(read(fixture.root)) == [
        "tmp102-hwmon2/temp1 21.0", "tmp102-hwmon10/Same 22.0", "tmp102-hwmon10/Same (temp2) 23.0",
      ])
  }

  @Test func faultsMeansAndSilentSensors() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "meter\n",
      "sys/class/hwmon/hwmon0/power1_average": "250500000\n", "sys/class/hwmon/hwmon0/power1_input": "1\n",
      "sys/class/hwmon/hwmon0/power1_label": "PPT\n", "sys/class/hwmon/hwmon0/power2_input": "7000000\n",
      "sys/class/hwmon/hwmon0/power3_input": "-1\n",
      "sys/class/hwmon/hwmon0/temp1_input": "40000\n", "sys/class/hwmon/hwmon0/temp1_fault": "1\n",
      "sys/class/hwmon/hwmon0/temp2_input": "-49000\n", "sys/class/hwmon/hwmon0/temp2_fault": "0\n",
      "sys/class/hwmon/hwmon0/temp3_input": "", "sys/class/hwmon/hwmon0/temp4_input": "151000\n",
      "sys/class/hwmon/hwmon0/temp5_input": "99999999999999999999\n",
    ])
    let reading = try read(fixture.root)
    #expect(temperatures(reading) == ["meter/temp2 -49.0"])
    #expect(reading.powers.map { "\($0.sensor) \($0.watts)" } == ["PPT 250.5", "power2 7.0"])
  }

  @Test func sleepingDevicesAreLeftAlone() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "amdgpu\n", "sys/class/hwmon/hwmon0/temp1_input": "40000\n",
      "sys/class/hwmon/hwmon0/temp1_crit": "100000\n",
      "sys/class/hwmon/hwmon0/device/power/runtime_status": "suspended\n",
    ])
    // Pipes without a writer: reading them would never return.
    for file in ["temp2_input", "temp2_max"] {
      try #require(mkfifo(fixture.root + "/sys/class/hwmon/hwmon0/" + file, 0o600) == 0)
    }
    let collector = SensorsCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.temperatures.isEmpty)
    fixture.remove("sys/class/hwmon/hwmon0/temp2_input")
    fixture.remove("sys/class/hwmon/hwmon0/temp2_max")
    try fixture.write("active\n", to: "sys/class/hwmon/hwmon0/device/power/runtime_status")
    try collector.read(into: &reading)
    #expect(reading.temperatures.map(\.celsius) == [40])
    #expect(reading.temperatures.first?.critical == 100)
    try fixture.write("suspended\n", to: "sys/class/hwmon/hwmon0/device/power/runtime_status")
    try collector.read(into: &reading)
    #expect(reading.temperatures.isEmpty)
  }

  @Test func drivesAreAskedSeldomAndOthersEachTime() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "nvme\n", "sys/class/hwmon/hwmon0/temp1_input": "40000\n",
      "sys/class/hwmon/hwmon1/name": "drivetemp\n", "sys/class/hwmon/hwmon1/temp1_input": "30000\n",
      "sys/class/hwmon/hwmon2/name": "k10temp\n", "sys/class/hwmon/hwmon2/temp1_input": "50000\n",
    ])
    var now = 100.0
    let monitor = HardwareMonitor(root: fixture.root) { now }
    func sweep() -> [Double] { monitor.sweep().temperatures.map(\.celsius) }
    #expect(sweep() == [40, 30, 50])
    for name in 0..<3 { try fixture.write("60000\n", to: "sys/class/hwmon/hwmon\(name)/temp1_input") }
    now += 9
    #expect(sweep() == [40, 30, 60])
    now += 1
    #expect(sweep() == [60, 30, 60])
    now += 50
    #expect(sweep() == [60, 60, 60])
  }

  @Test func chipsComeAndGo() throws {
    let fixture = try Fixture("epyc-2s-256t").copy()
    let collector = SensorsCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    fixture.remove("sys/class/hwmon/hwmon1")
    try fixture.write("usb_thing\n", to: "sys/class/hwmon/hwmon7/name")
    try fixture.write("33000\n", to: "sys/class/hwmon/hwmon7/temp1_input")
    try collector.read(into: &reading)
    #expect(reading.temperatures.filter { $0.sensor == "Tctl" }.map(\.chip) == ["k10temp"])
    #expect(reading.temperatures.last?.chip == "usb_thing")
    // A sensor that stops is absent, whatever its last value.
    fixture.remove("sys/class/hwmon/hwmon7/temp1_input")
    try fixture.write("x\n", to: "sys/class/hwmon/hwmon0/temp1_input")
    try collector.read(into: &reading)
    #expect(!reading.temperatures.contains { $0.sensor == "Tctl" })
  }

  private func watts(_ machine: String, seconds: Double) throws -> [String] {
    let before = try read(Fixture(machine).root).powers.filter { $0.energy != nil }
    let after = try read(Fixture(machine).later()).powers.filter { $0.energy != nil }
    return zip(before, after).map { old, new in
      let power = Power(from: old, to: new, over: Elapsed(seconds: seconds))
      return "\(power.chip) \(power.sensor) \((power.watts * 1_000).rounded() / 1_000)"
    }
  }

  @Test func energyCounters() throws {
    // The second package's counter wraps: (65532610987 − 64720566867 + 375507880) µJ ÷ 10.03 s.
    #expect(
      try watts("epyc-2s-256t", seconds: 10.03) == [
        "intel-rapl:0 package-0 271.5", "intel-rapl:0:0 package-0/core 188.2", "intel-rapl:1 package-1 118.4",
        "intel-rapl:1:0 package-1/core 31.1",
      ])
    // Without intel-rapl-mmio, which repeats the package.
    #expect(
      try watts("hybrid-laptop", seconds: 10.02) == [
        "intel-rapl:0 package-0 21.41", "intel-rapl:0:0 package-0/core 14.12", "intel-rapl:0:1 package-0/uncore 0.412",
        "intel-rapl:1 psys 29.12",
      ])
    #expect(
      try watts("nvme-md-dm", seconds: 15.02) == [
        "intel-rapl:0 package-0 58.4", "intel-rapl:0:0 package-0/core 41.2", "intel-rapl:0:1 package-0/uncore 0.0",
        "intel-rapl:0:2 package-0/dram 6.12",
      ])
  }

  @Test func countersThatDoNotCountOrCannotBeRead() throws {
    let fixture = try Fixture(files: [
      "sys/class/powercap/intel-rapl-mmio:0/name": "package-0\n",
      "sys/class/powercap/intel-rapl-mmio:0/energy_uj": "7\n",
      "sys/class/powercap/intel-rapl-mmio:0/max_energy_range_uj": "9\n",
      "sys/class/powercap/intel-rapl-mmio:0:0/name": "core\n",
      "sys/class/powercap/intel-rapl-mmio:0:0/energy_uj": "0\n",
      "sys/class/powercap/intel-rapl-mmio:0:1/name": "uncore\n",
      // A file that only root may read fails at opening; a folder does so too, for root as well.
      "sys/class/powercap/intel-rapl-mmio:0:1/energy_uj/x": "",
      "sys/class/powercap/dtpm/enabled": "1\n",
    ])
    let powers = try read(fixture.root).powers
    #expect(powers.map(\.sensor) == ["package-0"])
    #expect(powers.first?.energy == 7)
    #expect(powers.first?.energyRange == 9)
  }

  @Test func aMachineWithoutSensors() throws {
    let reading = try read(Fixture("vm-1-core").root)
    #expect(reading.temperatures.isEmpty && reading.fans.isEmpty && reading.powers.isEmpty)
  }

  /// Chips that answer, or hang while the test holds them.
  private func slowChips(
    _ isHeld: Condition<Bool>, deadline: Double = SensorsCollector.deadline
  ) throws -> SensorsCollector {
    let fixture = try Fixture(files: ["sys/class/powercap/intel-rapl:0/energy_uj": "5\n"])
    return SensorsCollector(root: fixture.root, isLive: true, deadline: deadline) {
      _ = isHeld.wait { $0 ? nil : true }
      return SensorSweep(temperatures: [Temperature(chip: "slow", sensor: "temp1", celsius: 40)])
    }
  }

  private func tickUntilThereAreValues(_ collector: SensorsCollector) -> Reading {
    var reading = Reading()
    repeat {
      collector.prepare()
      try? collector.read(into: &reading)
    } while reading.temperatures.isEmpty
    return reading
  }

  @Test func hangingChipsDoNotBlock() throws {
    let isHeld = Condition(false)
    let collector = try slowChips(isHeld)
    var reading = tickUntilThereAreValues(collector)
    // Each read returns although the chips do not, with their last values and with all other values.
    isHeld.update { $0 = true }
    for _ in 0..<5 {
      collector.prepare()
      try collector.read(into: &reading)
      #expect(reading.temperatures.map(\.celsius) == [40])
      #expect(reading.powers.map(\.energy) == [5])
      #expect(collector.age >= 0)
    }
    isHeld.update { $0 = false }
  }

  @Test func valuesOfHangingChipsExpire() throws {
    let isHeld = Condition(false)
    let collector = try slowChips(isHeld, deadline: 0)
    var reading = tickUntilThereAreValues(collector)
    isHeld.update { $0 = true }
    collector.prepare()
    let error = #expect(throws: CollectorError.self) { try collector.read(into: &reading) }
    #expect(error?.description.hasPrefix("no answer from the chips of hwmon for ") == true)
    #expect(reading.temperatures.isEmpty)
    #expect(reading.powers.map(\.energy) == [5])
    isHeld.update { $0 = false }
    #expect(tickUntilThereAreValues(collector).temperatures.count == 1)
  }

  @Test func namesOfFiles() {
    #expect(SensorName("temp10_input") == SensorName(kind: .temperature, number: 10, attribute: "input"))
    #expect(SensorName("power1_average")?.kind == .power)
    for name in ["temp_input", "temp1", "temp1_label", "temp1_average", "in0_input", "tempx_input", "temp١_input", ""] {
      #expect(SensorName(name) == nil, "\(name)")
    }
    #expect(PowercapEntry("intel-rapl:0:2")?.lineage == ["intel-rapl:0", "intel-rapl:0:2"])
    for name in ["intel-rapl", "intel-rapl:", "intel-rapl:x", ":0", "intel-rapl:0:"] {
      #expect(PowercapEntry(name) == nil, "\(name)")
    }
  }

  @Test func parsersSurviveAnything() {
    surviveTruncationAndMutation(of: Array("-128000\n".utf8), mutations: 10_000) { bytes in
      guard let number = NumberParser.number(bytes) else { return }
      _ = SensorValue.celsius(number)
      _ = SensorValue.rpm(number)
      _ = SensorValue.watts(number)
    }
    surviveTruncationAndMutation(of: Array("262143328850\n".utf8), mutations: 6_000) { bytes in
      _ = EnergyParser.microjoules(bytes)
    }
    surviveTruncationAndMutation(of: Array("temp10_input".utf8), mutations: 2_000) { bytes in
      _ = SensorName(String(decoding: bytes.withUnsafeBufferPointer { Array($0) }, as: UTF8.self))
    }
    surviveTruncationAndMutation(of: Array("intel-rapl:0:2".utf8), mutations: 2_000) { bytes in
      _ = PowercapEntry(String(decoding: bytes.withUnsafeBufferPointer { Array($0) }, as: UTF8.self))?.lineage
    }
  }
}
