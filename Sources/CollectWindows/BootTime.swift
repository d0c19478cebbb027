internal import CWindows
internal import SystemIO

/// Conversion of FILETIMEs to the boot-time clock.
enum BootTime {
  /// Units of 100 ns between 1601 and 1970.
  private static let epoch = 11_644_473_600e7

  /// FILETIME at which the boot-time clock was 0.
  ///
  /// Read once: a later step of the wall clock must not change the start times by which processes are recognized.
  static let filetime = UInt64(max(0, (Clock.realtime - Clock.boottime) * 1e7 + epoch))
}
