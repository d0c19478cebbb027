/// What a family of series is called in Prometheus and OpenMetrics, for scrapes and for remote write alike.
public struct PrometheusName: Sendable, Hashable {
  /// The word of its TYPE line; the text format 0.0.4 knows no info, and has gauge for it.
  public enum Kind: String, Sendable {
    /// A level, or a truth value as 1 or 0.
    case gauge
    /// A total that only grows.
    case counter
    /// Always 1; what it tells is in its labels.
    case info
  }

  /// The name of its samples, `agent_disk_read_bytes_total`, `agent_cpu_info`.
  public let sample: String
  /// Its type.
  public let kind: Kind
  /// The base unit at the end of the name, or before `_total`; empty where there is none.
  public let unit: String
  /// One line that says what it is.
  public let help: String

  /// A family that is none of the catalog's.
  public init(sample: String, kind: Kind, unit: String, help: String) {
    self.sample = sample
    self.kind = kind
    self.unit = unit
    self.help = help
  }

  /// The name of the family as OpenMetrics has it: without `_total` and without `_info`.
  public var family: String {
    switch kind {
    case .gauge: sample
    case .counter: String(sample.dropLast("_total".count))
    case .info: String(sample.dropLast("_info".count))
    }
  }
}

/// How the catalog's figures are called in Prometheus, worked out once from their ids, units and labels.
///
/// `gpus.temperature_c` of GPU 0 is `agent_gpu_temperature_celsius{gpu="0"}`:
/// - a list is called by one of its entries, and the base unit ends the name, before `_total` of a counter;
/// - texts are labels of one `_info` for each domain; but those that change while the thing stays have an `_info` of their
///   own, so that a chart of the others goes on (``volatileTexts``);
/// - left out are: what is no series (processes); the sum or the choice that stands beside its list (`disk` beside `disks`),
///   since a sum in PromQL would count it twice; what a label says already; and what went wrong in words, which could be a
///   new series each time.
///
/// A face visits a Sample's tables and goes down the ``nodes`` beside them.
public struct PrometheusNames: Sendable {
  /// A figure of a domain.
  public struct Figure: Sendable {
    /// Its member name, by which the table shows it; the label of a text.
    public let name: String
    /// Its family, a place in ``families``; nil where it is left out.
    public let family: Int?
    /// Its unit; numbers come in that unit's base.
    public let unit: Unit
  }

  /// A domain: what its table shows, and how.
  public struct Node: Sendable {
    /// Its figures, in the order of its table.
    public fileprivate(set) var figures: [Figure] = []
    /// The domains and lists in it, and their places in ``nodes``; those without a series are left out.
    public fileprivate(set) var parts: [(name: String, node: Int)] = []
    /// Of a list, the names of the labels that tell one entry from another.
    public fileprivate(set) var labels: [String] = []
    /// The family of its texts; nil where it has none.
    public fileprivate(set) var info: Int?
  }

  /// Texts that change while the thing stays.
  static let volatileTexts: Set = ["state", "performance_state", "throttle_reasons"]
  /// Texts that are no names.
  static let omittedTexts: Set = ["error"]

  /// All families, in the order of the catalog.
  public private(set) var families: [PrometheusName] = []
  /// All domains; the first is the Sample.
  public private(set) var nodes: [Node] = [Node()]

  /// Those of a Sample.
  public static let shared = PrometheusNames(.shared)

  init(_ catalog: Catalog) {
    let lists = Set(catalog.metrics.flatMap(\.lists))
    var byID: [String: Int] = ["": 0]
    for metric in catalog.metrics where metric.isSeries {
      let path = metric.id.split(separator: ".").map(String.init)
      let ids = path.indices.map { path[...$0].joined(separator: ".") }
      // `gpu` is one of `gpus`, `disk` the sum of `disks`.
      if ids.contains(where: { lists.contains($0 + "s") }) { continue }
      var node = 0
      for (name, id) in zip(path, ids).dropLast() {
        if let known = byID[id] {
          node = known
          continue
        }
        nodes.append(Node())
        let child = nodes.count - 1
        byID[id] = child
        nodes[node].parts.append((name, child))
        if metric.lists.contains(id) { nodes[child].labels = Self.labels(of: metric, list: id, in: catalog) }
        node = child
      }
      add(metric, path, to: node, lists: lists)
    }
  }

