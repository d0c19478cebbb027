package import AgentMetrics

/// Name, type and unit of a family of series in Prometheus and OpenMetrics, for scrapes and remote write.
package struct PrometheusName: Sendable, Hashable {
  /// Type in the TYPE line; the text format 0.0.4 has no info and uses gauge instead.
  package enum FamilyType: String, Sendable {
    /// A level, or a flag as 1 or 0.
    case gauge
    /// A total that only grows.
    case counter
    /// Always 1; the information is in the labels.
    case info
  }

  /// The name of its samples, `agent_disk_read_bytes_total`, `agent_cpu_info`.
  package let sample: String
  package let kind: FamilyType
  /// Base unit at the end of the name, or before `_total`; empty if none.
  package let unit: String
  /// Description in one line.
  package let help: String

  /// Creates a family outside the catalog.
  package init(sample: String, kind: FamilyType, unit: String, help: String) {
    self.sample = sample
    self.kind = kind
    self.unit = unit
    self.help = help
  }

  /// The name of the family as OpenMetrics has it: without `_total` and without `_info`.
  package var family: String {
    switch kind {
    case .gauge: sample
    case .counter: String(sample.dropLast("_total".count))
    case .info: String(sample.dropLast("_info".count))
    }
  }
}

/// Prometheus names of the catalog's values, derived once from ids, units and labels.
///
/// `gpus.temperature_c` of GPU 0 is `agent_gpu_temperature_celsius{gpu="0"}`:
/// - A list is named in the singular, and the base unit ends the name, before `_total` of a counter.
/// - Texts are labels of one `_info` per group. Texts that change during the object's life have an `_info` of their
///   own, so that charts of the other texts continue (``volatileTexts``).
/// - Omitted are entries that are not time series (processes); the sum or choice beside its list (`disk` beside
///   `disks`), which a sum in PromQL would count twice; values that a label repeats; and messages (errors, notes
///   with counts), since each one could start a new series.
///
/// All arrays are indexed by the field's number in the catalog.
package struct PrometheusNames: Sendable {
  /// An exported value.
  package struct Member: Sendable {
    /// Its name in JSON; the label of a text.
    package let name: String
    /// Index of its family in ``families``.
    package let family: Int
    /// Its unit; values are exported in that unit's base.
    package let unit: Unit
    /// Whether it is a label of its group's `_info`.
    package let isGroupInfo: Bool
  }

  /// Texts that change during the object's life.
  static let volatileTexts: Set = [
    "state", "performance_state", "throttle_reasons", "recovery_action", "util_source",
  ]
  /// Texts that are free-form messages, or that repeat a value or, under another name, a label.
  static let omittedTexts: Set = ["error", "note", "id", "summary", "since", "phase"]

  /// All families, in the order of the catalog.
  package private(set) var families: [PrometheusName] = []
  /// Exported values; nil for omitted values, groups and lists.
  package private(set) var members: [Member?]
  /// For a group or list, the family of its texts; nil without texts.
  package private(set) var infos: [Int?]
  /// For a list, the label names that identify an entry; nil where the list is omitted.
  package private(set) var labels: [[String]?]

  package static let shared = PrometheusNames(.shared)

  init(_ catalog: Catalog) {
    let nodes = catalog.nodes
    members = Array(repeating: nil, count: nodes.count)
    infos = Array(repeating: nil, count: nodes.count)
    labels = Array(repeating: nil, count: nodes.count)
    let lists = Set(nodes.filter { $0.kind == .list }.map(\.id))
    /// Prefixes of the value names in each group; nil where the group is omitted.
    var prefixes: [String?] = Array(repeating: nil, count: nodes.count)
    for (number, node) in nodes.enumerated() {
      let outer = node.parent.map { prefixes[$0] } ?? "agent"
      guard node.isExported, let outer else { continue }
      guard node.kind == .value else {
        // `gpu` is one of `gpus`, `disk` the sum of `disks`.
        if lists.contains(node.id + "s") { continue }
        let name = node.definition.name
        if node.kind == .list, name == "top" {
          // The entries of a group are named after it: `workloads.top.cpu` is `agent_workload_cpu_cores`.
          prefixes[number] = Self.singular(outer)
          labels[number] = Self.labels(of: node)
          continue
        }
        // The numbers of a group are named without it: `events.counts.events_total` is `agent_events_total`.
        if node.kind == .list, name == "counts" {
          prefixes[number] = "agent"
          labels[number] = Self.labels(of: node)
          continue
        }
        prefixes[number] = outer + "_" + (name == "agent" ? "self" : node.kind == .list ? Self.singular(name) : name)
        if node.kind == .list { labels[number] = Self.labels(of: node) }
        continue
      }
      add(number, node, in: node.parent.map { nodes[$0] }, prefix: outer)
    }
  }

  private mutating func add(_ number: Int, _ node: Catalog.Node, in group: Catalog.Node?, prefix: String) {
    let definition = node.definition
    let repeatsLabel = group?.kind == .list && node.labels.contains(definition.name)
    if repeatsLabel || definition.kind == .info && Self.omittedTexts.contains(definition.name) { return }
    var isGroupInfo = false
    var family = families.count
    if definition.kind == .info, let parent = node.parent, !Self.volatileTexts.contains(definition.name) {
      isGroupInfo = true
      if let known = infos[parent] {
        family = known
      } else {
        infos[parent] = family
        families.append(
          PrometheusName(
            sample: prefix + "_info", kind: .info, unit: "", help: "Names and versions as labels, always 1"))
      }
    } else if definition.kind == .info {
      families.append(
        PrometheusName(sample: prefix + "_" + definition.name + "_info", kind: .info, unit: "", help: definition.help))
    } else {
      families.append(
        PrometheusName(
          sample: Self.name(prefix: prefix, domain: group?.definition.name ?? "", definition),
          kind: definition.kind == .counter ? .counter : .gauge, unit: definition.unit.base, help: definition.help))
    }
    members[number] = Member(name: definition.name, family: family, unit: definition.unit, isGroupInfo: isGroupInfo)
  }

  // MARK: Names

  private static func singular(_ list: String) -> String {
    list.hasSuffix("s") ? String(list.dropLast()) : list
  }

  /// Returns the full name: `temperature_c` in celsius becomes `…_temperature_celsius`.
  private static func name(prefix: String, domain: String, _ definition: Definition) -> String {
    var stem = definition.name
    let isCounter = definition.kind == .counter
    stem.strip("total")
    for suffix in definition.unit.suffixes where stem.strip(suffix) { break }
    var parts = [prefix]
    // `load.load1` becomes `agent_load1`.
    if !domain.isEmpty, stem.hasPrefix(domain) {
      parts = [String(prefix.dropLast(domain.count + 1))]
    }
    parts += [stem, definition.unit.base, isCounter ? "total" : ""]
    return parts.filter { !$0.isEmpty }.joined(separator: "_")
  }

  /// Returns the label names of a list's entries.
  ///
  /// The list's name replaces a label that would collide with one added by Prometheus, or that is too general.
  private static func labels(of list: Catalog.Node) -> [String] {
    list.ownLabels.map { label in
      guard ["index", "instance", "job"].contains(label) else { return label }
      let names = (list.lists + [list.id]).map { $0.split(separator: ".").last.map { singular(String($0)) } ?? "" }
      return names.joined(separator: "_")
    }
  }
}

extension Unit {
  /// The base unit at the end of a Prometheus name; empty without a unit.
  var base: String {
    switch self {
    case .ratio: "ratio"
    case .bytes, .mebibytes: "bytes"
    case .bytesPerSecond, .megabitsPerSecond: "bytes_per_second"
    case .seconds, .milliseconds: "seconds"
    case .celsius: "celsius"
    case .megahertz: "hertz"
    case .watts: "watts"
    case .joules: "joules"
    case .rpm: "rpm"
    case .cores: "cores"
    case .perSecond: "per_second"
    case .count, .none: ""
    }
  }

  /// Endings of a metric's name that state this unit in JSON.
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
  /// Removes a trailing word and the underscore before it; returns false if the text does not end in it.
  @discardableResult
  fileprivate mutating func strip(_ word: String) -> Bool {
    guard self == word || hasSuffix("_" + word) else { return false }
    removeLast(self == word ? word.count : word.count + 1)
    return true
  }
}
