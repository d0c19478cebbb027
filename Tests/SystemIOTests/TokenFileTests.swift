import SystemIO
import Synchronization
import TestSupport
import Testing

@Suite struct TokenFileTests {
  @Test("A changed file gives a new token; an unusable one keeps the last, and is reported once")
  func changes() throws {
    let folder = try TemporaryFolder()
    let messages = Mutex<[String]>([])
    try folder.write("token", "first\n")
    let file = TokenFile(folder.file("token"), token: "first", pace: 0) { message in
      messages.withLock { $0.append(message) }
    }
    #expect(file.token == "first")
    #expect(messages.withLock { $0 } == [])
    try folder.write("token", "  second \nmore\n")
    #expect(file.token == "second")
    #expect(messages.withLock { $0.count } == 1)
    for unusable in ["", "\n", "two words\n", "\u{E9}\n"] {
      try folder.write("token", unusable)
      #expect(file.token == "second")
    }
    unlink(folder.file("token"))
    #expect(file.token == "second")
    #expect(messages.withLock { $0.count } == 2)
    try folder.write("token", "third\n")
    #expect(file.token == "third")
    #expect(messages.withLock { $0.count } == 3)
  }

  @Test("Between two looks the file is not read")
  func pace() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "second\n")
    let file = TokenFile(folder.file("token"), token: "first", pace: 1e6) { _ in }
    #expect(file.token == "first")
  }
}
