import Archive
import ArgumentParser
import Glibc
import Logging
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import agent

/// The values of a section for a command line and an environment.
func values<Table: SettingTable>(
  of table: Table.Type, _ arguments: [String] = [], _ variables: [String: String] = [:]
) throws -> SettingValues<Table> {
  try SettingOptions<Table>.parse(arguments).values([{ variables[$0] }])
}

private final class ReportedLines: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

@Suite struct SettingTests {
  private func server(_ arguments: [String], _ variables: [String: String] = [:]) throws -> SettingValues<
    ServerSettings
  > {
    try values(of: ServerSettings.self, arguments, variables)
  }

  private func samples(_ arguments: [String], _ variables: [String: String] = [:]) throws -> SettingValues<
    SampleSettings
  > {
    try values(of: SampleSettings.self, arguments, variables)
  }

  @Test("Defaults are those of the specification")
  func defaults() throws {
    let (server, samples) = (try server([]), try samples([]))
    #expect(server.port == 8080 && server.host == "127.0.0.1" && server.tokenFile == nil && server.corsOrigins == [])
    #expect(samples.interval == 30 && samples.historySize == 720)
    #expect(try values(of: MainSettings.self).logLevel == .info)
    #expect(try values(of: ArchiveFileSettings.self).database == nil)
    let archive = try values(of: ArchiveSettings.self)
    #expect(archive.retention == Retention() && archive.databaseSize == 2 << 30)
  }

  @Test("A flag wins over its variable, a variable over the default")
  func precedence() throws {
    let variables = ["PORT": "9000", "INTERVAL_SEC": "5", "HISTORY_SIZE": "10", "HOST": "0.0.0.0"]
    let fromVariables = try server([], variables)
    #expect(fromVariables.port == 9000 && fromVariables.host == "0.0.0.0")
    #expect(try samples([], variables).interval == 5 && samples([], variables).historySize == 10)
    let fromFlags = try server(["--port", "0", "--host=::1"], variables)
    #expect(fromFlags.port == 0 && fromFlags.host == "::1")
    #expect(fromFlags.origin(of: \.port) == "--port" && fromVariables.origin(of: \.port) == "PORT")
    // A wrong variable does not matter under a flag.
    #expect(try server(["--port", "1"], ["PORT": "x"]).port == 1)
  }

  @Test("An earlier source wins over a later one, and an empty variable is not set")
  func sources() throws {
    let options = try SettingOptions<SampleSettings>.parse([])
    let values = try options.values([
      { ["INTERVAL_SEC": "5", "HISTORY_SIZE": ""][$0] }, { ["INTERVAL_SEC": "6", "HISTORY_SIZE": "7"][$0] },
    ])
    #expect(values.interval == 5 && values.historySize == 7)
    #expect(try server([], ["PORT": "", "CORS_ORIGIN": " , "]).port == 8080)
  }

