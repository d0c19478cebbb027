import AgentMetrics
import History
import Remote
import SystemIO

/// A metric of the catalog as a family of OpenMetrics 1.0 with timestamps; nil where Prometheus has no name for it.
struct OpenMetricsFamily {
  let name: PrometheusName
  /// The labels' names there, in the order of the catalog's.
  let labels: [String]

  init?(_ metric: Catalog.Metric) {
    let names = PrometheusNames.shared
    let path = metric.id.split(separator: ".").map(String.init)
    var node = 0
    var labels: [String] = []
    for name in path.dropLast() {
      guard let part = names.nodes[node].parts.first(where: { $0.name == name }) else { return nil }
      node = part.node
      labels += names.nodes[node].labels
    }
    guard let family = names.nodes[node].figures.first(where: { $0.name == path.last })?.family,
      names.families[family].kind != .info, labels.count == metric.labels.count
    else { return nil }
    name = names.families[family]
    self.labels = labels
  }

  /// The lines before the samples.
  var head: String {
    let unit = name.unit.isEmpty ? "" : "# UNIT \(name.family) \(name.unit)\n"
    return
      "# TYPE \(name.family) \(name.kind.rawValue)\n\(unit)# HELP \(name.family) \(name.help.escapedForPrometheus)\n"
  }

  /// A line for each moment that has a value.
  func lines(_ series: Columns.Series, _ times: [Double]) -> String {
    var start = name.sample
    if !labels.isEmpty {
      start +=
        "{" + zip(labels, series.labels).map { "\($0)=\"\($1.escapedForPrometheus)\"" }.joined(separator: ",") + "}"
    }
    var text = ""
    for (time, value) in zip(times, series.values) where value.isFinite { text += "\(start) \(value) \(time)\n" }
    return text
  }
}

/// Samples from OpenMetrics lines with timestamps, of the agent's own metrics.
struct OpenMetricsImport {
  /// A place in the tree of a Sample.
  private final class Node {
    /// Own labels of a list's entry, by the catalog's name of each.
    var keys: [String: String] = [:]
    var numbers: [String: Int] = [:]
    var parts: [String: Node] = [:]
    var lists: [String: [Node]] = [:]
    var items: [String: [[String]: Node]] = [:]

    func hasValue(_ values: [Int: Double]) -> Bool {
      numbers.values.contains { values[$0] != nil } || parts.values.contains { $0.hasValue(values) }
        || lists.values.contains { $0.contains { $0.hasValue(values) } }
    }
  }

  /// Lines of metrics that the agent does not know.
  private(set) var unknown = 0
  private let root = Node()
  private let families: [String: (metric: Catalog.Metric, labels: [String])]
  private var series: [String: Int] = [:]
  /// By moment in milliseconds.
  private var values: [Int64: [Int: Double]] = [:]

  init() {
    var families: [String: (metric: Catalog.Metric, labels: [String])] = [:]
    for metric in Catalog.shared.metrics where metric.isColumn {
      if let family = OpenMetricsFamily(metric) { families[family.name.sample] = (metric, family.labels) }
    }
    self.families = families
  }

  /// Takes a line; false where it is none of OpenMetrics, or has no timestamp.
  mutating func add(_ line: ArraySlice<UInt8>) -> Bool {
    guard let first = line.first, first != UInt8(ascii: "#") else { return true }
    guard let end = Self.endOfSeries(line), let parts = Self.numbers(line[end...]) else { return false }
    let key = String(decoding: line[..<end], as: UTF8.self)
    let number: Int
    if let known = series[key] {
      number = known
    } else {
      guard let found = SeriesText(line[..<end]) else { return false }
      number = place(of: found.name, Dictionary(found.labels) { _, last in last }) ?? -1
      series[key] = number
    }
    if number < 0 {
      unknown += 1
    } else if parts.value.isFinite {
      values[Int64((parts.time * 1_000).rounded()), default: [:]][number] = parts.value
    }
    return true
  }

