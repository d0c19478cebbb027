import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux
@testable import CollectNode

/// Chips, zones and counters of public bug reports, and others of the same kinds.
@Suite(.ownThreads) struct ReportedSensorsTests {
  private func read(_ files: [String: String]) throws -> Reading {
    var reading = Reading()
    try SensorsCollector(root: try Fixture(files: files).root).read(into: &reading)
    return reading
  }

  private func chip(_ number: Int, _ name: String, _ files: [String: String]) -> [String: String] {
    let folder = "sys/class/hwmon/hwmon\(number)/"
    var all = [folder + "name": name + "\n"]
    for (file, text) in files { all[folder + file] = text + "\n" }
    return all
  }

  private func zone(_ number: Int, _ type: String, _ temperature: Int) -> [String: String] {
    let folder = "sys/class/thermal/thermal_zone\(number)/"
    return [folder + "type": type + "\n", folder + "temp": "\(temperature)\n"]
  }

  private func machine(_ parts: [String: String]...) -> [String: String] {
    parts.reduce(into: [:]) { $0.merge($1) { $1 } }
  }

  private func temperatures(_ files: [String: String]) throws -> [String] {
    try read(files).temperatures.map { "\($0.chip)/\($0.sensor) \($0.celsius)" }
  }

  @Test func zonesAreThereBesideChips() throws {
    let drive = chip(0, "nvme", ["temp1_input": "33850", "temp1_label": "Composite"])
    #expect(
      try temperatures(machine(drive, zone(0, "cpu-b0-thermal", 71_000), zone(1, "cpu-b1-thermal", 73_500))) == [
        "nvme/Composite 33.85", "thermal_zone0/cpu-b0-thermal 71.0", "thermal_zone1/cpu-b1-thermal 73.5",
      ])
    // The thermal core creates a chip for the zones of one type, with underscores.
    let acpi = chip(0, "acpitz", ["temp1_input": "27800", "temp2_input": "29800"])
    #expect(
      try temperatures(
        machine(acpi, zone(0, "acpitz", 27_800), zone(1, "acpitz", 29_800), zone(2, "x86_pkg_temp", 66_000))) == [
          "acpitz/temp1 27.8", "acpitz/temp2 29.8", "thermal_zone2/x86_pkg_temp 66.0",
        ])
    let board = chip(0, "cpu_thermal", ["temp1_input": "55504"])
    #expect(try temperatures(machine(board, zone(0, "cpu-thermal", 55_504))) == ["cpu_thermal/temp1 55.504"])
    // coretemp reads the same register; an artificial zone yields no value.
    let core = chip(0, "coretemp", ["temp1_input": "66000"])
    #expect(
      try temperatures(machine(core, zone(0, "x86_pkg_temp", 66_000), zone(1, "INT3400 Thermal", 20_000))) == [
        "coretemp/temp1 66.0"
      ])
    // A chip without values mirrors no zone.
    let wifi = chip(0, "iwlwifi_1", ["temp1_input": ""])
    #expect(
      try temperatures(machine(wifi, zone(0, "soc-thermal", 61_000), zone(1, "iwlwifi_1", 44_000))) == [
        "thermal_zone0/soc-thermal 61.0", "thermal_zone1/iwlwifi_1 44.0",
      ])
  }

  @Test(arguments: [127_000, 127_500, 127_875, 127_937, 127_996, 128_000, -128_000, 255_000, 65_535, 65_261_850, 0])
  func valuesOfInputsWithoutASensor(millidegrees: Int) throws {
    let files = chip(0, "lm75", ["temp1_input": "\(millidegrees)", "temp2_input": "127250", "temp3_input": "-12500"])
    #expect(try temperatures(machine(files, zone(0, "x", millidegrees))) == ["lm75/temp2 127.25", "lm75/temp3 -12.5"])
  }

  @Test func inputsThatAreOffOrFaultyOrWithoutAFan() throws {
    let reading = try read(
      chip(
        0, "nct6775",
        [
          "temp1_input": "40000", "temp1_enable": "0", "temp2_input": "41000", "temp2_enable": "1",
          "temp3_input": "42000", "temp3_fault": "1", "fan1_input": "65535", "fan2_input": "0", "fan3_input": "900",
          "fan3_enable": "0", "fan4_input": "700", "fan4_fault": "1", "power1_input": "65535000000",
          "power2_input": "12000000",
        ]))
    #expect(reading.temperatures.map(\.sensor) == ["temp2"])
    #expect(reading.fans.map(\.sensor) == ["fan2", "fan3"])
    #expect(reading.powers.map(\.sensor) == ["power2"])
  }

  @Test func energyCountersOfChips() throws {
    let files = chip(
      0, "amd_energy",
      [
        "energy1_input": "1000000", "energy1_label": "Esocket0", "energy2_input": "0", "energy2_label": "Ecore000",
        "energy3_input": "7", "power3_input": "5000000", "energy4_input": "500",
      ])
    let fixture = try Fixture(files: files)
    var before = Reading()
    var after = Reading()
    try SensorsCollector(root: fixture.root).read(into: &before)
    try fixture.write("91000000\n", to: "sys/class/hwmon/hwmon0/energy1_input")
    try SensorsCollector(root: fixture.root).read(into: &after)
    #expect(after.powers.map(\.sensor) == ["Esocket0", "energy4", "power3"])
    let sample = Sample(from: before, to: after, over: Elapsed(seconds: 2))
    // The last but one stands still.
    #expect(sample.powers.map { "\($0.watts)" } == ["45.0", "nan", "5.0"])
  }

  @Test func aConstantCounterYieldsNoPower() throws {
    func domains(_ energies: [String: UInt64]) -> [String: String] {
      var files: [String: String] = [:]
      for (name, energy) in energies {
        files["sys/class/powercap/\(name)/name"] = name.hasSuffix(":0:1") ? "uncore\n" : "package-0\n"
        files["sys/class/powercap/\(name)/energy_uj"] = "\(energy)\n"
      }
      return files
    }
    func watts(_ before: [String: UInt64], _ after: [String: UInt64]) throws -> [String] {
      let sample = try Sample(from: read(domains(before)), to: read(domains(after)), over: Elapsed(seconds: 1))
      return sample.powers.map { "\($0.chip) \($0.watts)" }
    }
    // A graphics unit may be off; a whole package may not.
    #expect(
      try watts(
        ["intel-rapl:0": 5_000_000, "intel-rapl:0:1": 77], ["intel-rapl:0": 15_000_000, "intel-rapl:0:1": 77])
        == ["intel-rapl:0 10.0", "intel-rapl:0:1 0.0"])
    #expect(
      try watts(["intel-rapl:0": 5, "intel-rapl:0:1": 77], ["intel-rapl:0": 5, "intel-rapl:0:1": 77])
        == ["intel-rapl:0 nan", "intel-rapl:0:1 nan"])
    // The second interface counts if the first stands at 0.
    #expect(
      try watts(
        ["intel-rapl:0": 0, "intel-rapl-mmio:0": 1_000_000], ["intel-rapl:0": 0, "intel-rapl-mmio:0": 9_000_000])
        == ["intel-rapl-mmio:0 8.0"])
    #expect(
      try watts(
        ["intel-rapl:0": 1, "intel-rapl-mmio:0": 1_000_000],
        ["intel-rapl:0": 3_000_001, "intel-rapl-mmio:0": 9_000_000]) == ["intel-rapl:0 3.0"])
  }

  @Test func chipsOfOneDeviceHaveDifferentNames() throws {
    func names(_ drivers: [String]) throws -> (own: [String], node: [String]) {
      let fixture = try Fixture(files: ["sys/devices/platform/asus-nb-wmi/x": ""])
      for (number, driver) in drivers.enumerated() {
        let folder = "sys/class/hwmon/hwmon\(number)/"
        try fixture.write(driver + "\n", to: folder + "name")
        for file in ["temp1_input", "fan1_input"] { try fixture.write("4\(number)000\n", to: folder + file) }
        try fixture.link(folder + "device", to: "../../../devices/platform/asus-nb-wmi")
      }
      let monitor = HardwareMonitor(root: fixture.root)
      let places = monitor.places()
      let chips = NodeSensors.names(of: places, root: fixture.root)
      for labels in [
        places.map { $0.chip + "/" + $0.sensor + $0.file }, places.map { "\(chips[$0.entry] ?? "")/\($0.file)" },
      ] {
        #expect(Set(labels).count == labels.count, "\(labels)")
      }
      return (monitor.sweep().temperatures.map(\.chip), drivers.indices.map { chips["hwmon\($0)"] ?? "" })
    }
    #expect(try names(["mt7996_phy0_0", "mt7996_phy0_1"]).own == ["mt7996_phy0_0", "mt7996_phy0_1"])
    #expect(
      try names(["mt7996_phy0_0", "mt7996_phy0_1"]).node == [
        "platform_asus_nb_wmi_mt7996_phy0_0", "platform_asus_nb_wmi_mt7996_phy0_1",
      ])
    let asus = try names(["asus", "asus_custom_fan_curve", "asus"])
    #expect(asus.own == ["asus-nb-wmi", "asus_custom_fan_curve", "asus-nb-wmi-2"])
    #expect(
      asus.node == [
        "platform_asus_nb_wmi_hwmon0", "platform_asus_nb_wmi_asus_custom_fan_curve", "platform_asus_nb_wmi_hwmon2",
      ])
    #expect(try names(["asus"]).node == ["platform_asus_nb_wmi"])
  }
}
