internal import SystemIO

/// An XML element with its children.
///
/// Bounded, and limited to nvidia-smi's subset of XML: no entities of its own, no CDATA, and of attributes only `id`.
struct XMLElement {
  /// Maximum number of elements in a text.
  static let maximumElements = 100_000
  /// Maximum nesting depth.
  static let maximumDepth = 32

  var name: String
  var identifier: String?
  var text = ""
  var children: [XMLElement] = []

  private init(name: String, identifier: String? = nil) {
    self.name = name
    self.identifier = identifier
  }

  /// Parses the outermost element of a text; nil if it is malformed.
  init?(_ bytes: Span<UInt8>) {
    var open: [XMLElement] = []
    var count = 0
    var position = 0
    while position < bytes.count {
      if bytes.byte(at: position) != UInt8(ascii: "<") {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
        if let last = open.indices.last, open[last].children.isEmpty {
          open[last].text += Self.unescape(bytes.string(start..<position))
        }
        continue
      }
      let start = position + 1
      while position < bytes.count, bytes[position] != UInt8(ascii: ">") { position += 1 }
      guard position < bytes.count else { return nil }
      let tag = bytes.string(start..<position)
      position += 1
      if tag.hasPrefix("?") || tag.hasPrefix("!") { continue }
      if tag.hasPrefix("/") {
        guard var element = open.popLast(), element.name == tag.dropFirst() else { return nil }
        element.text = Self.trim(element.text)
        guard let parent = open.indices.last else {
          self = element
          return
        }
        open[parent].children.append(element)
        continue
      }
      count += 1
      guard count <= Self.maximumElements, open.count < Self.maximumDepth else { return nil }
      let isEmpty = tag.hasSuffix("/")
      let element = Self.element(isEmpty ? tag.dropLast() : tag[...])
      if isEmpty, let parent = open.indices.last {
        open[parent].children.append(element)
      } else if isEmpty {
        self = element
        return
      } else {
        open.append(element)
      }
    }
    return nil
  }

  /// The first child of a name.
  func child(_ name: String) -> XMLElement? {
    children.first { $0.name == name }
  }

  /// The text of an element below this one, by a path such as "temperature/gpu_temp", or nil.
  func text(_ path: String) -> String? {
    var element = self
    for name in path.split(separator: "/") {
      guard let child = element.child(String(name)) else { return nil }
      element = child
    }
    return element.text
  }

  private static func element(_ tag: Substring) -> XMLElement {
    let name = tag.prefix { !$0.isWhitespace }
    let parts = tag.dropFirst(name.count).split(separator: "\"", omittingEmptySubsequences: false)
    let isIdentified = parts.count >= 2 && trim(String(parts[0])) == "id="
    return XMLElement(name: String(name), identifier: isIdentified ? String(parts[1]) : nil)
  }

  private static func trim(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  private static func unescape(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    let parts = text.split(separator: "&", omittingEmptySubsequences: false)
    var result = String(parts[0])
    for part in parts.dropFirst() {
      let names = ["lt;": "<", "gt;": ">", "quot;": "\"", "apos;": "'", "amp;": "&"]
      if let known = names.first(where: { part.hasPrefix($0.key) }) {
        result += known.value + part.dropFirst(known.key.count)
      } else {
        result += "&" + part
      }
    }
    return result
  }
}
