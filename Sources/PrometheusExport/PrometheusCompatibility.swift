/// Whose names besides the agent's own a scrape tells, so that dashboards made for others go on to work.
package enum PrometheusCompatibility: String, Sendable, CaseIterable {
  /// Nobody's: `agent_…` and `process_…` only.
  case none
  /// node_exporter's, as the dashboard "Node Exporter Full" asks for them.
  case node
  /// dcgm-exporter's, as the dashboard "NVIDIA DCGM Exporter" asks for them.
  case dcgm
  /// Both.
  case all

  package var hasNode: Bool { self == .node || self == .all }
  package var hasDCGM: Bool { self == .dcgm || self == .all }
}
