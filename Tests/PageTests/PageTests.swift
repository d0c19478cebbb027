import SystemIO
import TestSupport
import Testing

/// The page in Chromium, served by the real binary: `page.py` beside this file does it, and says what fails.
@Suite(.ownThreads) struct PageTests {
  static let repository = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

  /// The release binary where scripts/test has made one, else the debug binary beside the tests.
  static let agent =
    getenv("AGENT_RELEASE_BINARY").map { String(cString: $0) } ?? repository + "/.build/debug/agent"

  @Test func page() async throws {
    let script = Self.repository + "/Tests/PageTests/page.py"
    let (status, output) = try Self.run(["python3", script, Self.agent])
    #expect(status == 0, "\(output)")
    print(output)
  }

  /// What a program found on PATH prints, on both its outputs, and its wait status.
  static func run(_ words: [String]) throws -> (status: Int32, output: String) {
    let ends = try Pipe.make()
    defer { close(ends.reading) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends.writing, 1)
    posix_spawn_file_actions_adddup2(&actions, ends.writing, 2)
    let arguments = words.map { strdup($0) } + [nil]
    defer { for text in arguments { free(text) } }
    var child: pid_t = 0
    let result = posix_spawnp(&child, words[0], &actions, nil, arguments, environ)
    close(ends.writing)
    try #require(result == 0, "\(words[0]): \(String(cString: strerror(result)))")
    var (bytes, chunk) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    while true {
      let count = read(ends.reading, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      bytes += chunk[..<count]
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return (status, String(decoding: bytes, as: UTF8.self))
  }
}
