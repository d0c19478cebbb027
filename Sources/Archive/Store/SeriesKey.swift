internal import AgentMetrics

/// Identity of a series: its place in a Sample, and the labels of its list entry.
struct SeriesKey: Hashable {
  /// What kind of thing stands there.
  enum ValueKind: Int64 {
    /// A level, a row of values over time.
    case number = 0
    /// A truth value, kept as 1 or 0.
    case flag
    /// A text, kept when it changes.
    case text
    /// Whether a part is there, kept when it changes.
    case part
    /// Which entries a list has, by their labels and in their order, kept when it changes.
    case list
    /// A total that only grows, a row of values over time.
    case counter

    /// The kind of a number or truth value.
    init(_ kind: Definition.MetricKind) {
      switch kind {
      case .counter: self = .counter
      case .flag: self = .flag
      case .gauge, .info: self = .number
      }
    }
  }

  let kind: ValueKind
  /// As in the catalog, `disks.busy`; that of a part or list is its path.
  let id: String
  /// The values of the labels of all lists on the way to it.
  let labels: [String]

  var isNumber: Bool { kind == .number || kind == .flag || kind == .counter }
}

extension [String] {
  /// Texts as one, each with its length before it, so that any text can be among them: `3:cpu1:0`.
  ///
  /// The lengths are counted in bytes of UTF-8, as in netstrings.
  var netstrings: String {
    map { "\($0.utf8.count):\($0)" }.joined()
  }

  /// Splits such a text; nil for malformed input.
  init?(netstrings text: String) {
    self = []
    var bytes = Array<UInt8>(text.utf8)[...]
    while !bytes.isEmpty {
      guard let colon = bytes.prefix(20).firstIndex(of: UInt8(ascii: ":")),
        let count = Int(String(decoding: bytes[..<colon], as: UTF8.self)), count >= 0,
        count <= bytes.endIndex - colon - 1
      else { return nil }
      let start = colon + 1
      append(String(decoding: bytes[start..<start + count], as: UTF8.self))
      bytes = bytes[(start + count)...]
    }
  }
}

/// The numbers of series, which stand for them in the file.
struct SeriesTable {
  /// A series and its unit.
  struct Series {
    let key: SeriesKey
    let unit: Unit
  }

  /// Limit of the series part of a chunk's id (``ArchiveSchema``).
  static let limit = 1 << 20

  /// By number.
  private var entries: [Series?] = [nil]
  private var numbers: [SeriesKey: Int] = [:]

  func number(of key: SeriesKey) -> Int? { numbers[key] }

  subscript(number: Int) -> Series? { number < entries.count && number > 0 ? entries[number] : nil }

  /// Greater than every number.
  var end: Int { entries.count }

  /// How many there are.
  var count: Int { numbers.count }

  /// All numbers, ascending.
  var all: [Int] { entries.indices.filter { entries[$0] != nil } }

  /// Takes a series that the file has.
  mutating func insert(_ number: Int, _ key: SeriesKey, _ unit: Unit) {
    while entries.count <= number { entries.append(nil) }
    entries[number] = Series(key: key, unit: unit)
    numbers[key] = number
  }

  /// Assigns a number to a new series; nil when the numbers are exhausted.
  mutating func add(_ key: SeriesKey, _ unit: Unit) -> Int? {
    guard entries.count < Self.limit else { return nil }
    insert(entries.count, key, unit)
    return entries.count - 1
  }

  mutating func remove(_ number: Int) {
    guard let entry = self[number] else { return }
    numbers[entry.key] = nil
    entries[number] = nil
  }
}
