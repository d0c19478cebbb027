/// Splits an array in a JSON text into its objects as the text arrives: a day's history is too large for one tree.
///
/// Text outside the array is skipped; objects are passed on unchecked.
struct ObjectSplitter {
  /// Maximum bytes of an object.
  static let limit = RemoteLimits.sample

  private let name: [UInt8]
  private var depth = 0
  private var isString = false
  private var isEscaped = false
  private var string: [UInt8] = []
  /// Whether the last string at depth 1 is the array's name.
  private var isNamed = false
  private var isInside = false
  private var object: [UInt8] = []
  /// Text outside the array: `{"interval_sec":30,"samples":[]}`.
  private(set) var rest: [UInt8] = []

  /// Splits the member `name` of the outermost object.
  init(array name: String) {
    self.name = Array(name.utf8)
  }

  /// Parses more of the text and passes on the objects that end in it; false where one is too long.
  mutating func add(_ bytes: Span<UInt8>, _ body: ([UInt8]) -> Void) -> Bool {
    for index in 0..<bytes.count {
      let byte = bytes[index]
      let isObject = isInside && (depth > 2 || byte == UInt8(ascii: "{"))
      if isObject {
        guard object.count < Self.limit else { return false }
        object.append(byte)
      } else if !isInside || byte == UInt8(ascii: "]") {
        guard rest.count < 65_536 else { return false }
        rest.append(byte)
      }
      if isString {
        step(inString: byte)
        continue
      }
      switch byte {
      case UInt8(ascii: "\""):
        isString = true
        string.removeAll(keepingCapacity: true)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        if depth == 2, byte == UInt8(ascii: "["), isNamed { isInside = true }
        isNamed = false
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if isInside, depth == 2 {
          body(object)
          object.removeAll(keepingCapacity: true)
        }
        if depth == 1 { isInside = false }
      default: break
      }
    }
    return true
  }

  private mutating func step(inString byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isString = false
      if depth == 1 { isNamed = string == name }
      return
    }
    if depth == 1, string.count <= name.count { string.append(byte) }
  }
}
