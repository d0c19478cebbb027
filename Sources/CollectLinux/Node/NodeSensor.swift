internal import PrometheusExport
internal import SystemIO

/// node_exporter's metrics of an hwmon sensor (Documentation/hwmon/sysfs-interface.rst) besides the values of a
/// `Reading`: its names, limits and alarms.
struct NodeSensor: Sendable {
  let names: ScrapedSensor
  /// Values in the order of ``attributes``.
  private let values: [Int64?]

  private static let attributes:
    [(kind: String, file: String, name: StaticString, help: StaticString, factor: Double)] =
      [
        ("temp", "_crit_alarm", "node_hwmon_temp_crit_alarm_celsius", "Whether a critical limit is exceeded", 1_000),
        ("temp", "_crit_hyst", "node_hwmon_temp_crit_hyst_celsius", "Hysteresis limit of the critical alarm", 1_000),
        ("fan", "_min", "node_hwmon_fan_min_rpm", "Minimum speed of a fan", 1),
      ]

  /// Finds the machine's sensors.
  static func find(root: String, _ monitor: HardwareMonitor) -> [NodeSensor] {
    let buffer = ReadBuffer(capacity: 512)
    let places = monitor.places()
    let chips = names(of: places, root: root)
    return places.map { place in
      let chip = chips[place.entry] ?? place.entry
      let values = attributes.map { attribute -> Int64? in
        guard place.file.hasPrefix(attribute.kind), !place.isLeftAlone else { return nil }
        let bytes = try? Files.contents(of: place.folder + "/" + place.file + attribute.file, buffer: buffer)
        return bytes.flatMap { NodeNumberParser.number($0.span) }
      }
      return NodeSensor(
        names: ScrapedSensor(
          chip: place.chip, sensor: place.sensor, nodeChip: chip, nodeSensor: place.file, driver: place.driver),
        values: values)
    }
  }

  /// Names of the chips by their entries.
  ///
  /// If several belong to one device, the driver's name is appended if that makes them unique, else the entry's
  /// (node_exporter 1.12, pull request 3646).
  static func names(of places: [SensorPlace], root: String) -> [String: String] {
    var chips: [String: (name: String, driver: String)] = [:]
    for place in places where chips[place.entry] == nil {
      let name = name(of: root + "/sys/class/hwmon/" + place.entry, driver: place.driver)
      chips[place.entry] = (name, cleaned(place.driver))
    }
    var names: [String: String] = [:]
    for (entry, chip) in chips {
      let others = chips.filter { $0.key != entry && $0.value.name == chip.name }
      let isReported = !others.contains { $0.value.driver == chip.driver }
      names[entry] = others.isEmpty ? chip.name : chip.name + "_" + (isReported ? chip.driver : cleaned(entry))
    }
    return names
  }

  /// A chip's name from the last two components of its device's path, /sys/devices/platform/coretemp.0: hwmon's own
  /// numbers change between boots.
  private static func name(of folder: String, driver: String) -> String {
    guard let path = realPath(folder + "/device") else { return cleaned(driver) }
    return path.split(separator: "/").suffix(2).map { cleaned(String($0)) }.joined(separator: "_")
  }

  /// In lower case, with underscores for characters that names cannot contain.
  private static func cleaned(_ text: String) -> String {
    let bytes = text.lowercased().utf8.map { byte -> UInt8 in
      let isPlain = byte >= 0x61 && byte <= 0x7A || byte.isDigit || byte == UInt8(ascii: ":")
      return isPlain ? byte : UInt8(ascii: "_")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Writes their values.
  static func write(_ sensors: [NodeSensor], to exposition: inout Exposition) {
    for (index, attribute) in attributes.enumerated() {
      exposition.family(attribute.name, .gauge, attribute.help)
      for sensor in sensors {
        guard let value = sensor.values[index] else { continue }
        exposition.sample()
        exposition.label("chip", sensor.names.nodeChip)
        exposition.label("sensor", sensor.names.nodeSensor)
        exposition.value(Double(value) / attribute.factor)
      }
    }
    exposition.family("node_hwmon_sensor_label", .gauge, "Label of a sensor; always 1")
    for sensor in sensors where sensor.names.sensor != sensor.names.nodeSensor {
      exposition.sample()
      exposition.label("chip", sensor.names.nodeChip)
      exposition.label("label", sensor.names.sensor)
      exposition.label("sensor", sensor.names.nodeSensor)
      exposition.value(1 as UInt64)
    }
  }
}
