package import Collect
internal import SystemIO

/// A vendor's command line tool, run as a child without a shell.
///
/// It may hang in the driver, like any driver call: after its deadline its process group is killed and not awaited,
/// since a process that is stuck in the kernel does not end.
package enum Tool {
  /// Maximum run time of a tool in seconds.
  package static let deadline = 5.0
  /// Maximum bytes of a tool's output.
  package static let limit = 4 << 20
  /// Bytes kept of a tool's standard error.
  private static let maximumErrors = 4_096

  /// Returns the first executable of a name in some folders, or nil.
  package static func find(_ name: String, in folders: [String]) -> String? {
    folders.lazy.filter { $0.hasPrefix("/") || $0.dropFirst().hasPrefix(":") }.map { $0 + "/" + name }
      .first { Files.isExecutable($0) }
  }

  /// Output of a tool.
  ///
  /// The caller judges it by its content: tools print a complete result and then exit with an error for one value that
  /// a card does not have (rocm-smi's 2, nvidia-smi's 14).
  package struct Output: Sendable {
    /// Standard output.
    package var text: [UInt8]
    /// Reason of a failure: exit status, signal or deadline, and the first line of the tool's errors; nil if it
    /// succeeded.
    package var failure: CollectorError?

    /// Whether it was killed because it did not end.
    package var isLate = false

    /// Creates the output of a tool that succeeded, unless `failure` is given.
    package init(_ text: [UInt8], failure: CollectorError? = nil, isLate: Bool = false) {
      self.text = text
      self.failure = failure
      self.isLate = isLate
    }

    /// Error for an output without values: the tool's failure, else `none`.
    package func error(_ name: String, none: String) -> CollectorError {
      if let failure { return failure }
      let words = Tool.words(of: text)
      return CollectorError(name + ": " + none + (words.isEmpty ? "" : ": " + words))
    }
  }

  /// Runs a tool and returns its output, whether or not it succeeded.
  ///
  /// - Throws: CollectorError if it cannot be started or prints too much.
  package static func run(
    _ path: String, _ arguments: [String], deadline: Double = deadline, limit: Int = limit
  ) throws(CollectorError) -> Output {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let (end, text, errors) = try start(path, arguments, deadline: deadline, limit: limit)
    let failure: String
    switch end {
    case .exited(0): return Output(text)
    case .exited(let status): failure = "exit status \(status)"
    case .signaled(let signal): failure = "ended by signal \(signal)"
    case .late: failure = "no answer in time"
    case .tooMuch: throw CollectorError("\(name): more than \(limit) bytes")
    }
    var words = words(of: errors)
    if words.isEmpty { words = Self.words(of: text) }
    let line = name + ": " + failure + (words.isEmpty ? "" : ": " + words)
    return Output(text, failure: CollectorError(line), isLate: end == .late)
  }

  private static func start(
    _ path: String, _ arguments: [String], deadline: Double, limit: Int
  ) throws(CollectorError) -> (end: ExternalProgram.End, output: [UInt8], errors: [UInt8]) {
    do throws(SystemError) {
      return try ExternalProgram.run(
        path, arguments, environment: environment(isPrivileged: ProcessSettings.isPrivileged), deadline: deadline,
        limit: limit)
    } catch {
      throw CollectorError(error.description)
    }
  }

  /// The line of a text with the error: the first, or the last of a Python traceback; empty if the text is a result or
  /// empty.
  package static func words(of text: [UInt8]) -> String {
    let lines = String(decoding: text.prefix(maximumErrors), as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { line in String(line.filter { !$0.isASCII || $0 >= " " }.drop { $0 == " " }) }
      .filter { !$0.isEmpty }
    guard let first = lines.first, let mark = first.utf8.first, mark != UInt8(ascii: "{"), mark != UInt8(ascii: "<")
    else { return "" }
    let line = first.hasPrefix("Traceback") ? lines.last ?? first : first
    // Not UTF-8: no text.
    if line.contains("\u{FFFD}") { return "" }
    return line.count > 120 ? String(line.prefix(119)) + "…" : line
  }

  /// Variables that a tool needs to find its libraries, none of them in a privileged process; C locale, so that its
  /// messages can be parsed.
  static func environment(isPrivileged: Bool) -> [String] {
    if isPrivileged { return ["PATH=" + GPUEnvironment.trustedFolders.joined(separator: ":"), "LC_ALL=C"] }
    return ["PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "ROCM_PATH"].compactMap { name in
      Environment.value(of: name).map { name + "=" + $0 }
    } + ["LC_ALL=C"]
  }
}
