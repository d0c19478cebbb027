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
  private enum FieldEncoding: UInt64 {
    case number = 0, text, flag
  }

  private struct FieldKey: Hashable {
    let list: Int
    let name: Int
    let unit: Int
    let kind: UInt64
  }

  private struct ListKey: Hashable {
    let id: Int
    let labels: [Int]
  }

  private struct Texts {
    var texts: [String] = []
    var numbers: [String: Int] = [:]

    mutating func number(_ text: String) -> Int {
      if let number = numbers[text] { return number }
      numbers[text] = texts.count
      texts.append(text)
      return texts.count - 1
    }
  }

  /// Previous values and their models.
  private struct Predictors {
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
    var bits: [(BitModel, BitModel, BitModel)]
    var last: [Memory: Int64] = [:]
    var present: Set<Memory> = []

    init(lists: Int, fields: Int) {
      lastKeys = [[Int]](repeating: [], count: lists)
      models = [IntegerModel](repeating: IntegerModel(), count: fields)
      bits = [(BitModel, BitModel, BitModel)](
        repeating: (BitModel(), BitModel(), BitModel()), count: fields)
    }

    mutating func encode(_ isPresent: Bool, _ memory: Memory, to coder: inout RangeEncoder) {
      if present.contains(memory) {
        coder.encode(isPresent, &bits[memory.field].1)
        if !isPresent { present.remove(memory) }
      } else {
        coder.encode(isPresent, &bits[memory.field].0)
        if isPresent { present.insert(memory) }
      }
    }

    mutating func decode(_ memory: Memory, from coder: inout RangeDecoder) -> Bool {
      let was = present.contains(memory)
      let isPresent = was ? coder.decode(&bits[memory.field].1) : coder.decode(&bits[memory.field].0)
      if isPresent { present.insert(memory) } else { present.remove(memory) }
      return isPresent
    }
  }

  static func encode(_ samples: [[ItemList]]) -> [UInt8] {
    var texts = Texts()
    var lists: [ListKey] = []
    var listNumbers: [ListKey: Int] = [:]
    var fields: [FieldKey] = []
    var fieldNumbers: [FieldKey: Int] = [:]
    var keys: [[Int]] = []
    var keyNumbers: [[Int]: Int] = [:]

    // Every text, list, field and key gets a number before the stream begins.
    struct ListEntry {
      let key: Int
      let values: [Int: ItemField.FieldContent]
    }
    var numbered: [[(list: Int, entries: [ListEntry])]] = []
    for sample in samples {
      var row: [(list: Int, entries: [ListEntry])] = []
      for list in sample {
        let key = ListKey(id: texts.number(list.id), labels: list.labels.map { texts.number($0) })
        let number = listNumbers[key] ?? lists.count
        if number == lists.count {
          listNumbers[key] = number
          lists.append(key)
        }
        var entries: [ListEntry] = []
        for item in list.items {
          let labels = item.labels.map { texts.number($0) }
          let itemKey = keyNumbers[labels] ?? keys.count
          if itemKey == keys.count {
            keyNumbers[labels] = itemKey
            keys.append(labels)
          }
          var values: [Int: ItemField.FieldContent] = [:]
          for field in item.fields {
            let kind: FieldEncoding
            switch field.value {
            case .number: kind = .number
            case .text(let text):
              kind = .text
              _ = texts.number(text)
            case .flag: kind = .flag
            }
            let fieldKey = FieldKey(
              list: key.id, name: texts.number(field.name), unit: texts.number(field.unit.rawValue), kind: kind.rawValue
            )
            let fieldNumber = fieldNumbers[fieldKey] ?? fields.count
            if fieldNumber == fields.count {
              fieldNumbers[fieldKey] = fieldNumber
              fields.append(fieldKey)
            }
            values[fieldNumber] = field.value
          }
          entries.append(ListEntry(key: itemKey, values: values))
        }
        row.append((number, entries))
      }
      numbered.append(row)
    }

    var body: [UInt8] = []
    func append(_ number: Int) { body.append(varint: UInt64(number)) }
    append(texts.texts.count)
    for text in texts.texts { body.append(text: text) }
    append(lists.count)
    for list in lists {
      append(list.id)
      append(list.labels.count)
      list.labels.forEach(append)
    }
    append(fields.count)
    for field in fields {
      append(field.list)
      append(field.name)
      append(field.unit)
      body.append(varint: field.kind)
    }
    append(keys.count)
    for key in keys {
      append(key.count)
      key.forEach(append)
    }

    let fieldsOfList = lists.map { list in fields.indices.filter { fields[$0].list == list.id } }
    var coder = RangeEncoder()
    var state = Predictors(lists: lists.count, fields: fields.count)
    for row in numbered {
      state.lists.encode(Int64(row.count - state.lastLists), to: &coder)
      state.lastLists = row.count
      var before = -1
      for (list, entries) in row {
        state.which.encode(Int64(list - before - 1), to: &coder)
        before = list
        let last = state.lastKeys[list]
        state.counts.encode(Int64(entries.count - last.count), to: &coder)
        for (place, entry) in entries.enumerated() {
          state.keys.encode(Int64(entry.key - (place < last.count ? last[place] : 0)), to: &coder)
          for field in fieldsOfList[list] {
            let memory = Predictors.Memory(list: list, key: entry.key, field: field)
            let value = entry.values[field]
            state.encode(value != nil, memory, to: &coder)
            let number: Int64
            switch value {
            case nil: continue
            case .number(let value)?: number = value
            case .text(let text)?: number = Int64(texts.number(text))
            case .flag(let flag)?:
              coder.encode(flag, &state.bits[field].2)
              continue
            }
            state.models[field].encode(number &- (state.last[memory] ?? 0), to: &coder)
            state.last[memory] = number
          }
        }
        state.lastKeys[list] = entries.map(\.key)
      }
    }
    body += coder.finish()
    return Envelope.seal(.items, body)
  }

  static func decode(_ bytes: [UInt8], count: Int) throws(DamagedBytes) -> [[ItemList]] {
    var reader = try Envelope.open(bytes, as: .items)
    return try decode(from: &reader, count: count)
  }

  static func decode(from reader: inout ByteReader, count: Int) throws(DamagedBytes) -> [[ItemList]] {
    var texts: [String] = []
    for _ in 0..<(try reader.count(atMost: reader.count)) { texts.append(try reader.text()) }
    func text(_ reader: inout ByteReader) throws(DamagedBytes) -> Int {
      try reader.count(atMost: texts.count - 1)
    }
    guard !texts.isEmpty else { return [[ItemList]](repeating: [], count: count) }
    var lists: [ListKey] = []
    for _ in 0..<(try reader.count(atMost: reader.count)) {
      let id = try text(&reader)
      var labels: [Int] = []
      for _ in 0..<(try reader.count(atMost: reader.count)) { labels.append(try text(&reader)) }
      lists.append(ListKey(id: id, labels: labels))
    }
    var fields: [FieldKey] = []
    for _ in 0..<(try reader.count(atMost: reader.count)) {
      fields.append(
        FieldKey(
          list: try text(&reader), name: try text(&reader), unit: try text(&reader), kind: try reader.varint()))
    }
    var keys: [[String]] = []
    for _ in 0..<(try reader.count(atMost: reader.count)) {
      var labels: [String] = []
      for _ in 0..<(try reader.count(atMost: reader.count)) { labels.append(texts[try text(&reader)]) }
      keys.append(labels)
    }

    let fieldsOfList = lists.map { list in fields.indices.filter { fields[$0].list == list.id } }
    var coder = RangeDecoder(reader.rest)
    var state = Predictors(lists: lists.count, fields: fields.count)
    // Damaged bytes could claim more entries than memory holds.
    var room = 1 << 20
    func bounded(_ value: Int64, _ limit: Int) throws(DamagedBytes) -> Int {
      guard value >= 0, value < limit else { throw DamagedBytes(reason: "a number is out of range") }
      return Int(value)
    }
    var samples: [[ItemList]] = []
    for _ in 0..<count {
      let listCount = try bounded(Int64(state.lastLists) &+ state.lists.decode(from: &coder), 1 << 16)
      state.lastLists = listCount
      var row: [ItemList] = []
      var before = -1
      for _ in 0..<listCount {
        let list = try bounded(Int64(before + 1) &+ state.which.decode(from: &coder), lists.count)
        before = list
        let last = state.lastKeys[list]
        let entryCount = try bounded(Int64(last.count) &+ state.counts.decode(from: &coder), 1 << 16)
        room -= entryCount + 1
        guard room > 0 else { throw DamagedBytes(reason: "it has too many entries") }
        var result = ItemList(id: texts[lists[list].id], labels: lists[list].labels.map { texts[$0] })
        var now: [Int] = []
        for place in 0..<entryCount {
          let key = try bounded(
            Int64(place < last.count ? last[place] : 0) &+ state.keys.decode(from: &coder), keys.count)
          now.append(key)
          var item = Item(labels: keys[key])
          for field in fieldsOfList[list] {
            let memory = Predictors.Memory(list: list, key: key, field: field)
            guard state.decode(memory, from: &coder) else { continue }
            let value: ItemField.FieldContent
            if fields[field].kind == FieldEncoding.flag.rawValue {
              value = .flag(coder.decode(&state.bits[field].2))
            } else {
              let number = (state.last[memory] ?? 0) &+ state.models[field].decode(from: &coder)
              state.last[memory] = number
              value =
                fields[field].kind == FieldEncoding.text.rawValue
                ? .text(texts[try bounded(number, texts.count)]) : .number(number)
            }
            item.fields.append(
              ItemField(
                name: texts[fields[field].name], unit: Unit(rawValue: texts[fields[field].unit]) ?? .none, value: value)
            )
          }
          result.items.append(item)
        }
        state.lastKeys[list] = now
        row.append(result)
      }
      samples.append(row)
    }
    return samples
  }
}