  @Test("Of a flag given twice the last value counts, each must be valid, and lists take all")
  func repeatedFlags() throws {
    /// A valid value other than the default.
    let examples = [
      "root": "/", "log-level": "error", "log-format": "json", "host": "h", "interval": "7", "history": "8",
      "db": "a.db",
      "retention": "1d,2d,3d", "db-max-size": "3G", "theme": "light", "layout": "gpu", "prom-compat": "all",
      "workload-series": "9", "port": "1", "config": "agent.conf", "hosts-file": "", "token-file": "",
      "command-lines": "full", "connect-ca-file": "", "listen": "unix:/a", "tls-cert": "c.pem", "tls-key": "k.pem",
      "tls-client-ca": "a.pem", "from": "-2h", "to": "-1h", "at": "-5m", "format": "json", "step": "60", "by": "user",
      "of": "io", "limit": "3", "terminal": "vt",
    ]
    func check<Table: SettingTable>(_ table: Table.Type) throws {
      for row in Table.rows where row.about.valueName != nil && row.about.separator == nil {
        let flag = "--" + row.about.flag
        let example = try #require(examples[row.about.flag], "\(flag) has no example")
        if example.isEmpty { continue }
        let first = row.about.domain.isInHelp ? row.about.fallback ?? example : example
        #expect(throws: Never.self, "\(flag)") { try values(of: table, [flag, first, flag, example]) }
        #expect(throws: SettingError.self, "\(flag)") { try values(of: table, [flag, "", flag, example]) }
      }
    }
    try check(MainSettings.self)
    try check(ServerSettings.self)
    try check(SampleSettings.self)
    try check(ArchiveFileSettings.self)
    try check(ArchiveSettings.self)
    try check(TerminalSettings.self)
    try check(ExportSettings.self)
    try check(ImportSettings.self)
    try check(ReportSettings.self)
    #expect(try server(["--port", "1", "--port", "2"]).port == 2)
    #expect(try samples(["--interval", "7", "--interval", "8"]).interval == 8)
    #expect(try values(of: ArchiveFileSettings.self, ["--db", "a", "--db", "b"]).database == "b")
    #expect(try values(of: ExportSettings.self, ["--format", "json", "--format", "csv"]).format == .csv)
    #expect(try server(["--allowed-host", "a", "--allowed-host", "b"]).allowedHosts == ["a", "b"])
    #expect(try values(of: MainSettings.self, ["--tui", "--tui"]).tui)
  }

  @Test(
    "A port must be a number in digits from 0 to 65535",
    arguments: ["-1", "65536", "80.5", "http", " 80", "+80", "0x50", "99999999999999999999", "８０"])
  func badPorts(value: String) {
    func error(_ name: String) -> SettingError {
      SettingError(name: name, value: value, reason: "must be an integer from 0 to 65535")
    }
    #expect(throws: error("PORT")) { try server([], ["PORT": value]) }
    #expect(throws: error("--port")) { try server(["--port", value], ["PORT": "80"]) }
  }

  @Test("An error names flag or variable, value and what is allowed")
  func errors() {
    let text = (#expect(throws: SettingError.self) { try samples(["--interval", "0"]) })?.description
    #expect(text == "--interval: invalid value \"0\": must be an integer from 1 to 86400")
    #expect(throws: SettingError.self) { try server(["--port", ""]) }
    #expect(throws: SettingError.self) { try samples([], ["HISTORY_SIZE": "0"]) }
    #expect(throws: SettingError.self) { try values(of: MainSettings.self, [], ["LOG_LEVEL": "loud"]) }
    #expect(throws: SettingError.self) { try server(["--host", "two words"]) }
    for (value, flag) in [("7d", "--retention"), ("2y,90d,7d", "--retention"), ("1K", "--db-max-size")] {
      let error = #expect(throws: SettingError.self) { try values(of: ArchiveSettings.self, [flag, value]) }
      #expect(error?.name == flag && error?.value == value)
    }
    for path in ["", "/var/lib/"] {
      #expect(throws: SettingError.self) { try values(of: ArchiveFileSettings.self, ["--db", path]) }
    }
  }

  @Test(
    "A refusal hides secrets of the refused value",
    arguments: [
      ("http://u:S3CR3T@h/x", "http://…@h/…"), ("https://u:S3/CR@3T@h:9/hooks/S3CR3T?k=S3CR3T", "https://…@h:9/…"),
      ("ftp://host", "ftp://host"), ("http://h:80/", "http://h:80/"), ("http:/h", "http:/h"),
      ("u:S3CR3T@h:80", "…@h:80"), ("http://a http://u:S3 CR3T@b", "http://…@b"), ("unix:relative", "unix:relative"),
      ("Authorization Bearer S3CR3Tabcdef", "Authorization Bearer ********"), ("unix:///a/b", "unix:///a/b"),
      ("qT7xZk2Lw9PbVc4Rn8Ys6Hd", "********"), ("worker_7 and more", "worker_7 and more"), ("", ""),
    ])
  func refusedSecrets(value: String, shown: String) {
    let text = SettingError(name: "NAME", value: value, reason: "must be x").description
    #expect(text == "NAME: invalid value \"\(shown)\": must be x")
  }

  @Test("A refusal shows the beginning of a long value, and no part of its password")
  func longRefusals() {
    let long = String(repeating: "x", count: 100_000)
    for value in [long, "http://u:\(long)@h", "http://\(long)", "a://u:\(long)\(long)@\(long)"] {
      let text = SettingError(name: "NAME", value: value, reason: "must be x").description
      #expect(text.count < 200 && text.hasSuffix("…\": must be x") || text.end(of: "…@h\"") != nil, "\(text.count)")
    }
  }

  @Test("Messages of the parser hide secrets of their words")
  func parserMessages() {
    #expect(ShownValue.message("unexpected argument 'http://u:p'w@h/x'", quote: "'").end(of: "p'w") == nil)
    #expect(
      ShownValue.message("unknown option '--a=http://u:p@h'", quote: "'") == "unknown option '--a=http://…@h'")
    #expect(ShownValue.message("missing value for '--port <port>'", quote: "'") == "missing value for '--port <port>'")
  }

