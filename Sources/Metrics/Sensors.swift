/// One temperature sensor; a level, so that Reading and Sample hold the same.
package struct Temperature: MetricGroup, Hashable {
  /// The chip, unique in the machine, "coretemp" or "k10temp-0000:00:18.3" where there are several of one name.
  package var chip = ""
  /// The sensor's label, "Package id 0", or "temp1" where it has none.
  package var sensor = ""
  /// Degrees Celsius.
  package var celsius = Double.nan
  /// The chip's own high mark; NaN where it has none.
  package var high = Double.nan
  /// The chip's own critical mark; NaN where it has none.
  package var critical = Double.nan

  /// Nothing known.
  package init() {}

  /// A sensor's reading.
  package init(chip: String, sensor: String, celsius: Double) {
    self.chip = chip
    self.sensor = sensor
    self.celsius = celsius
  }

  /// The figures of a temperature sensor.
  package static let table = Table<Temperature>([
    .text("chip", "Chip", source: "/sys/class/hwmon/hwmonN/name", \.chip),
    .text("sensor", "Sensor", source: "hwmonN/tempM_label", \.sensor),
    .gauge("celsius", .celsius, "Temperature", source: "hwmonN/tempM_input, else thermal_zoneN/temp", \.celsius),
    .gauge("high_celsius", .celsius, "The chip's high mark", source: "hwmonN/tempM_max", \.high),
    .gauge("critical_celsius", .celsius, "The chip's critical mark", source: "hwmonN/tempM_crit", \.critical),
  ])
}

/// One fan; a level, so that Reading and Sample hold the same.
package struct Fan: MetricGroup, Hashable {
  /// The chip, unique in the machine.
  package var chip = ""
  /// The sensor's label, or "fan1".
  package var sensor = ""
  /// Revolutions per minute.
  package var rpm = Double.nan

  /// Nothing known.
  package init() {}

  /// A fan's reading.
  package init(chip: String, sensor: String, rpm: Double) {
    self.chip = chip
    self.sensor = sensor
    self.rpm = rpm
  }

  /// The figures of a fan.
  package static let table = Table<Fan>([
    .text("chip", "Chip", source: "/sys/class/hwmon/hwmonN/name", \.chip),
    .text("sensor", "Sensor", source: "hwmonN/fanM_label", \.sensor),
    .gauge("rpm", .rpm, "Speed", source: "hwmonN/fanM_input", \.rpm),
  ])
}

/// What one power meter said at one instant.
package struct PowerReading: Sendable, Hashable {
  /// The meter's chip or domain, "intel-rapl:0".
  package var chip: String
  /// What it measures, "package-0".
  package var sensor: String
  /// Watts where the meter tells them itself; NaN else.
  package var watts = Double.nan
  /// Microjoules since some start; nil where it does not count energy.
  package var energy: UInt64?
  /// Where `energy` begins anew from 0; nil where unknown.
  package var energyRange: UInt64?

  /// A meter without figures.
  package init(chip: String, sensor: String) {
    self.chip = chip
    self.sensor = sensor
  }
}

/// Power drawn, by meter.
package struct Power: MetricGroup, Hashable {
  /// The meter's chip or domain.
  package var chip = ""
  /// What it measures.
  package var sensor = ""
  /// Watts; NaN where absent.
  package var watts = Double.nan

  /// Nothing known.
  package init() {}

  /// Power between two Readings: the meter's own, else from its energy counter, across one wrap-around.
  package init(from previous: PowerReading?, to current: PowerReading, over elapsed: Elapsed) {
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
  package static let table = Table<Power>([
    .text("chip", "Meter", source: "/sys/class/hwmon/hwmonN/name, /sys/class/powercap", \.chip),
    .text("sensor", "What it measures", source: "hwmonN/powerM_label, powercap name", \.sensor),
    .gauge(
      "watts", .watts, "Power drawn", source: "hwmonN/powerM_average or _input, else Δenergy_uj ÷ Δt with wrap-around",
      \.watts),
  ])
}
