/// A parsed and percent-decoded request target (RFC 3986 §2.1, §3.3, §3.4).
struct RequestTarget {
  /// The segments of the path: `[""]` for `/`, `["ui", ""]` for `/ui/`.
  ///
  /// Decoded one by one, so that an encoded slash is part of a segment's name and never a separator.
  let path: [String]
  let query: URLQuery
  /// The path as received, truncated for messages.
  let shownPath: String

  init(_ target: String) throws(APIError) {
    let bytes = Array(target.utf8)
    guard bytes.first == UInt8(ascii: "/") else {
      throw APIError(.badRequest, "the request target does not begin with a slash")
    }
    guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "#") }) else {
      throw APIError(.badRequest, "the request target contains a character that must be percent-encoded")
    }
    let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
    var path: [String] = []
    for segment in bytes[1..<end].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let text = Self.decoded(segment) else {
        throw APIError(.badRequest, "the path contains a malformed percent-encoding")
      }
      path.append(text)
    }
    self.path = path
    shownPath = APIError.shown(String(decoding: bytes[..<end], as: UTF8.self))
    query = try URLQuery(end < bytes.endIndex ? bytes[(end + 1)...] : [])
  }

  /// Decodes percent-encoding; nil if it is malformed or not UTF-8.
  static func decoded(_ bytes: ArraySlice<UInt8>) -> String? {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      if bytes[index] == UInt8(ascii: "%") {
        guard bytes.endIndex - index > 2, let high = hexDigit(bytes[index + 1]), let low = hexDigit(bytes[index + 2])
        else { return nil }
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(validating: result, as: UTF8.self)
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
