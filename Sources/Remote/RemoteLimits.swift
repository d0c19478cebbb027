/// Limits on data from other agents: a broken or hostile one must not fill this process's memory.
///
/// Beyond them the connection is closed, and the host's row shows the reason.
enum RemoteLimits {
  /// Bytes of a sample's JSON; 256 CPUs take 26 kB.
  static let sample = 1 << 20
  /// List entries per sample, over all lists; further ones are dropped.
  static let entries = 16_384
  /// Bytes of a string, the maximum of a command line here; the rest is cut.
  static let string = 4_096
  /// Bytes and rows of the process table.
  static let processes = 32 << 20
  static let processRows = 50_000
  /// Processes whose memory is asked for at a time, and in one request.
  static let memoryProcesses = 1_000
  static let memoryRequest = 200
  /// Bytes of a response with columns.
  static let columns = 64 << 20
  /// Bytes of a response with events.
  static let events = 16 << 20
  /// Maximum compression ratio; each read is decompressed as a whole.
  static let compression = 200
  /// Estimated bytes of the samples kept per agent.
  static let kept = 384 << 20

  /// Maximum bytes of a history of `samples` samples.
  static func history(samples: Int) -> Int {
    min(512 << 20, max(16 << 20, samples * (128 << 10)))
  }

  /// Seconds from a request to the header of its answer.
  static let answer = 10.0
  /// Minimum bytes per window of ``RemoteRequest/silence``.
  static let progress = 1_024

  /// Formats a size for messages.
  static func text(_ bytes: Int) -> String {
    bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
  }
}

/// Limits the parsed events of a stream: a token bucket that passes a backlog and then a steady rate.
///
/// An agent sends an event per second. Slow reading of a flood makes TCP slow down its sender.
struct EventRate {
  /// Events per second, and their bytes.
  static let (events, bytes) = (20.0, 2_097_152.0)
  /// Seconds to pause reading when the rate is exceeded.
  static let pause = 0.1

  private let burst: Double
  private let burstBytes: Double
  private var eventsLeft: Double
  private var bytesLeft: Double
  private var time: Double
  /// Number of dropped events.
  private(set) var dropped = 0

  /// - Parameters:
  ///   - burst: events that may arrive together, as after a cut.
  ///   - now: the monotonic clock.
  init(burst: Int, at now: Double) {
    self.burst = Double(burst)
    burstBytes = 64 * 1_048_576
    eventsLeft = self.burst
    bytesLeft = burstBytes
    time = now
  }

  /// Selects the events to parse from those that arrived together, and whether to pause reading.
  ///
  /// Beyond the rate, only the newest is selected.
  mutating func take(
    _ events: [EventStreamParser.ServerSentEvent], bytes: Int, at now: Double
  ) -> (events: ArraySlice<EventStreamParser.ServerSentEvent>, waits: Bool) {
    let elapsed = max(0, now - time)
    time = now
    eventsLeft = min(burst, eventsLeft + elapsed * Self.events) - Double(events.count)
    bytesLeft = min(burstBytes, bytesLeft + elapsed * Self.bytes) - Double(bytes)
    if eventsLeft >= 0, bytesLeft >= 0 { return (events[...], false) }
    // At most one second's debt, or a flood would throttle the stream long after its end.
    eventsLeft = max(eventsLeft, -Self.events)
    bytesLeft = max(bytesLeft, -Self.bytes)
    dropped += max(0, events.count - 1)
    return (events.suffix(1), true)
  }
}

/// Estimates the memory of an agent's newest samples.
struct KeptSamples {
  private var costs: [Int] = []
  private var next = 0
  private let capacity: Int
  private var total = 0

  /// - Parameter capacity: number of samples kept.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  /// Returns the costs of the newest `count` samples.
  func newest(_ count: Int) -> KeptSamples {
    var result = KeptSamples(capacity: count)
    result.costs = Array((costs[next...] + costs[..<next]).suffix(result.capacity))
    result.total = result.costs.reduce(0, +)
    return result
  }

  /// Adds a sample; false where the total exceeds ``RemoteLimits/kept``.
  mutating func add(bytes: Int, entries: Int) -> Bool {
    add(bytes + entries * 128)
    return total <= RemoteLimits.kept
  }

  /// Adds the newest `count` of other samples; false where the total exceeds ``RemoteLimits/kept``.
  mutating func add(newest count: Int, of others: KeptSamples) -> Bool {
    for cost in others.newest(count).costs { add(cost) }
    return total <= RemoteLimits.kept
  }

  private mutating func add(_ cost: Int) {
    if costs.count < capacity {
      costs.append(cost)
    } else {
      total -= costs[next]
      costs[next] = cost
      next = (next + 1) % capacity
    }
    total += cost
  }
}
