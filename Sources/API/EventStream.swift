internal import AgentMetrics
internal import Collect
internal import SampleStore
internal import Synchronization
internal import SystemIO

/// A history as server-sent events (WHATWG HTML §9.2): missed samples, then live ones.
///
/// One task reads it, event by event, at the client's speed. The only state per client is its position in the history:
/// a slow client skips to the newest sample.
package final class EventStream: AsyncSequence, Sendable {
  /// Maximum number of samples that a client may be behind before it skips to the newest.
  static let maxBehind = 5

  private enum Signal: Sendable {
    case sample, silence
  }

  private let demand: SamplingDemand
  private var history: History { demand.history }
  private let interval: Int
  private let since: Timestamp?
  /// Number of samples after which it ends; nil for endless.
  private let count: Int?
  private let silence: Duration
  private let share: Semaphore.Permit?
  /// Whether the client may still read: its token may have been removed.
  private let isPermitted: @Sendable () -> Bool
  private let signals: AsyncStream<Signal>
  private let continuation: AsyncStream<Signal>.Continuation

  init(
    _ demand: SamplingDemand, interval: Int, since: Timestamp?, count: Int? = nil, silence: Duration = .seconds(15),
    share: Semaphore.Permit? = nil, isPermitted: @escaping @Sendable () -> Bool = { true }
  ) {
    self.demand = demand
    self.interval = interval
    self.since = since
    self.count = count
    self.silence = silence
    self.share = share
    self.isPermitted = isPermitted
    (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Ends the stream after the client has disconnected; thread-safe.
  package func end() {
    continuation.finish()
  }

  /// Starts to watch the history.
  package func makeAsyncIterator() -> Iterator {
    Iterator(self)
  }

  /// Position of one client.
  package struct Iterator: AsyncIteratorProtocol {
    private let stream: EventStream
    private let watch: Watch
    private let clock: IdleTimer
    private var signals: AsyncStream<Signal>.Iterator
    private var isBegun = false
    /// Number of samples sent.
    private var sent = 0
    /// The last sample sent.
    private var last: History.Entry?
    /// Stored samples to send before the live ones.
    private var backlog: ArraySlice<History.Entry> = []
    /// Initial size of the backlog.
    private var backlogSize = 0

    fileprivate init(_ stream: EventStream) {
      self.stream = stream
      signals = stream.signals.makeAsyncIterator()
      let continuation = stream.continuation
      // Watches before reading the stored samples, so that no sample is missed in between.
      watch = stream.demand.watch(interval: stream.interval) { _ in continuation.yield(.sample) }
      clock = IdleTimer(stream.silence) { continuation.yield(.silence) }
    }

    /// Returns the next bytes; nil when the stream or the task has ended.
    package mutating func next() async -> [[UInt8]]? {
      if let count = stream.count, sent >= count { return nil }
      guard stream.isPermitted() else { return nil }
      if !isBegun {
        isBegun = true
        findBacklog()
        // Sent before the first sample, or a proxy would hold the header back.
        if backlog.isEmpty { return event(nil) }
      }
      if let entry = nextOfBacklog() ?? nextSample() { return event(entry) }
      while let signal = await signals.next() {
        guard stream.isPermitted() else { return nil }
        if let entry = nextSample() { return event(entry) }
        if signal == .silence, clock.isSilent { return event(nil) }
      }
      return nil
    }

    /// Finds samples newer than the client's last event; the newest one for a new client.
    private mutating func findBacklog() {
      guard let since = stream.since else {
        backlog = stream.history.latest.map { [$0] } ?? []
        backlogSize = backlog.count
        return
      }
      let entries = stream.history.entries(interval: watch.interval)
      // By position if it is still stored, since the clock may have been set back after it.
      if let place = entries.lastIndex(where: { $0.sample.timestamp == since }) {
        backlog = entries[(place + 1)...]
      } else {
        backlog = entries.filter { $0.sample.timestamp > since }[...]
      }
      backlogSize = backlog.count
      // A client that missed no sample gets only live ones.
      if backlog.isEmpty { last = entries.last }
    }

    private mutating func nextOfBacklog() -> History.Entry? {
      if backlog.isEmpty, backlogSize > 0 {
        // Samples taken meanwhile follow in order, unless the client reads more slowly than samples are taken.
        let newer = newer()
        backlog = newer.count < backlogSize ? newer[...] : []
        backlogSize = backlog.count
      }
      guard let entry = backlog.popFirst() else { return nil }
      last = entry
      return entry
    }

    /// The next live sample; the newest for a client that is far behind.
    private mutating func nextSample() -> History.Entry? {
      guard let newest = watch.newest, isNew(newest) else { return nil }
      let newer = newer()
      let entry = newer.count > EventStream.maxBehind ? newer.last : newer.first
      last = entry ?? newest
      return last
    }

    private func newer() -> [History.Entry] {
      stream.history.entries(after: last, interval: watch.interval)
    }

    private func isNew(_ entry: History.Entry) -> Bool {
      last.map { entry.sample.boottime > $0.sample.boottime } ?? true
    }

    /// Encodes an event, or a comment that keeps the connection alive.
    private mutating func event(_ entry: History.Entry?) -> [[UInt8]] {
      clock.restart()
      guard let entry else { return [Array(":\n\n".utf8)] }
      // As an event of its own many clients would treat it as an event without data.
      let retry = sent == 0 ? "retry: 1000\n" : ""
      sent += 1
      return [
        Array("\(retry)id: \(entry.sample.timestamp.rfc3339)\ndata: ".utf8), SampleJSON.bytes(of: entry),
        Array("\n\n".utf8),
      ]
    }
  }
}

/// Signals that a connection was idle for a while; uses one sleeping task.
private final class IdleTimer: Sendable {
  private final class LastWrite: Sendable {
    let at = Mutex(ContinuousClock.now)
  }

  private let silence: Duration
  private let lastWrite = LastWrite()
  private let task: Task<Void, Never>

  init(_ silence: Duration, _ tell: @escaping @Sendable () -> Void) {
    self.silence = silence
    task = Task { [lastWrite] in
      while !Task.isCancelled {
        let due = lastWrite.at.withLock { $0 } + silence
        if due <= ContinuousClock.now {
          tell()
          try? await Task.pause(silence)
        } else {
          try? await Task.pause(due - ContinuousClock.now)
        }
      }
    }
  }

  deinit {
    task.cancel()
  }

  /// Restarts the idle time after a write.
  func restart() {
    lastWrite.at.withLock { $0 = .now }
  }

  var isSilent: Bool {
    lastWrite.at.withLock { $0 } + silence <= ContinuousClock.now
  }
}
