/// A unit of measure and its Prometheus base unit.
///
/// The program stores every value in its base unit (bytes, seconds, hertz). JSON uses the unit that ends the field's
/// name (`used_mb`, `frequency_mhz`): the base unit divided by ``factor``.
package enum Unit: String, Sendable, Hashable, CaseIterable {
  /// A share of a whole, 0…1; above 1 where a limit can be exceeded.
  case ratio
  case bytes
  /// 2²⁰ bytes, the `_mb` of the specification.
  case mebibytes
  case bytesPerSecond = "bytes_per_second"
  /// 10⁶ bits per second, as network links are rated.
  case megabitsPerSecond = "megabits_per_second"
  case seconds
  /// 10⁻³ seconds.
  case milliseconds
  /// Degrees Celsius.
  case celsius
  /// 10⁶ hertz.
  case megahertz
  case watts
  case joules
  /// Revolutions per minute.
  case rpm
  /// CPU time per second: 1.0 is one busy logical CPU.
  case cores
  /// Events per second.
  case perSecond = "per_second"
  /// A number of objects, or a dimensionless level.
  case count
  /// No number: a name or another text.
  case none

  /// Number of base units in one of this unit.
  package var factor: Double {
    switch self {
    case .mebibytes: 1_048_576
    case .megabitsPerSecond: 125_000
    case .milliseconds: 0.001
    case .megahertz: 1_000_000
    default: 1
    }
  }

  /// Maximum number of decimal places in JSON, by the precision of the sources, so that noise is not stored.
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
