import Glibc
import Remote
import SampleStore
import SystemIO
import TestSupport
import Testing

/// The real binary with a certificate of a CA that `openssl` makes for the test.
@Suite(.enabled(if: TestAuthority.isAvailable, "openssl is not installed"), .ownThreads)
struct TLSEndToEndTests {
  private static func serving(_ authority: TestAuthority, _ arguments: [String] = []) throws -> (AgentProcess, UInt16) {
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
  private static func get(
    _ target: String, _ port: UInt16, _ arguments: [String], token: String? = nil
  ) throws -> Program.Result {
    let folder = try TemporaryFolder()
    let field = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    try folder.write(
      "request", "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(field)Connection: close\r\n\r\n")
    let path = try #require(Program.path(of: "openssl"))
    let words = ["s_client", "-quiet", "-verify_return_error", "-connect", "127.0.0.1:\(port)"]
    return try Program(path, words + arguments, input: folder.file("request")).result()
  }

  @Test("A client with the CA verifies the server; others do not get a sample")
  func verified() async throws {
    let authority = try TestAuthority()
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
    let (old, new) = (try TestAuthority(), try TestAuthority())
    try old.issue("server")
    try new.issue("server")
    let (process, port) = try Self.serving(old)
    func isVerified(by authority: TestAuthority) throws -> Bool {
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
    let (authority, other) = (try TestAuthority(), try TestAuthority())
    try authority.issue("server")
    try authority.issue("client")
    try other.issue("client")
    let (process, port) = try Self.serving(authority, ["--tls-client-ca", authority.certificates])
    func output(_ owner: TestAuthority?) throws -> String {
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
    let authority = try TestAuthority()
    try authority.issue("server")
    try authority.issue("other")
    let result = try AgentProcess.run([
      "--port", "0", "--tls-cert", authority.folder.file("server.pem"), "--tls-key", authority.folder.file("other.key"),
    ])
    let key = authority.folder.file("other.key")
    #expect(result.status == 64, "\(result)")
    #expect(
      result.errors.hasPrefix("agent: --tls-key: invalid value \"\(key)\": must be the key of the certificate "),
      "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("An expired certificate and a key that others may read are said by the log, config check and doctor")
  func warnings() throws {
    let authority = try TestAuthority()
    try authority.issue("server", days: -1)
    chmod(authority.folder.file("server.key"), 0o644)
    let (process, port) = try Self.serving(authority)
    let files = "TLS_CERT=\(authority.folder.file("server.pem"))\nTLS_KEY=\(authority.folder.file("server.key"))\n"
    try authority.folder.write("agent.conf", files + "PORT=\(port)\n")
    let check = try AgentProcess.run(["config", "check", "--config", authority.folder.file("agent.conf")])
    #expect(check.status == 0 && check.errors.split(separator: "\n").count == 2, "\(check)")
    let doctor = try AgentProcess.run(["doctor", "--config", authority.folder.file("agent.conf")])
    for text in [check.errors, doctor.output] {
      #expect(text.end(of: "the certificate has expired at ") != nil, "\(text)")
      #expect(text.end(of: "run chmod 600 " + authority.folder.file("server.key")) != nil, "\(text)")
    }
    #expect(doctor.output.end(of: "→ renew it, or set the clock") != nil, "\(doctor.output)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("agent status finds a daemon that serves https by its settings, and trusts its certificate alone")
  func status() throws {
    let (authority, other) = (try TestAuthority(), try TestAuthority())
    // Not for the address to which a program on the same machine connects.
    try authority.issue("server", names: "DNS:worker.example.org")
    try other.issue("server")
    try authority.folder.write("token", "s3cret\n")
    let (process, port) = try Self.serving(authority, ["--token-file", authority.folder.file("token")])
    func status(_ lines: [String], _ arguments: [String] = []) throws -> Program.Result {
      try authority.folder.write("agent.conf", (lines + ["PORT=\(port)"]).joined(separator: "\n") + "\n")
      return try AgentProcess.status(["--config", authority.folder.file("agent.conf")] + arguments)
    }
    let certificate = "TLS_CERT=" + authority.folder.file("server.pem")
    let token = "TOKEN_FILE=" + authority.folder.file("token")
    let whole = try status([certificate, token])
    #expect(whole.status == 0 && whole.output.hasPrefix("agent    0.1.0, up "), "\(whole)")
    #expect(whole.output.end(of: ", https://127.0.0.1:\(port)\n") != nil, "\(whole)")
    let withoutToken = try status([certificate])
    #expect(withoutToken.status == 0 && withoutToken.output.end(of: "details need --token-file") != nil)
    let stranger = try status(["TLS_CERT=" + other.folder.file("server.pem"), token])
    #expect(stranger.status == 69 && stranger.output == "", "\(stranger)")
    // A CA verifies the name, too, which is not that of the address.
    let verified = try status([certificate, token], ["--connect-ca-file", authority.certificates])
    #expect(verified.status == 69 && verified.output == "", "\(verified)")
    let missing = try status(["TLS_CERT=/nowhere.pem", token])
    #expect(missing.status == 69 && missing.errors.end(of: "/nowhere.pem: no certificate can be read") != nil)
    #expect(missing.errors.split(separator: "\n").count == 1, "\(missing.errors)")
    let doctor = try AgentProcess.run(
      ["doctor", "--connect", "https://127.0.0.1:\(port)"], environment: ["TLS_CERT": "/none"])
    #expect(doctor.output.end(of: "no agent answers at https://127.0.0.1:\(port)") != nil, "\(doctor.output)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("Failures of TLS are worded for the user, in every client")
  func failures() throws {
    let authority = try TestAuthority()
    try authority.issue("server", names: "DNS:worker.example.org")
    let (process, port) = try Self.serving(authority)
    let url = "https://127.0.0.1:\(port)"
    func status(_ arguments: [String]) throws -> String { try AgentProcess.status(arguments).errors }
    let unknown = "the certificate is not signed by a known CA"
    #expect(
      try status(["--connect", url])
        == "agent: no answer of an agent at \(url): \(unknown); --connect-ca-file names another\n")
    #expect(
      try status(["--connect", url, "--connect-ca-file", authority.certificates])
        == "agent: no answer of an agent at \(url): the certificate is not for 127.0.0.1, but for other names\n")
    let doctor = try AgentProcess.run(["doctor", "--connect", url]).output
    #expect(doctor.end(of: unknown) != nil && doctor.end(of: "name its CA by --connect-ca-file,") != nil, "\(doctor)")
    #expect(doctor.end(of: "systemctl start agent") == nil)
    let (plain, plainPort) = try AgentProcess.serving([
      "--demo", "--interval", "1", "--push", url, "--alert", "always: ram.usage > 0% for 1s", "--alert-webhook", url,
    ])
    var reasons: Set<String> = []
    while reasons.count < 2, let line = plain.errorLine() {
      guard line.end(of: unknown) != nil else { continue }
      reasons.insert(line.end(of: "webhook") == nil ? "push" : "webhook")
    }
    #expect(reasons.count == 2)
    #expect(try status(["--connect", "https://127.0.0.1:\(plainPort)"]).end(of: "no TLS: ") != nil)
    for other in [process, plain] {
      other.signal(SIGTERM)
      #expect(other.wait() == 0)
    }
  }

  @Test("A receiver of alerts with a certificate of a private CA is verified by --alert-webhook-ca-file")
  func webhook() throws {
    let authority = try TestAuthority()
    try authority.issue("server")
    let (receiver, port) = try Self.serving(authority)
    func reason(_ arguments: [String]) throws -> String {
      let (sender, _) = try AgentProcess.serving(
        [
          "--demo", "--interval", "1", "--default-alerts", "off", "--alert", "always: ram.usage > 0% for 1s",
          "--alert-webhook", "https://127.0.0.1:\(port)/hook",
        ] + arguments)
      var reason: String?
      while reason == nil, let line = sender.errorLine() { reason = line.contains("alert webhook: ") ? line : nil }
      sender.signal(SIGTERM)
      #expect(sender.wait() == 0)
      return reason ?? ""
    }
    let refused = try reason([])
    #expect(refused.contains("the certificate is not signed by a known CA; --alert-webhook-ca-file names another"))
    // An agent has no receiver of alerts: the answer is that of the application.
    let answered = try reason(["--alert-webhook-ca-file", authority.certificates])
    #expect(answered.contains("an alert was not delivered") && answered.contains("HTTP 40"), "\(answered)")
    receiver.signal(SIGTERM)
    #expect(receiver.wait() == 0)
  }

  @Test("An expired certificate is called so")
  func expired() throws {
    let authority = try TestAuthority()
    try authority.issue("server")
    let folder = authority.folder
    let openssl = try #require(Program.path(of: "openssl"))
    let signed = try Program.run(
      openssl,
      [
        "x509", "-req", "-in", folder.file("server.csr"), "-CA", authority.certificates, "-CAkey",
        folder.file("ca.key"),
      ]
        + ["-days", "-1", "-extfile", folder.file("extensions"), "-out", folder.file("server.pem")])
    #expect(signed.status == 0, "\(signed)")
    let (process, port) = try Self.serving(authority)
    let result = try AgentProcess.status([
      "--connect", "https://127.0.0.1:\(port)", "--connect-ca-file", authority.certificates,
    ])
    #expect(result.errors.hasSuffix(": the certificate has expired\n"), "\(result.errors)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("A hang-up takes over other certificate and token files; a wrong one changes nothing")
  func replaced() throws {
    let (old, new) = (try TestAuthority(), try TestAuthority())
    for authority in [old, new] {
      try authority.issue("server")
      try authority.folder.write("token", authority === old ? "old\n" : "new\n")
    }
    func settings(_ authority: TestAuthority, key: TestAuthority) -> String {
      "TLS_CERT=\(authority.folder.file("server.pem"))\nTLS_KEY=\(key.folder.file("server.key"))\n"
        + "TOKEN_FILE=\(authority.folder.file("token"))\n"
    }
    let path = old.folder.file("agent.conf")
    try old.folder.write("agent.conf", settings(old, key: old))
    let (process, port) = try AgentProcess.serving(
      ["--demo", "--history", "2", "--config", path, "--interval", "3600"], scheme: "https")
    func reloaded() throws -> String {
      process.signal(SIGHUP)
      while let line = process.errorLine() { if line.end(of: "settings") != nil { return line } }
      return ""
    }
    func answer(_ authority: TestAuthority, _ token: String) throws -> String {
      try Self.get("/version", port, ["-CAfile", authority.certificates], token: token).output
    }
    #expect(try answer(old, "old").contains("200 OK"))
    try old.folder.write("agent.conf", settings(new, key: old))
    #expect(try reloaded().end(of: "settings are unchanged: \(path):2: TLS_KEY: invalid value") != nil)
    #expect(try answer(old, "old").contains("200 OK"))
    try old.folder.write("agent.conf", settings(new, key: new))
    let line = try reloaded()
    #expect(line.hasSuffix("settings read again: TOKEN_FILE, TLS_CERT, TLS_KEY changed"), "\(line)")
    #expect(try answer(new, "new").contains("200 OK"))
    #expect(try answer(new, "old").contains("401 "))
    #expect(try answer(old, "new") == "")
    try old.folder.write("agent.conf", "PORT=1\n")
    let rest = try reloaded()
    #expect(rest.end(of: "TLS_CERT, TLS_KEY will change with a restart") != nil, "\(rest)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}
