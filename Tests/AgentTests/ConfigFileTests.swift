import ArgumentParser
import Glibc
import SystemIO
import TestSupport
import Testing

@testable import agent

@Suite struct ConfigFileTests {
  private static let known = ["PORT", "DB_PATH", "CORS_ORIGIN"]

  private func parse(_ text: String) throws(ConfigFile.Failure) -> ConfigFile {
    try ConfigFile("a.conf", Array(text.utf8).span, known: Self.known)
  }

  @Test("Lines are VARIABLE=value, with comments, blanks and quotes")
  func lines() throws {
    let file = try parse(
      "# comment\n; too\n\n PORT = 9000 \r\nDB_PATH=\"/var/lib/a b.db\"\nCORS_ORIGIN='https://a, http://b:1'")
    #expect(file.count == 3 && file.value(of: "PORT") == "9000" && file.value(of: "DB_PATH") == "/var/lib/a b.db")
    #expect(file.value(of: "CORS_ORIGIN") == "https://a, http://b:1" && file.value(of: "HOST") == nil)
    #expect(file.origin(of: "DB_PATH") == "a.conf:5: DB_PATH")
    #expect(try parse("").count == 0)
    #expect(try parse("PORT=").value(of: "PORT") == "")
  }

  @Test("Every invalid line is named with file, number and the allowed")
  func faults() {
    let failure = #expect(throws: ConfigFile.Failure.self) {
      try parse("PORT=1\nPROT=2\nhello\nPORT=3\nDB_PATH=\"x\nCORS_ORIGIN=\u{0}\n")
    }
    #expect(
      failure?.lines == [
        "a.conf:2: unknown setting \"PROT\"; must be one of PORT, DB_PATH, CORS_ORIGIN",
        "a.conf:3: \"hello\" is not a setting; a line must be VARIABLE=value",
        "a.conf:4: PORT is already set in line 1",
        "a.conf:5: DB_PATH: the closing quote is missing",
        "a.conf:6: not UTF-8 text",
      ])
    #expect(throws: ConfigFile.Failure.self) { try ConfigFile("/nowhere/agent.conf") }
    #expect(throws: ConfigFile.Failure.self) { try parse(String(repeating: "#", count: ConfigFile.limit + 1)) }
  }

  @Test func anyBytesAreParsed() {
    let text = "# c\nPORT = 9000\nDB_PATH=\"/var/lib/a.db\"\r\nCORS_ORIGIN='https://a'\nPORT=1\n"
    surviveTruncationAndMutation(of: Array(text.utf8), mutations: 5_000) { bytes in
      _ = try? ConfigFile("a.conf", bytes, known: Self.known)
    }
  }

  @Test("A flag wins over a variable, a variable over the file, the file over the default")
  func precedence() throws {
    let file = try parse("PORT=1\nCORS_ORIGIN=https://file")
    func server(_ arguments: [String], _ variables: [String: String]) throws -> SettingValues<ServerSettings> {
      try SettingOptions<ServerSettings>.parse(arguments).values([{ variables[$0] }], file: file)
    }
    #expect(try server([], [:]).port == 1 && server([], ["PORT": ""]).port == 1)
    #expect(try server([], ["PORT": "2"]).port == 2 && server(["--port", "3"], ["PORT": "2"]).port == 3)
    #expect(try server([], [:]).origin(of: \.port) == "a.conf:1: PORT")
    let wrong = try parse("\n\nPORT=x")
    let error = #expect(throws: SettingError.self) {
      try SettingOptions<ServerSettings>.parse([]).values([], file: wrong)
    }
    #expect(error?.description == "a.conf:3: PORT: invalid value \"x\": must be an integer from 0 to 65535")
  }

  @Test("Credentials of systemd are files of secrets, named after their setting")
  func credentials() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "t\n")
    try folder.write("push-token", "t\n")
    #expect(Credentials.path(of: "TOKEN_FILE", folder: folder.path) == folder.file("token"))
    #expect(Credentials.path(of: "PUSH_TOKEN_FILE", folder: folder.path) == folder.file("push-token"))
    #expect(Credentials.path(of: "PUSH_CA_FILE", folder: folder.path) == nil)
    #expect(Credentials.path(of: "PORT", folder: folder.path) == nil)
    #expect(Credentials.path(of: "TOKEN_FILE", folder: nil) == nil)
  }

  @Test("The unit's socket is the service's unless its settings name another one")
  func serviceSocket() throws {
    func path(_ text: String, _ variables: [String: String]) throws -> String? {
      let file = try ConfigFile("a.conf", Array(text.utf8).span, known: ["LISTEN"])
      let values = try SettingOptions<ServerSettings>.parse([]).values([{ variables[$0] }], file: file)
      return values.texts["listen"]?.replacing("unix:", with: "")
    }
    let unit = ["RUNTIME_DIRECTORY": "/run/worker-agent"]
    #expect(try path("", unit) == "/run/worker-agent/agent.sock")
    #expect(try path("LISTEN=unix:/a", unit) == "/a")
    #expect(try path("LISTEN=unix:/a", unit.merging(["LISTEN": "unix:/b"]) { $1 }) == "/b")
    #expect(try path("", [:]) == nil && path("", ["RUNTIME_DIRECTORY": "/run/other"]) == nil)
    // A variable of the unit would win over the settings file.
    let file = try StructureTests.text(of: TestPaths.repository + "/scripts/agent.service")
    #expect(file.contains("\nRuntimeDirectory=worker-agent\n") && !file.contains("\nEnvironment="))
  }

  @Test("A byte order mark before the first line is skipped")
  func byteOrderMark() throws {
    #expect(try parse("\u{FEFF}PORT=1\nDB_PATH=a\n").value(of: "PORT") == "1")
    #expect(throws: ConfigFile.Failure.self) { try parse("PORT=1\n\u{FEFF}DB_PATH=a\n") }
  }

  @Test("An invalid line does not show the password in its URL")
  func secretLines() {
    let failure = #expect(throws: ConfigFile.Failure.self) {
      try parse("PUSH_URL https://u:S3CR3T@h/x\nhttps://u:S3CR3T@h/?a=b\n")
    }
    #expect(failure?.lines.count == 2 && failure?.lines.contains { $0.contains("S3CR3T") } == false)
  }

  @Test("Secrets in URLs are hidden, and origins shown")
  func show() throws {
    let file = try ConfigFile(
      "a.conf", Array("PUSH_URL=https://me:secret@h:9090/w?key=secret http://b\nPORT=x\n".utf8).span,
      known: Configuration.variables)
    let settings = EffectiveSetting.all([{ ["HOST": "::"][$0] }], file)
    func line(_ name: String) -> [String] {
      settings.filter { $0.name == name }.flatMap { [$0.value, $0.origin] }
    }
    #expect(line("PUSH_URL") == ["https://…@h:9090/w?… http://b", "a.conf:1"])
    #expect(
      try EffectiveSetting.all(
        [],
        ConfigFile(
          "a.conf",
          Array("ALERT_WEBHOOK=https://hooks.slack.com/services/T0/S3 http://127.0.0.1:9/bot1:S3/send\n".utf8).span,
          known: Configuration.variables)
      ).first { $0.name == "ALERT_WEBHOOK" }?.value == "https://hooks.slack.com/******** http://127.0.0.1:9/…")
    #expect(line("HOST") == ["::", "environment"] && line("INTERVAL_SEC") == ["30", "default"])
    #expect(settings.compactMap(\.problem).count == 1)
    #expect(settings.map(\.name) == Configuration.variables)
  }
}

