public import AgentMetrics
internal import Synchronization

extension History {
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
    func release() {
      encoded.withLock { $0 = .notKept }
    }
  }
}
