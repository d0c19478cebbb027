internal import AgentMetrics

/// A Sample taken apart: numbers by series, texts, parts and lists that changed, and the entries of lists that come and go.
struct FlatSample {
  /// A text that is not what it was; nil where there is none any more.
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

/// A list of which entries are no series, processes for one, at one instant.
struct ItemList: Equatable {
  /// Its path, `processes.top`.
  let id: String
  /// The labels of the lists on the way to it.
  let labels: [String]
  var items: [Item] = []
}

/// One entry of it.
struct Item: Equatable {
  /// What tells it from others.
  var labels: [String]
  var fields: [ItemField] = []
}

/// One figure of an entry.
struct ItemField: Equatable {
  enum Value: Equatable {
    /// In steps of the precision of its unit.
    case number(Int64)
    case text(String)
    case flag(Bool)
  }

  let name: String
  let unit: Unit
  let value: Value
}

/// Takes Samples apart, one after the other.
///
/// It remembers the tree of the last one, so that what stands where it stood costs a comparison of names.
final class SampleFlattener: FieldVisitor {
  private final class Node {
    let path: String
    let labels: [String]
    var fields: [(name: String, series: Int)] = []
    var parts: [String: Node] = [:]
    var lists: [String: ListNode] = [:]
    var cursor = 0

    init(path: String, labels: [String]) {
      self.path = path
      self.labels = labels
    }

    func id(of name: String) -> String { path.isEmpty ? name : path + "." + name }
  }

  private final class ListNode {
    let node: Node
    let series: Int
    var items: [[String]: Node] = [:]
    /// Of the sample before and of this one.
    var last: [[String]] = []
    var now: [[String]] = []

    init(node: Node, series: Int) {
      self.node = node
      self.series = series
    }
  }

  /// The numbers of the series; those that are new are added.
  private(set) var series: SeriesTable
  /// Series added since the last ``takeNew()``.
  private var new: [Int] = []
  /// The text of each series that has one now; the archive's last word on what it was.
  private(set) var texts: [Int: String]
  private var seen: Set<Int> = []
  private var flat = FlatSample()
  private var root = Node(path: "", labels: [])
  private var stack: [Node] = []
  private var openLists: [ListNode] = []
  /// Depth below an entry that is no series, of which only the first level is kept; nil outside.
  private var itemDepth: Int?
  private static let passing: Set<String> = Set(
    Catalog.shared.metrics.filter { !$0.isSeries }.map { metric in
      String(metric.id.prefix(upTo: metric.id.lastIndex(of: ".") ?? metric.id.startIndex))
    })

  init(series: SeriesTable, texts: [Int: String]) {
    self.series = series
    self.texts = texts
  }

  /// The series that came since the last call.
  func takeNew() -> [Int] {
    defer { new = [] }
    return new
  }

  /// Takes a sample apart.
  func flatten(_ sample: Sample) -> FlatSample {
    flat = FlatSample()
    flat.time = Int64(clamping: Int((min(max(sample.timestamp.seconds, -1e11), 1e11) * 1_000).rounded()))
    if sample.elapsed.isFinite, sample.elapsed.magnitude < 1e9 {
      flat.elapsed = Int64((sample.elapsed * 1_000).rounded())
    }
    flat.numbers.reserveCapacity(series.count)
    seen.removeAll(keepingCapacity: true)
    stack = [root]
    root.cursor = 0
    openLists = []
    itemDepth = nil
    Sample.table.visit(sample, self)
    for (number, _) in texts where !seen.contains(number) {
      texts[number] = nil
      flat.changes.append(FlatSample.Change(series: number, text: nil))
    }
    return flat
  }

  /// The number of a series; nil where there is none left.
  private func find(_ kind: SeriesKey.Kind, _ id: String, _ labels: [String], _ unit: Unit) -> Int? {
    let key = SeriesKey(kind: kind, id: id, labels: labels)
    if let number = series.number(of: key) { return number }
    guard let number = series.add(key, unit) else { return nil }
    new.append(number)
    return number
  }

