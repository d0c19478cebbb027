import Remote
import SampleStore
import SystemIO
import TestSupport
import Testing

/// The real binary with a certificate of a CA that `openssl` makes for the test.
@Suite(.enabled(if: Program.path(of: "openssl") != nil, "openssl is not installed"), .ownThreads)
struct TLSEndToEndTests {
  /// A CA with certificates, in files of a folder.
  private final class Authority {
    let folder: TemporaryFolder
    var certificates: String { folder.file("ca.pem") }

    init() throws {
      folder = try TemporaryFolder()
      try openssl(
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
          + ["-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"])
    }

    /// Makes NAME.pem and NAME.key for 127.0.0.1.
    func issue(_ name: String) throws {
      try folder.write("extensions", "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
      try openssl(
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name]
          + ["-keyout", name + ".key", "-out", name + ".csr"])
      try openssl(
        ["x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
          + ["-extfile", "extensions", "-out", name + ".pem"])
    }

    private func openssl(_ arguments: [String]) throws {
      let files: Set = ["-keyout", "-out", "-in", "-CA", "-CAkey", "-extfile"]
      var words = arguments
      for index in words.indices.dropFirst() where files.contains(words[index - 1]) {
        words[index] = folder.file(words[index])
      }
      let path = try #require(Program.path(of: "openssl"))
      let result = try Program(path, words).result()
      try #require(result.status == 0, "\(result.errors)")
    }
  }

  private static func serving(_ authority: Authority, _ arguments: [String] = []) throws -> (AgentProcess, UInt16) {
    let files = ["--tls-cert", authority.folder.file("server.pem"), "--tls-key", authority.folder.file("server.key")]
    return try AgentProcess.serving(["--interval", "1"] + files + arguments, scheme: "https")
  }

  /// Polls until a condition holds; false after five minutes.
  private func comes(_ isThere: () -> Bool) async -> Bool {
    let end = Clock.monotonic + 300
    while Clock.monotonic < end {
      if isThere() { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return isThere()
  }

  /// The answer of `openssl s_client` to a request, and its exit code.
  private static func get(_ target: String, _ port: UInt16, _ arguments: [String]) throws -> Program.Result {
    let folder = try TemporaryFolder()
    try folder.write("request", "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let path = try #require(Program.path(of: "openssl"))
    let words = ["s_client", "-quiet", "-verify_return_error", "-connect", "127.0.0.1:\(port)"]
    return try Program(path, words + arguments, input: folder.file("request")).result()
  }

  @Test("A client with the CA verifies the server; others do not get a sample")
  func verified() async throws {
    let authority = try Authority()
    try authority.issue("server")
    let (process, port) = try Self.serving(authority)
    let answer = try Self.get("/health", port, ["-CAfile", authority.certificates, "-verify_ip", "127.0.0.1"])
    #expect(answer.output.contains("HTTP/1.1 200 OK") && answer.output.contains(#"{"status":"ok""#), "\(answer.errors)")
    let machine = try RemoteMachine("https://127.0.0.1:\(port)", authorities: authority.certificates, capacity: 10)
    let stranger = try RemoteMachine("https://127.0.0.1:\(port)", capacity: 10)
    let plain = try RemoteMachine("http://127.0.0.1:\(port)", capacity: 10)
    let tasks = [machine, stranger, plain].map { machine in Task.detached { await machine.run() } }
    defer { for task in tasks { task.cancel() } }
    #expect(
      await comes { machine.history.latest != nil && stranger.state.reason != nil && plain.state.reason != nil })
    for other in [stranger, plain] { #expect(!other.state.isConnected && other.history.latest == nil) }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("A new certificate is used for new connections")
  func reloaded() async throws {
    let (old, new) = (try Authority(), try Authority())
    try old.issue("server")
    try new.issue("server")
    let (process, port) = try Self.serving(old)
    func isVerified(by authority: Authority) throws -> Bool {
      try Self.get("/health", port, ["-CAfile", authority.certificates]).output.contains("200 OK")
    }
    #expect(try isVerified(by: old))
    #expect(try !isVerified(by: new))
    for name in ["server.pem", "server.key"] {
      let text = String(decoding: try Files.contents(of: new.folder.file(name)), as: UTF8.self)
      try old.folder.write(name, text)
    }
    #expect(await comes { (try? isVerified(by: new)) == true })
    // Files that cannot be used leave the last certificate.
    try old.folder.write("server.pem", "broken\n")
    let deadline = Clock.monotonic + 1.2
    while Clock.monotonic < deadline { #expect(try isVerified(by: new)) }
    while let line = process.errorLine(), !line.contains("stays in use") {}
    #expect(try isVerified(by: new))
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("With --tls-client-ca only clients with a certificate are answered, also beyond loopback without a token")
  func clients() throws {
    let (authority, other) = (try Authority(), try Authority())
    try authority.issue("server")
    try authority.issue("client")
    try other.issue("client")
    let (process, port) = try Self.serving(authority, ["--tls-client-ca", authority.certificates])
    func output(_ owner: Authority?) throws -> String {
      let files = owner.map { ["-cert", $0.folder.file("client.pem"), "-key", $0.folder.file("client.key")] } ?? []
      return try Self.get("/version", port, ["-CAfile", authority.certificates] + files).output
    }
    #expect(try output(authority).contains("200 OK"))
    #expect(try output(nil) == "")
    #expect(try output(other) == "")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("A key of another certificate is refused in one line")
  func mismatch() throws {
    let authority = try Authority()
    try authority.issue("server")
    try authority.issue("other")
    let result = try AgentProcess.run([
      "--port", "0", "--tls-cert", authority.folder.file("server.pem"), "--tls-key", authority.folder.file("other.key"),
    ])
    #expect(result.status == 64 && result.errors.contains("must be the key of the certificate"), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
  }
}
