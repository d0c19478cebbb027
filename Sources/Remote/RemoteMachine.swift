package import AgentMetrics
package import History
internal import Synchronization
internal import SystemIO

/// Another agent's machine: its samples, fetched over HTTP, in a History of this process.
///
/// First comes what the agent remembers, then each sample as it is made, over `/metrics/stream`. When the connection is
/// cut it is made anew, after ever longer pauses, and what was missed is fetched; meanwhile the last samples stand.
package final class RemoteMachine: Sendable {
  /// How the agent is reached.
  package struct ConnectionState: Sendable, Equatable {
    /// Whether it answers.
    package var isConnected = false
    /// Seconds between a sample's moment and its arrival; NaN before the first.
    package var lag = Double.nan
    /// Why it does not answer, or the fault of its answers, in one line; nil before the first try.
    package var reason: String?
    /// Whether it wants a token, or another one.
    package var isRefused = false
  }

  /// What is wrong with an address, in one line.
  package struct AddressError: Error, CustomStringConvertible {
    /// The address, and what would be allowed.
    package let description: String
  }

  /// Seconds without a byte after which a connection counts as cut; the agent sends a comment every 15.
  static let silence = 40.0
  /// Seconds to the first new try after a cut; then twice that, up to ``longestPause``.
  static let firstPause = 0.5
  static let longestPause = 15.0

  /// The agent's address, `http://host:8080`.
  package var url: String { address.text }
  /// Its samples; the main track holds what it remembered, a live one what it tells now.
  package let history: History
  private let address: RemoteURL
  private let token: @Sendable () -> String?
  private let archive: RemoteArchive
  /// Seconds between two samples that the agent keeps.
  private let agentInterval = Mutex(30.0)
  private let stateBox = Mutex(ConnectionState())
  private let watch: History.Watch
  /// The samples that the history has, by their costs.
  private let kept: Mutex<KeptSamples>
  /// The table of processes while it is used again.
  private let slowTable = Mutex<SlowTable?>(nil)

  private struct SlowTable {
    let table: ProcessSnapshot
    /// By the monotonic clock.
    let end: Double
  }

  /// A machine that is not asked yet.
  ///
  /// - Parameters:
  ///   - address: `http://host:port`, `https://host`, or only `host:port`.
  ///   - token: returns the token for a server with `--token-file`, for each request.
  ///   - capacity: samples kept of its history.
  /// - Throws: AddressError.
  package convenience init(
    _ address: String, token: @escaping @Sendable () -> String? = { nil }, capacity: Int
  ) throws(AddressError) {
    self.init(try RemoteURL(address), token: token, capacity: capacity)
  }

  private init(_ address: RemoteURL, token: @escaping @Sendable () -> String?, capacity: Int) {
    self.address = address
    self.token = token
    history = History(capacity: capacity, interval: 30)
    archive = RemoteArchive(url: address, token: token)
    history.archive = archive
    kept = Mutex(KeptSamples(capacity: Self.keptSamples(capacity)))
    watch = history.watch(interval: 1)
  }

  /// How it is reached now.
  package var state: ConnectionState { stateBox.withLock { $0 } }

  /// Asks it until the task is cancelled.
  package func run() async {
    var pause = Self.firstPause
    while !Task.isCancelled {
      let before = newest
      do {
        try await follow()
        lose("the connection was closed")
      } catch {
        let failure = error as? RemoteFailure
        lose(RemoteRequest.line(of: error), isRefused: failure?.wantsToken ?? false)
        if failure?.isRefusal == true { pause = Self.longestPause }
      }
      if newest != before { pause = Self.firstPause }
      // Many that watch one machine do not come back all at once.
      let seconds = pause * Double.random(in: 0.75...1.25)
      try? await Task.sleep(for: .milliseconds(Int(seconds * 1_000)))
      pause = min(Self.longestPause, pause * 2)
    }
  }

  /// The table of all its processes, as `/processes` returns it.
  ///
  /// One that takes long to read is used for a while, so that it costs a fifth of a CPU at most.
  package func processes() async throws -> ProcessSnapshot {
    let start = Clock.monotonic
    if let slow = slowTable.withLock({ $0 }), start < slow.end { return slow.table }
    var table = ProcessSnapshot()
    let rest = try await request("/processes?sort=pid").objects(
      of: "processes", atMost: RemoteLimits.processes
    ) { object in
      guard table.processes.count < RemoteLimits.processRows else {
        throw RemoteFailure(description: "more than \(RemoteLimits.processRows) processes", isRefusal: true)
      }
      guard let value = JSONValue(object.span, longestString: RemoteLimits.string) else { return }
      table.processes.append(Process.table.read(from: SampleReader(value: value)))
    }
    let head = JSONValue(rest.span, longestString: RemoteLimits.string)
    let timestamp = (head?["timestamp"]?.text).flatMap { Timestamp(rfc3339: $0) }
    table.timestamp = timestamp ?? Timestamp(seconds: Clock.realtime)
    // Agents before these members leave them out.
    table.interval = head?["interval_sec"]?.number ?? .nan
    table.age = head?["age_sec"]?.number ?? .nan
    table.isPartial = head?["partial"]?.bool ?? false
    let end = Clock.monotonic
    let slow = end - start > 0.5 ? SlowTable(table: table, end: end + 4 * (end - start)) : nil
    slowTable.withLock { $0 = slow }
    return table
  }

  /// Its version; nil where it does not answer.
  package func version() async -> String? {
    guard let bytes = try? await request("/version").body(atMost: 65_536) else { return nil }
    return JSONValue(bytes.span)?["version"]?.text
  }

  /// The newest samples that the agent keeps, oldest first.
  ///
  /// It has far more where it has an archive, which tells nothing at all rather than so much at once.
  ///
  /// - Parameter count: so many at most.
  package func remembered(atMost count: Int) async throws -> [Sample] {
    try await fetchRemembered(atMost: count).samples
  }

  private func fetchRemembered(atMost count: Int) async throws -> (samples: [Sample], kept: KeptSamples) {
    let head = try await request("/metrics/history?seconds=1").body(atMost: 4 * RemoteLimits.sample)
    let interval = max(1, JSONValue(head.span)?["interval_sec"]?.number ?? 30)
    agentInterval.withLock { $0 = interval }
    let range = min(31_622_400, max(1, interval * Double(min(max(1, count), History.maxArchivedSamples - 100))))
    // An archive may have finer samples than the interval of now.
    let limit = max(2 * count, History.maxArchivedSamples) + 100
    var kept = KeptSamples(capacity: limit)
    var found: [Sample] = []
    _ = try await request("/metrics/history?seconds=" + String(Int(range))).objects(
      of: "samples", atMost: RemoteLimits.history(samples: count)
    ) { object in
      guard found.count < limit else {
        throw RemoteFailure(description: "a history of more than \(limit) samples", isRefusal: true)
      }
      let entries = SampleReader.Entries()
      guard let sample = Sample(json: object.span, entries: entries) else { return }
      try Self.count(object.count, entries, in: &kept)
      found.append(sample)
    }
    // How long each stands for is not told, but how far apart they stand.
    for index in found.indices {
      let before = index > 0 ? found[index - 1].timestamp.seconds : -.infinity
      found[index].elapsed = min(max(0, found[index].timestamp.seconds - before), interval * 1.2)
    }
    return (found, kept)
  }

  /// What it keeps longer than this process remembers; nil where that is nothing.
  ///
  /// - Parameter remembered: what ``remembered(atMost:)`` has told.
  package func longHistory(remembered: [Sample]) async -> (any SampleArchive)? {
    await archive.refresh(remembered: remembered.first?.timestamp.seconds)
    return archive.oldest == nil ? nil : archive
  }

  // MARK: Following

  private var newest: Timestamp? {
    history.latest?.sample.timestamp ?? history.all.last?.sample.timestamp
  }

  private func follow() async throws {
    if history.count == 0 {
      // The newest alone is there at once, however long the rest takes.
      let latest = try await request("/metrics/latest").body(atMost: RemoteLimits.sample)
      if let sample = Sample(json: latest.span) { history.setPreview(sample) }
      let (samples, costs) = try await fetchRemembered(atMost: history.capacity)
      kept.withLock { $0 = costs.newest(Self.keptSamples(history.capacity)) }
      history.restore(samples)
      if let newest = samples.last { arrived(newest) }
      _ = await longHistory(remembered: samples)
    }
    var request = request("/metrics/stream?interval=1")
    request.silence = Self.silence
    request.isStream = true
    if let newest { request.headers.append(("Last-Event-ID", newest.rfc3339)) }
    var parser = EventStreamParser()
    var rate = EventRate(burst: Self.keptSamples(history.capacity), at: Clock.monotonic)
    try await request.send { [self] bytes in
      guard let events = parser.add(bytes.span) else {
        throw RemoteFailure(
          description: "an event of more than " + RemoteLimits.text(EventStreamParser.limit), isRefusal: true)
      }
      let (taken, waits) = rate.take(events, bytes: bytes.count, at: Clock.monotonic)
      for event in taken { try take(event.data, dropped: rate.dropped) }
      if waits { try await Task.sleep(for: .milliseconds(Int(EventRate.pause * 1_000))) }
    }
  }

  private func take(_ data: [UInt8], dropped: Int) throws(RemoteFailure) {
    let entries = SampleReader.Entries()
    guard var sample = Sample(json: data.span, elapsed: 1, entries: entries) else { return }
    try kept.withLock { kept throws(RemoteFailure) in try Self.count(data.count, entries, in: &kept) }
    arrived(sample, notice: dropped > 0 ? "too many events: \(dropped) were dropped" : nil)
    // After a cut come those that it has kept meanwhile, which stand further apart.
    let step = newest.map { sample.timestamp.seconds - $0.seconds } ?? 1
    if step > 1, step <= agentInterval.withLock({ $0 }) * 1.2 { sample.elapsed = step }
    // What was sent before a cut comes twice where the clock was set back.
    if let latest = history.latest?.sample.timestamp, sample.timestamp <= latest { return }
    // Of the live samples, those of half a minute outlive the others.
    let isKept = Int(sample.timestamp.seconds) % history.interval == 0
    history.append([(1, sample)] + (isKept ? [(history.interval, sample)] : []))
  }

  /// Samples of the main track and of a live one.
  private static func keptSamples(_ capacity: Int) -> Int { capacity + 300 }

  private static func count(
    _ bytes: Int, _ entries: SampleReader.Entries, in kept: inout KeptSamples
  ) throws(RemoteFailure) {
    guard !kept.add(bytes: bytes, entries: entries.count) else { return }
    throw RemoteFailure(
      description: "its samples take more than \(RemoteLimits.text(RemoteLimits.kept)); keep fewer with --history",
      isRefusal: true)
  }

  private func arrived(_ sample: Sample, notice: String? = nil) {
    let lag = Clock.realtime - sample.timestamp.seconds
    stateBox.withLock { $0 = ConnectionState(isConnected: true, lag: lag, reason: notice) }
  }

  private func lose(_ reason: String, isRefused: Bool = false) {
    stateBox.withLock { state in
      state.isConnected = false
      state.reason = reason
      state.isRefused = isRefused
    }
  }

  private func request(_ target: String) -> RemoteRequest {
    .asking(address, target, token: token())
  }
}
