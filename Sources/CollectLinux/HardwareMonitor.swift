internal import AgentMetrics
internal import KernelFiles
internal import SystemIO

/// hwmon's chips (Documentation/hwmon/sysfs-interface.rst), and the thermal zones that no chip mirrors
/// (Documentation/driver-api/thermal/sysfs-api.rst).
///
/// Values are absent if a chip does not report them (ENODATA, EIO, a fault flag, a disabled input), or if they are
/// implausible (``SensorValue``). A fan at 0 stands still, and is included. Limits outside 0…150 °C are ignored.
///
/// A sleeping device is not read, since that would wake it. Reading a drive costs a command and may keep it from
/// sleeping: NVMe drives are read every ten seconds, those of drivetemp every minute.
package final class HardwareMonitor {
  /// Sweeps between two searches for chips if their number is unchanged: drivers add sensors late.
  static let rest = 60

  private let root: String
  private let now: () -> Double
  private let buffer = ReadBuffer(capacity: 512)
  private var chips: [Chip] = []
  private var zones: [ThermalZone] = []
  private var names: [String] = []
  private var resting = 0

  /// Creates a monitor of the chips under `root`/sys; `now` is the clock for the drives' periods.
  package init(root: String, now: @escaping () -> Double = { Clock.boottime }) {
    self.root = root
    self.now = now
  }

  /// Reads everything once; takes as long as the chips do.
  func sweep() -> SensorSweep {
    refresh()
    let now = now()
    var sweep = SensorSweep()
    sweep.isEmpty = chips.isEmpty && zones.isEmpty
    for index in chips.indices {
      chips[index].read(at: now, buffer)
      sweep.temperatures += chips[index].metrics.temperatures
      sweep.fans += chips[index].metrics.fans
      sweep.powers += chips[index].metrics.powers
    }
    for zone in zones where !chips.contains(where: { $0.mirrors(zone) }) {
      sweep.temperatures += zone.read(buffer).map { [$0] } ?? []
    }
    return sweep
  }

  /// Paths of the chips' sensors with their names from ``sweep()``; does not read them.
  package func places() -> [SensorPlace] {
    refresh()
    return chips.flatMap(\.places)
  }

  private func refresh() {
    let present = Files.names(in: root + "/sys/class/hwmon").sorted()
    if resting == 0 || present != names {
      names = present
      resting = Self.rest
      find()
    }
    resting -= 1
  }

  private func find() {
    let folder = root + "/sys/class/hwmon/"
    var found: [(number: Int, chip: Chip)] = []
    for name in names {
      guard let number = Int(name.dropFirst("hwmon".count)), let chip = Chip(folder: folder, entry: name) else {
        continue
      }
      // An unchanged chip keeps its open files and its limits.
      let known = chips.first { $0.entry == name && $0.driver == chip.driver && $0.sensorNames == chip.sensorNames }
      found.append((number, known ?? chip))
    }
    chips = found.sorted { $0.number < $1.number }.map(\.chip)
    var names: [String: Int] = [:]
    for index in chips.indices {
      let isAlone = chips.count { $0.driver == chips[index].driver } == 1
      let name = chips[index].name(isAlone: isAlone)
      // Several chips of one driver may belong to one device.
      names[name, default: 0] += 1
      let count = names[name] ?? 1
      chips[index].setName(count == 1 ? name : "\(name)-\(count)")
      chips[index].open()
    }
    zones = ThermalZone.find(root: root)
  }
}

/// An hwmon sensor: its names in a `Reading`, and its files.
package struct SensorPlace {
  package let chip: String
  package let sensor: String
  /// Name of the chip's driver.
  package let driver: String
  /// Prefix of its file names, such as "temp1".
  package let file: String
  /// Folder of its files.
  package let folder: String
  /// The chip's entry of /sys/class/hwmon.
  package let entry: String
  /// Whether its device sleeps, or is a drive that a read would keep awake.
  package let isLeftAlone: Bool
}

