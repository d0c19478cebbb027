internal import AgentMetrics
internal import History
internal import Logging
internal import Synchronization
internal import SystemIO

/// Sends one receiver the samples of a history, in order, each until the receiver has it or will never take it.
///
/// There is no queue besides the history: the receiver's cursor stands in it, and moves on when a request is answered. At
/// most one request is under way, of at most ``PushTiming/values`` values, so that memory stays what it is whatever the receiver
/// does.
struct Pusher {
  /// Seconds and counts that tests change.
  struct PushTiming: Sendable {
    /// Seconds to the first retry; doubled each time, and a random half to all of it is waited.
    var firstRetry = 1.0
    /// The longest of them where the receiver is unavailable.
    var maxRetry = 60.0
    /// The longest of them where the receiver refuses the request itself.
    var maxHeldRetry = 300.0
    /// The longest `Retry-After` that is honored.
    var maxRetryAfter = 3_600.0
    /// Seconds after which the newer protocol is tried again.
    var upgradeRetry = 3_600.0
    /// Seconds between two requests while catching up.
    var catchUpPace = 0.2
    /// Values in a request; a sample that has more is a request by itself.
    var values = 10_000
    /// Samples in a request.
    var samples = 200
    /// What the receiver is granted.
    var limits = HTTPClient.ClientLimits()
  }

  /// What outlives a loop's turns, and what others look at.
  struct Dependencies: Sendable {
    let target: PushTarget
    let userAgent: String
    let client: HTTPClient
    let wakeup: Wakeup
    let status: SharedStatus
    let cursors: PushCursors?
    let timing: PushTiming
    let logger: Logger
  }

  /// The status, which others read.
  final class SharedStatus: Sendable {
    private let status: Mutex<PushStatus>
    init(_ status: PushStatus) { self.status = Mutex(status) }
    var now: PushStatus { status.withLock { $0 } }
    func update(_ body: (inout PushStatus) -> Void) { status.withLock { body(&$0) } }
  }

  private let dependencies: Dependencies
  private let labels: SeriesLabels
  private var source: PushSource
  /// The form in use, which a receiver may not know.
  private var form: WireFormat
  /// The series that the receiver has of the newest sample it has.
  private var present: Set<PushSeriesKey> = []
  /// Samples in the next request at most; less after one was not taken.
  private var size: Int
  private var retry: Double
  /// Whether dropped samples were logged since a request was taken.
  private var hasLoggedDrop = false
  private var isFailing = false
  /// Kinds of failure that were logged since a request was taken.
  private var loggedFailures: Set<String> = []
  /// The kind of failure now, and the one after which a closed connection has led to an early retry.
  private var failure = ""
  private var earlyRetryFailure: String?
  /// Monotonic time at which the newer protocol is tried again.
  private var upgradeTime = Double.infinity
  /// POSIX time of the newest sample that the receiver may have without having said so: from before a crash, or of a request
  /// without an answer.
  private var mayHave = -Double.infinity
  /// Whether the receiver has taken something in the form in use.
  private var isKnownForm = false

  /// A version of a protocol.
  enum WireFormat: String {
    case remoteWrite2 = "remote-write 2.0"
    case remoteWrite1 = "remote-write 1.0"
    case otlp = "otlp"

    init(_ wanted: PushProtocol) {
      switch wanted {
      case .remoteWrite: self = .remoteWrite2
      case .remoteWrite1: self = .remoteWrite1
      case .otlp: self = .otlp
      }
    }
  }

  init(_ dependencies: Dependencies, source: PushSource) {
    if !source.isNew, dependencies.cursors != nil { mayHave = Clock.realtime }
    self.dependencies = dependencies
    self.source = source
    labels = SeriesLabels(external: dependencies.target.labels)
    form = WireFormat(dependencies.target.format)
    size = dependencies.timing.samples
    retry = dependencies.timing.firstRetry
  }

  private var wakeup: Wakeup { dependencies.wakeup }
  private var status: SharedStatus { dependencies.status }
  private var timing: PushTiming { dependencies.timing }
  private var name: String { dependencies.target.url.description }

  // MARK: The loop

  /// Sends until the bell rings for the end, and then what can be sent at once.
  mutating func run() async {
    await recall()
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
    dependencies.client.close()
  }

  /// What comes after a turn.
  private enum Next: Equatable {
    /// The receiver has all.
    case idle
    /// There is more.
    case more
    /// Another try, at once.
    case again
    /// A try later.
    case wait(Double)
    /// A try later, or as soon as the receiver closes its connection.
    case retry(Double)
  }

