/// One temperature sensor; a level, so that Reading and Sample hold the same.
public struct Temperature: Domain, Hashable {
  /// The chip, unique in the machine, "coretemp" or "k10temp-0000:00:18.3" where there are several of one name.
  public var chip = ""
  /// The sensor's label, "Package id 0", or "temp1" where it has none.
  public var sensor = ""
  /// Degrees Celsius.
  public var celsius = Double.nan
  /// The chip's own high mark; NaN where it has none.
  public var high = Double.nan
  /// The chip's own critical mark; NaN where it has none.
  public var critical = Double.nan

  /// Nothing known.
  public init() {}

  /// A sensor's reading.
  public init(chip: String, sensor: String, celsius: Double) {
    self.chip = chip
    self.sensor = sensor
    self.celsius = celsius
  }

  /// The figures of a temperature sensor.
  public static let table = Table<Temperature>([
    .text("chip", "Chip", source: "/sys/class/hwmon/hwmonN/name", \.chip),
    .text("sensor", "Sensor", source: "hwmonN/tempM_label", \.sensor),
    .gauge("celsius", .celsius, "Temperature", source: "hwmonN/tempM_input, else thermal_zoneN/temp", \.celsius),
    .gauge("high_celsius", .celsius, "The chip's high mark", source: "hwmonN/tempM_max", \.high),
    .gauge("critical_celsius", .celsius, "The chip's critical mark", source: "hwmonN/tempM_crit", \.critical),
  ])
}

/// One fan; a level, so that Reading and Sample hold the same.
public struct Fan: Domain, Hashable {
  /// The chip, unique in the machine.
  public var chip = ""
  /// The sensor's label, or "fan1".
  public var sensor = ""
  /// Revolutions per minute.
  public var rpm = Double.nan

  /// Nothing known.
  public init() {}

  /// A fan's reading.
  public init(chip: String, sensor: String, rpm: Double) {
    self.chip = chip
    self.sensor = sensor
    self.rpm = rpm
  }

  /// The figures of a fan.
  public static let table = Table<Fan>([
    .text("chip", "Chip", source: "/sys/class/hwmon/hwmonN/name", \.chip),
    .text("sensor", "Sensor", source: "hwmonN/fanM_label", \.sensor),
    .gauge("rpm", .rpm, "Speed", source: "hwmonN/fanM_input", \.rpm),
  ])
}

/// What one power meter said at one instant.
public struct PowerReading: Sendable, Hashable {
  /// The meter's chip or domain, "intel-rapl:0".
  public var chip: String
  /// What it measures, "package-0".
  public var sensor: String
  /// Watts where the meter tells them itself; NaN else.
  public var watts = Double.nan
  /// Microjoules since some start; nil where it does not count energy.
  public var energy: UInt64?
  /// Where `energy` begins anew from 0; nil where unknown.
  public var energyRange: UInt64?

  /// A meter without figures.
  public init(chip: String, sensor: String) {
    self.chip = chip
    self.sensor = sensor
  }
}

/// Power drawn, by meter.
public struct Power: Domain, Hashable {
  /// The meter's chip or domain.
  public var chip = ""
  /// What it measures.
  public var sensor = ""
  /// Watts; NaN where absent.
  public var watts = Double.nan

  /// Nothing known.
  public init() {}

  /// Power between two Readings: the meter's own, else from its energy counter, across one wrap-around.
  public init(from previous: PowerReading?, to current: PowerReading, over elapsed: Elapsed) {
    chip = current.chip
    sensor = current.sensor
    watts = current.watts
    guard watts.isNaN, !elapsed.isSinceBoot, elapsed.seconds > 0, let old = previous?.energy, let new = current.energy
    else { return }
    if new >= old {
      watts = Double(new - old) * 1e-6 / elapsed.seconds
    } else if let range = current.energyRange, range >= old {
      watts = (Double(range - old) + Double(new)) * 1e-6 / elapsed.seconds
    }
  }

  /// Makes the watts absent of energy counters that stand still, as those of virtual machines do.
  ///
  /// Only a part of something that draws power can draw none, as a graphics unit that is switched off.
  static func removeIdleCounters(from powers: inout [Power], of readings: [PowerReading]) {
    for index in powers.indices where powers[index].watts == 0 && readings[index].energy != nil {
      // "intel-rapl:0" of "intel-rapl:0:1"; "intel-rapl" of a package, which is no meter.
      let whole = powers[index].chip.lastIndex(of: ":").map { powers[index].chip[..<$0] }
      if !powers.contains(where: { whole == $0.chip[...] && $0.watts > 0 }) { powers[index].watts = .nan }
    }
  }

  /// The figures of a power meter.
  public static let table = Table<Power>([
    .text("chip", "Meter", source: "/sys/class/hwmon/hwmonN/name, /sys/class/powercap", \.chip),
    .text("sensor", "What it measures", source: "hwmonN/powerM_label, powercap name", \.sensor),
    .gauge(
      "watts", .watts, "Power drawn", source: "hwmonN/powerM_average or _input, else Δenergy_uj ÷ Δt with wrap-around",
      \.watts),
  ])
}
