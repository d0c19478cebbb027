internal import CollectLinux
internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// Names and limits of hwmon sensors (Documentation/hwmon/sysfs-interface.rst) that a Reading lacks.
enum NodeSensors {
  /// The machine's sensors.
  static func find(root: String, _ monitor: HardwareMonitor) -> [DeviceReading.Sensor] {
    let buffer = ReadBuffer(capacity: 512)
    let places = monitor.places()
    let chips = names(of: places, root: root)
    return places.map { place in
      func number(_ kind: String, _ suffix: String) -> Int64? {
        guard place.file.hasPrefix(kind), !place.isLeftAlone else { return nil }
        let bytes = try? Files.contents(of: place.folder + "/" + place.file + suffix, buffer: buffer)
        return bytes.flatMap { NumberParser.number($0.span) }
      }
      var sensor = DeviceReading.Sensor(
        chip: place.chip, sensor: place.sensor, nodeChip: chips[place.entry] ?? place.entry, nodeSensor: place.file,
        driver: place.driver)
      sensor.criticalAlarm = number("temp", "_crit_alarm")
      sensor.criticalHysteresis = number("temp", "_crit_hyst")
      sensor.fanMinimum = number("fan", "_min")
      return sensor
    }
  }

  /// Names of the chips by their entries.
  ///
  /// For several chips of one device, the driver's name is appended if it is unique, else the entry's
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

  /// A chip's name by the last two parts of its device's path, /sys/devices/platform/coretemp.0: hwmon's numbers change
  /// from boot to boot.
  private static func name(of folder: String, driver: String) -> String {
    guard let path = realPath(folder + "/device") else { return cleaned(driver) }
    return path.split(separator: "/").suffix(2).map { cleaned(String($0)) }.joined(separator: "_")
  }

  /// Lower case, with an underscore for each character that a name may not contain.
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
}
