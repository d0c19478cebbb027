/// Bounds of what another agent may send: a broken or hostile one must not fill this process.
///
/// Beyond them the connection is closed, and the host's row says why.
enum RemoteLimits {
  /// Bytes of a sample's JSON; 256 CPUs take 26 kB.
  static let sample = 1 << 20
  /// Entries of all lists of a sample together; further ones are left out.
  static let entries = 16_384
  /// Bytes of a string, as long as a command line is here; the rest is left out.
  static let string = 4_096
  /// Bytes of the table of processes, and its rows.
  static let processes = 32 << 20
  static let processRows = 50_000
  /// Bytes of an answer with columns.
  static let columns = 64 << 20
  /// How many times larger a compressed answer may become; each read is decompressed as a whole.
  static let compression = 200
  /// Estimated bytes of the samples that are kept of one agent.
  static let kept = 384 << 20

  /// Bytes of a history of so many samples.
  static func history(samples: Int) -> Int {
    min(512 << 20, max(16 << 20, samples * (128 << 10)))
  }

  /// Seconds from a request to the header of its answer.
  static let answer = 10.0
  /// Bytes that must come in the time of ``RemoteRequest/silence``.
  static let progress = 1_024

  /// Bytes as a text in messages.
  static func text(_ bytes: Int) -> String {
    bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
  }
}

/// Limits the events of a stream that are parsed: a token bucket that lets a backlog through and then a steady rate.
///
/// An agent sends an event each second. Reading a flood slowly makes TCP slow its sender down.
struct EventRate {
  /// Events, and their bytes, a second.
  static let (events, bytes) = (20.0, 2_097_152.0)
  /// Seconds to wait before more is read where the rate is exceeded.
  static let pause = 0.1

  private let burst: Double
  private let burstBytes: Double
  private var eventsLeft: Double
  private var bytesLeft: Double
  private var time: Double
  /// Events that were left out.
  private(set) var dropped = 0

  /// - Parameters:
  ///   - burst: events that may come together, as after a cut.
  ///   - now: the monotonic clock.
  init(burst: Int, at now: Double) {
    self.burst = Double(burst)
    burstBytes = 64 * 1_048_576
    eventsLeft = self.burst
    bytesLeft = burstBytes
    time = now
  }

  /// The events to be parsed of those that came together, and whether to wait before reading on.
  ///
  /// Beyond the rate that is only the newest.
  mutating func take(
    _ events: [EventStreamParser.ServerSentEvent], bytes: Int, at now: Double
  ) -> (events: ArraySlice<EventStreamParser.ServerSentEvent>, waits: Bool) {
    let elapsed = max(0, now - time)
    time = now
    eventsLeft = min(burst, eventsLeft + elapsed * Self.events) - Double(events.count)
    bytesLeft = min(burstBytes, bytesLeft + elapsed * Self.bytes) - Double(bytes)
    if eventsLeft >= 0, bytesLeft >= 0 { return (events[...], false) }
    // Not below a second's worth, or a flood would be paid for long after its end.
    eventsLeft = max(eventsLeft, -Self.events)
    bytesLeft = max(bytesLeft, -Self.bytes)
    dropped += max(0, events.count - 1)
    return (events.suffix(1), true)
  }
}

/// An estimate of the memory that the newest samples of an agent take.
struct KeptSamples {
  private var costs: [Int] = []
  private var next = 0
  private let capacity: Int
  private var total = 0

  /// - Parameter capacity: samples that are kept.
  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  /// The newest so many of them.
  func newest(_ count: Int) -> KeptSamples {
    var result = KeptSamples(capacity: count)
    result.costs = Array((costs[next...] + costs[..<next]).suffix(result.capacity))
    result.total = result.costs.reduce(0, +)
    return result
  }

  /// Counts a sample in; false where all together take more than ``RemoteLimits/kept``.
  mutating func add(bytes: Int, entries: Int) -> Bool {
    let cost = bytes + entries * 128
    if costs.count < capacity {
      costs.append(cost)
    } else {
      total -= costs[next]
      costs[next] = cost
      next = (next + 1) % capacity
    }
    total += cost
    return total <= RemoteLimits.kept
  }
}
