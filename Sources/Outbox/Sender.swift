internal import AgentMetrics
internal import Logging
internal import SystemIO

/// Seconds and counts of sending that tests change.
struct PushTiming: Sendable {
  /// Seconds to the first retry; see ``Backoff``.
  var firstRetry = 1.0
  /// Maximum seconds between retries where the receiver is unavailable.
  var maxRetry = 60.0
  /// Maximum seconds between retries where the receiver refuses the request itself.
  var maxHeldRetry = 300.0
  /// Maximum `Retry-After` that is honored.
  var maxRetryAfter = 3_600.0
  /// Seconds between two requests while catching up.
  var catchUpPace = 0.2
  /// Maximum values in a request; a sample with more is a request of its own.
  var values = 10_000
  /// Maximum samples in a request.
  var samples = 200
}

/// Sends one receiver the samples of its outbox, in order, each until the receiver accepts it or never will.
///
/// At most one request is under way, of at most ``PushTiming/values`` values, so that memory is bounded whatever the
/// receiver does.
struct Sender {
  private var outbox: Outbox
  private var sink: any Sink
  private let wakeup: Wakeup
  private let timing: PushTiming
  private let logger: Logger
  private var backoff: Backoff
  /// Maximum samples in the next request; reduced after a rejected one.
  private var size: Int
  private var isFailing = false
  /// Whether dropped samples were logged since the last accepted request.
  private var hasLoggedDrop = false
  private var throttle = LogThrottle()
  /// Kinds of failure that were logged since the last accepted request.
  private var loggedFailures: Set<String> = []
  /// The kind of the current failure, and the one after which a closed connection has led to an early retry.
  private var failure = ""
  private var earlyRetryFailure: String?
  /// POSIX time of the newest sample that the receiver may have without having confirmed it: from before a crash, or of
  /// a request without an answer.
  private var mayHave = -Double.infinity

  init(_ outbox: Outbox, _ sink: any Sink, wakeup: Wakeup, timing: PushTiming, logger: Logger) {
    if !outbox.isNew, outbox.isPersistent { mayHave = Clock.realtime }
    self.outbox = outbox
    self.sink = sink
    self.wakeup = wakeup
    self.timing = timing
    self.logger = logger
    size = timing.samples
    backoff = Backoff(first: timing.firstRetry)
  }

  private var status: SharedStatus { outbox.status }

  // MARK: The loop

  /// Sends until it is woken for the end, and then the samples that are accepted at the first try.
  mutating func run() async {
    // Series that have ended since the last process are marked as ended.
    if let sample = await outbox.current() { sink.resume(after: sample) }
    while !wakeup.isEnd {
      switch await turn() {
      case .idle: await wakeup.wait(for: [.sample, .end])
      case .more: await wakeup.wait(for: .end, atMost: timing.catchUpPace)
      case .again: break
      case .wait(let seconds): await wakeup.wait(for: .end, atMost: seconds)
      case .retry(let seconds): await waitToRetry(seconds)
      }
    }
    await finish()
    sink.close()
  }

  /// The step after a turn.
  private enum Next: Equatable {
    /// Wait for a sample: the receiver has all.
    case idle
    /// Send the next ones.
    case more
    /// Try again without a wait.
    case again
    /// Try again later.
    case wait(Double)
    /// Try again later, or as soon as the receiver closes its connection.
    case retry(Double)
  }

  /// Waits before a retry.
  ///
  /// A receiver that closes the connection meanwhile is being restarted, perhaps with another configuration, so it is
  /// retried immediately and with short waits again: once per kind of failure, since other receivers close all idle
  /// connections.
  private mutating func waitToRetry(_ seconds: Double) async {
    guard earlyRetryFailure != failure else {
      await wakeup.wait(for: .end, atMost: seconds)
      return
    }
    if await wakeup.wait(for: [.end, .disconnect], atMost: seconds).contains(.disconnect) {
      earlyRetryFailure = failure
      backoff.reset()
    }
  }

  private mutating func turn() async -> Next {
    let batch: Outbox.Batch
    do {
      batch = try await outbox.next(limit: min(size, max(1, timing.values / max(1, sink.valuesPerSample))))
    } catch {
      return failed(Delivery.Failure("the archive cannot be read: \(error)", kind: "archive"))
    }
    if batch.isAwaited { return .wait(timing.firstRetry) }
    if let gap = batch.gap {
      let start = Timestamp(seconds: gap.from).rfc3339
      logger.error(
        "push: samples are lost, they are no longer stored",
        metadata: ["receiver": "\(sink.name)", "samples": "\(gap.samples)", "after": "\(start)"])
    }
    guard !batch.samples.isEmpty else {
      guard batch.gap == nil else { return .again }
      if !isFailing, batch.newest.isFinite { status.update { $0.state = .live } }
      return .idle
    }
    let next = await deliver(batch)
    guard next == .more else { return next }
    guard batch.pending <= batch.samples.count else {
      status.update { $0.state = .catchingUp }
      return .more
    }
    status.update { status in
      status.state = .live
      status.pending = 0
      status.lag = 0
    }
    return .again
  }

