import AgentMetrics
import SystemIO

/// Options that contradict each other.
struct UsageError: UserError {
  let description: String
  var exitStatus: Int32 { ExitStatus.usage }
}

extension UsageError {
  /// A window that ends before it begins; POSIX times.
  init(from start: Double, isLaterThan end: Double) {
    let (from, to) = (Timestamp(seconds: start).rfc3339, Timestamp(seconds: end).rfc3339)
    self.init(description: "--from is later than --to, or than the newest sample: \(from) and \(to)")
  }
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
