internal import AgentMetrics

/// The tables of an ``ItemsBlock``: texts, lists, fields and the keys of entries, each with a number.
struct ItemsTables {
  enum FieldEncoding: UInt64 {
    case number = 0, text, flag
  }

  /// A field: the texts of its list's path, its name and its unit, and its encoding.
  struct FieldKey: Hashable {
    let list: Int
    let name: Int
    let unit: Int
    let kind: UInt64
  }

  /// A list: the texts of its path and its labels.
  struct ListKey: Hashable {
    let id: Int
    let labels: [Int]
  }

  /// Values with numbers by the order of their first appearance.
  struct Numbered<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int] = [:]

    mutating func number(_ value: Value) -> Int {
      if let number = numbers[value] { return number }
      numbers[value] = values.count
      values.append(value)
      return values.count - 1
    }

    /// Appends a value of a block that is read, in which it has this number.
    mutating func append(_ value: Value) { values.append(value) }

    subscript(number: Int) -> Value { values[number] }
    var count: Int { values.count }
  }

  /// An entry: the number of its key, and its values by the numbers of their fields.
  struct Entry {
    let key: Int
    let values: [Int: ItemField.FieldContent]
  }

  private(set) var texts = Numbered<String>()
  private(set) var lists = Numbered<ListKey>()
  private(set) var fields = Numbered<FieldKey>()
  private(set) var keys = Numbered<[Int]>()

  init() {}

  /// Numbers of the fields that each list may have.
  var fieldsOfList: [[Int]] {
    lists.values.map { list in fields.values.indices.filter { fields[$0].list == list.id } }
  }

  // MARK: Numbers

  /// Numbers a list of one sample and everything in it.
  mutating func number(_ list: ItemList) -> (list: Int, entries: [Entry]) {
    let key = ListKey(id: texts.number(list.id), labels: list.labels.map { texts.number($0) })
    let number = lists.number(key)
    let entries = list.items.map { item in
      let entry = keys.number(item.labels.map { texts.number($0) })
      var values: [Int: ItemField.FieldContent] = [:]
      for field in item.fields { values[self.number(field, of: key.id)] = field.value }
      return Entry(key: entry, values: values)
    }
    return (number, entries)
  }

  private mutating func number(_ field: ItemField, of list: Int) -> Int {
    let kind: FieldEncoding
    switch field.value {
    case .number: kind = .number
    case .text(let text):
      kind = .text
      _ = texts.number(text)
    case .flag: kind = .flag
    }
    return fields.number(
      FieldKey(
        list: list, name: texts.number(field.name), unit: texts.number(field.unit.rawValue), kind: kind.rawValue))
  }

  /// The number of a text that was numbered before.
  mutating func number(_ text: String) -> Int { texts.number(text) }

  // MARK: Bytes

  /// Appends the tables.
  func write(to body: inout [UInt8]) {
    func append(_ number: Int) { body.append(varint: UInt64(number)) }
    append(texts.count)
    for text in texts.values { body.append(text: text) }
    append(lists.count)
    for list in lists.values {
      append(list.id)
      append(list.labels.count)
      list.labels.forEach(append)
    }
    append(fields.count)
    for field in fields.values {
      append(field.list)
      append(field.name)
      append(field.unit)
      body.append(varint: field.kind)
    }
    append(keys.count)
    for key in keys.values {
      append(key.count)
      key.forEach(append)
    }
  }

  /// Reads the tables; without texts there are no others.
  init(from reader: inout ByteReader) throws(DamagedBytes) {
    for _ in 0..<(try reader.count(atMost: reader.count)) { texts.append(try reader.text()) }
    guard texts.count > 0 else { return }
    for _ in 0..<(try reader.count(atMost: reader.count)) {
      lists.append(ListKey(id: try text(&reader), labels: try labels(&reader)))
    }
    for _ in 0..<(try reader.count(atMost: reader.count)) {
      fields.append(
        FieldKey(list: try text(&reader), name: try text(&reader), unit: try text(&reader), kind: try reader.varint()))
    }
    for _ in 0..<(try reader.count(atMost: reader.count)) { keys.append(try labels(&reader)) }
  }

  private func text(_ reader: inout ByteReader) throws(DamagedBytes) -> Int {
    try reader.count(atMost: texts.count - 1)
  }

  private func labels(_ reader: inout ByteReader) throws(DamagedBytes) -> [Int] {
    var labels: [Int] = []
    for _ in 0..<(try reader.count(atMost: reader.count)) { labels.append(try text(&reader)) }
    return labels
  }
}
