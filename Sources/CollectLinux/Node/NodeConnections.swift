internal import Collect
internal import PrometheusExport
internal import SystemIO

/// TCP's connections by state, of /proc/net/{tcp,tcp6}.
///
/// The kernel looks through its whole table of connections for each list, which on a machine with much memory takes
/// milliseconds even where there are few. So they are counted once a minute at most, on a thread of its own, and not at all
/// where there are many, of each of which it would make 150 bytes.
final class NodeConnections: Sendable {
  /// Connections from which on they are not counted.
  static let limit: UInt64 = 5_000
  /// Seconds between two counts.
  static let period = 60.0

  private let source: BlockingSource<NodeSockets.Totals>
  private let countHere: (@Sendable () throws -> NodeSockets.Totals)?

  init(root: String, isLive: Bool) {
    let count: @Sendable () throws -> NodeSockets.Totals = {
      let buffer = ReadBuffer()
      var totals = NodeSockets.Totals()
      for name in ["tcp", "tcp6"] {
        _ = PersistentFile(root + "/proc/net/" + name).readIfPresent(into: buffer) { NodeSockets.add($0, to: &totals) }
      }
      guard totals.isThere else { throw CollectorError("no /proc/net/tcp") }
      return totals
    }
    source = BlockingSource(count)
    countHere = isLive ? nil : count
  }

  /// Writes the last count.
  ///
  /// - Parameter count: how many connections there are.
  func write(count: UInt64, to exposition: inout Exposition) {
    guard count <= Self.limit else { return }
    if let countHere {
      if let totals = try? countHere() { totals.writeConnections(to: &exposition) }
      return
    }
    var latest = source.answer(waiting: 0)
    let age = Clock.boottime - latest.instant
    if !(age < Self.period) {
      source.ask()
      // The first scrape waits for it; later ones tell the count of before.
      latest = source.answer(waiting: latest.answer == nil ? 0.25 : 0)
    }
    guard Clock.boottime - latest.instant < 3 * Self.period else { return }
    latest.answer?.writeConnections(to: &exposition)
  }
}
