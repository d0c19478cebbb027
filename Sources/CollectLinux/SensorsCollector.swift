public import AgentMetrics
public import Collect
internal import SystemIO

/// Temperatures, fans and power: hwmon, thermal zones where hwmon has no temperature, RAPL's energy meters.
///
/// hwmon may ask its chips over slow buses and wait, so that it is read on a thread of its own, of which a tick waits for
/// 15 ms; what comes later is shown at the next tick, with its age. RAPL is two registers of the CPU and is read on the
/// tick, since rates are taken of it.
public final class SensorsCollector: Collector {
  /// "sensors".
  public let name = "sensors"

  private static let patience = 0.015

  private let source: BlockingSource<Sensors>
  private let rapl: RAPL
  private let buffer = ReadBuffer(capacity: 256)

  /// The sensors of the machine whose /sys lies under `root`.
  public init(root: String) {
    // Made and used on the source's thread only, of which there is never more than one.
    let box = Box(Hwmon(root: root))
    source = BlockingSource { box.hwmon.read() }
    rapl = RAPL(root: root)
  }

  /// Holds what belongs to the source's thread.
  ///
  /// @unchecked holds because BlockingSource asks one question at a time, each after the one before has ended.
  private final class Box: @unchecked Sendable {
    let hwmon: Hwmon

    init(_ hwmon: Hwmon) {
      self.hwmon = hwmon
    }
  }

  /// Begins to read hwmon.
  public func prepare() {
    source.ask()
  }

  /// Seconds since hwmon was read.
  public private(set) var age = 0.0

  /// Writes `reading.temperatures`, `reading.fans` and `reading.powers`.
  public func read(into reading: inout Reading) throws(CollectorError) {
    let latest = source.answer(waiting: Self.patience)
    let sensors = latest.answer ?? Sensors()
    age = latest.answer == nil ? .nan : max(0, Clock.boottime - latest.instant)
    reading.temperatures = sensors.temperatures
    reading.fans = sensors.fans
    reading.powers = sensors.powers
    rapl.read(into: &reading.powers, buffer)
    if let error = latest.error { throw CollectorError(error) }
  }
}

/// What hwmon said.
struct Sensors: Sendable {
  var temperatures: [Temperature] = []
  var fans: [Fan] = []
  var powers: [PowerReading] = []
}

/// hwmon's chips (Documentation/hwmon/sysfs-interface.rst); used from one thread.
///
/// A chip whose device sleeps is passed over, since reading would wake it. Values that a chip gives for what is not
/// connected or broken (−128 °C, 65535 rpm) are absent.
final class Hwmon {
  /// Reads between two looks for chips.
  private static let rest = 30
  /// More are not believed.
  private static let maximumSensors = 4_096

  private struct Sensor {
    enum Kind {
      case temperature, fan, power
    }
    let kind: Kind
    let label: String
    let file: KeptFile
    var high = Double.nan
    var critical = Double.nan
  }

  private struct Chip {
    var name: String
    let device: String
    /// Files that say whether the chip's device sleeps.
    let power: [KeptFile]
    var sensors: [Sensor]
  }

  private let root: String
  private let buffer = ReadBuffer(capacity: 256)
  private var chips: [Chip] = []
  private var resting = 0

  init(root: String) {
    self.root = root
  }

  func read() -> Sensors {
    if resting == 0 {
      resting = Self.rest
      find()
    }
    resting -= 1
    var sensors = Sensors()
    for chip in chips where !isAsleep(chip) {
      for sensor in chip.sensors { read(sensor, of: chip.name, into: &sensors) }
    }
    return sensors
  }

  private func read(_ sensor: Sensor, of chip: String, into sensors: inout Sensors) {
    let value = sensor.file.readIfPresent(into: buffer) { bytes in
      var position = 0
      return bytes.signed(&position)
    }
    guard let value = value ?? nil else { return }
    switch sensor.kind {
    case .temperature:
      guard let celsius = SensorValue.celsius(value) else { return }
      var temperature = Temperature(chip: chip, sensor: sensor.label, celsius: celsius)
      temperature.high = sensor.high
      temperature.critical = sensor.critical
      sensors.temperatures.append(temperature)
    case .fan:
      if let rpm = SensorValue.rpm(value) { sensors.fans.append(Fan(chip: chip, sensor: sensor.label, rpm: rpm)) }
    case .power:
      guard let watts = SensorValue.watts(value) else { return }
      var power = PowerReading(chip: chip, sensor: sensor.label)
      power.watts = watts
      sensors.powers.append(power)
    }
  }

