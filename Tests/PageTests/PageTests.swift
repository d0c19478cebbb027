import SystemIO
import TestSupport
import Testing

/// The page in Chromium, served by the real binary: `page.py` beside this file does it, and says what fails.
@Suite(.ownThreads) struct PageTests {
  static let repository = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

  /// The release binary if scripts/test has built one, else the debug binary beside the tests.
  static let agent =
    getenv("AGENT_RELEASE_BINARY").map { String(cString: $0) } ?? repository + "/.build/debug/agent"

  @Test func page() async throws {
    let script = Self.repository + "/Tests/PageTests/page.py"
    let folder = try TemporaryFolder()
    let python = try Program(
      try #require(Program.path(of: "python3")), [script, Self.agent], log: folder.file("log"))
    let status = python.wait()
    let output = String(decoding: try Files.contents(of: folder.file("log")), as: UTF8.self)
    #expect(status == 0, "\(output)")
    print(output)
  }
}
