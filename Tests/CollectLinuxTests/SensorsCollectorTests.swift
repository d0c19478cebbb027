import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite(.ownThreads) struct SensorsCollectorTests {
  private func read(_ root: String) -> Sensors {
    Hwmon(root: root).read()
  }

  @Test func chipsOfOneName() throws {
    let sensors = read(Fixture("nvme-md-dm").root)
    let composite = sensors.temperatures.filter { $0.sensor == "Composite" }
    #expect(composite.map(\.chip) == ["nvme0", "nvme1"])
    #expect(composite[0].celsius == 43.85)
    #expect(composite[0].high == 79.85 && composite[0].critical == 84.85)
    // 65261.85 °C is no mark.
    let other = try #require(sensors.temperatures.first { $0.chip == "nvme0" && $0.sensor == "Sensor 1" })
    #expect(other.high.isNaN)
    #expect(sensors.temperatures.first { $0.sensor == "Package id 0" }?.chip == "coretemp")
    #expect(sensors.fans.map(\.rpm) == [812, 1_120, 0])
    let epyc = read(Fixture("epyc-2s-256t").root)
    #expect(
      Set(epyc.temperatures.filter { $0.sensor == "Tctl" }.map(\.chip)) == [
        "k10temp-0000:00:18.3", "k10temp-0000:00:19.3",
      ])
  }

  @Test func whatNoSensorCanMean() throws {
    let sensors = read(Fixture("hybrid-laptop").root)
    #expect(!sensors.temperatures.contains { $0.celsius <= 0 })
    #expect(sensors.fans.map(\.rpm) == [2_480])
    #expect(sensors.powers.map(\.watts) == [18.12])
    #expect(SensorValue.celsius(-128_000) == nil)
    #expect(SensorValue.celsius(-5_000) == -5)
    #expect(SensorValue.rpm(-1) == nil)
    #expect(SensorValue.watts(-5) == nil)
    #expect(SensorValue.mark(0) == nil)
  }

  @Test func oldDriversFilesAreWithTheDevice() throws {
    let sensors = read(Fixture("old-kernel").root)
    #expect(sensors.temperatures.count == 8)
    #expect(sensors.temperatures[0].celsius == 41)
  }

  @Test func zonesWhereHwmonHasNoTemperature() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "rpi_volt\n", "sys/class/hwmon/hwmon0/in0_input": "5\n",
      "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n", "sys/class/thermal/thermal_zone0/temp": "48312\n",
      "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n", "sys/class/thermal/thermal_zone1/temp": "-274000\n",
    ])
    let sensors = read(fixture.root)
    #expect(sensors.temperatures.map(\.sensor) == ["cpu-thermal"])
    #expect(sensors.temperatures[0].celsius == 48.312)
    // Not beside hwmon, which tells the same.
    #expect(!read(Fixture("arm-board").root).temperatures.contains { $0.chip.hasPrefix("thermal_zone") })
  }

  /// The value of a sleeping chip is a pipe without a writer: reading it would never come back.
  @Test func aSleepingDeviceIsNotRead() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "amdgpu\n", "sys/class/hwmon/hwmon0/device/power/runtime_status": "suspended\n",
      "sys/class/hwmon/hwmon1/name": "k10temp\n", "sys/class/hwmon/hwmon1/temp1_input": "50000\n",
    ])
    try #require(mkfifo(fixture.root + "/sys/class/hwmon/hwmon0/temp1_input", 0o600) == 0)
    let sensors = read(fixture.root)
    #expect(sensors.temperatures.map(\.chip) == ["k10temp"])
  }

  @Test func anAverageIsBetterThanAnInstant() throws {
    let fixture = try Fixture(files: [
      "sys/class/hwmon/hwmon0/name": "psu\n", "sys/class/hwmon/hwmon0/power1_average": "7000000\n",
      "sys/class/hwmon/hwmon0/power1_input": "9000000\n", "sys/class/hwmon/hwmon0/power2_input": "3000000\n",
      "sys/class/hwmon/hwmon0/power1_label": "A\n", "sys/class/hwmon/hwmon0/power2_label": "A\n",
    ])
    let sensors = read(fixture.root)
    #expect(sensors.powers.map(\.watts) == [7, 3])
    #expect(sensors.powers.map(\.sensor) == ["A", "A 2"])
  }

  @Test func energyWrapsAround() throws {
    func powers(_ root: String) -> [PowerReading] {
      var powers: [PowerReading] = []
      RAPL(root: root).read(into: &powers, ReadBuffer())
      return powers
    }
    let (before, after) = try (powers(Fixture("epyc-2s-256t").root), powers(Fixture("epyc-2s-256t").later()))
    #expect(before.map(\.chip) == ["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:1:0"])
    let watts = zip(before, after).map { Power(from: $0, to: $1, over: Elapsed(seconds: 10.03)).watts }
    #expect(abs(watts[0] - 271.5) < 0.05)
    // Its counter began anew.
    #expect(abs(watts[2] - 118.4) < 0.05)
    // The package is told once, whatever tells it.
    #expect(powers(Fixture("hybrid-laptop").root).filter { $0.sensor == "package-0" }.count == 1)
  }

  @Test func theCollectorTellsBoth() throws {
    let collector = SensorsCollector(root: Fixture("nvme-md-dm").root)
    var reading = Reading()
    for _ in 0..<500 where reading.temperatures.isEmpty {
      collector.prepare()
      try collector.read(into: &reading)
    }
    #expect(reading.temperatures.count == 18)
    #expect(reading.powers.count == 4)
    #expect(collector.age >= 0)
  }

  @Test func namesOfFiles() {
    let names: Set<String> = ["temp1_input", "power1_average", "power1_input"]
    #expect(SensorName.parse("temp1_input", among: names)?.1 == 1)
    for name in ["temp1_max", "temp_input", "tempx_input", "in0_input", "fan1", "power1_input", ""] {
      #expect(SensorName.parse(name, among: names) == nil, "\(name)")
    }
  }
}
