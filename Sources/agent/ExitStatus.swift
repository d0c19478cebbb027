/// Exit codes by sysexits.h.
enum ExitStatus {
  /// The command was used wrongly: EX_USAGE.
  static let usage: Int32 = 64
  /// Something that is needed cannot be had, a port for one: EX_UNAVAILABLE.
  static let unavailable: Int32 = 69
}
