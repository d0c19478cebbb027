package import AgentMetrics
internal import Synchronization

extension History {
  /// A sample with its cached JSON.
  package final class Entry: Sendable {
    package let sample: Sample
    private let text = Mutex(Text())
    private let scans: Mutex<ProcessSpan?>

    init(_ sample: Sample, processes: ProcessSpan? = nil) {
      self.sample = sample
      scans = Mutex(processes)
    }

    /// Scans that the sample's processes are derived from; nil once its track has a newer sample.
    package var processes: ProcessSpan? { scans.withLock { $0 } }

    /// Frees the scans.
    func releaseProcesses() {
      scans.withLock { $0 = nil }
    }

    /// Runs `body` with the cached text, under a lock, so that concurrent callers encode it once.
    package func withText<Result>(_ body: (inout Text) -> Result) -> Result {
      text.withLock { body(&$0) }
    }

    /// Frees the text that only the newest sample keeps.
    func release() {
      text.withLock { text in
        text.isNewest = false
        text.plain = nil
      }
    }
  }

  /// Cached JSON of a sample, encoded by its first reader.
  package struct Text: Sendable {
    /// Plain text; kept while the sample is the newest, or older samples are requested repeatedly.
    package var plain: [UInt8]?
    /// Compressed text, a fifth of that; kept as long as the sample.
    package var block: Block?
    /// Whether the sample is the newest.
    package fileprivate(set) var isNewest = true
  }

  /// Independently compressed bytes, which can be joined with others in one stream.
  package struct Block: Sendable {
    /// Deflate blocks (RFC 1951) that end on a byte boundary.
    package let deflated: [UInt8]
    /// Number of bytes before compression.
    package let count: Int
    /// CRC-32 of the bytes before compression.
    package let crc: UInt32

    package init(deflated: [UInt8], count: Int, crc: UInt32) {
      self.deflated = deflated
      self.count = count
      self.crc = crc
    }
  }
}
