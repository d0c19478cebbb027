import SystemIO
import Synchronization
import TestSupport
import Testing

@Suite struct TokenFileTests {
  /// A file with the token "first" that others cannot read, and what was reported of it.
  private final class WatchedFile: Sendable {
    private let folder: TemporaryFolder
    private let reports = Mutex<[String]>([])

    init() throws {
      folder = try TemporaryFolder()
      try write("first\n")
    }

    var path: String { folder.file("token") }
    var messages: [String] { reports.withLock { $0 } }

    func write(_ text: String, mode: mode_t = 0o600) throws {
      try folder.write("token", text)
      chmod(path, mode)
    }

    /// Opens it as at the start, when "first" was valid.
    func open(warning: @escaping @Sendable ([AccessToken]) -> String? = { _ in nil }) -> TokenFile {
      TokenFile(path, tokens: [AccessToken("first")], pace: 0, warning: warning) { message in
        self.reports.withLock { $0.append(message) }
      }
    }
  }

  @Test("A changed file gives a new token; an unusable one keeps the last, and is reported once")
  func changes() throws {
    let watched = try WatchedFile()
    let file = watched.open()
    #expect(file.tokens == [AccessToken("first")])
    #expect(watched.messages == [])
    try watched.write("  second \n# note\n\nmore metrics\n")
    #expect(file.tokens == [AccessToken("second"), AccessToken("more", role: .metrics)])
    #expect(watched.messages.count == 1)
    for unusable in ["", "\n", "two words\n", "\u{E9}\n"] {
      try watched.write(unusable)
      #expect(file.tokens == [AccessToken("second"), AccessToken("more", role: .metrics)])
    }
    unlink(watched.path)
    #expect(file.tokens == [AccessToken("second"), AccessToken("more", role: .metrics)])
    #expect(watched.messages.count == 2)
    try watched.write("third\n")
    #expect(file.tokens == [AccessToken("third")])
    #expect(watched.messages.count == 3)
  }

  @Test(
    "A changed file gets the checks of the start: the line names what is wrong, and the last tokens stay valid",
    arguments: [
      ("metrics\n", "has no token before the role \"metrics\""),
      ("good-token\nread read\n", "has no token before the role \"read\""),
      ("# none\n\n", "has no token"),
      ("good-token\n\ntwo words\n", "line 3 is not a token, without spaces, with an optional role"),
      (String(repeating: "a\n", count: 65), "has more than 64 tokens"),
      (nil, "cannot be read (No such file or directory)"),
    ] as [(String?, String)])
  func checks(contents: String?, problem: String) throws {
    let watched = try WatchedFile()
    let file = watched.open()
    if let contents { try watched.write(contents) } else { unlink(watched.path) }
    for _ in 0..<3 { #expect(file.tokens == [AccessToken("first")]) }
    #expect(watched.messages == ["\(watched.path): \(problem); the last tokens stay valid"])
    try watched.write("first\n")
    #expect(file.tokens == [AccessToken("first")])
    #expect(watched.messages.last == "\(watched.path): the tokens can be read again")
  }

  @Test("A changed file gets the warnings of the start")
  func warnings() throws {
    let watched = try WatchedFile()
    let file = watched.open { tokens in
      tokens.contains { $0.text == "weak" } ? "a weak token" : nil
    }
    #expect(watched.messages == [])
    try watched.write("weak\n", mode: 0o644)
    for _ in 0..<3 { #expect(file.tokens == [AccessToken("weak")]) }
    #expect(
      watched.messages == [
        "\(watched.path): the tokens have changed", "a weak token",
        "\(watched.path): other users may read or change the tokens; run chmod 600 \(watched.path)",
      ])
  }

  @Test("Between two checks the file is not read")
  func pace() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "second\n")
    let file = TokenFile(folder.file("token"), tokens: [AccessToken("first")], pace: 1e6) { _ in }
    #expect(file.tokens == [AccessToken("first")])
  }

  @Test("A named pipe in place of the file delays no request; the last tokens stay valid")
  func pipe() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.file("token"), 0o600) == 0)
    let file = TokenFile(folder.file("token"), tokens: [AccessToken("first")], pace: 0) { _ in }
    #expect(file.tokens == [AccessToken("first")] && TokenFile.tokens(in: folder.file("token")) == nil)
  }

  @Test("Permissions that become too wide while the program runs are reported, each time that they do")
  func widened() throws {
    let watched = try WatchedFile()
    let file = watched.open()
    for count in 0...2 {
      for _ in 0..<2 { #expect(file.tokens == [AccessToken("first")] && watched.messages.count == count) }
      chmod(watched.path, 0o644)
      for _ in 0..<2 { #expect(file.tokens == [AccessToken("first")] && watched.messages.count == count + 1) }
      chmod(watched.path, 0o600)
    }
    #expect(watched.messages.allSatisfy { $0.hasSuffix("run chmod 600 \(watched.path)") })
  }

  @Test("A file that others may read or change is reported once")
  func permissions() throws {
    let modes: [(mode_t, Bool)] = [
      (0o600, false), (0o640, true), (0o604, true), (0o620, true), (0o602, true), (0o400, false),
    ]
    for (mode, isReported) in modes {
      let watched = try WatchedFile()
      try watched.write("first\n", mode: mode)
      let file = watched.open()
      _ = (file.tokens, file.tokens)
      #expect(watched.messages.filter { $0.contains("chmod 600") }.count == (isReported ? 1 : 0))
    }
  }

  @Test("A made token is random and readable again; a name that exists is not written")
  func made() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("token")
    let tokens = [AccessToken.random(), AccessToken.random(role: .metrics)]
    #expect(tokens[0].text != tokens[1].text && tokens[0].text.utf8.count == 43)
    try Files.create(path, with: tokens.map { $0.line + "\n" }.joined(), mode: 0o600)
    #expect(TokenFile.tokens(in: path) == tokens)
    #expect(!TokenFile.isShared(path))
    #expect(throws: SystemError.self) { try Files.create(path, with: "x", mode: 0o600) }
    symlink("/nowhere-\(UInt64.random(in: 0 ... .max))", folder.file("link"))
    #expect(throws: SystemError.self) { try Files.create(folder.file("link"), with: "x", mode: 0o600) }
  }

  @Test("A link in the place of a replacement is not followed")
  func replacement() throws {
    let folder = try TemporaryFolder()
    try folder.write("victim", "kept")
    symlink(folder.file("victim"), folder.file("cursor.new"))
    try Files.replace(folder.file("cursor"), with: "new", mode: 0o600)
    #expect(Files.line(of: folder.file("victim")) == "kept" && Files.line(of: folder.file("cursor")) == "new")
    #expect(!TokenFile.isShared(folder.file("cursor")))
  }
}
