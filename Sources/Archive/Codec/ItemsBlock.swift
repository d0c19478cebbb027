internal import AgentMetrics

/// Entries of lists that are not time series, over one block: the top processes of each of its samples.
///
/// Layout: ``Envelope`` bytes of kind 5: four tables, then a range-coded stream to the end. The tables, each preceded by
/// its count: texts; lists (path, count of labels, labels); fields (path of their list, name, unit, kind: 0 number, 1
/// text, 2 flag); keys, the labels that identify an entry (count, labels). Inside the tables a text is its number.
///
/// The stream, with an ``IntegerModel`` for each kind of number in it: for each sample the count of lists, less that of
/// the sample before; for each list its number less that of the list before it in the sample and less 1; the count of
/// its entries, less that in the last sample; for each entry its key's number, less that of the entry at its place in
/// the last sample; for each field of the list a presence bit (its model depends on the presence at this key's last
/// appearance in this list), then a number or a text's number less the last one of this key and field, or a flag's bit.
enum ItemsBlock {
  static func encode(_ samples: [[ItemList]]) -> [UInt8] {
    // Every text, list, field and key gets a number before the stream begins.
    var tables = ItemsTables()
    let numbered = samples.map { sample in sample.map { tables.number($0) } }
    var body: [UInt8] = []
    tables.write(to: &body)
    var encoder = ItemsEncoder(tables)
    for sample in numbered { encoder.encode(sample) }
    body += encoder.finish()
    return Envelope.seal(.items, body)
  }

  static func decode(_ bytes: [UInt8], count: Int) throws(DamagedBytes) -> [[ItemList]] {
    var reader = try Envelope.open(bytes, as: .items)
    return try decode(from: &reader, count: count)
  }

  static func decode(from reader: inout ByteReader, count: Int) throws(DamagedBytes) -> [[ItemList]] {
    let tables = try ItemsTables(from: &reader)
    guard tables.texts.count > 0 else { return [[ItemList]](repeating: [], count: count) }
    var decoder = ItemsDecoder(tables, reader.rest)
    var samples: [[ItemList]] = []
    for _ in 0..<count { samples.append(try decoder.sample()) }
    return samples
  }
}

/// Previous values of a stream, and the models of its numbers.
private struct ItemsPredictors {
  struct Memory: Hashable {
    let list: Int
    let key: Int
    let field: Int
  }
  var lists = IntegerModel()
  var which = IntegerModel()
  var counts = IntegerModel()
  var keys = IntegerModel()
  var lastLists = 0
  /// By list.
  var lastKeys: [[Int]]
  /// By field.
  var models: [IntegerModel]
  /// By field: the presence of a value that was absent and of one that was present, and a flag.
  var bits: [(absent: BitModel, present: BitModel, flag: BitModel)]
  var last: [Memory: Int64] = [:]
  var present: Set<Memory> = []

  init(_ tables: ItemsTables) {
    lastKeys = [[Int]](repeating: [], count: tables.lists.count)
    models = [IntegerModel](repeating: IntegerModel(), count: tables.fields.count)
    bits = [(absent: BitModel, present: BitModel, flag: BitModel)](
      repeating: (BitModel(), BitModel(), BitModel()), count: tables.fields.count)
  }

  /// The key at a place of a list in the last sample; 0 beyond its end.
  func key(_ place: Int, of list: Int) -> Int {
    place < lastKeys[list].count ? lastKeys[list][place] : 0
  }
}

private struct ItemsEncoder {
  private var tables: ItemsTables
  private let fieldsOfList: [[Int]]
  private var coder = RangeEncoder()
  private var state: ItemsPredictors

  init(_ tables: ItemsTables) {
    self.tables = tables
    fieldsOfList = tables.fieldsOfList
    state = ItemsPredictors(tables)
  }

  /// Appends a sample.
  mutating func encode(_ sample: [(list: Int, entries: [ItemsTables.Entry])]) {
    state.lists.encode(Int64(sample.count - state.lastLists), to: &coder)
    state.lastLists = sample.count
    var before = -1
    for (list, entries) in sample {
      state.which.encode(Int64(list - before - 1), to: &coder)
      before = list
      state.counts.encode(Int64(entries.count - state.lastKeys[list].count), to: &coder)
      for (place, entry) in entries.enumerated() {
        state.keys.encode(Int64(entry.key - state.key(place, of: list)), to: &coder)
        for field in fieldsOfList[list] {
          encode(entry.values[field], ItemsPredictors.Memory(list: list, key: entry.key, field: field))
        }
      }
      state.lastKeys[list] = entries.map(\.key)
    }
  }

