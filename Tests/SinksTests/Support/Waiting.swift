import AgentMetrics
import ClientHTTP
import ClientNIO
import SampleStore
import Logging
import Synchronization
import SystemIO
import Testing

@testable import Outbox
@testable import Sinks

/// Polls until a condition holds; fails after a generous timeout.
func eventually(
  _ what: String, atMost seconds: Double = 300, location: SourceLocation = #_sourceLocation,
  _ holds: () async throws -> Bool
) async throws {
  let end = Clock.monotonic + seconds
  while try await !holds() {
    guard Clock.monotonic < end else {
      Issue.record("not within \(Int(seconds)) s: \(what)", sourceLocation: location)
      throw CancellationError()
    }
    try await Task.sleep(for: .milliseconds(5))
  }
}

extension PushTiming {
  /// Timing with short waits.
  static var quick: PushTiming {
    var timing = PushTiming()
    timing.firstRetry = 0.01
    timing.maxRetry = 0.05
    timing.maxHeldRetry = 0.05
    timing.maxRetryAfter = 0.3
    timing.catchUpPace = 0
    return timing
  }
}

/// Collects log lines for tests.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }

  var logger: Logger {
    Logger(label: "test") { _ in Handler(lines: self) }
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]

    init(lines: LogLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let values = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
      lines.add("\(event.level): \(event.message)" + values.joined())
    }
  }
}

/// Pushes a history to one receiver, with all dependencies.
struct Pushing {
  let history: History
  let push: Push
  let log = LogLines()

  init(
    to url: String, history: History = History(capacity: 200, interval: 30), kind: String = "remote-write",
    cursorFile: String? = nil, timing: PushTiming = .quick, _ change: (inout PushTarget) -> Void = { _ in }
  ) throws {
    self.history = history
    var target = PushTarget(url: try PushURL(url), kind: try #require(SinkKind(named: kind)))
    target.limits.connect = 2
    target.limits.time = 5
    if let instance = PushLabel(name: "instance", value: "box"), let job = PushLabel(name: "job", value: "agent") {
      target.labels = [instance, job]
    }
    change(&target)
    push = Push(
      to: [{ [target] in target.sink($0, by: NIOTransport()) }], history: history, version: "1.0",
      cursorFile: cursorFile,
      logger: log.logger, timing: timing)
    push.start()
  }

  var status: PushStatus { push.status[0] }

  /// Stops it on a thread outside the pool that it needs.
  func stop(atMost seconds: Double = 20) async {
    await withCheckedContinuation { continuation in
      Thread.start("stop") {
        push.stop(atMost: seconds)
        continuation.resume()
      }
    }
  }
}

/// All values of samples as a receiver must have them.
func expectedPoints(_ samples: [Sample]) -> Set<FakeReceiver.Point> {
  let labels = SeriesLabels(
    external: [PushLabel(name: "instance", value: "box"), PushLabel(name: "job", value: "agent")].compactMap(\.self))
  var points: Set<FakeReceiver.Point> = []
  for sample in samples {
    SampleSeries.visit(sample) { key, value in
      points.insert(
        FakeReceiver.Point(
          series: seriesText(labels.labels(of: key)), milliseconds: sample.timestamp.milliseconds,
          bits: value.bitPattern))
    }
  }
  return points
}