  /// Waits to send the same again.
  ///
  /// A receiver that closes the connection meanwhile is being restarted, perhaps with another configuration, so it is tried
  /// immediately and with short waits again: once for each kind of failure, since other receivers close all idle connections.
  private mutating func waitToRetry(_ seconds: Double) async {
    guard earlyRetryFailure != failure else {
      await wakeup.wait(for: .end, atMost: seconds)
      return
    }
    if await wakeup.wait(for: [.end, .disconnect], atMost: seconds).contains(.disconnect) {
      earlyRetryFailure = failure
      retry = timing.firstRetry
    }
  }

  private mutating func turn() async -> Next {
    let sampleBatch: PushSource.Batch
    do {
      let limit = min(size, max(1, timing.values / max(1, present.count)))
      sampleBatch = try await source.next(limit: limit)
    } catch {
      return failed("the archive cannot be read: \(error)", kind: "archive", .failing, after: nil)
    }
    if sampleBatch.isAwaited { return .wait(timing.firstRetry) }
    if let gap = sampleBatch.gap { note(gap, skip: sampleBatch.skip) }
    status.update { status in
      status.pending = sampleBatch.pending
      if sampleBatch.newest.isFinite {
        status.lag = sampleBatch.pending == 0 ? 0 : max(0, sampleBatch.newest - source.cursor.timestamp)
      }
      if sampleBatch.samples.isEmpty, sampleBatch.gap == nil, !isFailing, sampleBatch.newest.isFinite {
        status.state = .live
      }
    }
    guard !sampleBatch.samples.isEmpty else { return sampleBatch.gap == nil ? .idle : .again }
    let next = await deliver(sampleBatch)
    if next == .more, sampleBatch.pending <= sampleBatch.samples.count {
      status.update { status in
        status.state = .live
        status.pending = 0
        status.lag = 0
      }
      return .again
    }
    if next == .more { status.update { $0.state = .catchingUp } }
    return next
  }

  /// Sends some samples; `.more` where the receiver is done with them.
  private mutating func deliver(_ sampleBatch: PushSource.Batch) async -> Next {
    upgrade()
    let batch = PushBatch(sampleBatch.samples, after: present)
    let (disposition, bytes, isCertain) = await post(batch)
    if !isCertain { mayHave = max(mayHave, sampleBatch.samples[sampleBatch.samples.count - 1].timestamp.seconds) }
    switch disposition {
    case .accepted(let values):
      accepted(sampleBatch, batch, values: values ?? batch.count, bytes: bytes)
      return .more
    case .partlyAccepted(let line, let rejected):
      accepted(sampleBatch, batch, values: max(0, batch.count - rejected), bytes: bytes)
      notePartial(sampleBatch, line, .rejected)
      return .more
    case .unsupported(let line): return fallBack(line)
    case .later(let line, let seconds): return failed(line, kind: Self.kind(line), .failing, after: seconds)
    case .held(let line, let seconds): return failed(line, kind: Self.kind(line), .refused, after: seconds)
    case .tooLarge(let line):
      guard sampleBatch.samples.count == 1 else {
        size = max(1, sampleBatch.samples.count / 2)
        return .again
      }
      drop(sampleBatch, line, .rejected)
      return .more
    case .rejected(let line, let reason, let values):
      if form == .remoteWrite2, values == nil, reason == .rejected {
        // A receiver of 1.0 may say so to a message that it cannot read; one of 2.0 reports how much it has written.
        return fallBack(line)
      }
      if let values, values > 0 {
        accepted(sampleBatch, batch, values: values, bytes: bytes)
        notePartial(sampleBatch, line, reason)
        return .more
      }
      guard sampleBatch.samples.count > 1 else {
        if reason == .outOfOrder, sampleBatch.samples[0].timestamp.seconds <= mayHave {
          // It has it, and newer ones, so that to it this one is late.
          move(behind: sampleBatch)
        } else {
          drop(sampleBatch, line, reason)
        }
        return .more
      }
      if reason == .tooOld, await isTooOld(sampleBatch.samples[sampleBatch.samples.count - 1]) {
        drop(sampleBatch, line, reason)
        return .more
      }
      // Of one request all or nothing is taken: one by one, the good ones are.
      size = reason == .tooOld ? 1 : max(1, sampleBatch.samples.count / 2)
      return .again
    }
  }