/// One hwmon chip.
private struct Chip {
  /// Name of its folder, such as "hwmon3".
  let entry: String
  /// Name of its driver, such as "coretemp".
  let driver: String
  /// Address that distinguishes it from others of its driver, such as "0000:00:18.3".
  let address: String
  /// Names of its input files, such as "temp1_input", in order.
  let sensorNames: [SensorName]
  /// Values of the last read.
  var metrics = SensorSweep()

  private let path: String
  /// Files with the power state of the device or the one below it, which can be read without waking it.
  private let sleepFiles: [String]
  private let period: Double
  private var name = ""
  private var sensors: [Sensor] = []
  private var isOpen = false
  private var askedAt = -Double.infinity

  private struct Sensor {
    let kind: SensorName.Quantity
    let label: String
    let input: PersistentFile
    let fault: PersistentFile?
    let enable: PersistentFile?
    var high = Double.nan
    var critical = Double.nan
  }

  /// Creates a chip from its entry in /sys/class/hwmon; nil if it has no supported inputs.
  init?(folder: String, entry: String) {
    self.entry = entry
    let device = folder + entry + "/device"
    // Before kernel 3.13 drivers created their files in the device's folder.
    path = Files.exists(folder + entry + "/name") ? folder + entry : device
    driver = Files.line(of: path + "/name") ?? entry
    address = Files.link(device).flatMap { $0.split(separator: "/").last.map { String($0) } } ?? entry
    sensorNames = Files.names(in: path).compactMap { SensorName($0) }.sorted()
    if sensorNames.isEmpty { return nil }
    sleepFiles = [device, device + "/device"].map { $0 + "/power/runtime_status" }.filter { Files.exists($0) }
    period = driver == "nvme" ? 10 : driver == "drivetemp" ? 60 : 0
  }

  /// Whether a zone's temperature is one of this chip's.
  ///
  /// The thermal core creates a chip per type of zone, with the same name except for underscores (thermal_hwmon.c).
  /// x86_pkg_temp is the register that coretemp reports as "Package id". A chip without values mirrors no zone, unless
  /// it sleeps.
  func mirrors(_ zone: ThermalZone) -> Bool {
    let isNamed =
      driver == String(zone.type.map { $0 == "-" ? "_" : $0 }) || driver == zone.type
      || zone.type == "x86_pkg_temp" && driver == "coretemp"
    return isNamed && sensorNames.contains { $0.kind == .temperature } && (!metrics.temperatures.isEmpty || isAsleep)
  }

  /// A name that is unique among the chips of other devices.
  func name(isAlone: Bool) -> String {
    // "nvme0" and "coretemp.1" contain the driver's name.
    isAlone ? driver : address.hasPrefix(driver) ? address : driver + "-" + address
  }

  mutating func setName(_ name: String) {
    if name != self.name { askedAt = -.infinity }
    self.name = name
  }

  var places: [SensorPlace] {
    let isLeftAlone = period > 0 || isAsleep
    return sensors.map { sensor in
      let file = sensor.input.path.split(separator: "/").last.map { String($0.prefix { $0 != "_" }) } ?? ""
      return SensorPlace(
        chip: name, sensor: sensor.label, driver: driver, file: file, folder: path, entry: entry,
        isLeftAlone: isLeftAlone)
    }
  }

  private var isAsleep: Bool {
    sleepFiles.contains { Files.line(of: $0)?.hasPrefix("suspend") == true }
  }

