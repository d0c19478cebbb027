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
  }

  private let files: [String: File]

  /// The names below /ui/.
  var names: [String] { files.keys.sorted() }

  subscript(name: String) -> File? { files[name] }

  static let shared = WebFiles()

  private init() {
    var sources: [String: String] = [:]
    for index in 0..<cweb_count() {
      let file = cweb_file(index).pointee
      // Static memory, created by the compiler, with a zero byte at its end.
      sources[String(cString: file.name)] = String(cString: file.text)
    }
    let preloads = Self.preloads(of: sources)
    sources["index.html"]?.replace("<!-- modules -->", with: preloads)
    for (name, icon) in Self.faviconLevels(sources["favicon.svg"] ?? "") { sources[name] = icon }
    files = Dictionary(
      uniqueKeysWithValues: sources.map { name, source in
        let type = Self.type(of: name)
        return (name, File(type: type, bytes: Minifier.minified(source.utf8, type: type)))
      })
  }

  private static func type(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    default: "image/svg+xml"
    }
  }

  /// A link for each module, so that the browser requests one without waiting for those that import it.
  private static func preloads(of sources: [String: String]) -> String {
    let page = sources["index.html"] ?? ""
    return sources.keys.sorted().filter { $0.hasSuffix(".js") && !page.contains("src=\"\($0)\"") }
      .map { "<link rel=\"modulepreload\" href=\"\($0)\">" }.joined(separator: "\n")
  }

  /// The favicon with its bar at 0…4 quarters, such as `favicon-3.svg`.
  ///
  /// Served as files: an icon drawn in the browser would be a `data:` URL, which the page's policy rejects.
  private static func faviconLevels(_ icon: String) -> [(name: String, icon: String)] {
    (0...4).map { level in
      let height = level * 26 / 4
      let fill = level == 4 ? "#d63a2b" : level == 3 ? "#c98a12" : "#2b8fd6"
      return (
        "favicon-\(level).svg",
        icon.replacing("y=\"29\" height=\"0\"", with: "y=\"\(29 - height)\" height=\"\(height)\"")
          .replacing("#2b8fd6", with: fill)
      )
    }
  }
}
