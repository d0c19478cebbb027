/// Every figure that the program knows, joined from the domains' tables.
///
/// Prometheus text, `/catalog`, charts and graphs loop over it; none of them names a metric by hand.
public struct Catalog: Sendable {
  /// One figure, wherever in the Sample it stands.
  public struct Metric: Sendable {
    /// Its path in a Sample's JSON, `ram.used_mb`; that of a list's entry names the list, `disks.busy`.
    public let id: String
    /// Unit, kind, help and source.
    public let definition: Definition
    /// Names of the labels that tell its series apart; empty where there is one.
    public let labels: [String]
    /// Ids of the lists that it stands in, the outermost first; empty where it is in none.
    public let lists: [String]
    /// Whether its values are time series; false for what comes and goes, as processes do.
    public let isSeries: Bool
    private let read: @Sendable (Sample, (_ labels: [String], _ value: Double) -> Void) -> Void

    fileprivate init(_ metric: DomainMetric<Sample>) {
      id = metric.id
      definition = metric.definition
      labels = metric.labels
      lists = metric.lists
      isSeries = metric.isSeries
      read = { sample, body in metric.values(sample, [], body) }
    }

    /// Calls `body` for every present value in the sample, in base units, with its label values.
    public func values(in sample: Sample, _ body: (_ labels: [String], _ value: Double) -> Void) {
      read(sample, body)
    }

    /// The value in base units; NaN where absent or where there is more than one series.
    public func value(in sample: Sample) -> Double {
      var result = Double.nan
      if labels.isEmpty { read(sample) { _, value in result = value } }
      return result
    }
  }

  /// All metrics in the order of the JSON.
  public let metrics: [Metric]
  private let byID: [String: Int]

  init(_ table: Table<Sample>) {
    metrics = table.metrics(prefix: "") { sample, labels, body in body(sample, labels) }.map(Metric.init)
    byID = Dictionary(metrics.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The metric with this id.
  public subscript(id: String) -> Metric? {
    byID[id].map { metrics[$0] }
  }

  /// The catalog of a Sample.
  public static let shared = Catalog(Sample.table)
}
