internal import AgentMetrics

/// A Sample taken apart: numbers by series, texts, parts and lists that changed, and the entries of lists that come and
/// go.
struct FlatSample {
  /// A changed text; nil where it ended.
  struct Change {
    let series: Int
    let text: String?
  }

  /// POSIX time in milliseconds.
  var time: Int64 = 0
  /// Milliseconds that rates are means over; ``Precision/absent`` where unknown.
  var elapsed: Int64 = Precision.absent
  var numbers: [(series: Int, value: Double)] = []
  var changes: [Change] = []
  var items: [ItemList] = []
}

/// A list whose entries are not time series, such as processes, at one time.
struct ItemList: Equatable {
  /// Its path, `processes.top`.
  let id: String
  /// The labels of the lists on the way to it.
  let labels: [String]
  var items: [Item] = []
}

/// One entry of it.
struct Item: Equatable {
  /// Values of the labels that identify it.
  var labels: [String]
  var fields: [ItemField] = []
}

/// One value of an entry.
struct ItemField: Equatable {
  enum FieldContent: Equatable {
    /// In steps of the precision of its unit.
    case number(Int64)
    case text(String)
    case flag(Bool)
  }

  let name: String
  let unit: Unit
  let value: FieldContent
}

/// Takes Samples apart, one after the other.
final class SampleFlattener: FieldVisitor {
  /// The series of one set of labels: of the Sample itself, or of one entry of a list.
  private final class SeriesPlace {
    let labels: [String]
    /// Number of the first field.
    let first: Int
    /// Number of each field's series, counted from `first`; 0 where it has none yet.
    var series: [Int]
    /// By the list's field.
    var lists: [Int: EntryList] = [:]

    init(labels: [String], fields: Range<Int>) {
      self.labels = labels
      first = fields.lowerBound
      series = Array(repeating: 0, count: fields.count)
    }
  }

  private final class EntryList {
    let field: Int
    let labels: [String]
    let series: Int
    var items: [[String]: SeriesPlace] = [:]
    /// Labels of the entries in the sample before, and in this one.
    var last: [[String]] = []
    var now: [[String]] = []

    init(field: Int, labels: [String], series: Int) {
      self.field = field
      self.labels = labels
      self.series = series
    }
  }

  /// The numbers of the series; those that are new are added.
  private(set) var series: SeriesTable
  /// Series added since the last ``takeNew()``.
  private var new: [Int] = []
  /// Current text of each series, as last archived.
  private(set) var texts: [Int: String]
  private var seen: Set<Int> = []
  private var flat = FlatSample()
  private let catalog = Catalog.shared
  private let root = SeriesPlace(labels: [], fields: Catalog.shared.nodes.indices)
  private var stack: [SeriesPlace] = []
  private var openLists: [EntryList] = []
  /// Depth below an entry that is not a series, where only the first level is kept; nil outside.
  private var itemDepth: Int?

  init(series: SeriesTable, texts: [Int: String]) {
    self.series = series
    self.texts = texts
  }

  /// The series that came since the last call.
  func takeNew() -> [Int] {
    defer { new = [] }
    return new
  }

  /// POSIX time of a sample in milliseconds, far from overflowing.
  static func time(of sample: Sample) -> Int64 {
    Int64((min(max(sample.timestamp.seconds, -1e11), 1e11) * 1_000).rounded())
  }

  /// Takes a sample apart.
  func flatten(_ sample: Sample) -> FlatSample {
    flat = FlatSample()
    flat.time = Self.time(of: sample)
    if sample.elapsed.isFinite, sample.elapsed.magnitude < 1e9 {
      flat.elapsed = Int64((sample.elapsed * 1_000).rounded())
    }
    flat.numbers.reserveCapacity(series.count)
    seen.removeAll(keepingCapacity: true)
    stack = [root]
    openLists = []
    itemDepth = nil
    Sample.table.visit(sample, self)
    for (number, _) in texts where !seen.contains(number) {
      texts[number] = nil
      flat.changes.append(FlatSample.Change(series: number, text: nil))
    }
    return flat
  }

  /// The number of a series; nil when the numbers are exhausted.
  private func find(_ kind: SeriesKey.ValueKind, _ id: String, _ labels: [String], _ unit: Unit) -> Int? {
    let key = SeriesKey(kind: kind, id: id, labels: labels)
    if let number = series.number(of: key) { return number }
    guard let number = series.add(key, unit) else { return nil }
    new.append(number)
    return number
  }

