/// Filters of values that drivers are known to report wrongly.
package enum Plausible {
  /// Converts millidegrees to °C; NaN for 0, the value of a missing sensor, and beyond the limits of silicon.
  package static func celsius(milli: Double) -> Double {
    celsius(milli / 1_000)
  }

  /// Degrees Celsius; NaN for 0, for 127 to 127.9, the value of an 8-bit register without a sensor, and beyond the
  /// limits of silicon.
  package static func celsius(_ degrees: Double) -> Double {
    degrees > -50 && degrees < 150 && degrees != 0 && !(degrees >= 127 && degrees < 128) ? degrees : .nan
  }

  /// Converts microwatts to watts; NaN for 0, which no running chip draws, and above 5 kW.
  package static func watts(micro: Double) -> Double {
    watts(micro / 1_000_000)
  }

  /// Watts; NaN for 0, which no running chip draws, and above 5 kW.
  package static func watts(_ watts: Double) -> Double {
    watts > 0 && watts < 5_000 ? watts : .nan
  }

  /// Hertz; NaN below 0 and above 50 GHz (65535 MHz is an unset register).
  ///
  /// A stopped clock is 0.
  package static func hertz(_ hertz: Double) -> Double {
    hertz >= 0 && hertz < 5e10 ? hertz : .nan
  }

  /// Bytes; NaN below 0 and above 1 PiB.
  package static func bytes(_ bytes: Double) -> Double {
    bytes >= 0 && bytes <= 0x1p50 ? bytes : .nan
  }

  /// A count of errors; NaN for all ones of 32 or 64 bits.
  package static func count(_ count: Double) -> Double {
    count >= 0 && count < 4_294_967_295 ? count : .nan
  }

  /// Generation of a PCI Express link; NaN for 0 and beyond 16.
  package static func linkGeneration(_ generation: Double) -> Double {
    generation >= 1 && generation <= 16 ? generation : .nan
  }

  /// Lanes of a PCI Express link; NaN for 0 and beyond 64.
  package static func linkWidth(_ lanes: Double) -> Double {
    lanes >= 1 && lanes <= 64 ? lanes : .nan
  }

  /// Revolutions per minute; NaN for 65535, an unset register, and above 50,000.
  package static func revolutions(_ speed: Double) -> Double {
    speed >= 0 && speed < 50_000 ? speed : .nan
  }
}
