import Archive
import SystemIO

/// An error that ends the program with one line for the user.
protocol UserError: Error, CustomStringConvertible {
  var exitStatus: Int32 { get }
}

extension UserError {
  var exitStatus: Int32 { ExitStatus.unavailable }
}

/// Exit codes of sysexits.h.
enum ExitStatus {
  /// Wrong use of the command: EX_USAGE.
  static let usage: Int32 = 64
  /// A required resource is unavailable, such as a port: EX_UNAVAILABLE.
  static let unavailable: Int32 = 69
}

/// Options that contradict each other.
struct UsageError: UserError {
  let description: String
  var exitStatus: Int32 { ExitStatus.usage }
}

/// A required resource that is unavailable.
struct UnavailableError: UserError {
  let description: String
}

extension SettingError: UserError {
  var exitStatus: Int32 { ExitStatus.usage }
}

extension ArchiveFailure: UserError {}