  private mutating func add(_ metric: Catalog.Metric, _ path: [String], to node: Int, lists: Set<String>) {
    let definition = metric.definition
    let prefix = Self.prefix(path.dropLast(), lists: lists)
    let saysLabel =
      metric.lists.last == path.dropLast().joined(separator: ".") && metric.labels.contains(definition.name)
    let isOmitted = saysLabel || definition.kind == .info && Self.omittedTexts.contains(definition.name)
    var family: Int?
    if !isOmitted {
      switch definition.kind {
      case .info where Self.volatileTexts.contains(definition.name):
        family = families.count
        families.append(
          PrometheusName(sample: prefix + "_" + definition.name + "_info", kind: .info, unit: "", help: definition.help)
        )
      case .info:
        if nodes[node].info == nil {
          nodes[node].info = families.count
          families.append(
            PrometheusName(sample: prefix + "_info", kind: .info, unit: "", help: "What is known by name, always 1"))
        }
        family = nodes[node].info
      case .gauge, .counter, .flag:
        family = families.count
        families.append(
          PrometheusName(
            sample: Self.name(prefix: prefix, domain: path.dropLast().last ?? "", definition),
            kind: definition.kind == .counter ? .counter : .gauge, unit: definition.unit.base, help: definition.help))
      }
    }
    nodes[node].figures.append(Figure(name: definition.name, family: family, unit: definition.unit))
  }

  // MARK: Names

  /// `agent_gpu` of `gpus`; the agent's own figures are `agent_self_…`.
  private static func prefix(_ path: ArraySlice<String>, lists: Set<String>) -> String {
    var (name, id) = ("agent", "")
    for part in path {
      id += id.isEmpty ? part : "." + part
      name += "_" + (part == "agent" ? "self" : lists.contains(id) ? singular(part) : part)
    }
    return name
  }

  private static func singular(_ list: String) -> String {
    list.hasSuffix("s") ? String(list.dropLast()) : list
  }

  /// The whole name: `temperature_c` in celsius is `…_temperature_celsius`.
  private static func name(prefix: String, domain: String, _ definition: Definition) -> String {
    var stem = definition.name
    let isCounter = definition.kind == .counter
    stem.strip("total")
    for suffix in definition.unit.suffixes where stem.strip(suffix) { break }
    var parts = [prefix]
    // `load.load1` is `agent_load1`.
    if !domain.isEmpty, stem.hasPrefix(domain) {
      parts = [String(prefix.dropLast(domain.count + 1))]
    }
    parts += [stem, definition.unit.base, isCounter ? "total" : ""]
    return parts.filter { !$0.isEmpty }.joined(separator: "_")
  }

  /// The names of the labels of a list's entries: those that the lists around it do not have.
  ///
  /// A label that would take the place of one that Prometheus itself gives, or that does not say what it counts, is called
  /// by its list.
  private static func labels(of metric: Catalog.Metric, list: String, in catalog: Catalog) -> [String] {
    let depth = metric.lists.firstIndex(of: list) ?? 0
    let outer = depth == 0 ? [] : catalog.metrics.first { $0.lists.last == metric.lists[depth - 1] }?.labels ?? []
    let own = catalog.metrics.first { $0.lists.last == list }?.labels ?? metric.labels
    return own.dropFirst(outer.count).map { label in
      guard ["index", "instance", "job"].contains(label) else { return label }
      let names = metric.lists[...depth].map { $0.split(separator: ".").last.map { singular(String($0)) } ?? "" }
      return names.joined(separator: "_")
    }
  }
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
  /// The text as a label's value and as OpenMetrics' help, where `\\`, `"` and a line feed have a `\\` before them.
  package var escapedForPrometheus: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Takes a last word away, with the underscore before it; false where it is not the last.
  @discardableResult
  fileprivate mutating func strip(_ word: String) -> Bool {
    guard self == word || hasSuffix("_" + word) else { return false }
    removeLast(self == word ? word.count : word.count + 1)
    return true
  }
}
