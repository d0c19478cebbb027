internal import Collect
internal import PrometheusExport
internal import SystemIO

/// TCP's connections by state, of /proc/net/{tcp,tcp6}.
///
/// The kernel scans its whole table of connections for each list, which on a machine with much memory takes
/// milliseconds even for few connections. So they are counted at most once a minute, on a thread of its own, and not at
/// all if there are many, since each adds 150 bytes of text.
final class NodeConnections: Sendable {
  /// Maximum number of connections that are counted.
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
  /// - Parameter count: current number of connections.
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
      // The first scrape waits for it; later ones get the previous count.
      latest = source.answer(waiting: latest.answer == nil ? 0.25 : 0)
    }
    guard Clock.boottime - latest.instant < 3 * Self.period else { return }
    latest.answer?.writeConnections(to: &exposition)
  }
}
