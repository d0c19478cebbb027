package import AgentMetrics
package import Collect
internal import KernelFiles
internal import SystemIO

/// The firewall's connection table: /proc/sys/net/netfilter/nf_conntrack_count and nf_conntrack_max.
///
/// Absent without the module nf_conntrack. The table is that of the agent's network namespace.
package final class ConntrackCollector: Collector {
  package let name = "conntrack"

  private let buffer = ReadBuffer(capacity: 64)
  private var count: BackoffFile
  private var limit: BackoffFile

  /// Creates a collector that reads /proc under `root`.
  package init(root: String) {
    count = BackoffFile(root + "/proc/sys/net/netfilter/nf_conntrack_count")
    limit = BackoffFile(root + "/proc/sys/net/netfilter/nf_conntrack_max")
  }

  /// Reads both files into `reading.conntrack`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.conntrack = nil
    guard let entries = try number(&count) else { return }
    reading.conntrack = Conntrack(entries: entries, limit: try number(&limit) ?? .nan)
  }

  private func number(_ file: inout BackoffFile) throws(CollectorError) -> Double? {
    try file.read(into: buffer) { bytes in
      NumberParser.number(bytes).flatMap { $0 >= 0 ? Double($0) : nil }
    } ?? nil
  }
}
