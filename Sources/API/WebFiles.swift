internal import CWeb

/// The files of the web page, embedded in the binary.
struct WebFiles: Sendable {
  struct File: Sendable {
    /// Media type with its character set.
    let type: String
    let bytes: [UInt8]
    /// A strong entity tag of only the contents: it survives a restart and changes with the page (RFC 9110 §8.8.3).
    let entityTag: String

    init(type: String, bytes: [UInt8]) {
      self.type = type
      self.bytes = bytes
      // FNV-1a of 64 bits: a collision of two pages would be of no use to an attacker.
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      entityTag = "\"" + String(hash, radix: 16) + "\""
    }

    /// Whether an If-None-Match matches, by weak comparison (RFC 9110 §13.1.2).
    func matches(_ ifNoneMatch: String) -> Bool {
      ifNoneMatch.split(separator: ",").contains { part in
        var tag = part.drop { $0 == " " || $0 == "\t" }
        while tag.last == " " || tag.last == "\t" { tag.removeLast() }
        if tag.hasPrefix("W/") { tag.removeFirst(2) }
        return tag == "*" || tag == entityTag
      }
    }
  }

  private let files: [String: File]

  /// The names below /ui/.
  var names: [String] { files.keys.sorted() }

  subscript(name: String) -> File? { files[name] }

  static let shared = WebFiles()

  private init() {
    var files: [String: File] = [:]
    for index in 0..<cweb_count() {
      let file = cweb_file(index).pointee
      // Static memory of that size, created by the compiler.
      let source = UnsafeBufferPointer(start: file.bytes, count: file.count)
      let type = String(cString: file.type)
      files[String(cString: file.name)] = File(type: type, bytes: Minifier.minified(source, type: type))
    }
    if let icon = files["favicon.svg"] {
      for (name, bytes) in Self.faviconLevels(String(decoding: icon.bytes, as: UTF8.self)) {
        files[name] = File(type: icon.type, bytes: bytes)
      }
    }
    self.files = files
  }

  /// The favicon with its bar at 0…4 quarters, such as `favicon-3.svg`.
  ///
  /// Served as files: an icon drawn in the browser would be a `data:` URL, which the page's policy rejects.
  private static func faviconLevels(_ icon: String) -> [(name: String, bytes: [UInt8])] {
    (0...4).map { level in
      let height = level * 26 / 4
      let fill = level == 4 ? "#d63a2b" : level == 3 ? "#c98a12" : "#2b8fd6"
      return (
        "favicon-\(level).svg",
        Array(
          icon.replacing("y=\"29\" height=\"0\"", with: "y=\"\(29 - height)\" height=\"\(height)\"")
            .replacing("#2b8fd6", with: fill).utf8)
      )
    }
  }
}