  /// Reads labels and limits once, unless that would wake the device.
  mutating func open() {
    if isOpen || isAsleep { return }
    isOpen = true
    var labels: Set<String> = []
    for sensor in sensorNames {
      // If a meter has both, the mean is more useful.
      if sensor.attribute == "input", sensor.kind == .power, sensorNames.contains(sensor.averaged) { continue }
      // A meter's energy is needed only if it has no power.
      if sensor.kind == .energy, sensorNames.contains(where: { $0.kind == .power && $0.number == sensor.number }) {
        continue
      }
      let base = path + "/" + sensor.kind.rawValue + String(sensor.number) + "_"
      let plain = sensor.kind.rawValue + String(sensor.number)
      var label = Files.line(of: base + "label") ?? plain
      // Power and energy share one list.
      let list = sensor.kind == .energy ? SensorName.Quantity.power.rawValue : sensor.kind.rawValue
      if !labels.insert(list + label).inserted { label += " (" + plain + ")" }
      var entry = Sensor(
        kind: sensor.kind, label: label, input: PersistentFile(base + sensor.attribute),
        fault: Files.exists(base + "fault") ? PersistentFile(base + "fault") : nil,
        enable: Files.exists(base + "enable") ? PersistentFile(base + "enable") : nil)
      if sensor.kind == .temperature {
        entry.high = Self.mark(base + "max")
        entry.critical = Self.mark(base + "crit")
      }
      sensors.append(entry)
    }
  }

  private static func mark(_ path: String) -> Double {
    guard let millidegrees = Files.number(of: path) else { return .nan }
    return SensorValue.celsius(Int64(millidegrees)).flatMap { $0 > 0 ? $0 : nil } ?? .nan
  }

  /// Updates `metrics`: cleared if the device sleeps, unchanged if the next read is not due.
  mutating func read(at now: Double, _ buffer: ReadBuffer) {
    if isAsleep {
      metrics = SensorSweep()
      askedAt = -.infinity
      return
    }
    open()
    if now - askedAt < period { return }
    askedAt = now
    metrics = SensorSweep()
    for sensor in sensors {
      if let fault = sensor.fault?.readIfPresent(into: buffer, NumberParser.number), fault == 1 { continue }
      // For fans, 0 means full speed (fan control is off), and they still turn.
      if sensor.kind != .fan, let isOn = sensor.enable?.readIfPresent(into: buffer, NumberParser.number), isOn == 0 {
        continue
      }
      guard let number = sensor.input.readIfPresent(into: buffer, NumberParser.number) ?? nil else { continue }
      switch sensor.kind {
      case .temperature:
        guard let celsius = SensorValue.celsius(number) else { continue }
        var temperature = Temperature(chip: name, sensor: sensor.label, celsius: celsius)
        temperature.high = sensor.high
        temperature.critical = sensor.critical
        metrics.temperatures.append(temperature)
      case .fan:
        guard let rpm = SensorValue.rpm(number) else { continue }
        metrics.fans.append(Fan(chip: name, sensor: sensor.label, rpm: rpm))
      case .power:
        guard let watts = SensorValue.watts(number) else { continue }
        var power = PowerReading(chip: name, sensor: sensor.label)
        power.watts = watts
        metrics.powers.append(power)
      case .energy:
        // A counter at exactly 0 does not count.
        guard let microjoules = UInt64(exactly: number), microjoules > 0 else { continue }
        var power = PowerReading(chip: name, sensor: sensor.label)
        power.energy = microjoules
        metrics.powers.append(power)
      }
    }
  }
}

/// Name of an input file, such as "temp10_input".
struct SensorName: Hashable, Comparable {
  enum Quantity: String {
    case temperature = "temp"
    case fan
    case power
    case energy
  }

  let kind: Quantity
  let number: Int
  let attribute: String

  /// Name of the same meter's file with its mean.
  var averaged: SensorName { SensorName(kind: kind, number: number, attribute: "average") }

  init(kind: Quantity, number: Int, attribute: String) {
    self.kind = kind
    self.number = number
    self.attribute = attribute
  }

