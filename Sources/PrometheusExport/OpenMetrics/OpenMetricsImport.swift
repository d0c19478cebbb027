package import AgentMetrics
package import SystemIO

/// Samples from OpenMetrics lines with timestamps, for the agent's own metrics.
///
/// Lines are ordered by series, samples by time: the values are sorted by time, in a temporary file if there are many.
package struct OpenMetricsImport {
  /// Maximum distinct series of an input, and of one sample.
  package static let maxSeries = 1 << 18
  package static let maxSeriesOfSample = 1 << 16

  /// Reason to reject a line or the input.
  package enum Failure: Error, CustomStringConvertible {
    case malformed
    case tooManySeries
    case tooManySeriesOfSample(Timestamp)
    case system(SystemError)

    package var description: String {
      switch self {
      case .malformed: "not an OpenMetrics sample with a timestamp"
      case .tooManySeries: "more than \(OpenMetricsImport.maxSeries) series"
      case .tooManySeriesOfSample(let time):
        "the sample of \(time.rfc3339) has more than \(OpenMetricsImport.maxSeriesOfSample) series"
      case .system(let error): error.description
      }
    }
  }

  /// Values of one set of labels: of the Sample itself, or of one list entry.
  private final class Place {
    /// Own labels of a list entry, by their names in the catalog.
    var keys: [String: String] = [:]
    /// Number of the series by field.
    var numbers: [Int: Int] = [:]
    /// Entries by the list's field, in order of their first line.
    var lists: [Int: [Place]] = [:]
    var items: [Int: [[String]: Place]] = [:]

    func hasValue(_ values: Values, in fields: Range<Int>) -> Bool {
      numbers.contains { fields.contains($0.key) && values[$0.value] != nil }
        || lists.contains { list in fields.contains(list.key) && list.value.contains { $0.hasValue(values) } }
    }

    func hasValue(_ values: Values) -> Bool {
      hasValue(values, in: Catalog.shared.nodes.indices)
    }
  }

  /// Number of lines of unknown metrics.
  package private(set) var unknown = 0
  private let root = Place()
  private let families: [String: (metric: Catalog.Metric, labels: [String])]
  private var series: [String: Int] = [:]
  private var values: ValuesByTime

  /// - Parameter path: prefix of a temporary file's path.
  package init(temporary path: String) {
    var families: [String: (metric: Catalog.Metric, labels: [String])] = [:]
    for metric in Catalog.shared.metrics {
      if let family = OpenMetricsFamily(metric) { families[family.name.sample] = (metric, family.labels) }
    }
    self.families = families
    values = ValuesByTime(temporary: path)
  }

  /// Adds a line.
  package mutating func add(_ line: ArraySlice<UInt8>) throws(Failure) {
    guard let first = line.first, first != UInt8(ascii: "#") else { return }
    guard let end = Self.endOfSeries(line), let parts = Self.numbers(line[end...]) else { throw .malformed }
    let key = String(decoding: line[..<end], as: UTF8.self)
    let number: Int
    if let known = series[key] {
      number = known
    } else {
      guard let found = SeriesText(line[..<end]) else { throw .malformed }
      // Unknown series are not cached: their number is unbounded.
      guard let new = place(of: found.name, Dictionary(found.labels) { _, last in last }) else {
        unknown += 1
        return
      }
      guard series.count < Self.maxSeries else { throw .tooManySeries }
      number = new
      series[key] = number
    }
    guard parts.value.isFinite else { return }
    do throws(SystemError) {
      try values.add(
        ValuesByTime.Value(
          milliseconds: Int64((parts.time * 1_000).rounded()), series: Int32(truncatingIfNeeded: number),
          value: parts.value))
    } catch {
      throw .system(error)
    }
  }

  /// Calls `body` with each sample and the number of its values, oldest first.
  package mutating func eachSample(_ body: (Sample, Int) throws -> Void) throws {
    let current = Values(count: series.count)
    var time = Int64.min
    func finish() throws {
      guard current.count > 0 else { return }
      let timestamp = Timestamp(seconds: Double(time) / 1_000)
      guard current.count <= Self.maxSeriesOfSample else { throw Failure.tooManySeriesOfSample(timestamp) }
      try body(Sample(at: timestamp, from: Reader(place: root, values: current)), current.count)
    }
    try values.eachSorted { value in
      if value.milliseconds != time {
        try finish()
        current.clear()
        time = value.milliseconds
      }
      current.set(Int(value.series), value.value)
    }
    try finish()
  }

  /// The values of one time, by series.
  private final class Values {
    private var values: [Double]
    private var generations: [UInt32]
    private var generation: UInt32 = 1
    private(set) var count = 0

    init(count: Int) {
      values = [Double](repeating: 0, count: count)
      generations = [UInt32](repeating: 0, count: count)
    }

    subscript(series: Int) -> Double? { generations[series] == generation ? values[series] : nil }

    func set(_ series: Int, _ value: Double) {
      if generations[series] != generation { count += 1 }
      generations[series] = generation
      values[series] = value
    }

    func clear() {
      generation += 1
      count = 0
    }
  }

  /// Index of a metric's series; nil if the metric is unknown.
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

  /// Reads the values of one time.
  private struct Reader: FieldReader {
    let place: Place
    let values: Values

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
