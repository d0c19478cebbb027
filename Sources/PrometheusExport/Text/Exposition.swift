/// Writes the text of a scrape, family by family: Prometheus' text format 0.0.4 or OpenMetrics 1.0.
///
/// A family without samples is omitted, and so is a sample whose value is absent (NaN): a device that vanishes from the
/// machine vanishes here. No sample has a timestamp: they are those of the scrape.
package struct Exposition: Sendable {
  /// Type of a family's values.
  package enum ExposedType: Sendable {
    /// A level that goes up and down.
    case gauge
    /// A total that only grows; its name ends in `_total`.
    case counter
    /// Labels that describe something; its name ends in `_info` and its value is 1.
    case info
    /// Unknown; `untyped` in the text format.
    case unknown
  }

  /// The format that is written.
  package let format: ExpositionFormat
  /// Bytes written so far, without the end that ``finish()`` appends.
  package private(set) var bytes: [UInt8] = []
  /// The name that the family's samples have.
  private var name: [UInt8] = []
  private var familyStart = 0
  private var samplesStart = 0
  private var sampleStart = 0
  private var hasLabels = false
  /// Decides by its name whether a family is kept; nil keeps all.
  private let filter: (@Sendable (String) -> Bool)?
  private var isKept = true

  /// Creates an empty text that keeps the families whose sample name passes the filter.
  package init(_ format: ExpositionFormat, capacity: Int = 65_536, filter: (@Sendable (String) -> Bool)? = nil) {
    self.format = format
    self.filter = filter
    bytes.reserveCapacity(capacity)
    name.reserveCapacity(96)
  }

  // MARK: Families

  /// Begins a family.
  ///
  /// - Parameters:
  ///   - name: as its samples have it, `_total` of a counter and `_info` of an info included.
  ///   - unit: the base unit that ends the name (before `_total`); empty without one.
  ///   - help: one line of description.
  package mutating func family(_ name: StaticString, _ kind: ExposedType, _ help: StaticString, unit: StaticString = "")
  {
    endFamily()
    name.append(to: &self.name)
    begin(kind, unit, help)
  }

  /// Begins a family whose name is known at run time only.
  package mutating func family(named name: String, _ kind: ExposedType, _ help: String, unit: String = "") {
    endFamily()
    name.append(to: &self.name)
    begin(kind, unit, help)
  }

  /// Begins a family that is named after an entry of a kernel file, between a prefix and a suffix.
  ///
  /// Parentheses become underscores ("Active(anon)" is `Active_anon`), and so do all characters that names may not
  /// contain.
  package mutating func family(
    _ prefix: StaticString, _ middle: String, suffix: StaticString = "", _ kind: ExposedType, _ help: StaticString
  ) {
    endFamily()
    prefix.append(to: &name)
    for byte in middle.utf8 where byte != UInt8(ascii: ")") {
      name.append(byte.isNameByte ? byte : UInt8(ascii: "_"))
    }
    suffix.append(to: &name)
    begin(kind, "" as StaticString, help)
  }

  private mutating func begin(_ kind: ExposedType, _ unit: some UTF8Text, _ help: some UTF8Text) {
    if let filter { isKept = filter(String(decoding: name, as: UTF8.self)) }
    // In OpenMetrics the suffix belongs to the sample, not to the family.
    var count = name.count
    if format == .openMetrics {
      if kind == .counter, name.ends(with: "_total") { count -= 6 }
      if kind == .info, name.ends(with: "_info") { count -= 5 }
    }
    let isOpen = format == .openMetrics
    if !isOpen {
      line("# HELP ", count)
      append(help: help)
      bytes.append(UInt8(ascii: "\n"))
    }
    line("# TYPE ", count)
    let type: StaticString =
      switch kind {
      case .gauge: "gauge\n"
      case .counter: "counter\n"
      case .info: isOpen ? "info\n" : "gauge\n"
      case .unknown: isOpen ? "unknown\n" : "untyped\n"
      }
    type.append(to: &bytes)
    if isOpen {
      if !unit.isEmptyText {
        line("# UNIT ", count)
        unit.append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
      }
      line("# HELP ", count)
      append(help: help)
      bytes.append(UInt8(ascii: "\n"))
    }
    samplesStart = bytes.count
  }

  private mutating func line(_ keyword: StaticString, _ count: Int) {
    keyword.append(to: &bytes)
    name.withUnsafeBufferPointer { bytes.append(contentsOf: $0[..<count]) }
    bytes.append(UInt8(ascii: " "))
  }

  private mutating func endFamily() {
    if bytes.count == samplesStart || !isKept { bytes.removeLast(bytes.count - familyStart) }
    familyStart = bytes.count
    samplesStart = -1
    name.removeAll(keepingCapacity: true)
  }

  // MARK: Samples

  /// Begins a sample of the family: its labels follow, then its value.
  @inline(__always)
  package mutating func sample() {
    sampleStart = bytes.count
    hasLabels = false
    bytes.append(contentsOf: name)
  }

  /// A label of the sample.
  package mutating func label(_ label: StaticString, _ value: String) {
    begin(label)
    append(escaping: value)
    bytes.append(UInt8(ascii: "\""))
  }

  /// A label of the sample, whose name is known at run time only.
  package mutating func label(named label: String, _ value: String) {
    bytes.append(hasLabels ? UInt8(ascii: ",") : UInt8(ascii: "{"))
    hasLabels = true
    bytes.append(contentsOf: label.utf8)
    bytes.append(UInt8(ascii: "="))
    bytes.append(UInt8(ascii: "\""))
    append(escaping: value)
    bytes.append(UInt8(ascii: "\""))
  }

  /// A label of the sample whose value needs no escaping.
  package mutating func label(_ label: StaticString, _ value: StaticString) {
    begin(label)
    value.append(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// A label of the sample whose value is a number.
  package mutating func label(_ label: StaticString, _ value: Int) {
    begin(label)
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(digitsOf: UInt64(value.magnitude))
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func begin(_ label: StaticString) {
    bytes.append(hasLabels ? UInt8(ascii: ",") : UInt8(ascii: "{"))
    hasLabels = true
    label.append(to: &bytes)
    ("=\"" as StaticString).append(to: &bytes)
  }

  /// Ends the sample with a whole number.
  package mutating func value(_ value: UInt64) {
    endLabels()
    append(digitsOf: value)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Ends the sample with a whole number.
  package mutating func value(_ value: Int64) {
    endLabels()
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(digitsOf: value.magnitude)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Ends the sample with a whole number of 10⁻ⁿ-ths, written exactly: 1234 and 2 is 12.34.
  package mutating func value(_ value: UInt64, decimals: Int) {
    endLabels()
    append(digitsOf: value, decimals: decimals)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Ends the sample with a number in its shortest form; a sample whose value is absent (NaN) is taken back.
  package mutating func value(_ value: Double) {
    guard value.isFinite else {
      bytes.removeLast(bytes.count - sampleStart)
      return
    }
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
      self.value(whole)
      return
    }
    endLabels()
    bytes.append(contentsOf: value.description.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func endLabels() {
    (hasLabels ? "} " : " " as StaticString).append(to: &bytes)
  }

  /// Samples of the family that were written elsewhere, as whole lines with its name.
  package mutating func samples(_ lines: UnsafeBufferPointer<UInt8>) {
    bytes.append(contentsOf: lines)
  }

  /// Ends the text and gives it.
  package mutating func finish() -> [UInt8] {
    endFamily()
    if format == .openMetrics { ("# EOF\n" as StaticString).append(to: &bytes) }
    return bytes
  }

  // MARK: Bytes

  private mutating func append(help: some UTF8Text) {
    let start = bytes.count
    help.append(to: &bytes)
    let isOpen = format == .openMetrics
    guard bytes[start...].contains(where: { $0 == 0x0A || $0 == 0x5C || isOpen && $0 == 0x22 }) else { return }
    let text = Array(bytes[start...])
    bytes.removeLast(text.count)
    for byte in text { Self.append(escaping: byte, quotes: isOpen, to: &bytes) }
  }

  private mutating func append(escaping text: String) {
    var text = text
    text.withUTF8 { utf8 in Self.append(escaping: utf8, to: &bytes) }
  }

  /// Appends a label's value, escaped as both formats want it.
  package static func append(escaping utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    if utf8.contains(where: { $0 == 0x0A || $0 == 0x22 || $0 == 0x5C }) {
      for byte in utf8 { append(escaping: byte, quotes: true, to: &bytes) }
    } else {
      bytes.append(contentsOf: utf8)
    }
  }

  private static func append(escaping byte: UInt8, quotes: Bool, to bytes: inout [UInt8]) {
    switch byte {
    case 0x0A:
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(UInt8(ascii: "n"))
    case 0x22 where !quotes: bytes.append(byte)
    case 0x22, 0x5C:
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    default: bytes.append(byte)
    }
  }

  private mutating func append(digitsOf value: UInt64, decimals: Int = 0) {
    let decimals = Swift.min(max(0, decimals), 19)
    // The most digits that 64 bits have, and the point; filled from its end.
    var digits: InlineArray<21, UInt8> = .init(repeating: 0x30)
    var rest = value
    var start = 21
    var (end, written) = (21, 0)
    repeat {
      if written == decimals, decimals > 0 {
        start -= 1
        digits[start] = UInt8(ascii: ".")
      }
      start -= 1
      digits[start] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
      written += 1
    } while rest > 0 || written <= decimals
    if decimals > 0 {
      // Drops trailing zeros of a fraction.
      while digits[end - 1] == 0x30 { end -= 1 }
      if digits[end - 1] == UInt8(ascii: ".") { end -= 1 }
    }
    digits.span.withUnsafeBufferPointer { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[start..<end])) }
  }
}

extension UInt8 {
  /// A letter, a digit or an underscore of ASCII.
  fileprivate var isNameByte: Bool {
    self >= 0x61 && self <= 0x7A || self >= 0x41 && self <= 0x5A || self >= 0x30 && self <= 0x39 || self == 0x5F
  }
}

extension [UInt8] {
  fileprivate func ends(with text: StaticString) -> Bool {
    text.withUTF8Buffer { count >= $0.count && self[(count - $0.count)...].elementsEqual($0) }
  }
}

/// A text that is known when the program is compiled, or one that is not.
private protocol UTF8Text {
  var isEmptyText: Bool { get }
  func append(to bytes: inout [UInt8])
}

extension StaticString: UTF8Text {
  fileprivate var isEmptyText: Bool { utf8CodeUnitCount == 0 }
  fileprivate func append(to bytes: inout [UInt8]) { withUTF8Buffer { bytes.append(contentsOf: $0) } }
}

extension String: UTF8Text {
  fileprivate var isEmptyText: Bool { isEmpty }
  fileprivate func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}