  @Test("A short token is worth a warning where other machines can guess it")
  func shortTokens() throws {
    let folder = try TemporaryFolder()
    try folder.write("short", "abc\n")
    try folder.write("long", "abcdefghijklmnop\n")
    for file in ["short", "long"] { chmod(folder.file(file), 0o600) }
    func warnings(_ host: String, _ file: String) throws -> [String] {
      let lines = ReportedLines()
      _ = try server(["--host", host, "--token-file", folder.file(file)]).access { lines.add($0) }
      return lines.all
    }
    #expect(try warnings("0.0.0.0", "short").map { $0.hasPrefix(folder.file("short") + ": a token has") } == [true])
    #expect(try warnings("127.0.0.1", "short") == [] && warnings("0.0.0.0", "long") == [])
  }

  @Test("A role without its token is refused")
  func roleAlone() throws {
    let folder = try TemporaryFolder()
    for role in AccessToken.Role.allCases {
      try folder.write("token", "abcdefghijklmnop\n\(role.rawValue)\n")
      let error = #expect(throws: SettingError.self) { try server(["--token-file", folder.file("token")]) }
      #expect(error?.reason == "must have a token before the role \"\(role.rawValue)\"")
    }
  }

  @Test("The archive's settings, from flags and variables")
  func archive() throws {
    let variables = ["DB_PATH": "/var/lib/a.db", "DB_RETENTION": "1d,2d,3d", "DB_MAX_SIZE": "500M"]
    let fromVariables = try values(of: ArchiveSettings.self, [], variables)
    #expect(fromVariables.retention.quarters == 3 * 86_400 && fromVariables.databaseSize == 500 << 20)
    let fromFlags = try values(
      of: ArchiveSettings.self, ["--retention", "1h,1d,1w", "--db-max-size", "3G"], variables)
    #expect(fromFlags.retention.raw == 3_600 && fromFlags.databaseSize == 3 << 30)
    #expect(try values(of: ArchiveFileSettings.self, [], variables).path() == "/var/lib/a.db")
    #expect(throws: UsageError.self) { try values(of: ArchiveFileSettings.self).path() }
  }

