internal import CDarwin
internal import SystemIO

/// Conversion of times of day to the boot-time clock, and of mach units to nanoseconds.
enum BootTime {
  /// Microseconds since 1970 at which the boot-time clock was 0.
  ///
  /// Read once: a later step of the wall clock must not change the start times by which processes are recognized.
  static let microseconds = UInt64(max(0, (Clock.realtime - Clock.boottime) * 1e6))

  /// Nanoseconds after boot of a time in microseconds since 1970; 0 for an earlier one.
  static func nanoseconds(of time: UInt64, boot: UInt64) -> UInt64 {
    let (nanoseconds, isTooLarge) = (time > boot ? time - boot : 0).multipliedReportingOverflow(by: 1_000)
    return isTooLarge ? .max : nanoseconds
  }
}

/// Length of a mach unit, the unit of processes' CPU times.
struct Timebase: Sendable {
  private let numerator, denominator: UInt64

  /// Reads it; nanoseconds where it is unknown.
  init() {
    var timebase = cdarwin_timebase()
    let isKnown = cdarwin_timebase(&timebase) && timebase.denominator > 0
    numerator = isKnown ? UInt64(timebase.numerator) : 1
    denominator = isKnown ? UInt64(timebase.denominator) : 1
  }

  /// Converts mach units; saturates.
  func nanoseconds(_ units: UInt64) -> UInt64 {
    let product = units.multipliedFullWidth(by: numerator)
    return product.high < denominator ? denominator.dividingFullWidth(product).quotient : .max
  }
}