  private func isAsleep(_ chip: Chip) -> Bool {
    for file in chip.power {
      let isSuspended = file.readIfPresent(into: buffer) { $0.starts(with: "suspended", at: 0) }
      if isSuspended == true { return true }
    }
    return false
  }

  private func find() {
    let folder = root + "/sys/class/hwmon/"
    let names = Files.names(in: folder).compactMap { name in
      name.hasPrefix("hwmon") ? Int(name.dropFirst("hwmon".count)).map { ($0, name) } : nil
    }
    var found: [Chip] = names.sorted { $0.0 < $1.0 }.compactMap { chip(folder + $0.1, $0.1) }
    let counts = Dictionary(found.map { ($0.name, 1) }, uniquingKeysWith: +)
    for index in found.indices where counts[found[index].name] ?? 0 > 1 {
      let (name, device) = (found[index].name, found[index].device)
      found[index].name = device.hasPrefix(name) ? device : name + "-" + device
    }
    if !found.contains(where: { chip in chip.sensors.contains { $0.kind == .temperature } }) { found += zones() }
    chips = found
  }

  private func chip(_ folder: String, _ number: String) -> Chip? {
    // Old drivers put their files into the device's folder.
    let base = Files.exists(folder + "/name") ? folder : folder + "/device"
    guard let name = Files.line(of: base + "/name") else { return nil }
    let device = Files.link(folder + "/device")?.split(separator: "/").last.map(String.init) ?? number
    let power = ["/device/power/runtime_status", "/device/device/power/runtime_status"].map { folder + $0 }
    var sensors: [(place: Int, sensor: Sensor)] = []
    let names = Set(Files.names(in: base))
    for file in names.sorted() {
      guard let (kind, place) = SensorName.parse(file, among: names) else { continue }
      let stem = base + "/" + SensorName.stem(kind, place)
      let label = Files.line(of: stem + "_label") ?? SensorName.stem(kind, place)
      var sensor: Sensor
      switch kind {
      case .temperature:
        sensor = Sensor(kind: .temperature, label: label, file: KeptFile(base + "/" + file))
        sensor.high = Files.number(of: stem + "_max").flatMap { SensorValue.mark(Int64($0)) } ?? .nan
        sensor.critical = Files.number(of: stem + "_crit").flatMap { SensorValue.mark(Int64($0)) } ?? .nan
      case .fan: sensor = Sensor(kind: .fan, label: label, file: KeptFile(base + "/" + file))
      case .power: sensor = Sensor(kind: .power, label: label, file: KeptFile(base + "/" + file))
      }
      sensors.append((place, sensor))
      if sensors.count == Self.maximumSensors { break }
    }
    if sensors.isEmpty { return nil }
    sensors.sort { $0.place < $1.place }
    return Chip(
      name: name, device: device, power: power.filter { Files.exists($0) }.map { KeptFile($0) },
      sensors: Self.distinct(sensors.map(\.sensor)))
  }

  /// Tells sensors of one label apart by a number.
  private static func distinct(_ sensors: [Sensor]) -> [Sensor] {
    var seen: [String: Int] = [:]
    return sensors.map { sensor in
      let key = "\(sensor.kind) " + sensor.label
      seen[key, default: 0] += 1
      guard let count = seen[key], count > 1 else { return sensor }
      var other = Sensor(kind: sensor.kind, label: sensor.label + " \(count)", file: sensor.file)
      other.high = sensor.high
      other.critical = sensor.critical
      return other
    }
  }

