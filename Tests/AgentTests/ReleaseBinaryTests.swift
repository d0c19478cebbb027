import Glibc
import SystemIO
import TestSupport
import Testing

/// Checks the release binary of scripts/test for unwanted contents.
@Suite(.enabled(if: getenv("AGENT_RELEASE_BINARY") != nil, "AGENT_RELEASE_BINARY names no release binary"))
struct ReleaseBinaryTests {
  private func binary() throws -> String {
    try #require(getenv("AGENT_RELEASE_BINARY").map { String(cString: $0) })
  }

  /// Full Foundation adds ICU and 45 MB; its data and its libraries are easy to detect.
  @Test func linksNoFullFoundation() throws {
    var status = stat()
    let path = try binary()
    #expect(stat(path, &status) == 0)
    #expect(status.st_size < 40_000_000, "\(status.st_size) bytes")
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var tail: [UInt8] = []
    let marks = ["libFoundation.so", "lib_FoundationICU.so", "icudt", "libFoundationNetworking.so"].map {
      Array($0.utf8)
    }
    var found: Set<String> = []
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count <= 0 { break }
      let bytes = tail + chunk[..<count]
      for mark in marks where contains(bytes, mark) { found.insert(String(decoding: mark, as: UTF8.self)) }
      tail = Array(bytes.suffix(64))
    }
    #expect(found.isEmpty)
  }

  @Test("It needs libc, libm and the loader, and no other library")
  func needsOnlyLibc() throws {
    let ldd = try #require(Program.path(of: "ldd"))
    let libraries = try Program.run(ldd, [try binary()]).output.split(separator: "\n")
      .compactMap { $0.split(separator: " ").first?.split(separator: "/").last }
    let allowed = ["libc.so", "libm.so", "ld-linux", "linux-vdso"]
    let others = libraries.filter { library in
      !allowed.contains { library.drop { $0 == "\t" }.hasPrefix($0) }
    }
    #expect(others.isEmpty && libraries.count >= 3, "\(libraries)")
  }

  private func contains(_ bytes: [UInt8], _ mark: [UInt8]) -> Bool {
    guard let first = mark.first else { return true }
    var start = bytes.startIndex
    while let found = bytes[start...].firstIndex(of: first) {
      if bytes[found...].starts(with: mark) { return true }
      start = found + 1
    }
    return false
  }
}