  private mutating func encode(_ value: ItemField.FieldContent?, _ memory: ItemsPredictors.Memory) {
    if state.present.contains(memory) {
      coder.encode(value != nil, &state.bits[memory.field].present)
      if value == nil { state.present.remove(memory) }
    } else {
      coder.encode(value != nil, &state.bits[memory.field].absent)
      if value != nil { state.present.insert(memory) }
    }
    let number: Int64
    switch value {
    case nil: return
    case .number(let value)?: number = value
    case .text(let text)?: number = Int64(tables.number(text))
    case .flag(let flag)?: return coder.encode(flag, &state.bits[memory.field].flag)
    }
    state.models[memory.field].encode(number &- (state.last[memory] ?? 0), to: &coder)
    state.last[memory] = number
  }

  mutating func finish() -> [UInt8] { coder.finish() }
}

private struct ItemsDecoder {
  private let tables: ItemsTables
  private let fieldsOfList: [[Int]]
  /// Labels of the entries' keys.
  private let labels: [[String]]
  private var coder: RangeDecoder
  private var state: ItemsPredictors
  /// Damaged bytes could claim more entries than memory holds.
  private var room = 1 << 20

  init(_ tables: ItemsTables, _ bytes: ArraySlice<UInt8>) {
    self.tables = tables
    fieldsOfList = tables.fieldsOfList
    labels = tables.keys.values.map { key in key.map { tables.texts[$0] } }
    coder = RangeDecoder(bytes)
    state = ItemsPredictors(tables)
  }

  /// Reads the next sample.
  mutating func sample() throws(DamagedBytes) -> [ItemList] {
    let count = try Self.bounded(Int64(state.lastLists) &+ state.lists.decode(from: &coder), 1 << 16)
    state.lastLists = count
    var lists: [ItemList] = []
    var before = -1
    for _ in 0..<count {
      before = try Self.bounded(Int64(before + 1) &+ state.which.decode(from: &coder), tables.lists.count)
      lists.append(try list(before))
    }
    return lists
  }

  private mutating func list(_ list: Int) throws(DamagedBytes) -> ItemList {
    let key = tables.lists[list]
    let count = try Self.bounded(Int64(state.lastKeys[list].count) &+ state.counts.decode(from: &coder), 1 << 16)
    room -= count + 1
    guard room > 0 else { throw DamagedBytes(reason: "it has too many entries") }
    var result = ItemList(id: tables.texts[key.id], labels: key.labels.map { tables.texts[$0] })
    var now: [Int] = []
    for place in 0..<count {
      let key = try Self.bounded(
        Int64(state.key(place, of: list)) &+ state.keys.decode(from: &coder), tables.keys.count)
      now.append(key)
      var item = Item(labels: labels[key])
      for field in fieldsOfList[list] {
        let memory = ItemsPredictors.Memory(list: list, key: key, field: field)
        guard let value = try value(memory) else { continue }
        item.fields.append(
          ItemField(
            name: tables.texts[tables.fields[field].name],
            unit: Unit(rawValue: tables.texts[tables.fields[field].unit]) ?? .none, value: value))
      }
      result.items.append(item)
    }
    state.lastKeys[list] = now
    return result
  }

  private mutating func value(_ memory: ItemsPredictors.Memory) throws(DamagedBytes) -> ItemField.FieldContent? {
    let isPresent =
      state.present.contains(memory)
      ? coder.decode(&state.bits[memory.field].present) : coder.decode(&state.bits[memory.field].absent)
    guard isPresent else {
      state.present.remove(memory)
      return nil
    }
    state.present.insert(memory)
    let kind = ItemsTables.FieldEncoding(rawValue: tables.fields[memory.field].kind)
    if kind == .flag { return .flag(coder.decode(&state.bits[memory.field].flag)) }
    let number = (state.last[memory] ?? 0) &+ state.models[memory.field].decode(from: &coder)
    state.last[memory] = number
    return kind == .text ? .text(tables.texts[try Self.bounded(number, tables.texts.count)]) : .number(number)
  }

  private static func bounded(_ value: Int64, _ limit: Int) throws(DamagedBytes) -> Int {
    guard value >= 0, value < limit else { throw DamagedBytes(reason: "a number is out of range") }
    return Int(value)
  }
}
