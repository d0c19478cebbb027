package import AgentMetrics
package import SampleStore
package import Logging
internal import Synchronization
internal import SystemIO

/// Sends the samples of a history to receivers, each independently and without a gap.
package final class Push: ServicePart {
  private let senders: [(wakeup: Wakeup, status: SharedStatus)]
  private let arrivals: SampleCounter
  private let running: Condition<Int>
  private let runs: [@Sendable () async -> Void]
  private let tasks = Mutex<[Task<Void, Never>]>([])

  /// Creates the senders; call it after the archive has filled the history, and before the sampler starts.
  ///
  /// - Parameters:
  ///   - sinks: create the sink of each receiver.
  ///   - version: the program's version, for receivers.
  ///   - cursorFile: path of the file with the receivers' cursors, beside the archive; nil without one.
  package convenience init(
    to sinks: [@Sendable (SinkContext) -> any Sink], history: History, version: String, cursorFile: String?,
    logger: Logger
  ) {
    self.init(
      to: sinks, history: history, version: version, cursorFile: cursorFile, logger: logger, timing: PushTiming())
  }

  init(
    to sinks: [@Sendable (SinkContext) -> any Sink], history: History, version: String, cursorFile: String?,
    logger: Logger, timing: PushTiming
  ) {
    let wakeups = sinks.map { _ in Wakeup() }
    let arrivals = SampleCounter(history, wakeups: wakeups)
    let running = Condition(sinks.count)
    let cursors = cursorFile.map { path in
      CursorFile(path: path) { notice in
        logger.warning("\(notice.message)", metadata: notice.values.mapValues { .string($0) })
      }
    }
    // A new receiver gets the samples from now on.
    let newest = history.all.last?.sample
    let start = Outbox.Cursor(
      // The first sample has the whole second in which it is taken.
      timestamp: newest?.timestamp.seconds ?? Clock.realtime.rounded(.down) - 0.001,
      boottime: newest?.boottime ?? -.infinity)
    var senders: [(wakeup: Wakeup, status: SharedStatus)] = []
    var runs: [@Sendable () async -> Void] = []
    for (makeSink, wakeup) in zip(sinks, wakeups) {
      let sink = makeSink(
        SinkContext(
          userAgent: "worker-monitoring-agent/\(version)", logger: logger,
          onDisconnect: { wakeup.signal(.disconnect) }))
      let status = SharedStatus(PushStatus(url: sink.name, format: sink.format))
      let outbox = Outbox(
        history: history, arrivals: arrivals, start: start, id: sink.id, cursorFile: cursors, status: status)
      senders.append((wakeup, status))
      runs.append {
        var sender = Sender(outbox, sink, wakeup: wakeup, timing: timing, logger: logger)
        await sender.run()
        running.update { $0 -= 1 }
      }
    }
    self.senders = senders
    self.runs = runs
    self.arrivals = arrivals
    self.running = running
  }

  /// The receivers' states, in the order of the sinks.
  package var status: [PushStatus] { senders.map(\.status.now) }

  /// Starts to send.
  package func start() {
    tasks.withLock { tasks in tasks = runs.map { run in Task.detached { await run() } } }
  }

  /// Sends the waiting samples while receivers accept them, ends their series, and stops.
  package func stop(atMost seconds: Double) {
    arrivals.end()
    for sender in senders { sender.wakeup.signal(.end) }
    if running.wait(atMost: seconds, { $0 == 0 ? true : nil }) == nil {
      for task in tasks.withLock({ $0 }) { task.cancel() }
      _ = running.wait(atMost: 0.1) { $0 == 0 ? true : nil }
    }
  }
}

/// A status that the sender writes and others read.
final class SharedStatus: Sendable {
  private let status: Mutex<PushStatus>

  init(_ status: PushStatus) {
    self.status = Mutex(status)
  }

  var now: PushStatus { status.withLock { $0 } }

  func update(_ body: (inout PushStatus) -> Void) {
    status.withLock { body(&$0) }
  }
}