  /// The samples, oldest first.
  func samples() -> some Sequence<Sample> {
    values.keys.sorted().lazy.map { time in
      Sample(at: Timestamp(seconds: Double(time) / 1_000), from: Reader(node: root, values: values[time] ?? [:]))
    }
  }

  /// Where the value of a metric's series belongs; nil where the metric is unknown.
  private func place(of name: String, _ labels: [String: String]) -> Int? {
    guard let (metric, names) = families[name] else { return nil }
    let path = metric.id.split(separator: ".").map(String.init)
    var node = root
    var used = 0
    for depth in path.indices.dropLast() {
      let id = path[...depth].joined(separator: ".")
      guard metric.lists.contains(id) else {
        let part = node.parts[path[depth]] ?? Node()
        node.parts[path[depth]] = part
        node = part
        continue
      }
      let count = Catalog.shared.metrics.first { $0.lists.last == id }.map { $0.labels.count - used } ?? 1
      let own = used..<min(names.count, used + count)
      let values = own.map { labels[names[$0]] ?? "" }
      if let known = node.items[path[depth]]?[values] {
        node = known
      } else {
        let item = Node()
        for (index, value) in zip(own, values) { item.keys[metric.labels[index]] = value }
        node.items[path[depth], default: [:]][values] = item
        node.lists[path[depth], default: []].append(item)
        node = item
      }
      used = own.upperBound
    }
    guard let last = path.last else { return nil }
    let number = series.count
    node.numbers[last] = number
    return number
  }

  /// The end of the name and labels.
  private static func endOfSeries(_ line: ArraySlice<UInt8>) -> Int? {
    var isQuoted = false
    var isEscaped = false
    var isInBraces = false
    for index in line.indices {
      let byte = line[index]
      switch byte {
      case UInt8(ascii: "\"") where !isEscaped: isQuoted.toggle()
      case UInt8(ascii: "{") where !isQuoted: isInBraces = true
      case UInt8(ascii: "}") where !isQuoted: isInBraces = false
      case UInt8(ascii: " ") where !isQuoted && !isInBraces: return index
      default: break
      }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
    }
    return nil
  }

  private static func numbers(_ text: ArraySlice<UInt8>) -> (value: Double, time: Double)? {
    let words = text.split(separator: UInt8(ascii: " "))
    guard words.count >= 2, let value = Double(String(decoding: words[0], as: UTF8.self)),
      let time = Double(String(decoding: words[1], as: UTF8.self)), time.magnitude < 1e11
    else { return nil }
    return (value, time)
  }

  /// The figures of one moment.
  private struct Reader: FieldReader {
    let node: Node
    let values: [Int: Double]

    func number(_ definition: Definition) -> Double? {
      node.numbers[definition.name].flatMap { values[$0] } ?? node.keys[definition.name].flatMap(Double.init)
    }

    func text(_ definition: Definition) -> String? { node.keys[definition.name] }

    func flag(_ definition: Definition) -> Bool? {
      node.numbers[definition.name].flatMap { values[$0] }.map { $0 != 0 }
    }

    func part(_ name: String) -> (any FieldReader)? {
      guard let part = node.parts[name], part.hasValue(values) else { return nil }
      return Reader(node: part, values: values)
    }

    func items(_ name: String) -> [any FieldReader]? {
      node.lists[name].map { items in
        items.filter { $0.hasValue(values) }.map { Reader(node: $0, values: values) }
      }
    }
  }
}

extension Sample {
  /// A sample that `agent export --format json` wrote; nil where it is none.
  init?(exported line: ArraySlice<UInt8>) {
    guard let value = JSONValue(Array(line).span), let text = value["timestamp"]?.text,
      let timestamp = Timestamp(rfc3339: text)
    else { return nil }
    self.init(at: timestamp, from: SampleReader(value: value))
  }
}