  private mutating func fallBack(_ line: String) -> Next {
    form = .remoteWrite1
    isKnownForm = false
    upgradeTime = Clock.monotonic + timing.upgradeRetry
    if status.now.format != form.rawValue {
      status.update { $0.format = WireFormat.remoteWrite1.rawValue }
      dependencies.logger.info("push: \(name): using remote write 1.0, the receiver does not support 2.0 (\(line))")
    }
    return .again
  }

  /// Returns to the newer protocol when it is time: the receiver may have been upgraded.
  private mutating func upgrade() {
    guard dependencies.target.format == .remoteWrite, form == .remoteWrite1, Clock.monotonic >= upgradeTime,
      // Not before the samples of the last fallback have been sent.
      isKnownForm || isFailing
    else { return }
    form = .remoteWrite2
    isKnownForm = false
  }

  /// The part of a line that stays the same while a failure lasts; a body may name a time or a request.
  private static func kind(_ line: String) -> String {
    line.hasPrefix("HTTP ") ? String(line.prefix(8)) : line
  }

  /// Whether the receiver would not even take the last of many samples, found out with a series that matters to nobody.
  private mutating func isTooOld(_ sample: Sample) async -> Bool {
    let probe = PushBatch(probeAt: PushBatch.milliseconds(sample.timestamp))
    guard case .rejected(_, .tooOld, _) = await post(probe).disposition else { return false }
    return true
  }

  // MARK: Requests

  /// Sends a batch; `isCertain` is false where the receiver may have taken it whatever the disposition says.
  private func post(_ batch: PushBatch) async -> (disposition: ResponseDisposition, bytes: Int, isCertain: Bool) {
    wakeup.clear(.disconnect)
    let target = dependencies.target
    var headers = [("User-Agent", dependencies.userAgent)]
    headers += target.headers.map { ($0.name, $0.value) }
    do {
      if let value = try target.credentials.header() { headers.append(("Authorization", value)) }
    } catch {
      return (.held(error.description, seconds: nil), 0, true)
    }
    let body: [UInt8]
    switch form {
    case .remoteWrite1:
      body = Snappy.compress(RemoteWrite.version1(batch, labels))
      headers += [
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
      ]
    case .remoteWrite2:
      body = Snappy.compress(RemoteWrite.version2(batch, labels))
      headers += [
        ("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"), ("Content-Encoding", "snappy"),
        ("X-Prometheus-Remote-Write-Version", "2.0.0"),
      ]
    case .otlp:
      body = OTLP.request(batch, labels)
      headers.append(("Content-Type", "application/x-protobuf"))
    }
    do {
      let answer = try await dependencies.client.post(body, headers: headers)
      return (
        ResponseDisposition(answer, to: form, now: Clock.realtime), body.count, !answer.isRepeated
      )
    } catch {
      return (.later(error.description, seconds: nil), body.count, false)
    }
  }

  // MARK: Results

  private mutating func accepted(_ sampleBatch: PushSource.Batch, _ batch: PushBatch, values: Int, bytes: Int) {
    present = batch.present
    isKnownForm = true
    if status.now.format != form.rawValue {
      dependencies.logger.info("push: \(name): using \(form.rawValue)")
    }
    move(behind: sampleBatch)
    size = min(timing.samples, size * 2)
    retry = timing.firstRetry
    hasLoggedDrop = false
    loggedFailures = []
    earlyRetryFailure = nil
    if isFailing {
      isFailing = false
      dependencies.logger.notice("push: \(name): works again, \(Int(status.now.lag)) s behind")
      // The receiver may have been replaced by a newer version.
      if form == .remoteWrite1 { upgradeTime = Clock.monotonic }
    }
    status.update { [form] status in
      status.format = form.rawValue
      status.sentSamples += sampleBatch.samples.count
      status.sentValues += values
      status.sentBytes += bytes
      status.lastSuccess = Clock.realtime
    }
  }

