/// An error whose description is one line for the user: the thing, its value and the reason.
///
/// A command that fails with one ends with that line.
package protocol UserError: Error, CustomStringConvertible {
  /// Exit code of a program that ends with this error.
  var exitStatus: Int32 { get }
}

extension UserError {
  package var exitStatus: Int32 { ExitStatus.unavailable }
}

extension Error {
  /// One line for the user.
  package var line: String { "\(self)".split(whereSeparator: \.isNewline).joined(separator: " ") }
}

/// Exit codes of sysexits.h.
package enum ExitStatus {
  /// Wrong use of the command: EX_USAGE.
  package static let usage: Int32 = 64
  /// A required resource is unavailable, such as a port: EX_UNAVAILABLE.
  package static let unavailable: Int32 = 69
}
