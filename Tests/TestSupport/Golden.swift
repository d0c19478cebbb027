package import Testing
internal import SystemIO

/// Comparison of texts with recorded ones; `RECORD_GOLDENS=1` records them again: read the difference before a commit.
package enum Golden {
  /// Compares a text with `Goldens/<name>` beside the calling test, line by line.
  ///
  /// - Parameter isIgnored: whether a differing line depends on the machine that runs the test.
  package static func expect(
    _ text: String, is name: String, file: String = #filePath, sourceLocation: SourceLocation = #_sourceLocation,
    ignoring isIgnored: (Substring) -> Bool = { _ in false }
  ) throws {
    let path =
      file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/") + "/Goldens/" + name
    if getenv("RECORD_GOLDENS") != nil { return try record(text, path) }
    let recorded = try String(decoding: Files.contents(of: path), as: UTF8.self)
    let old = recorded.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    var differing = zip(old, new).enumerated().filter { $1.0 != $1.1 && !isIgnored($1.1) }
      .map { "\($0 + 1): \($1.0)\n\($0 + 1)> \($1.1)" }
    if old.count != new.count { differing.append("\(old.count) lines recorded, \(new.count) now") }
    guard !differing.isEmpty else { return }
    Issue.record(
      "\(name) differs from its golden:\n\(differing.prefix(12).joined(separator: "\n"))",
      sourceLocation: sourceLocation)
  }

  private static func record(_ text: String, _ path: String) throws {
    // Its folders, from the outermost.
    let names = path.split(separator: "/").dropLast()
    for count in 1...names.count { mkdir("/" + names.prefix(count).joined(separator: "/"), 0o755) }
    guard let stream = fopen(path, "w") else { throw SystemError("open " + path) }
    defer { fclose(stream) }
    guard fputs(text, stream) >= 0 else { throw SystemError("write " + path) }
  }
}