  /// Keeps the samples for a later try.
  private mutating func failed(
    _ line: String, kind: String, _ state: PushStatus.TargetState, after seconds: Double?
  ) -> Next {
    status.update { status in
      status.state = state
      status.failed += 1
      status.lastError = line
      status.lastErrorTime = Clock.realtime
    }
    if loggedFailures.count < Self.maxLoggedFailures, loggedFailures.insert(kind).inserted {
      let place = dependencies.cursors == nil ? "memory" : "the archive"
      dependencies.logger.warning("push: \(name): \(line); samples wait in \(place) and are sent later")
    }
    isFailing = true
    failure = kind
    let longest = state == .refused ? timing.maxHeldRetry : timing.maxRetry
    let wait = min(retry, longest) * Double.random(in: 0.5...1)
    retry = min(retry * 2, longest)
    guard let seconds else { return .retry(wait) }
    return .wait(min(max(seconds, wait), timing.maxRetryAfter))
  }

  private static let maxLoggedFailures = 16

  private mutating func drop(_ sampleBatch: PushSource.Batch, _ line: String, _ reason: PushStatus.Gap.Reason) {
    let gap = PushStatus.Gap(
      from: sampleBatch.samples[0].timestamp.seconds,
      to: sampleBatch.samples[sampleBatch.samples.count - 1].timestamp.seconds, samples: sampleBatch.samples.count,
      reason: reason)
    status.update { $0.add(gap) }
    move(behind: sampleBatch)
    logDrop(line)
  }

  /// Notes that some values of an accepted request were not taken.
  private mutating func notePartial(_ sampleBatch: PushSource.Batch, _ line: String, _ reason: PushStatus.Gap.Reason) {
    status.update { status in
      status.add(
        PushStatus.Gap(
          from: sampleBatch.samples[0].timestamp.seconds, to: source.cursor.timestamp, samples: 0, reason: reason))
    }
    logDrop(line)
  }

  /// Logs dropped samples once, until a request is accepted again.
  private mutating func logDrop(_ line: String) {
    status.update { status in
      status.lastError = line
      status.lastErrorTime = Clock.realtime
    }
    if !hasLoggedDrop {
      hasLoggedDrop = true
      dependencies.logger.error("push: \(name): samples are dropped, the receiver rejects them: \(line)")
    }
  }

  private mutating func note(_ gap: PushStatus.Gap, skip: Double?) {
    status.update { $0.add(gap) }
    if let skip { source.move(to: skip) }
    dependencies.logger.error(
      "push: \(name): \(gap.samples) samples after \(Timestamp(seconds: gap.from).rfc3339) are lost; they are kept no more"
    )
    noteCursor()
  }

  private var history: History { source.history }

  private mutating func move(behind sampleBatch: PushSource.Batch) {
    for sample in sampleBatch.samples { source.move(behind: sample, isFromMemory: sampleBatch.isFromMemory) }
    noteCursor()
  }

  private func noteCursor(isUrgent: Bool = false) {
    let time = source.cursor.timestamp
    guard time.isFinite else { return }
    status.update { $0.cursor = time }
    dependencies.cursors?.set(
      dependencies.target.url.full, PushBatch.milliseconds(Timestamp(seconds: time)), isUrgent: isUrgent)
  }

  // MARK: Beginning and end

  /// The series of the sample at the cursor, so that those that have ended since are told.
  private mutating func recall() async {
    let time = source.cursor.timestamp
    guard time.isFinite, let entry = await history.archivedEntry(at: Timestamp(seconds: time + 0.000_5)),
      abs(entry.sample.timestamp.seconds - time) < 0.001
    else { return }
    present = PushBatch([entry.sample], after: []).present
  }

  /// Sends what waits as long as the receiver takes it, and then that all series have ended.
  private mutating func finish() async {
    guard !isFailing else { return end() }
    while !Task.isCancelled {
      guard let sampleBatch = try? await source.next(limit: timing.samples), sampleBatch.gap == nil,
        !sampleBatch.isAwaited
      else {
        return end()
      }
      guard !sampleBatch.samples.isEmpty else { break }
      var next = await deliver(sampleBatch)
      if next == .again { next = await deliver(sampleBatch) }
      guard next == .more else { return end() }
    }
    if !present.isEmpty, !Task.isCancelled {
      // Between the last sample and the next that there may be.
      let time = PushBatch.milliseconds(Timestamp(seconds: source.cursor.timestamp)) &+ 1
      _ = await post(PushBatch(endOf: present, at: time))
    }
    end()
  }

  private func end() {
    noteCursor(isUrgent: true)
    let pending = status.now.pending
    if isFailing, pending > 0 {
      let fate = dependencies.cursors == nil ? "are lost" : "wait in the archive"
      dependencies.logger.warning("push: \(name): \(pending) samples that were not sent \(fate)")
    }
  }
}
