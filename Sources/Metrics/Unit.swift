/// A unit of measure.
///
/// Inside the program every figure is kept in its base unit (bytes, seconds, hertz); a field shows itself in JSON in the
/// unit that ends its name (`used_mb`, `frequency_mhz`), which is the base unit divided by ``factor``.
package enum Unit: String, Sendable, Hashable, CaseIterable {
  /// A share of a whole, 0…1 (may pass 1 where a limit can be passed).
  case ratio
  /// Bytes.
  case bytes
  /// 2²⁰ bytes, the `_mb` of the specification.
  case mebibytes
  /// Bytes per second.
  case bytesPerSecond = "bytes_per_second"
  /// 10⁶ bits per second, as network links are rated.
  case megabitsPerSecond = "megabits_per_second"
  /// Seconds.
  case seconds
  /// 10⁻³ seconds.
  case milliseconds
  /// Degrees Celsius.
  case celsius
  /// 10⁶ hertz.
  case megahertz
  /// Watts.
  case watts
  /// Joules.
  case joules
  /// Revolutions per minute.
  case rpm
  /// CPUs' worth of time: 1.0 is one logical CPU kept busy.
  case cores
  /// Events per second.
  case perSecond = "per_second"
  /// A number of things, or a dimensionless level.
  case count
  /// A name or another text; has no number.
  case none

  /// How many base units one of this unit holds.
  package var factor: Double {
    switch self {
    case .mebibytes: 1_048_576
    case .megabitsPerSecond: 125_000
    case .milliseconds: 0.001
    case .megahertz: 1_000_000
    default: 1
    }
  }

  /// Digits after the point that JSON shows at most: what the source can tell, so that noise is not stored.
  package var decimals: Int {
    switch self {
    case .ratio, .cores: 4
    case .seconds: 6
    case .milliseconds, .joules: 3
    case .perSecond, .watts, .count: 2
    case .celsius: 1
    case .bytes, .mebibytes, .bytesPerSecond, .megabitsPerSecond, .megahertz, .rpm, .none: 0
    }
  }
}
