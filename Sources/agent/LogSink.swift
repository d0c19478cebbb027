import AgentMetrics
import Logging
import Platforms
import Synchronization
import SystemIO

/// Form of the log's lines.
enum LogFormat: String, CaseIterable {
  /// Time, level, message and values, for people.
  case text
  /// A JSON object per line, for log collectors.
  case json
}

/// Destination of log lines: stderr, or memory while the dashboard uses the terminal.
final class LogSink: Sendable {
  private struct State {
    var isHeld = false
    var held: [String] = []
    var newest: String?
    var level = Logger.Level.info
    var format = LogFormat.text
  }

  /// Maximum lines held; older ones are dropped, and their number is reported.
  private static let limit = 200

  private let state = Mutex(State())
  /// Whether the journal adds timestamps and takes levels from a prefix (sd-daemon(3)).
  private let isJournal: Bool

  init(isJournal: Bool) {
    self.isJournal = isJournal
  }

  func write(_ level: Logger.Level, _ text: String, _ values: [String: String]) {
    // Line breaks in a message become blanks.
    let message = String(LogNotice.line(text, values).map { $0.isNewline ? " " : $0 }).printable
    let line = line(level, text, values, message) + "\n"
    let writes = state.withLock { state in
      if state.isHeld || level >= .warning {
        // One row of a screen: an alert's summary, or the reason, without their names.
        let sentence = values["summary"] ?? (values.count == 1 ? values["reason"] : nil)
        state.newest = sentence.map { "\(text): \($0)".printable } ?? message
      }
      if state.isHeld {
        state.held.append(line)
        if state.held.count > Self.limit { state.held.removeFirst() }
        return false
      }
      return true
    }
    if writes { StandardStreams.write(line, to: 2) }
    if let severity = ServiceLogSeverity(level) { ServiceLog.write?(severity, message) }
  }

  /// The line of a message; `message` is the text with its values in one line.
  func line(_ level: Logger.Level, _ text: String, _ values: [String: String], _ message: String) -> String {
    let time = Timestamp(seconds: Clock.realtime).rfc3339
    switch format {
    case .json:
      let members = [("time", time), ("level", level.rawValue), ("message", text)] + values.sorted { $0.key < $1.key }
      let object = "{" + members.map { "\($0.quotedJSON):\($1.quotedJSON)" }.joined(separator: ",") + "}"
      return isJournal ? "<\(Self.priority(level))>" + object : object
    case .text: return isJournal ? "<\(Self.priority(level))>\(message)" : "\(time) \(level.rawValue): \(message)"
    }
  }

  var format: LogFormat {
    get { state.withLock { $0.format } }
    set { state.withLock { $0.format = newValue } }
  }

  /// Least severe messages to write, for all loggers.
  var level: Logger.Level {
    get { state.withLock { $0.level } }
    set { state.withLock { $0.level = newValue } }
  }

  /// Starts to hold lines.
  func hold() {
    state.withLock { $0.isHeld = true }
  }

  /// Writes the held lines, and later ones immediately.
  func release() {
    let held = state.withLock { state in
      state.isHeld = false
      defer { state.held = [] }
      return state.held
    }
    for line in held { StandardStreams.write(line, to: 2) }
  }

  /// Returns the newest line held since the last call, or a warning from before; nil without one.
  func takeNewestHeld() -> String? {
    state.withLock { state in
      defer { state.newest = nil }
      return state.newest
    }
  }

  /// syslog(3) priorities.
  private static func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}

/// swift-log's handler over a sink.
struct SinkLogHandler: LogHandler {
  let sink: LogSink
  /// A level of this logger alone.
  private var ownLevel: Logger.Level?
  var metadata: Logger.Metadata = [:]

  init(sink: LogSink) { self.sink = sink }

  var logLevel: Logger.Level {
    get { ownLevel ?? sink.level }
    set { ownLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let values = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
    sink.write(event.level, event.message.description, values.mapValues(\.description))
  }
}

extension Logger {
  /// Logs what another target reports.
  func warning(_ notice: LogNotice) {
    warning("\(notice.message)", metadata: notice.values.mapValues { .string($0) })
  }
}
