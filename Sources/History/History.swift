public import AgentMetrics
internal import Synchronization

/// What was sampled: the one place where the sampler puts samples and where every face finds them.
public final class History: Sendable {
  /// A sample, and its JSON once somebody has asked for it.
  public final class Entry: Sendable {
    private enum Encoding: Sendable {
      case none
      case kept([UInt8])
      /// No longer the newest: nobody asks for it again and again, and a whole history's JSON takes megabytes.
      case notKept
    }

    /// The sample.
    public let sample: Sample
    private let encoded = Mutex(Encoding.none)

    init(_ sample: Sample) {
      self.sample = sample
    }

    /// The sample as `encode` makes it; that of the newest sample is made once and served many times.
    public func encoded(by encode: (Sample) -> [UInt8]) -> [UInt8] {
      encoded.withLock { encoding in
        switch encoding {
        case .kept(let bytes): return bytes
        case .notKept: return encode(sample)
        case .none:
          let bytes = encode(sample)
          encoding = .kept(bytes)
          return bytes
        }
      }
    }

    /// Gives the JSON's memory back.
    fileprivate func release() {
      encoded.withLock { $0 = .notKept }
    }
  }

  private struct State {
    var ring: Ring<Entry>
    var preview: Entry?
    var observers: [Int: @Sendable (Entry) -> Void] = [:]
    var nextObserver = 0
  }

  /// Nominal seconds between two samples.
  public let interval: Int
  /// Samples kept at most.
  public let capacity: Int
  private let state: Mutex<State>

  /// An empty history.
  public init(capacity: Int, interval: Int) {
    self.capacity = max(1, capacity)
    self.interval = interval
    state = Mutex(State(ring: Ring(capacity: capacity)))
  }

  /// Adds the newest sample and tells the observers, on the caller's thread.
  public func append(_ sample: Sample) {
    let entry = Entry(sample)
    let (last, observers) = state.withLock { state in
      let last = state.ring.last
      state.ring.append(entry)
      return (last, Array(state.observers.values))
    }
    last?.release()
    for observer in observers { observer(entry) }
  }

  /// The newest; nil before the first.
  public var latest: Entry? {
    state.withLock { $0.ring.last }
  }

  /// What is known before the first sample: levels without rates, for a screen that is drawn at once; nil before that.
  public var preview: Entry? {
    state.withLock { $0.preview }
  }

  /// Sets what is known before the first sample, and tells the observers nothing: it is no sample.
  public func setPreview(_ sample: Sample) {
    let entry = Entry(sample)
    state.withLock { $0.preview = entry }
  }

  /// How many there are.
  public var count: Int {
    state.withLock { $0.ring.count }
  }

  /// The samples of the last `seconds` up to the newest one, oldest first.
  ///
  /// Time is told by the boot-time clock, so that a step of the wall clock neither hides nor invents samples. The
  /// stretch is open at its far end: `seconds` = n × interval gives n samples.
  public func last(seconds: Double) -> [Entry] {
    state.withLock { state in
      let ring = state.ring
      guard let newest = ring.last?.sample.boottime else { return [] }
      var first = ring.count - 1
      // A tick is a few microseconds early or late; it must not fall out for that.
      while first > 0, ring[first - 1].sample.boottime > newest - seconds + 0.05 { first -= 1 }
      return (first..<ring.count).map { ring[$0] }
    }
  }

  /// All samples, oldest first.
  public var all: [Entry] {
    state.withLock { state in (0..<state.ring.count).map { state.ring[$0] } }
  }

  /// Calls `observer` with every new sample, on the sampler's thread, until ``remove(_:)``; it must not block.
  public func observe(_ observer: @escaping @Sendable (Entry) -> Void) -> Int {
    state.withLock { state in
      state.nextObserver += 1
      state.observers[state.nextObserver] = observer
      return state.nextObserver
    }
  }

  /// Ends an observation.
  public func remove(_ observer: Int) {
    state.withLock { state in state.observers[observer] = nil }
  }

  /// The newest sample, waiting for the first one where there is none yet.
  ///
  /// Two quick readings at start make the first one, so that the wait is a fraction of a second.
  public func first() async -> Entry {
    if let latest { return latest }
    let (stream, continuation) = AsyncStream.makeStream(of: Entry.self, bufferingPolicy: .bufferingNewest(1))
    let observer = observe { continuation.yield($0) }
    defer { remove(observer) }
    if let latest { return latest }
    for await entry in stream { return entry }
    // Cancelled: the stream ends only with its task.
    return latest ?? Entry(Sample(from: nil, to: Reading()))
  }
}
