internal import SystemIO

/// A request's header (RFC 9112 §2 to §6), parsed strictly: no folded lines, no spaces before colons, no bare line feeds.
struct RequestHead {
  struct ParseError: Error {}

  enum Body: Equatable {
    case bytes(Int)
    /// Chunked, or announced by Expect: not read.
    case unread
  }

  private(set) var method = ""
  private(set) var target = ""
  /// Whether the version is HTTP/1.0.
  private(set) var isOld = false
  private(set) var fields: [(name: String, value: String)] = []
  private(set) var body = Body.bytes(0)
  private(set) var keepsAlive = true

  private var hosts = 0
  private var length: Int?
  private var isUnread = false
  private var isEncoded = false

  /// Parses a header including its empty line.
  init(_ bytes: Span<UInt8>, maxFields: Int) throws(ParseError) {
    var position = 0
    try parseRequestLine(bytes, try Self.line(bytes, &position))
    keepsAlive = !isOld
    while true {
      let line = try Self.line(bytes, &position)
      if line.isEmpty { break }
      guard fields.count < maxFields else { throw ParseError() }
      try parseField(bytes, line)
    }
    // RFC 9112 §3.2 and §6.3.
    if !isOld, hosts != 1 { throw ParseError() }
    if isEncoded, length != nil { throw ParseError() }
    body = isUnread || isEncoded ? .unread : .bytes(length ?? 0)
  }

  private mutating func parseRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(ParseError) {
    let parts = bytes.string(line).split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].utf8.allSatisfy(Self.isTokenByte), !parts[1].isEmpty,
      parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { throw ParseError() }
    switch parts[2] {
    case "HTTP/1.1": isOld = false
    case "HTTP/1.0": isOld = true
    default: throw ParseError()
    }
    (method, target) = (String(parts[0]), String(parts[1]))
  }

  private mutating func parseField(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(ParseError) {
    guard let colon = line.first(where: { bytes[$0] == UInt8(ascii: ":") }), colon > line.lowerBound else {
      throw ParseError()
    }
    for index in line.lowerBound..<colon where !Self.isTokenByte(bytes[index]) { throw ParseError() }
    var value = colon + 1..<line.upperBound
    while let first = value.first, bytes[first].isBlank { value = first + 1..<value.upperBound }
    while let last = value.last, bytes[last].isBlank { value = value.lowerBound..<last }
    for index in value where bytes[index] < 0x20 && bytes[index] != 0x09 || bytes[index] == 0x7F { throw ParseError() }
    let (name, text) = (bytes.string(line.lowerBound..<colon), bytes.string(value))
    fields.append((name, text))
    switch name.lowercased() {
    case "host": hosts += 1
    case "content-length":
      guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), length == nil else { throw ParseError() }
      length = Int(text) ?? .max
    case "transfer-encoding": isEncoded = true
    case "expect": isUnread = true
    case "connection":
      let options = text.lowercased().split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" } }
      if options.contains("close") { keepsAlive = false }
      if isOld, options.contains("keep-alive") { keepsAlive = true }
    default: break
    }
  }

  private static func line(_ bytes: Span<UInt8>, _ position: inout Int) throws(ParseError) -> Range<Int> {
    let start = position
    while position + 1 < bytes.count {
      if bytes[position] == 0x0D, bytes[position + 1] == 0x0A {
        defer { position += 2 }
        return start..<position
      }
      position += 1
    }
    throw ParseError()
  }

  /// Whether a byte may be in a method or a field's name (RFC 9110 §5.6.2).
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    byte.isDigit || (0x61...0x7A).contains(byte | 0x20) && byte & 0x40 != 0 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}

/// Finds the end of a header in bytes that arrive in parts.
struct HeaderScanner {
  /// Number of bytes without an end.
  private var position = 0

  /// Returns the index behind the empty line; nil if it has not arrived.
  ///
  /// Throws at the first byte that no header contains, since its end might never come. Removes empty lines before the
  /// request (RFC 9112 §2.2).
  mutating func end(of bytes: inout [UInt8]) throws(RequestHead.ParseError) -> Int? {
    if position == 0 {
      var empty = 0
      while empty + 1 < bytes.count, bytes[empty] == 0x0D, bytes[empty + 1] == 0x0A { empty += 2 }
      if empty > 0 { bytes.removeFirst(empty) }
      // The line feed may still arrive.
      if bytes.count == 1, bytes[0] == 0x0D { return nil }
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 0x0A {
        guard position > 0, bytes[position - 1] == 0x0D else { throw RequestHead.ParseError() }
        if position >= 3, bytes[position - 2] == 0x0A {
          defer { position = 0 }
          return position + 1
        }
      } else if byte < 0x20 && byte != 0x09 && byte != 0x0D || byte == 0x7F {
        throw RequestHead.ParseError()
      }
      position += 1
    }
    return nil
  }
}
