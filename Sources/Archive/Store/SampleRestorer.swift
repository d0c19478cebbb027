internal import AgentMetrics

/// Rebuilds Samples from archived rows.
final class SampleRestorer {
  /// The series of one set of labels: of the Sample itself, or of one entry of a list.
  fileprivate final class RestoredPlace {
    let labels: [String]
    /// Number of the first field.
    let first: Int
    /// Number of each field's series, counted from `first`; 0 where it has none, nil where it was not looked up yet.
    var series: [Int?]
    /// Entries of lists, by the list's field and their labels.
    var items: [Int: [[String]: RestoredPlace]] = [:]

    init(labels: [String], fields: Range<Int>) {
      self.labels = labels
      first = fields.lowerBound
      series = Array(repeating: nil, count: fields.count)
    }
  }

  private let series: SeriesTable
  private let catalog = Catalog.shared
  private let root = RestoredPlace(labels: [], fields: Catalog.shared.nodes.indices)
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
        let range = row.ranges[slot]
        samples.append(
          Sample(
            at: Timestamp(seconds: Double(time) / 1_000), from: PlaceReader(restorer: self, place: root),
            elapsed: range == Precision.absent ? .nan : Double(range) / 1_000))
      }
    }
    return samples
  }

  private func series(of field: Int, _ kind: SeriesKey.ValueKind, in place: RestoredPlace) -> Int {
    if let known = place.series[field - place.first] { return known }
    let number = series.number(of: SeriesKey(kind: kind, id: catalog.nodes[field].id, labels: place.labels)) ?? 0
    place.series[field - place.first] = number
    return number
  }

  fileprivate func number(_ definition: Definition, at field: Int, in place: RestoredPlace) -> Double? {
    let number = series(of: field, SeriesKey.ValueKind(definition.kind), in: place)
    guard number > 0, let column = columns[number], slot < column.values.count,
      column.values[slot] != Precision.absent
    else { return nil }
    return column.precision.value(column.values[slot], factor: column.factor)
  }

  fileprivate func text(at field: Int, in place: RestoredPlace, _ kind: SeriesKey.ValueKind = .text) -> String? {
    texts[series(of: field, kind, in: place)]
  }

  fileprivate func items(at field: Int, in place: RestoredPlace) -> [any FieldReader]? {
    let node = catalog.nodes[field]
    if series(of: field, .list, in: place) == 0 {
      return items.first { $0.id == node.id && $0.labels == place.labels }?.items.map(ItemReader.init)
    }
    guard let text = text(at: field, in: place, .list) else { return nil }
    let members: [[String]]
    if let known = memberships[text] {
      members = known
    } else {
      members = ([String](netstrings: text) ?? []).compactMap { [String](netstrings: $0) }
      memberships[text] = members
    }
    return members.map { labels in
      if let known = place.items[field]?[labels] { return PlaceReader(restorer: self, place: known) }
      let item = RestoredPlace(labels: place.labels + labels, fields: field + 1..<node.end)
      place.items[field, default: [:]][labels] = item
      return PlaceReader(restorer: self, place: item)
    }
  }

  /// The values at a place.
  private struct PlaceReader: FieldReader {
    let restorer: SampleRestorer
    let place: RestoredPlace

    func number(_ definition: Definition, at field: Int) -> Double? {
      restorer.number(definition, at: field, in: place)
    }
    func text(_ definition: Definition, at field: Int) -> String? { restorer.text(at: field, in: place) }
    func flag(_ definition: Definition, at field: Int) -> Bool? {
      restorer.number(definition, at: field, in: place).map { $0 >= 0.5 }
    }
    func part(_ name: String, at field: Int) -> (any FieldReader)? {
      restorer.text(at: field, in: place, .part).map { _ in self }
    }
    func items(_ name: String, at field: Int) -> [any FieldReader]? { restorer.items(at: field, in: place) }
  }

  /// Values of an entry of a list that is not a time series.
  private struct ItemReader: FieldReader {
    let item: Item

    private func value(_ definition: Definition) -> ItemField? {
      item.fields.first { $0.name == definition.name }
    }

    func number(_ definition: Definition, at field: Int) -> Double? {
      guard let field = value(definition), case .number(let integer) = field.value else { return nil }
      return field.unit.precision.value(integer, factor: field.unit.archivedFactor)
    }

    func text(_ definition: Definition, at field: Int) -> String? {
      guard let field = value(definition), case .text(let text) = field.value else { return nil }
      return text
    }

    func flag(_ definition: Definition, at field: Int) -> Bool? {
      guard let field = value(definition), case .flag(let flag) = field.value else { return nil }
      return flag
    }

    func part(_ name: String, at field: Int) -> (any FieldReader)? { nil }
    func items(_ name: String, at field: Int) -> [any FieldReader]? { nil }
  }
}

extension ArchiveReader {
  /// The samples in a time range, both ends included, oldest first.
  ///
  /// - Parameter damaged: called for each unreadable chunk of a series.
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
