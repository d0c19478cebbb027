/// What a figure of the catalog is called in Prometheus and OpenMetrics, for scrapes and for remote write alike.
///
/// `agent_`, its id with underscores, its base unit in place of the unit that JSON shows, and `_total` if it is a counter:
/// `disks.read_latency_ms` is `agent_disks_read_latency_seconds`. Its labels are those of the catalog
/// but for those that Prometheus gives to each target itself.
public struct PrometheusName: Sendable, Hashable {
  /// The word of its TYPE line.
  public enum Kind: String, Sendable {
    /// A level, or a truth value as 1 or 0.
    case gauge
    /// A total that only grows.
    case counter
    /// Always 1; what it tells is in its labels.
    case info
  }

  /// Name of the family as OpenMetrics has it in TYPE, UNIT and HELP: without `_total` and without `_info`.
  public let family: String
  /// Name of its samples, which in the text format 0.0.4 is that of the family too.
  public let sample: String
  /// Its type; the text format 0.0.4 knows no info, and has gauge for it.
  public let kind: Kind
  /// The base unit at the end of the family's name, for OpenMetrics' UNIT; empty where there is none.
  public let unit: String
  /// Names of the labels that tell its series apart, in the order of the catalog's.
  public let labels: [String]

  /// The name of a number; nil for texts, for what comes and goes too fast to be a series, and for what says nothing new.
  init?(_ metric: Catalog.Metric) {
    let definition = metric.definition
    // The number of a CPU is its label; and `gpu` is one of `gpus`.
    guard metric.isSeries, definition.kind != .info, !metric.labels.contains(definition.name),
      !Self.isCopy(metric.id)
    else { return nil }
    var name = "agent_" + Self.underscored(metric.id)
    kind = definition.kind == .counter ? .counter : .gauge
    // No gauge may end in it.
    name.strip(suffix: "_total")
    for suffix in definition.unit.suffixes where name.strip(suffix: "_" + suffix) { break }
    unit = definition.unit.base
    if !unit.isEmpty { name += "_" + unit }
    family = name
    sample = kind == .counter ? name + "_total" : name
    labels = Self.labels(of: metric)
  }

  init(family: String, sample: String, kind: Kind, labels: [String]) {
    self.family = family
    self.sample = sample
    self.kind = kind
    self.labels = labels
    unit = ""
  }

  /// Labels by which Prometheus tells targets apart; a part of a GPU has a name of its own for one of them,
  /// `gpus_instance`.
  static func labels(of metric: Catalog.Metric) -> [String] {
    metric.labels.map { label in
      ["instance", "job"].contains(label) ? underscored(String(metric.id.prefix { $0 != "." })) + "_" + label : label
    }
  }

  static func isCopy(_ id: String) -> Bool { id.hasPrefix("gpu.") }

  static func underscored(_ id: String) -> String {
    String(id.map { $0 == "." ? "_" : $0 })
  }
}

/// The numbers of the catalog under their names in Prometheus, in the catalog's order.
public struct PrometheusMetrics: Sendable {
  /// One family of series.
  public struct Family: Sendable {
    /// Its name.
    public let name: PrometheusName
    /// What it is in the catalog, where its help and its values are.
    public let metric: Catalog.Metric
  }

  /// All families.
  public let families: [Family]

  /// The families of a catalog.
  public init(_ catalog: Catalog) {
    families = catalog.metrics.compactMap { metric in
      PrometheusName(metric).map { Family(name: $0, metric: metric) }
    }
  }

  /// Those of a Sample.
  public static let shared = PrometheusMetrics(.shared)
}

extension Unit {
  /// What may end the name of a figure that JSON shows in this unit.
  fileprivate var suffixes: [String] {
    switch self {
    case .ratio: ["ratio"]
    case .bytes: ["bytes"]
    case .mebibytes: ["mb"]
    case .bytesPerSecond: ["bytes_per_sec"]
    case .megabitsPerSecond: ["mbps"]
    case .seconds: ["seconds"]
    case .milliseconds: ["ms"]
    case .celsius: ["celsius", "c"]
    case .megahertz: ["mhz"]
    case .watts: ["watts"]
    case .joules: ["joules"]
    case .rpm: ["rpm"]
    case .cores: ["cores"]
    case .perSecond: ["per_sec"]
    case .count, .none: []
    }
  }
}

extension String {
  @discardableResult
  fileprivate mutating func strip(suffix: String) -> Bool {
    guard hasSuffix(suffix) else { return false }
    removeLast(suffix.count)
    return true
  }
}
