internal import AgentMetrics
internal import SampleStore

/// Validator of a representation for conditional requests (RFC 9110 §8.8, §13.1).
struct Validator: Sendable {
  /// The entity tag, including quotation marks.
  let tag: String
  /// Time of the last change; nil if unknown.
  var modified: Timestamp?

  /// Creates the validator of bytes that change only with the program's version.
  init(contents: [UInt8]) {
    var hash = Hash()
    for byte in contents { hash.add(byte) }
    tag = "\"" + hash.text + "\""
  }

  init(tag: String) {
    self.tag = tag
  }

  /// Creates the validator of a response made of samples, by the samples and the request.
  ///
  /// Weak, since it is the same when compressed.
  init(of samples: [History.Entry], target: String) {
    var hash = Hash()
    for byte in target.utf8 { hash.add(byte) }
    // First and last sample identify those in between; they are distinguished by the nanoseconds of their readings,
    // also after a restart.
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

  /// Whether an If-None-Match matches, by weak comparison.
  private func matches(_ tags: String) -> Bool {
    tags.split(separator: ",").contains { part in
      let named = part.trimmed
      return named == "*" || Self.opaque(named) == Self.opaque(tag[...])
    }
  }

  private static func opaque(_ tag: Substring) -> Substring {
    tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
  }

  /// FNV-1a of 64 bits: a collision of two responses would be of no use to an attacker.
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
  /// Creates a response for conditional requests; `make` is not called if the client's copy is current.
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
  /// Without surrounding white space that HTTP allows (RFC 9110 §5.6.3).
  var trimmed: Substring {
    var text = self.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
