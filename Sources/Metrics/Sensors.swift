/// One temperature sensor; a level, so that Reading and Sample hold the same.
package struct Temperature: MetricGroup, Hashable {
  /// Unique name of the chip: "coretemp", or "k10temp-0000:00:18.3" where several share a name.
  package var chip = ""
  /// Label of the sensor, "Package id 0", or "temp1" without a label.
  package var sensor = ""
  /// Degrees Celsius.
  package var celsius = Double.nan
  /// The chip's own high threshold; NaN without one.
  package var high = Double.nan
  /// The chip's own critical threshold; NaN without one.
  package var critical = Double.nan

  package init() {}

  package init(chip: String, sensor: String, celsius: Double) {
    self.chip = chip
    self.sensor = sensor
    self.celsius = celsius
  }

  package static let table = Table<Temperature>([
    .text("chip", "Chip", source: "/sys/class/hwmon/hwmonN/name", \.chip),
    .text("sensor", "Sensor", source: "hwmonN/tempM_label", \.sensor),
    .gauge("celsius", .celsius, "Temperature", source: "hwmonN/tempM_input, else thermal_zoneN/temp", \.celsius).titled(
      "Temperature", "温度"),
    .gauge("high_celsius", .celsius, "The chip's high limit", source: "hwmonN/tempM_max", \.high),
    .gauge("critical_celsius", .celsius, "The chip's critical limit", source: "hwmonN/tempM_crit", \.critical),
  ])
}

/// One fan; a level, so that Reading and Sample hold the same.
package struct Fan: MetricGroup, Hashable {
  /// Unique name of the chip.
  package var chip = ""
  /// Label of the sensor, or "fan1" without a label.
  package var sensor = ""
  /// Revolutions per minute.
  package var rpm = Double.nan

  package init() {}

  package init(chip: String, sensor: String, rpm: Double) {
    self.chip = chip
    self.sensor = sensor
    self.rpm = rpm
  }

  package static let table = Table<Fan>([
    .text("chip", "Chip", source: "/sys/class/hwmon/hwmonN/name", \.chip),
    .text("sensor", "Sensor", source: "hwmonN/fanM_label", \.sensor),
    .gauge("rpm", .rpm, "Speed", source: "hwmonN/fanM_input", \.rpm).titled("Fan", "ファン"),
  ])
}

/// Values of one power meter at one instant.
package struct PowerReading: Sendable, Hashable {
  /// Chip or domain of the meter, "intel-rapl:0".
  package var chip: String
  /// Measured component, "package-0".
  package var sensor: String
  /// Power reported by the meter, in watts; NaN where it reports only energy.
  package var watts = Double.nan
  /// Microjoules since an arbitrary start; nil where the meter does not count energy.
  package var energy: UInt64?
  /// Value at which `energy` wraps around to 0; nil where unknown.
  package var energyRange: UInt64?

  package init(chip: String, sensor: String) {
    self.chip = chip
    self.sensor = sensor
  }
}

/// Power drawn, by meter.
package struct Power: MetricGroup, Hashable {
  /// Chip or domain of the meter.
  package var chip = ""
  /// Measured component.
  package var sensor = ""
  /// Watts; NaN where absent.
  package var watts = Double.nan

  package init() {}

  /// Computes power between two Readings: reported by the meter, else from its energy counter, across one wrap-around.
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

  /// Clears the watts of energy counters that do not advance, as in virtual machines.
  ///
  /// Zero is kept for a part of a meter that draws power, such as a graphics unit that is switched off.
  static func removeIdleCounters(from powers: inout [Power], of readings: [PowerReading]) {
    for index in powers.indices where powers[index].watts == 0 && readings[index].energy != nil {
      // "intel-rapl:0" for "intel-rapl:0:1"; "intel-rapl" for a package, which is not a meter.
      let whole = powers[index].chip.lastIndex(of: ":").map { powers[index].chip[..<$0] }
      if !powers.contains(where: { whole == $0.chip[...] && $0.watts > 0 }) { powers[index].watts = .nan }
    }
  }

  package static let table = Table<Power>([
    .text("chip", "Meter", source: "/sys/class/hwmon/hwmonN/name, /sys/class/powercap", \.chip),
    .text("sensor", "Measured component", source: "hwmonN/powerM_label, powercap name", \.sensor),
    .gauge(
      "watts", .watts, "Power drawn", source: "hwmonN/powerM_average or _input, else Δenergy_uj ÷ Δt with wrap-around",
      \.watts
    ).rate.titled("Power", "電力"),
  ])
}