/// The real binary with a settings file.
@Suite(.ownThreads) struct ConfigEndToEndTests {
  @Test("agent config check and show, and an agent with an invalid file")
  func config() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("agent.conf")
    try folder.write("agent.conf", "PORT=9000\nLOG_LEVEL=debug\n")
    let good = try AgentProcess.run(["config", "check", "--config", path])
    #expect(good.status == 0 && good.output == "\(path): 2 settings, all valid\n", "\(good)")
    let shown = try AgentProcess.run(["config", "show", "--config", path], environment: ["HOST": "::1"]).output
    let lines = shown.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.contains(["PORT", "9000", "\(path):1"]) && lines.contains(["HOST", "::1", "environment"]))
    #expect(lines.contains(["INTERVAL_SEC", "30", "default"]))
    try folder.write("agent.conf", "PORT=x\nNOISE=1\nHOST=\n")
    for arguments in [["config", "check", "--config", path], ["--serve", "--config", path]] {
      let bad = try AgentProcess.run(arguments)
      #expect(bad.status == 64)
      #expect(
        bad.errors.hasPrefix(
          "agent: \(path):2: unknown setting \"NOISE\"; must be one of COMMAND_LINES, LOG_LEVEL, LOG_FORMAT, "))
    }
    // Every kind of fault at once: of a line, of a value, of values together.
    try folder.write("agent.conf", "PORT=x\nNOISE=1\nHOST\nPUSH_URL=ftp://host\nALERT_WEBHOOK=host\nINTERVAL_SEC=0\n")
    let all = try AgentProcess.run(["config", "check", "--config", path])
    let faults = all.errors.split(separator: "\n")
    #expect(all.status == 64 && faults.count == 6, "\(all.errors)")
    for line in 1...6 {
      #expect(faults.filter { $0.hasPrefix("agent: \(path):\(line): ") }.count == 1, "line \(line): \(all.errors)")
    }
    #expect(try AgentProcess.run(["config", "check", "--config", "/nowhere"]).status == 64)
    #expect(try AgentProcess.run(["config", "remove"]).status == 64)
    #expect(try AgentProcess.run(["config", "--help"]).status == 0)
  }

  @Test("A hang-up reads the settings again, and one line says what waits for a restart")
  func reload() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("agent.conf")
    try folder.write("agent.conf", "INTERVAL_SEC=3600\n")
    let socket = try NotifySocket(folder.file("notify"))
    let (process, port) = try AgentProcess.serving(
      ["--config", path, "--demo", "--history", "2"], environment: ["NOTIFY_SOCKET": folder.file("notify")])
    while try #require(socket.next()).hasPrefix("READY=1") == false {}
    func reloaded() throws -> String {
      process.signal(SIGHUP)
      let line = try #require(process.errorLine())
      #expect(socket.next()?.hasPrefix("RELOADING=1\n") == true)
      #expect(socket.next()?.hasPrefix("READY=1\n") == true)
      return line
    }
    func allowsOrigin() throws -> Bool {
      try Loopback.get("/health", port: port, headers: ["Origin": "https://g.example"])
        .headers["access-control-allow-origin"] == "https://g.example"
    }
    #expect(try reloaded().hasSuffix("settings read again: no change") && !allowsOrigin())
    try folder.write("agent.conf", "INTERVAL_SEC=60\nCORS_ORIGIN=https://g.example\nLOG_LEVEL=notice\n")
    let line = try reloaded()
    #expect(
      line.hasSuffix(
        "settings read again: LOG_LEVEL, CORS_ORIGIN changed; INTERVAL_SEC will change with a restart"), "\(line)")
    #expect(try allowsOrigin())
    try folder.write("agent.conf", "INTERVAL_SEC=3600\nCORS_ORIGIN=https://g.example\n")
    #expect(try reloaded().hasSuffix("settings read again: LOG_LEVEL changed"))
    try folder.write("agent.conf", "INTERVAL_SEC=3600\nCORS_ORIGIN=https://g.example\nLOG_LEVEL=info\nINSECURE=0\n")
    #expect(try reloaded().hasSuffix("settings read again: no change"))
    try folder.write("agent.conf", "CORS_ORIGIN=nonsense\n")
    #expect(try reloaded().end(of: "settings are unchanged: \(path):1: CORS_ORIGIN: invalid value") != nil)
    #expect(try allowsOrigin())
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("A hang-up takes over other alert rules")
  func reloadedAlerts() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("agent.conf")
    try folder.write("agent.conf", "DEFAULT_ALERTS=off\nALERT=first: ram.usage > 1%\n")
    let (process, port) = try AgentProcess.serving(["--config", path, "--demo", "--history", "2", "--interval", "3600"])
    func rules() throws -> String { try Loopback.get("/alerts", port: port).body }
    #expect(try rules().contains("first"))
    try folder.write(
      "agent.conf", "DEFAULT_ALERTS=off\nALERT=second: ram.usage > 2%\nALERT_WEBHOOK=http://127.0.0.1:9\n")
    process.signal(SIGHUP)
    var line = ""
    while line.end(of: "settings") == nil, let next = process.errorLine() { line = next }
    #expect(line.hasSuffix("settings read again: ALERT, ALERT_WEBHOOK changed"), "\(line)")
    #expect(try !rules().contains("\"first\"") && rules().contains("second"))
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("A removed token ends its open stream, and no other")
  func removedToken() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "first\nsecond\n")
    let (process, port) = try AgentProcess.serving(
      ["--demo", "--history", "2", "--interval", "1", "--token-file", folder.file("token")])
    let streams = try ["first", "second"].map { token in
      let stream = try Loopback.connect(port: port, deadline: 60)
      StandardStreams.write(
        "GET /metrics/stream?interval=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n",
        to: stream)
      return stream
    }
    defer { for stream in streams { close(stream) } }
    /// Whether bytes arrive before the end of a stream.
    func receives(_ stream: Int32) -> Bool {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      return read(stream, &bytes, bytes.count) > 0
    }
    for stream in streams { #expect(receives(stream)) }
    try folder.write("token", "second\n")
    while receives(streams[0]) {}
    #expect(receives(streams[1]))
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}