  /// Sends some samples; returns `.more` where the receiver will get no more of them.
  private mutating func deliver(_ batch: Outbox.Batch) async -> Next {
    wakeup.clear(.disconnect)
    let delivery = await sink.send(batch.samples)
    status.update { $0.format = sink.format }
    if !delivery.isCertain { mayHave = max(mayHave, batch.samples[batch.samples.count - 1].timestamp.seconds) }
    switch delivery.outcome {
    case .accepted(let values, let bytes, let rejection):
      accepted(batch, values: values, bytes: bytes)
      if let rejection {
        outbox.noteRejection(in: batch, rejection.reason)
        logDrop(rejection.line)
      }
      return .more
    case .changedProtocol: return .again
    case .failed(let failure): return failed(failure)
    case .tooLarge(let rejection):
      guard batch.samples.count == 1 else {
        size = max(1, batch.samples.count / 2)
        return .again
      }
      drop(batch, rejection)
      return .more
    case .rejected(let rejection): return await rejected(batch, rejection)
    }
  }

  // MARK: Results

  private mutating func accepted(_ batch: Outbox.Batch, values: Int, bytes: Int) {
    outbox.confirm(batch)
    size = min(timing.samples, size * 2)
    backoff.reset()
    hasLoggedDrop = false
    loggedFailures = []
    earlyRetryFailure = nil
    if isFailing || throttle.isSilent, throttle.works(at: Clock.monotonic) {
      logger.notice(
        "push: works again", metadata: ["receiver": "\(sink.name)", "lag_seconds": "\(Int(status.now.lag))"])
    }
    isFailing = false
    status.update { status in
      status.sentSamples += Double(batch.samples.count)
      status.sentValues += Double(values)
      status.sentBytes += Double(bytes)
      status.lastSuccess = Clock.realtime
    }
  }

  private mutating func rejected(_ batch: Outbox.Batch, _ rejection: Delivery.Rejection) async -> Next {
    let last = batch.samples[batch.samples.count - 1].timestamp
    guard batch.samples.count > 1 else {
      if rejection.reason == .outOfOrder, last.seconds <= mayHave {
        // The receiver has it, and newer ones.
        outbox.confirm(batch)
      } else {
        drop(batch, rejection)
      }
      return .more
    }
    if rejection.reason == .tooOld {
      wakeup.clear(.disconnect)
      if await sink.isTooOld(last) {
        drop(batch, rejection)
        return .more
      }
    }
    // A request is accepted as a whole or not at all: the good samples are accepted one by one.
    size = rejection.reason == .tooOld ? 1 : max(1, batch.samples.count / 2)
    return .again
  }

  /// Keeps the samples for a later try.
  private mutating func failed(_ failure: Delivery.Failure) -> Next {
    status.update { status in
      status.state = failure.isRefused ? .refused : .failing
      status.failed += 1
      status.lastError = failure.line
      status.lastErrorTime = Clock.realtime
    }
    if loggedFailures.count < Self.maxLoggedFailures, loggedFailures.insert(failure.kind).inserted, mayLogFailure() {
      logger.warning(
        outbox.keepsSamples
          ? "push: failed, samples wait in the archive and are sent later"
          : "push: failed, samples wait in memory and are sent later",
        metadata: ["receiver": "\(sink.name)", "reason": "\(failure.line)"])
    }
    isFailing = true
    self.failure = failure.kind
    let wait = backoff.next(atMost: failure.isRefused ? timing.maxHeldRetry : timing.maxRetry)
    guard let seconds = failure.retryAfter else { return .retry(wait) }
    return .wait(min(max(seconds, wait), timing.maxRetryAfter))
  }

  private static let maxLoggedFailures = 16

  /// Whether a failure that begins is logged; a line announces that the next ones are not.
  private mutating func mayLogFailure() -> Bool {
    let line = throttle.begins(at: Clock.monotonic)
    if line == .lastFailure {
      logger.warning(
        "push: the receiver fails again and again; this is not logged until it works for some minutes",
        metadata: ["receiver": "\(sink.name)"])
    }
    return line != .none
  }

  private mutating func drop(_ batch: Outbox.Batch, _ rejection: Delivery.Rejection) {
    outbox.drop(batch, rejection.reason)
    logDrop(rejection.line)
  }

  /// Logs dropped samples once, until a request is accepted again.
  private mutating func logDrop(_ line: String) {
    status.update { status in
      status.lastError = line
      status.lastErrorTime = Clock.realtime
    }
    if !hasLoggedDrop {
      hasLoggedDrop = true
      guard mayLogFailure() else { return }
      logger.error(
        "push: samples are dropped, the receiver rejects them",
        metadata: ["receiver": "\(sink.name)", "reason": "\(line)"])
    }
  }

  // MARK: The end

  /// Sends the waiting samples while the receiver accepts them, and then the end of all series.
  private mutating func finish() async {
    while !isFailing, !Task.isCancelled {
      guard let batch = try? await outbox.next(limit: timing.samples), batch.gap == nil, !batch.isAwaited else { break }
      guard !batch.samples.isEmpty else {
        await sink.end(after: outbox.timestamp)
        break
      }
      var next = await deliver(batch)
      if next == .again { next = await deliver(batch) }
      guard next == .more else { break }
    }
    outbox.storeCursor(isLast: true)
    let pending = status.now.pending
    if isFailing, pending > 0 {
      logger.warning(
        outbox.keepsSamples
          ? "push: samples that were not sent wait in the archive" : "push: samples that were not sent are lost",
        metadata: ["receiver": "\(sink.name)", "samples": "\(Int(pending))"])
    }
  }
}
