import Glibc
import Testing

@testable import API

/// The page's files as embedded and served.
@Suite struct WebFilesTests {
  static let folder = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }) + "/web"

  /// The names in the folder `web`.
  static let sources: [String] = {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }()

  static func type(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "?"
    }
  }

  static func text(_ name: String) -> String { String(decoding: WebFiles.shared[name]?.bytes ?? [], as: UTF8.self) }

  /// The folder's files are embedded, and no others except the favicon's levels.
  @Test func everyFileIsEmbedded() {
    #expect(Self.sources.contains("index.html"))
    #expect(WebFiles.shared.names.filter { !$0.hasPrefix("favicon-") } == Self.sources.sorted())
    #expect(WebFiles.shared.names.filter { $0.hasPrefix("favicon-") }.count == 5)
  }

  /// The browser requests all modules immediately rather than after reading the importing one.
  @Test func everyModuleIsAskedForInAdvance() {
    let lines = Self.text("index.html").split(separator: "\n")
    for name in Self.sources where name.hasSuffix(".js") {
      let isNamed = lines.contains { line in
        line.hasPrefix(#"<link rel="modulepreload" href="\#(name)""#)
          || line.hasPrefix("<script type=\"module\"") && line.contains(" src=\"\(name)\"")
      }
      #expect(isNamed, "\(name)")
    }
  }

  @Test(arguments: WebFiles.shared.names) func answer(name: String) async throws {
    let response = await EndpointTests.get("/ui/" + name)
    #expect(response.status == 200)
    #expect(response[header: "content-type"] == Self.type(of: name))
    #expect(response[header: "cache-control"] == "no-cache")
    #expect(response[header: "x-content-type-options"] == "nosniff")
    let policy = try #require(response[header: "content-security-policy"])
    #expect(policy.hasPrefix("default-src 'self';") && !policy.contains("unsafe"))
    let tag = try #require(response[header: "etag"])
    for match in [tag, "W/" + tag, "\"other\", " + tag, "*"] {
      let cached = await EndpointTests.get("/ui/" + name, ifNoneMatch: match)
      #expect(cached.status == 304 && cached.body.isEmpty && cached[header: "etag"] == tag, "\(match)")
    }
    for other in ["\"other\"", "", tag + "x", String(tag.dropLast())] {
      #expect(await EndpointTests.get("/ui/" + name, ifNoneMatch: other).status == 200, "\(other)")
    }
  }

  @Test func theFolderIsThePage() async {
    #expect(await EndpointTests.get("/ui/").body == EndpointTests.get("/ui/index.html").body)
  }

  /// The page loads no resources from elsewhere, complies with its policy, and inserts no text as markup.
  @Test func pageIsSelfContained() {
    for name in WebFiles.shared.names {
      let text = Self.text(name).replacing("http://www.w3.org/", with: "")
      #expect(!text.contains("http:") && !text.contains("https:") && !text.contains("url("), "\(name)")
      let forbidden = [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=\"", "new Function",
        "document.cookie", " onclick=", " onload=", " onerror=",
      ]
      for word in forbidden { #expect(!text.contains(word), "\(name): \(word)") }
    }
  }

  /// 151 kB without compression, favicons included.
  @Test func pageIsLight() {
    let size = WebFiles.shared.names.reduce(0) { $0 + (WebFiles.shared[$1]?.bytes.count ?? 0) }
    #expect(size <= 151_000)
  }

  /// Every file named by the page or by a module exists.
  @Test func namedFilesExist() {
    let page = Self.text("index.html")
    for part in page.split(separator: #"src=""#).dropFirst() + page.split(separator: #"href=""#).dropFirst() {
      guard let name = part.split(separator: "\"").first, !name.hasPrefix("#"), !name.hasPrefix("../") else { continue }
      #expect(WebFiles.shared[String(name)] != nil, "\(name)")
    }
    for name in WebFiles.shared.names where name.hasSuffix(".js") {
      for part in Self.text(name).split(separator: "'./").dropFirst() {
        let module = part.split(separator: "'").first.map(String.init) ?? ""
        #expect(WebFiles.shared[module] != nil, "\(name) imports \(module)")
      }
    }
  }

  /// The favicon's levels differ and keep the size of one small file.
  @Test func favicons() {
    let levels = (0...4).map { Self.text("favicon-\($0).svg") }
    #expect(Set(levels).count == 5)
    for level in levels { #expect(level.hasPrefix("<svg ") && level.utf8.count < 700) }
  }
}