  /// Parses a name; nil if it is not of a supported input.
  init?(_ name: String) {
    let parts = name.split(separator: "_", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    let word = parts[0].prefix { !$0.isNumber }
    guard let kind = Quantity(rawValue: String(word)), let number = Int(parts[0].dropFirst(word.count)) else {
      return nil
    }
    guard parts[1] == "input" || kind == .power && parts[1] == "average" else { return nil }
    self.init(kind: kind, number: number, attribute: String(parts[1]))
  }

  static func < (left: SensorName, right: SensorName) -> Bool {
    (left.kind.rawValue, left.number, left.attribute) < (right.kind.rawValue, right.number, right.attribute)
  }
}

/// A thermal zone of the firmware or the device tree.
private struct ThermalZone {
  let type: String
  private let name: String
  private let critical: Double
  private let temperature: PersistentFile

  /// Finds the machine's zones, by number.
  static func find(root: String) -> [ThermalZone] {
    let folder = root + "/sys/class/thermal/"
    let numbers = Files.names(in: folder).compactMap { name in
      name.hasPrefix("thermal_zone") ? Int(name.dropFirst("thermal_zone".count)) : nil
    }
    return numbers.sorted().compactMap { number in
      let name = "thermal_zone\(number)"
      let path = folder + name
      let type = Files.line(of: path + "/type") ?? name
      // Its driver always reports 20 °C (drivers/thermal/intel/int340x_thermal/int3400_thermal.c).
      if type == "INT3400 Thermal" { return nil }
      let trip = Files.names(in: path).filter { $0.hasPrefix("trip_point_") && $0.hasSuffix("_type") }.sorted().first {
        Files.line(of: path + "/" + $0) == "critical"
      }
      let mark = trip.flatMap { Files.number(of: path + "/" + $0.dropLast("_type".count) + "_temp") }
      let critical = mark.flatMap { SensorValue.celsius(Int64($0)) } ?? .nan
      return ThermalZone(
        type: type, name: name, critical: critical > 0 ? critical : .nan,
        temperature: PersistentFile(path + "/temp"))
    }
  }

  /// Reads its temperature, or nil.
  func read(_ buffer: ReadBuffer) -> Temperature? {
    guard let number = temperature.readIfPresent(into: buffer, NumberParser.number) ?? nil,
      let celsius = SensorValue.celsius(number)
    else { return nil }
    var temperature = Temperature(chip: name, sensor: type, celsius: celsius)
    temperature.critical = critical
    return temperature
  }
}

/// Values of hwmon and thermal zone files.
enum SensorValue {
  /// Values of inputs without a sensor: all bits of the chip's register, or all except the sign, in thousandths of a
  /// degree.
  ///
  /// 127 for 8 bits, 127.5 for 9, up to 127.996 for 16; 128 and 65.535 for unsigned registers. 255 and −128 are out of
  /// range.
  private static let unconnected: Set<Int64> = [
    127_000, 127_500, 127_750, 127_875, 127_937, 127_938, 127_968, 127_969, 127_984, 127_992, 127_996, 128_000, 65_535,
  ]

  /// Converts thousandths to degrees; nil outside −50…150 °C, at exactly 0, and for an input without a sensor.
  static func celsius(_ millidegrees: Int64) -> Double? {
    guard millidegrees != 0, millidegrees >= -50_000, millidegrees <= 150_000, !unconnected.contains(millidegrees)
    else {
      return nil
    }
    return Double(millidegrees) / 1_000
  }

  /// Revolutions per minute; nil if implausible (65535 means no fan).
  static func rpm(_ number: Int64) -> Double? {
    number >= 0 && number <= 50_000 ? Double(number) : nil
  }

  /// Converts microwatts to watts; nil below 0, above 100 kW, and if all bits of a register are set.
  static func watts(_ microwatts: Int64) -> Double? {
    guard microwatts >= 0, microwatts <= 100_000_000_000 else { return nil }
    let allOnes: [Int64] = [65_535_000, 65_535_000_000, Int64(UInt32.max)]
    return allOnes.contains(microwatts) ? nil : Double(microwatts) / 1_000_000
  }
}
