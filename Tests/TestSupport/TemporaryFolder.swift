package import SystemIO

/// A folder for one test, removed with its contents on deinit.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws(SystemError) {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((base + "/agent-test.XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    Self.remove(path)
  }

  /// A file in it.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file in it.
  package func write(_ name: String, _ text: String) throws(SystemError) {
    guard let stream = fopen(file(name), "w") else { throw SystemError("open " + file(name)) }
    defer { fclose(stream) }
    guard fputs(text, stream) >= 0 else { throw SystemError("write " + file(name)) }
  }

  private static func remove(_ path: String) {
    // A test may have removed its write permission.
    chmod(path, 0o755)
    for name in Files.names(in: path) {
      let inner = path + "/" + name
      if unlink(inner) != 0 { remove(inner) }
    }
    rmdir(path)
  }
}