  private func field(_ kind: SeriesKey.Kind, _ definition: Definition) -> Int? {
    guard let node = stack.last else { return nil }
    // As a rule the field that follows the one before, as in the last sample.
    if node.cursor < node.fields.count, node.fields[node.cursor].name == definition.name {
      node.cursor += 1
      return node.fields[node.cursor - 1].series
    }
    if let index = node.fields.firstIndex(where: { $0.name == definition.name }) {
      node.cursor = index + 1
      return node.fields[index].series
    }
    guard let series = find(kind, node.id(of: definition.name), node.labels, definition.unit) else { return nil }
    node.fields.insert((definition.name, series), at: node.cursor)
    node.cursor += 1
    return series
  }

  private func note(_ series: Int, _ text: String) {
    seen.insert(series)
    guard texts[series] != text else { return }
    texts[series] = text
    flat.changes.append(FlatSample.Change(series: series, text: text))
  }

  // MARK: FieldVisitor

  func number(_ definition: Definition, _ value: Double) {
    if itemDepth != nil {
      guard let integer = definition.unit.precision.integer(value, factor: definition.unit.archivedFactor) else {
        return
      }
      add(definition, .number(integer))
    } else if let series = field(SeriesKey.Kind(definition.kind), definition) {
      flat.numbers.append((series, value))
    }
  }

  func flag(_ definition: Definition, _ value: Bool) {
    if itemDepth != nil {
      add(definition, .flag(value))
    } else if let series = field(.flag, definition) {
      flat.numbers.append((series, value ? 1 : 0))
    }
  }

  func text(_ definition: Definition, _ value: String) {
    if itemDepth != nil {
      add(definition, .text(value))
    } else if let series = field(.text, definition) {
      note(series, value)
    }
  }

  private func add(_ definition: Definition, _ value: ItemField.Value) {
    guard itemDepth == 1, let list = flat.items.indices.last, let item = flat.items[list].items.indices.last else {
      return
    }
    flat.items[list].items[item].fields.append(ItemField(name: definition.name, unit: definition.unit, value: value))
  }

  func enter(_ name: String) {
    if itemDepth != nil {
      itemDepth? += 1
      return
    }
    guard let node = stack.last else { return }
    let part: Node
    if let known = node.parts[name] {
      part = known
    } else {
      part = Node(path: node.id(of: name), labels: node.labels)
      node.parts[name] = part
    }
    part.cursor = 0
    if let series = find(.part, part.path, part.labels, .none) { note(series, "") }
    stack.append(part)
  }

  func leave() {
    if let depth = itemDepth {
      itemDepth = depth - 1
    } else {
      stack.removeLast()
    }
  }

  func enterList(_ name: String) {
    if itemDepth != nil {
      itemDepth? += 1
      return
    }
    guard let node = stack.last else { return }
    let path = node.id(of: name)
    if Self.passing.contains(path) {
      flat.items.append(ItemList(id: path, labels: node.labels))
      itemDepth = 0
      return
    }
    let list: ListNode
    if let known = node.lists[name] {
      list = known
    } else {
      list = ListNode(
        node: Node(path: path, labels: node.labels), series: find(.list, path, node.labels, .none) ?? SeriesTable.most)
      node.lists[name] = list
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
    let item: Node
    if let known = list.items[labels] {
      item = known
    } else {
      item = Node(path: list.node.path, labels: list.node.labels + labels)
      list.items[labels] = item
    }
    item.cursor = 0
    stack.append(item)
  }

  func leaveList() {
    if let depth = itemDepth {
      itemDepth = depth == 0 ? nil : depth - 1
      return
    }
    guard let list = openLists.popLast(), list.series != SeriesTable.most else { return }
    seen.insert(list.series)
    if list.now != list.last || texts[list.series] == nil {
      list.last = list.now
      note(list.series, list.now.map(\.netstrings).netstrings)
    }
  }
}
