import AgentMetrics
import Logging
import Synchronization
import SystemIO

/// Where log lines go: to stderr, or, while the dashboard owns the terminal, into memory until it has gone.
final class LogSink: Sendable {
  private struct State {
    var isHeld = false
    var held: [String] = []
    var newest: String?
  }

  /// Lines kept while held; older ones are dropped, and the count of them is told.
  private static let limit = 200

  private let state = Mutex(State())
  /// The journal stamps lines itself and takes their level from a prefix (sd-daemon(3)).
  private let isJournal: Bool

  init(isJournal: Bool) {
    self.isJournal = isJournal
  }

  /// Writes or holds one line.
  func write(_ level: Logger.Level, _ message: String) {
    // One line each, whatever is in the message.
    let message = String(message.map { $0.isNewline ? " " : $0 })
    let line: String
    if isJournal {
      line = "<\(Self.priority(level))>\(message)\n"
    } else {
      line = "\(Timestamp(seconds: Clock.realtime).rfc3339) \(level.rawValue): \(message)\n"
    }
    let writes = state.withLock { state in
      if state.isHeld {
        state.newest = message
        state.held.append(line)
        if state.held.count > Self.limit { state.held.removeFirst() }
        return false
      }
      return true
    }
    if writes { StandardStreams.write(line, to: 2) }
  }

  /// Holds lines back from now on.
  func hold() {
    state.withLock { $0.isHeld = true }
  }

  /// Writes what was held, and every later line at once.
  func release() {
    let held = state.withLock { state in
      state.isHeld = false
      defer { state.held = [] }
      return state.held
    }
    for line in held { StandardStreams.write(line, to: 2) }
  }

  /// The newest line that was held; nil when there is none.
  var newestHeld: String? {
    state.withLock { $0.newest }
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
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(sink: LogSink, level: Logger.Level) {
    self.sink = sink
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var text = event.message.description
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }
    ) {
      text += " \(key)=\(value)"
    }
    sink.write(event.level, text)
  }
}
