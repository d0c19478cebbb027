internal import AgentMetrics
internal import History

/// What a client may ask again with, whether it has a representation already (RFC 9110 §8.8, §13.1).
struct Validator: Sendable {
  /// The entity tag, quotation marks and all.
  let tag: String
  /// When the representation last changed; nil where nobody knows.
  var modified: Timestamp?

  /// That of bytes which only a new version of the program changes.
  init(contents: [UInt8]) {
    var hash = Hash()
    for byte in contents { hash.add(byte) }
    tag = "\"" + hash.text + "\""
  }

  init(tag: String) {
    self.tag = tag
  }

  /// That of an answer made of samples: which they are, and what was asked.
  ///
  /// Weak, since it is the same compressed.
  init(of samples: [History.Entry], target: String) {
    var hash = Hash()
    for byte in target.utf8 { hash.add(byte) }
    // Between two there are the same again, as long as the ends are; ends are told apart by the nanoseconds of their
    // looks, after a restart too.
    for sample in [samples.first, samples.last].compactMap({ $0?.sample }) {
      hash.add(sample.timestamp.seconds.bitPattern)
      hash.add(sample.elapsed.bitPattern)
      hash.add(sample.boottime.bitPattern)
    }
    hash.add(UInt64(samples.count))
    tag = "W/\"" + hash.text + "\""
    modified = samples.last?.sample.timestamp
  }

  /// Whether the client has this representation.
  func isCurrent(for request: API.Request) -> Bool {
    if let tags = request[header: "If-None-Match"] { return matches(tags) }
    guard let modified, let since = request[header: "If-Modified-Since"].flatMap(HTTPDate.init) else { return false }
    return modified.seconds.rounded(.down) <= since.seconds
  }

  /// Whether an If-None-Match names it; compared weakly.
  private func matches(_ tags: String) -> Bool {
    tags.split(separator: ",").contains { part in
      let named = part.trimmed
      return named == "*" || Self.opaque(named) == Self.opaque(tag[...])
    }
  }

  private static func opaque(_ tag: Substring) -> Substring {
    tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
  }

  /// FNV-1a of 64 bits: nobody gains by finding two answers with one tag.
  private struct Hash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) {
      state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    mutating func add(_ word: UInt64) {
      for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
    }

    var text: String { String(state, radix: 16) }
  }
}

extension API.Response {
  /// An answer that a client may keep and ask again whether it holds; not made where it does.
  static func validated(
    _ validator: Validator, for request: API.Request, _ make: () async throws(APIError) -> API.Response
  ) async throws(APIError) -> API.Response {
    let isCurrent = validator.isCurrent(for: request)
    var response = isCurrent ? API.Response(status: 304, headers: []) : try await make()
    response = response.with("Cache-Control", "no-cache").with("ETag", validator.tag)
    guard let modified = validator.modified else { return response }
    return response.with("Last-Modified", HTTPDate.text(ofPOSIXTime: modified.seconds))
  }
}

extension Substring {
  /// Without the white space around it that HTTP allows (RFC 9110 §5.6.3).
  var trimmed: Substring {
    var text = self.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
