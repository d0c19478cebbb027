/// Metric names of other exporters in a scrape, so that existing dashboards work.
package enum PrometheusCompatibility: String, Sendable, CaseIterable {
  /// None: only `agent_…` and `process_…`.
  case none
  /// node_exporter's, as used by the dashboard "Node Exporter Full".
  case node
  /// dcgm-exporter's, as used by the dashboard "NVIDIA DCGM Exporter".
  case dcgm
  /// Both.
  case all
  /// node_exporter's and cadvisor's, as used by dashboards of containers; not where a kubelet is scraped, too.
  case cadvisor

  package var hasNode: Bool { self == .node || self == .all || self == .cadvisor }
  package var hasCadvisor: Bool { self == .cadvisor }
  package var hasDCGM: Bool { self == .dcgm || self == .all }
}
