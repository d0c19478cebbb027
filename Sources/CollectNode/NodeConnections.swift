internal import Collect
internal import NodeMetrics
internal import SystemIO

/// TCP connections by state, from /proc/net/tcp and /proc/net/tcp6.
///
/// The kernel scans its whole hash table for each list, which on a machine with much memory takes milliseconds even
/// with few connections. So they are counted once a minute at most, on a background thread, and not at all above a
/// limit, since each would be 150 bytes of text.
final class NodeConnections: Sendable {
  /// Maximum number of connections that are counted.
  static let limit: UInt64 = 5_000
  /// Seconds between two counts.
  static let period = 60.0

  private let source: BlockingSource<NodeReading.SocketTotals>
  private let countHere: (@Sendable () throws -> NodeReading.SocketTotals)?

  init(root: String, isLive: Bool) {
    let count: @Sendable () throws -> NodeReading.SocketTotals = {
      let buffer = ReadBuffer()
      var totals = NodeReading.SocketTotals()
      var isThere = false
      for name in ["tcp", "tcp6"] {
        let list = PersistentFile(root + "/proc/net/" + name)
        if list.readIfPresent(into: buffer, { totals.add($0) }) != nil { isThere = true }
      }
      guard isThere else { throw CollectorError("no /proc/net/tcp") }
      return totals
    }
    source = BlockingSource(count)
    countHere = isLive ? nil : count
  }

  /// The last count; nil if it is too old.
  ///
  /// - Parameter count: how many connections there are.
  func totals(count: UInt64) -> NodeReading.SocketTotals? {
    guard count <= Self.limit else { return nil }
    if let countHere { return try? countHere() }
    var latest = source.answer(waiting: 0)
    let age = Clock.boottime - latest.instant
    if !(age < Self.period) {
      source.ask()
      // The first scrape waits for it; later ones get the count before.
      latest = source.answer(waiting: latest.answer == nil ? 0.25 : 0)
    }
    return Clock.boottime - latest.instant < 3 * Self.period ? latest.answer : nil
  }
}
