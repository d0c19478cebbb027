/// A format in which Prometheus takes its samples.
package enum ExpositionFormat: Sendable, CaseIterable {
  /// Prometheus' text format, version 0.0.4.
  case text
  /// OpenMetrics, version 1.0.0.
  case openMetrics

  /// Its media type with its version.
  package var contentType: String {
    switch self {
    case .text: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}
