/// Connections of the agent's HTTP server.
package struct ServerStatus: MetricGroup, Hashable {
  /// Open connections.
  package var connections = 0
  /// Connections that were answered with 503 or closed because the server had no room for them.
  package var refused = 0
  /// Idle connections that were closed for new ones.
  package var evicted = 0

  package init() {}

  static let table = Table<ServerStatus>([
    .gauge("connections", .count, "Open connections to the HTTP server", source: "the agent", \.connections),
    .counter(
      "refused_connections_total", .count, "Connections refused for lack of room", source: "the agent", \.refused),
    .counter(
      "evicted_connections_total", .count, "Idle connections closed for new ones", source: "the agent", \.evicted),
  ])
}
