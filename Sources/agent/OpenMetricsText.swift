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
    guard let family = names.members[metric.number]?.family, names.families[family].kind != .info else { return nil }
    name = names.families[family]
    labels = Catalog.shared.lists(around: metric.number).flatMap { names.labels[$0] ?? [] }
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
  /// The values of one set of labels: of the Sample itself, or of one entry of a list.
  private final class Place {
    /// Own labels of a list's entry, by the catalog's name of each.
    var keys: [String: String] = [:]
    /// By field, the number of its series.
    var numbers: [Int: Int] = [:]
    /// By the list's field, its entries as they came.
    var lists: [Int: [Place]] = [:]
    var items: [Int: [[String]: Place]] = [:]

    func hasValue(_ values: [Int: Double], in fields: Range<Int>) -> Bool {
      numbers.contains { fields.contains($0.key) && values[$0.value] != nil }
        || lists.contains { list in fields.contains(list.key) && list.value.contains { $0.hasValue(values) } }
    }

    func hasValue(_ values: [Int: Double]) -> Bool {
      hasValue(values, in: Catalog.shared.nodes.indices)
    }
  }

  /// Lines of metrics that the agent does not know.
  private(set) var unknown = 0
  private let root = Place()
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
      Sample(at: Timestamp(seconds: Double(time) / 1_000), from: Reader(place: root, values: values[time] ?? [:]))
    }
  }

  /// Where the value of a metric's series belongs; nil where the metric is unknown.
  private func place(of name: String, _ labels: [String: String]) -> Int? {
    guard let (metric, names) = families[name] else { return nil }
    var place = root
    var used = 0
    for list in Catalog.shared.lists(around: metric.number) {
      let own = Catalog.shared.nodes[list].ownLabels.indices.map { used + $0 }.filter { $0 < names.count }
      let values = own.map { labels[names[$0]] ?? "" }
      if let known = place.items[list]?[values] {
        place = known
      } else {
        let item = Place()
        for (index, value) in zip(own, values) { item.keys[metric.labels[index]] = value }
        place.items[list, default: [:]][values] = item
        place.lists[list, default: []].append(item)
        place = item
      }
      used += own.count
    }
    let number = series.count
    place.numbers[metric.number] = number
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
    let place: Place
    let values: [Int: Double]

    func number(_ definition: Definition, at field: Int) -> Double? {
      place.numbers[field].flatMap { values[$0] } ?? place.keys[definition.name].flatMap(Double.init)
    }

    func text(_ definition: Definition, at field: Int) -> String? { place.keys[definition.name] }

    func flag(_ definition: Definition, at field: Int) -> Bool? {
      place.numbers[field].flatMap { values[$0] }.map { $0 != 0 }
    }

    func part(_ name: String, at field: Int) -> (any FieldReader)? {
      place.hasValue(values, in: field..<Catalog.shared.nodes[field].end) ? self : nil
    }

    func items(_ name: String, at field: Int) -> [any FieldReader]? {
      place.lists[field].map { items in
        items.filter { $0.hasValue(values) }.map { Reader(place: $0, values: values) }
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
