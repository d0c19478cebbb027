internal import AgentMetrics

/// Puts Samples together again from what was archived of them.
final class SampleRestorer {
  /// A place in the tree of a Sample: the figures of one domain.
  fileprivate final class Node {
    let path: String
    let labels: [String]
    /// Numbers of series by name; 0 where there is none.
    var numbers: [String: Int] = [:]
    var texts: [String: Int] = [:]
    var parts: [String: (series: Int, node: Node)] = [:]
    var lists: [String: (series: Int, path: String, items: [[String]: Node])] = [:]

    init(path: String, labels: [String]) {
      self.path = path
      self.labels = labels
    }

    func id(of name: String) -> String { path.isEmpty ? name : path + "." + name }
  }

  private let series: SeriesTable
  private let root = Node(path: "", labels: [])
  /// Columns by series of the piece at hand.
  private var columns: [(precision: Precision, factor: Double, values: [Int64])?]
  private var slot = 0
  private var texts: [Int: String] = [:]
  private var items: [ItemList] = []
  /// Lists' texts taken apart; they change rarely.
  private var memberships: [String: [[String]]] = [:]

  init(series: SeriesTable) {
    self.series = series
    columns = Array(repeating: nil, count: series.end)
  }

  /// The samples of rows that follow one upon the other.
  ///
  /// - Parameters:
  ///   - texts: those at the first sample.
  ///   - changes: of texts, in order of time.
  func samples(
    of rows: [JournalRow], texts: [Int: String], changes: [(time: Int64, series: Int, text: String?)]
  ) -> [Sample] {
    self.texts = texts
    var pending = changes[...]
    var samples: [Sample] = []
    for row in rows {
      for index in columns.indices { columns[index] = nil }
      for column in row.columns where columns.indices.contains(column.series) {
        guard let unit = series[column.series]?.unit else { continue }
        columns[column.series] = (column.precision, unit.archivedFactor, column.values)
      }
      for (slot, time) in row.times.enumerated() {
        while let change = pending.first, change.time <= time {
          self.texts[change.series] = change.text
          pending.removeFirst()
        }
        self.slot = slot
        items = slot < row.items.count ? row.items[slot] : []
        let stretch = row.stretches[slot]
        samples.append(
          Sample(
            at: Timestamp(seconds: Double(time) / 1_000), from: Reader(restorer: self, node: root),
            elapsed: stretch == Precision.absent ? .nan : Double(stretch) / 1_000))
      }
    }
    return samples
  }

  fileprivate func number(_ definition: Definition, in node: Node) -> Double? {
    let number: Int
    if let known = node.numbers[definition.name] {
      number = known
    } else {
      number =
        series.number(
          of: SeriesKey(
            kind: SeriesKey.Kind(definition.kind), id: node.id(of: definition.name), labels: node.labels)) ?? 0
      node.numbers[definition.name] = number
    }
    guard number > 0, let column = columns[number], slot < column.values.count,
      column.values[slot] != Precision.absent
    else { return nil }
    return column.precision.value(column.values[slot], factor: column.factor)
  }

  fileprivate func text(_ definition: Definition, in node: Node) -> String? {
    let number: Int
    if let known = node.texts[definition.name] {
      number = known
    } else {
      number =
        series.number(of: SeriesKey(kind: .text, id: node.id(of: definition.name), labels: node.labels)) ?? 0
      node.texts[definition.name] = number
    }
    return texts[number]
  }

  fileprivate func part(_ name: String, in node: Node) -> Node? {
    if node.parts[name] == nil {
      let path = node.id(of: name)
      node.parts[name] = (
        series.number(of: SeriesKey(kind: .part, id: path, labels: node.labels)) ?? 0,
        Node(path: path, labels: node.labels)
      )
    }
    guard let part = node.parts[name], texts[part.series] != nil else { return nil }
    return part.node
  }

  fileprivate func items(_ name: String, in node: Node) -> [any FieldReader]? {
    if node.lists[name] == nil {
      let path = node.id(of: name)
      node.lists[name] = (series.number(of: SeriesKey(kind: .list, id: path, labels: node.labels)) ?? 0, path, [:])
    }
    guard let list = node.lists[name] else { return nil }
    if list.series == 0 {
      return items.first { $0.id == list.path && $0.labels == node.labels }?.items.map(ItemReader.init)
    }
    guard let text = texts[list.series] else { return nil }
    let members: [[String]]
    if let known = memberships[text] {
      members = known
    } else {
      members = ([String](netstrings: text) ?? []).compactMap { [String](netstrings: $0) }
      memberships[text] = members
    }
    return members.map { labels in
      if let known = node.lists[name]?.items[labels] { return Reader(restorer: self, node: known) }
      let item = Node(path: list.path, labels: node.labels + labels)
      node.lists[name]?.items[labels] = item
      return Reader(restorer: self, node: item)
    }
  }

  /// The figures at a node.
  private struct Reader: FieldReader {
    let restorer: SampleRestorer
    let node: Node

    func number(_ definition: Definition) -> Double? { restorer.number(definition, in: node) }
    func text(_ definition: Definition) -> String? { restorer.text(definition, in: node) }
    func flag(_ definition: Definition) -> Bool? { restorer.number(definition, in: node).map { $0 >= 0.5 } }
    func part(_ name: String) -> (any FieldReader)? {
      restorer.part(name, in: node).map { Reader(restorer: restorer, node: $0) }
    }
    func items(_ name: String) -> [any FieldReader]? { restorer.items(name, in: node) }
  }

  /// The figures of an entry of a list that comes and goes.
  private struct ItemReader: FieldReader {
    let item: Item

    private func value(_ definition: Definition) -> ItemField? {
      item.fields.first { $0.name == definition.name }
    }

    func number(_ definition: Definition) -> Double? {
      guard let field = value(definition), case .number(let integer) = field.value else { return nil }
      return field.unit.precision.value(integer, factor: field.unit.archivedFactor)
    }

    func text(_ definition: Definition) -> String? {
      guard let field = value(definition), case .text(let text) = field.value else { return nil }
      return text
    }

    func flag(_ definition: Definition) -> Bool? {
      guard let field = value(definition), case .flag(let flag) = field.value else { return nil }
      return flag
    }

    func part(_ name: String) -> (any FieldReader)? { nil }
    func items(_ name: String) -> [any FieldReader]? { nil }
  }
}

extension ArchiveReader {
  /// The samples from one moment to another, both included, oldest first.
  ///
  /// - Parameter damaged: is told of each stretch of a series that cannot be read.
  func samples(
    from start: Int64, to end: Int64, damaged: (DamagedBytes) -> Void = { _ in }
  ) throws(SQLiteError) -> [Sample] {
    let rows = try rawRows(from: start, to: end, wanted: nil, damaged: damaged)
    guard let first = rows.first?.times.first, let last = rows.last?.times.last else { return [] }
    let texts = try Self.texts(of: database, at: first)
    let changes = try textChanges(after: first, to: last)
    return SampleRestorer(series: try Self.series(of: database)).samples(of: rows, texts: texts, changes: changes)
  }
}
