internal import AgentMetrics
internal import ClientHTTP
package import History
package import Logging
internal import SystemIO

/// Sends the samples of a history to other places, each for itself, without a gap.
///
/// The history is the queue: with an archive it reaches over restarts and outages of weeks, without one as far back as
/// memory does.
package final class Push: Sendable {
  private let pushers: [(wakeup: Wakeup, status: Pusher.SharedStatus)]
  private let arrivals: SampleCounter
  private let running: Condition<Int>
  private let tasks: [Task<Void, Never>]

  /// Begins to push; after the archive has filled the history, and before the sampler starts.
  ///
  /// - Parameters:
  ///   - version: the program's, for receivers.
  ///   - cursorFile: path of the file that remembers what receivers have, beside the archive; nil where there is none.
  package convenience init(
    _ targets: [PushTarget], history: History, version: String, cursorFile: String?, logger: Logger
  ) {
    self.init(
      targets, history: history, version: version, cursorFile: cursorFile, logger: logger, timing: Pusher.PushTiming())
  }

  init(
    _ targets: [PushTarget], history: History, version: String, cursorFile: String?, logger: Logger,
    timing: Pusher.PushTiming
  ) {
    let bells = targets.map { _ in Wakeup() }
    let arrivals = SampleCounter(history, bells: bells)
    let running = Condition(targets.count)
    let cursors = cursorFile.map { path in
      PushCursors(path: path) { message in logger.warning("\(message)") }
    }
    // A receiver that is new gets what is sampled from now on.
    let newest = history.all.last?.sample
    let start = PushSource.Cursor(
      // The first sample carries the whole second in which it is taken.
      timestamp: newest?.timestamp.seconds ?? Clock.realtime.rounded(.down) - 0.001,
      boottime: newest?.boottime ?? -.infinity)
    var pushers: [(wakeup: Wakeup, status: Pusher.SharedStatus)] = []
    var tasks: [Task<Void, Never>] = []
    for (target, wakeup) in zip(targets, bells) {
      let status = Pusher.SharedStatus(
        PushStatus(url: target.url.description, format: Pusher.WireFormat(target.format).rawValue))
      let known = cursors?[target.url.full]
      if known == nil {
        // A receiver that takes no request before the agent restarts would count as new again and miss the samples since.
        cursors?.set(target.url.full, PushBatch.milliseconds(Timestamp(seconds: start.timestamp)))
      }
      let cursor = known.map { PushSource.Cursor(timestamp: Double($0) / 1_000) } ?? start
      let dependencies = Pusher.Dependencies(
        target: target, userAgent: "worker-monitoring-agent/\(version)",
        client: HTTPClient(
          url: target.url, authorities: target.authorities, limits: timing.limits,
          group: ClientConnection.group, onDisconnect: { wakeup.signal(.disconnect) }),
        wakeup: wakeup, status: status, cursors: cursors, timing: timing, logger: logger)
      pushers.append((wakeup, status))
      let source = PushSource(history: history, arrivals: arrivals, cursor: cursor)
      tasks.append(
        Task.detached {
          var pusher = Pusher(dependencies, source: source)
          await pusher.run()
          running.update { $0 -= 1 }
        })
    }
    self.pushers = pushers
    self.tasks = tasks
    self.arrivals = arrivals
    self.running = running
  }

  /// How it is going, in the order of the targets.
  package var status: [PushStatus] { pushers.map(\.status.now) }

  /// Sends what waits as far as receivers take it at once, tells them that the series have ended, and stops.
  package func stop(atMost seconds: Double) {
    arrivals.end()
    for pusher in pushers { pusher.wakeup.signal(.end) }
    if running.wait(atMost: seconds, { $0 == 0 ? true : nil }) == nil {
      for task in tasks { task.cancel() }
      _ = running.wait(atMost: 0.1) { $0 == 0 ? true : nil }
    }
  }
}
