package import AgentMetrics
internal import Synchronization

extension History {
  /// A sample, and its JSON once somebody has asked for it.
  package final class Entry: Sendable {
    package let sample: Sample
    private let text = Mutex(Text())
    private let scans: Mutex<ProcessSpan?>

    init(_ sample: Sample, processes: ProcessSpan? = nil) {
      self.sample = sample
      scans = Mutex(processes)
    }

    /// The scans that the sample's processes are derived from; nil once its track has a newer sample.
    package var processes: ProcessSpan? { scans.withLock { $0 } }

    /// Gives the memory of the scans back.
    func releaseProcesses() {
      scans.withLock { $0 = nil }
    }

    /// Runs `body` with what is kept of the sample's text; one caller at a time, so that it is made once.
    package func withText<Result>(_ body: (inout Text) -> Result) -> Result {
      text.withLock { body(&$0) }
    }

    /// Gives memory back that only the newest sample is worth.
    func release() {
      text.withLock { text in
        text.isNewest = false
        text.plain = nil
      }
    }
  }

  /// A sample's JSON as it is kept, made by whoever asks first.
  package struct Text: Sendable {
    /// As it is; kept while the sample is the newest, or the past is asked for again and again.
    package var plain: [UInt8]?
    /// Compressed, a fifth of that; kept as long as the sample.
    package var block: Block?
    /// Whether the sample is the newest.
    package fileprivate(set) var isNewest = true
  }

  /// Bytes that were compressed by themselves, so that they may stand between others in one stream.
  package struct Block: Sendable {
    /// Deflate blocks (RFC 1951) that end on a byte.
    package let deflated: [UInt8]
    /// How many bytes they stand for.
    package let count: Int
    /// CRC-32 of those.
    package let crc: UInt32

    /// A block.
    package init(deflated: [UInt8], count: Int, crc: UInt32) {
      self.deflated = deflated
      self.count = count
      self.crc = crc
    }
  }
}