  /// The number of the series of a field at the present place; nil when the numbers are exhausted.
  private func series(of field: Int, _ kind: SeriesKey.ValueKind, _ unit: Unit) -> Int? {
    guard let place = stack.last else { return nil }
    let known = place.series[field - place.first]
    if known > 0 { return known }
    guard let series = find(kind, catalog.nodes[field].id, place.labels, unit) else { return nil }
    place.series[field - place.first] = series
    return series
  }

  private func note(_ series: Int, _ text: String) {
    seen.insert(series)
    guard texts[series] != text else { return }
    texts[series] = text
    flat.changes.append(FlatSample.Change(series: series, text: text))
  }

  // MARK: FieldVisitor

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    if itemDepth != nil {
      let factor = definition.unit.archivedFactor
      // Entries have no other precision to fall back on: whole numbers stay exact beyond 2⁵¹, as bytes since boot are.
      guard
        let integer = definition.unit.precision.integer(value, factor: factor)
          ?? (definition.unit.precision == .decimals(0) ? Int64(exactly: value / factor) : nil)
      else { return }
      add(definition, .number(integer))
    } else if let series = series(of: field, SeriesKey.ValueKind(definition.kind), definition.unit) {
      flat.numbers.append((series, value))
    }
  }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) {
    if itemDepth != nil {
      add(definition, .flag(value))
    } else if let series = series(of: field, .flag, definition.unit) {
      flat.numbers.append((series, value ? 1 : 0))
    }
  }

  func text(_ definition: Definition, _ value: String, at field: Int) {
    if itemDepth != nil {
      add(definition, .text(value))
    } else if let series = series(of: field, .text, definition.unit) {
      note(series, value)
    }
  }

  private func add(_ definition: Definition, _ value: ItemField.FieldContent) {
    guard itemDepth == 1, let list = flat.items.indices.last, let item = flat.items[list].items.indices.last else {
      return
    }
    flat.items[list].items[item].fields.append(ItemField(name: definition.name, unit: definition.unit, value: value))
  }

  func enter(_ name: String, at field: Int) {
    if itemDepth != nil {
      itemDepth? += 1
      return
    }
    guard let place = stack.last else { return }
    if let series = series(of: field, .part, .none) { note(series, "") }
    stack.append(place)
  }

  func leave() {
    if let depth = itemDepth {
      itemDepth = depth - 1
    } else {
      stack.removeLast()
    }
  }

  func enterList(_ name: String, at field: Int) {
    if itemDepth != nil {
      itemDepth? += 1
      return
    }
    guard let place = stack.last else { return }
    let node = catalog.nodes[field]
    guard node.isSeries else {
      flat.items.append(ItemList(id: node.id, labels: place.labels))
      itemDepth = 0
      return
    }
    let list: EntryList
    if let known = place.lists[field] {
      list = known
    } else {
      list = EntryList(
        field: field, labels: place.labels, series: series(of: field, .list, .none) ?? SeriesTable.limit)
      place.lists[field] = list
    }
    list.now.removeAll(keepingCapacity: true)
    openLists.append(list)
  }

  func enterItem() {
    enterItem { [] }
  }

  func enterItem(_ labels: () -> [String]) {
    if let depth = itemDepth {
      itemDepth = depth + 1
      if depth == 0, let list = flat.items.indices.last {
        flat.items[list].items.append(Item(labels: labels()))
      }
      return
    }
    guard let list = openLists.last else { return }
    let labels = labels()
    list.now.append(labels)
    let item: SeriesPlace
    if let known = list.items[labels] {
      item = known
    } else {
      item = SeriesPlace(labels: list.labels + labels, fields: list.field + 1..<catalog.nodes[list.field].end)
      list.items[labels] = item
    }
    stack.append(item)
  }

  func leaveList() {
    if let depth = itemDepth {
      itemDepth = depth == 0 ? nil : depth - 1
      return
    }
    guard let list = openLists.popLast(), list.series != SeriesTable.limit else { return }
    seen.insert(list.series)
    if list.now != list.last || texts[list.series] == nil {
      list.last = list.now
      note(list.series, list.now.map(\.netstrings).netstrings)
    }
  }
}