  /// Thermal zones as chips of one sensor each (Documentation/driver-api/thermal/sysfs-api.rst).
  private func zones() -> [Chip] {
    let folder = root + "/sys/class/thermal/"
    let names = Files.names(in: folder).compactMap { name in
      name.hasPrefix("thermal_zone") ? Int(name.dropFirst("thermal_zone".count)).map { ($0, name) } : nil
    }
    return names.sorted { $0.0 < $1.0 }.map { number, name in
      let type = Files.line(of: folder + name + "/type") ?? name
      let sensor = Sensor(kind: .temperature, label: type, file: KeptFile(folder + name + "/temp"))
      return Chip(name: name, device: name, power: [], sensors: [sensor])
    }
  }
}

/// Names of hwmon's files.
enum SensorName {
  enum Kind {
    case temperature, fan, power
  }

  /// What a file measures, and its number; nil for all but those with a value.
  ///
  /// Of power, an average is better than an instant.
  static func parse(_ file: String, among names: Set<String>) -> (Kind, Int)? {
    for (prefix, kind) in [("temp", Kind.temperature), ("fan", .fan), ("power", .power)] where file.hasPrefix(prefix) {
      let rest = file.dropFirst(prefix.count)
      let digits = rest.prefix(while: \.isNumber)
      guard let number = Int(digits) else { return nil }
      switch rest.dropFirst(digits.count) {
      case "_input" where kind != .power || !names.contains("power\(number)_average"): return (kind, number)
      case "_average" where kind == .power: return (kind, number)
      default: return nil
      }
    }
    return nil
  }

  /// "temp1".
  static func stem(_ kind: Kind, _ number: Int) -> String {
    switch kind {
    case .temperature: "temp\(number)"
    case .fan: "fan\(number)"
    case .power: "power\(number)"
    }
  }
}

/// hwmon's numbers in the units of the samples; nil for what no sensor can mean.
enum SensorValue {
  /// Millidegrees; exactly 0 is what chips say of a sensor that is not connected.
  static func celsius(_ value: Int64) -> Double? {
    value != 0 && (-60_000...200_000).contains(value) ? Double(value) / 1_000 : nil
  }

  /// Millidegrees of a mark: chips without one say 0, or a number past all reason.
  static func mark(_ value: Int64) -> Double? {
    (1_000...200_000).contains(value) ? Double(value) / 1_000 : nil
  }

  /// Revolutions per minute; 65535 is a register that was never set.
  static func rpm(_ value: Int64) -> Double? {
    (0..<65_535).contains(value) ? Double(value) : nil
  }

  /// Microwatts.
  static func watts(_ value: Int64) -> Double? {
    (0...100_000_000_000).contains(value) ? Double(value) / 1_000_000 : nil
  }
}

/// RAPL's energy meters (Documentation/power/powercap/powercap.rst), which only root may read since kernel 5.10.
///
/// Laptops tell the package a second time through memory-mapped registers (intel-rapl-mmio), which is left out.
final class RAPL {
  private static let rest = 60

  private struct Domain {
    let chip: String
    let name: String
    let energy: KeptFile
    let range: UInt64?
  }

  private let root: String
  private var domains: [Domain] = []
  private var resting = 0

  init(root: String) {
    self.root = root
  }

  /// Adds the meters that may be read.
  func read(into powers: inout [PowerReading], _ buffer: ReadBuffer) {
    if resting == 0 {
      resting = Self.rest
      find(buffer)
    }
    resting -= 1
    for domain in domains {
      let energy = domain.energy.readIfPresent(into: buffer) { bytes in
        var position = 0
        return bytes.unsigned(&position)
      }
      guard let energy = energy ?? nil else { continue }
      var power = PowerReading(chip: domain.chip, sensor: domain.name)
      power.energy = energy
      power.energyRange = domain.range
      powers.append(power)
    }
  }

  private func find(_ buffer: ReadBuffer) {
    let folder = root + "/sys/class/powercap/"
    let names = Files.names(in: folder).filter { name in
      (name.hasPrefix("intel-rapl:") || name.hasPrefix("amd-rapl:"))
    }
    if names.sorted() == domains.map(\.chip) { return }
    domains = names.sorted().compactMap { name in
      guard let label = Files.line(of: folder + name + "/name") else { return nil }
      return Domain(
        chip: name, name: label, energy: KeptFile(folder + name + "/energy_uj"),
        range: Files.number(of: folder + name + "/max_energy_range_uj").map { UInt64(clamping: $0) })
    }
  }
}
