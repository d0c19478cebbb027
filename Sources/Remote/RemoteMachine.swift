package import AgentMetrics
package import ClientHTTP
package import Collect
package import Query
package import SampleStore
internal import Synchronization
internal import SystemIO

/// Another agent's machine: its samples, fetched over HTTP, in a History of this process.
///
/// First the samples in the agent's memory are fetched, then a sample for each second arrives over `/metrics/stream`. Those
/// stay for some minutes; the agent's own, whose rates are over its interval, are fetched once a minute. After a cut the
/// client reconnects with increasing back-off and fetches the missed samples; meanwhile the last samples stay.
package final class RemoteMachine: Sendable {
  /// State of the connection to the agent.
  package struct ConnectionState: Sendable, Equatable {
    /// Whether the agent answers.
    package var isConnected = false
    /// Seconds between a sample's timestamp and its arrival; NaN before the first.
    package var lag = Double.nan
    /// Reason for a missing answer, or the fault of an answer, in one line; nil before the first attempt.
    package var reason: String?
    /// Whether the agent requires a token, or another one.
    package var isRefused = false
  }

  /// An invalid address, in one line.
  package struct AddressError: UserError {
    /// The address, with the allowed forms.
    package let description: String
  }

  /// Whether a text is the address of an agent: `http://HOST:PORT`, or parts of it.
  package static func isAddress(_ text: String) -> Bool {
    (try? RemoteURL(text)) != nil
  }

  /// Seconds without a byte after which a connection counts as cut; the agent sends a comment every 15.
  static let silence = 40.0
  /// Initial reconnect delay in seconds; doubles up to ``longestPause``.
  static let firstPause = 0.5
  static let longestPause = 15.0
  /// Minimum seconds between two requests of the agent's own samples; a live track has those of five minutes.
  package static let catchUpPause = 60.0

  /// The agent's address, `http://host:8080`.
  package var url: String { agent.url.text }
  /// The agent's samples: those from its memory in the main track, those of its stream in a live track.
  package let history: History
  /// Requests of the outputs for tracks of its history.
  package let demand: SamplingDemand
  private let agent: RemoteAgent
  private let archive: RemoteArchive
  /// Seconds between the samples in the agent's memory.
  private let agentInterval = Mutex(30.0)
  private let stateBox = Mutex(ConnectionState())
  private let watch: Watch
  private let catchUpPause: Double
  /// Memory costs of the samples in the history.
  private let kept: Mutex<KeptSamples>
  /// The process table, or its failure, while it is cached.
  private let slowTable = Mutex<SlowTable?>(nil)

  /// Monotonic time of the next request of processes' memory after a failure.
  private let memoryPause = Mutex(-Double.infinity)

  /// Seconds from a process table beyond a limit to the next request of it.
  private static let refusalPause = 10.0

  private struct SlowTable {
    let table: Result<ProcessSnapshot, any Error>
    /// By the monotonic clock.
    let end: Double
  }

  /// Creates a machine that is not connected yet.
  ///
  /// - Parameters:
  ///   - address: `http://host:port`, `https://host`, or only `host:port`.
  ///   - transport: the system's client.
  ///   - token: returns the token for a server with `--token-file`, for each request.
  ///   - authorities: file with the CA certificates (PEM) that verify https servers; nil for the system's.
  ///   - capacity: samples kept of its history.
  ///   - catchUpPause: minimum seconds between two requests of the samples that the agent has taken at its own interval.
  /// - Throws: AddressError.
  package convenience init(
    _ address: String, by transport: any ClientTransport, token: @escaping @Sendable () -> String? = { nil },
    authorities: String? = nil, capacity: Int, catchUpPause: Double = RemoteMachine.catchUpPause
  ) throws(AddressError) {
    var url = try RemoteURL(address)
    url.authorities = authorities
    let agent = RemoteAgent(url: url, transport: transport, token: token)
    self.init(agent, capacity: capacity, catchUpPause: catchUpPause)
  }

  /// Creates a machine that is not connected yet.
  package convenience init(
    _ address: RemoteAddress, by transport: any ClientTransport, token: @escaping @Sendable () -> String? = { nil },
    capacity: Int
  ) {
    self.init(RemoteAgent(url: address.url, transport: transport, token: token), capacity: capacity)
  }

  private init(_ agent: RemoteAgent, capacity: Int, catchUpPause: Double = RemoteMachine.catchUpPause) {
    self.agent = agent
    self.catchUpPause = catchUpPause
    history = History(capacity: capacity, interval: 30)
    demand = SamplingDemand(history)
    archive = RemoteArchive(of: agent)
    history.archive = archive
    kept = Mutex(KeptSamples(capacity: Self.keptSamples(capacity)))
    watch = demand.watch(interval: 1)
  }

  /// Current state of the connection.
  package var state: ConnectionState { stateBox.withLock { $0 } }

  /// Follows the agent until the task is cancelled.
  package func run() async {
    async let catchingUp: Void = keepUp()
    await reconnect()
    await catchingUp
  }

  private func reconnect() async {
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
      // Jitter, so that clients of one machine do not all reconnect at the same time.
      let seconds = pause * Double.random(in: 0.75...1.25)
      try? await Task.pause(seconds: seconds)
      pause = min(Self.longestPause, pause * 2)
    }
  }

  /// Returns the table of all processes, from `/processes`.
  ///
  /// A table that takes long to read, also in vain, is cached for a while, so that it costs at most a fifth of a CPU.
  package func processes() async throws -> ProcessSnapshot {
    let start = Clock.monotonic
    if let slow = slowTable.withLock({ $0 }), start < slow.end { return try slow.table.get() }
    let table: Result<ProcessSnapshot, any Error>
    do {
      table = .success(try await fetchProcesses())
    } catch let error as CancellationError {
      throw error
    } catch {
      table = .failure(error)
    }
    let end = Clock.monotonic
    var pause = end - start > 0.5 ? 4 * (end - start) : 0
    // A table beyond a limit is no smaller a second later.
    if case .failure(let failure as RemoteFailure) = table, failure.isRefusal, failure.status == nil {
      pause = max(pause, Self.refusalPause)
    }
    slowTable.withLock { $0 = pause > 0 ? SlowTable(table: table, end: end + pause) : nil }
    return try table.get()
  }

  private func fetchProcesses() async throws -> ProcessSnapshot {
    var table = ProcessSnapshot()
    let rest = try await agent.request("/processes?sort=pid").objects(
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
    // Older agents lack these members.
    table.interval = head?["interval_sec"]?.number ?? .nan
    table.age = head?["age_sec"]?.number ?? .nan
    table.isPartial = head?["partial"]?.bool ?? false
    return table
  }

  /// Returns the memory of processes that tables lack, from `/processes/memory`: of the first ones, if there are many.
  package func memory(of pids: [Int32], _ parts: ProcessMemory.Parts) async throws -> [Int32: ProcessMemory] {
    // Older agents have no such route.
    guard Clock.monotonic >= memoryPause.withLock({ $0 }) else { return [:] }
    let pids = Array(pids.prefix(RemoteLimits.memoryProcesses))
    var found: [Int32: ProcessMemory] = [:]
    for start in stride(from: 0, to: pids.count, by: RemoteLimits.memoryRequest) {
      let some = pids[start..<min(pids.count, start + RemoteLimits.memoryRequest)].map(String.init)
      let target = "/processes/memory?pids=" + some.joined(separator: ",") + "&parts=" + parts.names
      do {
        _ = try await agent.request(target).objects(of: "processes", atMost: RemoteLimits.sample) { object in
          guard found.count < pids.count, let value = JSONValue(object.span),
            let pid = value["pid"]?.number, pid >= 1, pid < 0x8000_0000
          else { return }
          var memory = ProcessMemory()
          memory.shared = value["shared_bytes"]?.number ?? .nan
          memory.proportional = value["pss_bytes"]?.number ?? .nan
          memory.swapped = value["swapped_bytes"]?.number ?? .nan
          found[Int32(pid)] = memory
        }
      } catch {
        memoryPause.withLock { $0 = Clock.monotonic + Self.refusalPause }
        throw error
      }
    }
    return found
  }

  /// Returns the agent's version; nil without an answer.
  package func version() async -> String? {
    guard let bytes = try? await agent.request("/version").body(atMost: 65_536) else { return nil }
    return JSONValue(bytes.span)?["version"]?.text
  }

  /// Returns the newest samples of the agent, oldest first.
  ///
  /// An agent with an archive has far more, but rejects a query for too many.
  ///
  /// - Parameter count: maximum number of samples.
  package func remembered(atMost count: Int) async throws -> [Sample] {
    try await fetchRemembered(atMost: count).samples
  }

  private func fetchRemembered(atMost count: Int) async throws -> (samples: [Sample], kept: KeptSamples) {
    let head = try await agent.request("/metrics/history?seconds=1").body(atMost: 4 * RemoteLimits.sample)
    let interval = max(1, JSONValue(head.span)?["interval_sec"]?.number ?? 30)
    agentInterval.withLock { $0 = interval }
    let range = min(31_622_400, max(1, interval * Double(min(max(1, count), History.maxArchivedSamples - 100))))
    return try await fetchSamples(ofLast: Int(range), atMost: count, every: interval)
  }

  private func fetchSamples(
    ofLast seconds: Int, atMost count: Int, every interval: Double
  ) async throws -> (samples: [Sample], kept: KeptSamples) {
    // An archive may have samples at a finer interval than the current one.
    let limit = max(2 * count, History.maxArchivedSamples) + 100
    var kept = KeptSamples(capacity: limit)
    var found: [Sample] = []
    _ = try await agent.request("/metrics/history?seconds=" + String(seconds)).objects(
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
    // The response omits the samples' intervals, so they are derived from the timestamps.
    for index in found.indices {
      let before = index > 0 ? found[index - 1].timestamp.seconds : -.infinity
      found[index].elapsed = min(max(0, found[index].timestamp.seconds - before), interval * 1.2)
    }
    return (found, kept)
  }

  /// Returns the samples that the agent keeps longer than this process's memory; nil without any.
  ///
  /// - Parameter remembered: result of ``remembered(atMost:)``.
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
      // The newest sample can be shown immediately, however long the rest takes.
      let latest = try await agent.request("/metrics/latest").body(atMost: RemoteLimits.sample)
      if let sample = Sample(json: latest.span) { history.setPreview(sample) }
      // Its age is no latency: it may be as old as the agent's interval.
      stateBox.withLock { $0 = ConnectionState(isConnected: true) }
      let (samples, costs) = try await fetchRemembered(atMost: history.capacity)
      kept.withLock { $0 = costs.newest(Self.keptSamples(history.capacity)) }
      history.restore(samples)
      _ = await longHistory(remembered: samples)
    }
    var request = agent.request("/metrics/stream?interval=1")
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
      if waits { try await Task.pause(seconds: EventRate.pause) }
    }
  }

  private func take(_ data: [UInt8], dropped: Int) throws(RemoteFailure) {
    let entries = SampleReader.Entries()
    guard var sample = Sample(json: data.span, elapsed: 1, entries: entries) else { return }
    try kept.withLock { kept throws(RemoteFailure) in try Self.count(data.count, entries, in: &kept) }
    arrived(sample, notice: dropped > 0 ? "too many events: \(dropped) were dropped" : nil)
    // After a cut, missed samples arrive, which are further apart.
    let step = newest.map { sample.timestamp.seconds - $0.seconds } ?? 1
    if step > 1, step <= agentInterval.withLock({ $0 }) * 1.2 { sample.elapsed = step }
    // Samples sent before a cut are repeated if the clock was set back.
    if let latest = history.latest?.sample.timestamp, sample.timestamp <= latest { return }
    // Where the agent's interval is longer, its samples have rates over that: they are fetched.
    let isMain = agentInterval.withLock { $0 } <= 1
    history.append([(1, sample)] + (isMain ? [(history.interval, sample)] : []))
  }

  // MARK: The agent's own samples

  /// Fetches those that the agent has taken since the last request, until the task is cancelled.
  private func keepUp() async {
    while !Task.isCancelled {
      try? await Task.pause(seconds: max(catchUpPause, agentInterval.withLock { $0 }))
      guard state.isConnected, agentInterval.withLock({ $0 }) > 1 else { continue }
      // A failure is one of the connection, which says so; the next request is for more.
      try? await fetchNew()
    }
  }

  private func fetchNew() async throws {
    guard let newest = history.latest?.sample.timestamp else { return }
    let known = history.all.last?.sample.timestamp
    let interval = agentInterval.withLock { $0 }
    let seconds = min(interval * Double(history.capacity), known.map { newest.seconds - $0.seconds } ?? .infinity)
    guard seconds >= interval else { return }
    let count = Int(seconds / interval) + 2
    let (found, costs) = try await fetchSamples(ofLast: Int(seconds + 2 * interval), atMost: count, every: interval)
    let new = known.map { known in found.filter { $0.timestamp > known } } ?? found
    guard kept.withLock({ $0.add(newest: new.count, of: costs) }) else { return }
    history.extend(new)
  }

  /// Samples of the main track and of one live track.
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
}

extension ProcessMemory.Parts {
  /// The parts as `/processes/memory` names them.
  fileprivate var names: String {
    Self.named.filter { contains($0.part) }.map(\.name).joined(separator: ",")
  }
}
