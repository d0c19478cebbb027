import Glibc
import SystemIO

/// A folder for one test, removed with all that is in it when the test is over.
final class TemporaryFolder {
  let path: String

  init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((base + "/archive.XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    chmod(path, 0o755)
    for name in Files.names(in: path) { unlink(path + "/" + name) }
    rmdir(path)
  }

  /// A file in it.
  func file(_ name: String) -> String { path + "/" + name }
}
