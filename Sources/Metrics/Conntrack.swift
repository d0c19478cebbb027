/// The firewall's table of tracked connections; a level, so that Reading and Sample hold the same.
///
/// A full table drops packets of new connections ("nf_conntrack: table full, dropping packet").
package struct Conntrack: MetricGroup, Hashable {
  /// Connections in the table.
  package var entries = Double.nan
  /// Connections that fit into the table.
  package var limit = Double.nan

  package var usage: Double { share(entries, of: limit) }

  package init() {}

  package init(entries: Double, limit: Double) {
    self.entries = entries
    self.limit = limit
  }

  package static let table = Table<Conntrack>([
    .gauge(
      "entries", .count, "Connections tracked by the firewall",
      source: "/proc/sys/net/netfilter/nf_conntrack_count", \.entries
    ).titled("Connections", "接続数"),
    .gauge(
      "limit", .count, "Connections that the firewall's table can hold",
      source: "/proc/sys/net/netfilter/nf_conntrack_max", \.limit
    ).titled("Limit", "上限"),
    .gauge("usage", .ratio, "Share of the firewall's connection table in use", source: "entries ÷ limit", \.usage)
      .titled("Connection table", "接続テーブル"),
  ])
}