  @Test("Tokens are the lines of a file, or systemd's credential")
  func tokens() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("token")
    try folder.write("token", "# clients\n  s3cret-t0ken \nscraper metrics\n")
    let tokens = [AccessToken("s3cret-t0ken"), AccessToken("scraper", role: .metrics)]
    #expect(try server([]).currentTokens { _ in }() == [])
    #expect(try server(["--token-file", path]).currentTokens { _ in }() == tokens)
    #expect(try server([], ["TOKEN_FILE": path]).tokenFile?.tokens == tokens)
    let credentials: SettingSource = { $0 == "CREDENTIALS_DIRECTORY" ? folder.file("") : nil }
    #expect(try server([]).currentTokens(credentials) { _ in }() == tokens)
    try folder.write("token", "two words\n")
    #expect(throws: SettingError.self) { try server([]).currentTokens(credentials) { _ in } }
    for wrong in ["/nowhere", "/dev/null", "/", path] {
      #expect(throws: SettingError.self) { try server(["--token-file", wrong]) }
    }
  }

  @Test("Each request reads the tokens; a wrapper kept per read would end the stack here")
  func tokensAreReadAMillionTimes() throws {
    let access = try server(["--host", "127.0.0.1"]).access { _ in }
    var count = 0
    for _ in 0..<1_000_000 { count += access.tokens.count }
    #expect(count == 0)
  }

  @Test("Beyond loopback a token is required, or --insecure")
  func exposure() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "s3cret\n")
    for host in ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"] {
      try server(["--host", host]).checkExposure { _ in nil }
    }
    for host in ["0.0.0.0", "::", "10.0.0.7", "127.0.0.1.example", "worker-7"] {
      #expect(throws: SettingError.self, "\(host)") { try server(["--host", host]).checkExposure { _ in nil } }
      try server(["--host", host, "--insecure"]).checkExposure { _ in nil }
      try server(["--host", host], ["INSECURE": "1"]).checkExposure { _ in nil }
      try server(["--host", host, "--token-file", folder.file("token")]).checkExposure { _ in nil }
      try server(["--host", host]).checkExposure { $0 == "CREDENTIALS_DIRECTORY" ? folder.file("") : nil }
    }
    // A running server keeps its address, and its lack of encryption, until it ends.
    let changed = try server(["--host", "127.0.0.1"])
    try changed.checkExposure({ _ in nil }, at: "127.0.0.1")
    let refusal = #expect(throws: SettingError.self) { try changed.checkExposure({ _ in nil }, at: "0.0.0.0") }
    #expect(refusal?.description.contains("\"0.0.0.0\": the server listens there until a restart; ") == true)
    let verifying = try server(
      ["--host", "::", "--tls-cert", "c.pem", "--tls-key", "k.pem", "--tls-client-ca", "ca.pem"])
    try verifying.checkExposure({ _ in nil }, at: "::")
    #expect(throws: SettingError.self) { try verifying.checkExposure({ _ in nil }, at: "::", verifiesClients: false) }
    #expect(try server([], ["INSECURE": "0"]).insecure == false)
    #expect(throws: SettingError.self) { try server([], ["INSECURE": "maybe"]) }
  }

  @Test("Origins are those of browsers, hosts are names without ports")
  func originsAndHosts() throws {
    let origins = ["https://grafana.example.org", "http://localhost:3000", "http://[::1]:8080", "moz-extension://a-b"]
    #expect(try server(origins.flatMap { ["--cors-origin", $0] }).corsOrigins == origins)
    let fromVariable = try server([], ["CORS_ORIGIN": "https://a.example, http://b:1", "ALLOWED_HOST": "a,b.example"])
    #expect(fromVariable.corsOrigins == ["https://a.example", "http://b:1"])
    #expect(fromVariable.allowedHosts == ["a", "b.example"])
    for wrong in [
      "*", "null", "", "https://", "https://a.example/", "https://A.example", "a.example", "https://a b", "//a",
    ] {
      #expect(throws: SettingError.self, "\(wrong)") { try server(["--cors-origin", wrong]) }
    }
    #expect(
      try server(["--allowed-host", "Mon.example", "--allowed-host", "x_1-y"]).allowedHosts == ["Mon.example", "x_1-y"])
    for wrong in ["", "a:80", "a/b", "ä.example", "[::1]", "*", "a@b", "a[b"] {
      #expect(throws: SettingError.self, "\(wrong)") { try server(["--allowed-host", wrong]) }
    }
  }

  @Test("Lines of a hosts file have a URL and an optional name")
  func hostsFile() {
    let lines = RemoteTarget.lines(
      of: "# workers\nhttp://a:8080\n\n  https://b.example/  the big one # rack 2\nc:9000\r\n#http://d\n")
    #expect(
      lines == [
        .init(url: "http://a:8080", name: "a"), .init(url: "https://b.example/", name: "the big one"),
        .init(url: "c:9000", name: "c:9000"),
      ])
  }
}
