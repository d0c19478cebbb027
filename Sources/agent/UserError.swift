import SystemIO

/// Options that contradict each other.
struct UsageError: UserError {
  let description: String
  var exitStatus: Int32 { ExitStatus.usage }
}

/// A required resource that is unavailable.
struct UnavailableError: UserError {
  let description: String
}

/// Standard output of the commands that write a whole text.
enum Output {
  /// Writes a text.
  ///
  /// A full disk must not look like success; a reader that stops early, such as head(1), is no error.
  ///
  /// - Throws: UnavailableError where it cannot be written.
  static func write(_ text: String) throws(UnavailableError) {
    guard !StandardStreams.write(text, to: StandardStreams.output) else { return }
    let error = SystemError("write standard output")
    guard error.code == ErrorCode.brokenPipe else { throw UnavailableError(description: error.description) }
  }
}
