import SystemIO
import TestSupport
import Testing

/// Runs the real binary once with every subcommand and flag, in the usual spellings.
@Suite(.ownThreads) struct CommandLineTests {
  private static let machine = Fixture("vm-1-core").root

  /// Way of running a flag.
  private enum Use {
    /// Runs to its end with exit code 0.
    case runs([String])
    /// Serves until it is ended.
    case serves([String])
    /// Prints lines instead of the dashboard until it is ended.
    case shows([String])
  }

  /// A valid use of a flag, and invalid ones.
  private struct Case {
    let use: Use
    let wrong: [[String]]
  }

  /// Cases by command and flag.
  ///
  /// - Parameters:
  ///   - folder: contains the files `token`, `hosts` and `ca.pem` and an archive `history.db`.
  private static func cases(_ folder: TemporaryFolder) -> [String: Case] {
    let database = folder.file("history.db")
    let push = ["--push", "http://127.0.0.1:1"]
    let export = ["export", "--db", database]
    let report = ["report", "--db", database]
    func pushes(_ words: [String], wrong: [[String]]) -> Case {
      Case(use: .serves(push + words), wrong: wrong.map { push + $0 } + [["--serve"] + words])
    }
    return [
      "agent --tui": Case(use: .shows([]), wrong: [["--tui=yes"], ["--tui", "--once"]]),
      "agent --serve": Case(use: .serves([]), wrong: [["--serve=yes"], ["--serve", "--once"]]),
      "agent --once": Case(use: .runs(["--once", "--root", machine]), wrong: [["--once=1"]]),
      "agent --json": Case(use: .runs(["--once", "--json", "--root", machine]), wrong: [["--json"]]),
      "agent --demo": Case(use: .runs(["--once", "--demo"]), wrong: [["--demo", "--root", machine]]),
      "agent --port": Case(use: .serves(["--port", "0"]), wrong: ["", "65536", "-1", "x"].map { ["--port", $0] }),
      "agent --host": Case(use: .serves(["--host", "127.0.0.1"]), wrong: ["", "a b", "a/b"].map { ["--host", $0] }),
      "agent --interval": Case(
        use: .serves(["--interval", "86400"]), wrong: ["0", "0.5", "86401"].map { ["--interval", $0] }),
      "agent --history": Case(use: .serves(["--history", "1"]), wrong: ["0", "1000001"].map { ["--history", $0] }),
      "agent --command-lines": Case(use: .serves(["--command-lines", "full"]), wrong: [["--command-lines", "some"]]),
      "agent --log-level": Case(use: .serves(["--log-level", "info"]), wrong: [["--log-level", "loud"]]),
      "agent --log-format": Case(use: .serves(["--log-format", "text"]), wrong: [["--log-format", "xml"]]),
      "agent --token-file": Case(
        use: .serves(["--token-file", folder.file("token")]),
        wrong: ["", "/nowhere", "/dev/null"].map { ["--token-file", $0] }),
      "agent --listen": Case(
        use: .serves(["--listen", "unix:" + folder.file("socket")]),
        wrong: ["unix:relative", "/a", "unix:/a,mode=999", "unix:/a,group=no-such-group"].map { ["--listen", $0] }),
      "agent --insecure": Case(use: .serves(["--insecure"]), wrong: [["--host", "0.0.0.0"]]),
      "agent --tls-cert": Case(
        use: .runs(["--help"]), wrong: [["--tls-cert", folder.file("token")], ["--tls-cert", ""]]),
      "agent --tls-key": Case(
        use: .runs(["--help"]),
        wrong: [
          ["--tls-key", folder.file("token")], ["--tls-cert", folder.file("token"), "--tls-key", folder.file("token")],
          ["--tls-cert", "/nowhere", "--tls-key", folder.file("token")],
        ]),
      "agent --tls-client-ca": Case(use: .runs(["--help"]), wrong: [["--tls-client-ca", folder.file("token")]]),
      "agent --connect-ca-file": Case(
        use: .runs(["--help"]), wrong: ["/nowhere", folder.file("token")].map { ["--connect-ca-file", $0] }),
      "agent --cors-origin": Case(
        use: .serves(["--cors-origin", "http://a:1", "--cors-origin", "https://b"]), wrong: [["--cors-origin", "*"]]),
      "agent --allowed-host": Case(
        use: .serves(["--allowed-host", "a.example"]), wrong: [["--allowed-host", "a:80"]]),
      "agent --db": Case(
        use: .serves(["--db", folder.file("other.db")]),
        wrong: [["--db", ""], ["--db", "/"]]),
      "agent --retention": Case(use: .serves(["--retention", "1d,2d,3d"]), wrong: [["--retention", "3d,2d,1d"]]),
      "agent --db-max-size": Case(use: .serves(["--db-max-size", "1G"]), wrong: [["--db-max-size", "1K"]]),
      "agent --prom-compat": Case(use: .serves(["--prom-compat", "all"]), wrong: [["--prom-compat", "x"]]),
      "agent --workload-series": Case(
        use: .serves(["--workload-series", "0"]), wrong: ["", "-1", "10001", "x"].map { ["--workload-series", $0] }),
      "agent --root": Case(
        use: .runs(["--once", "--root", machine, "--root", machine]),
        wrong: [["--root", "/nowhere"], ["--root", ""], ["--root", "/", "--root", "/", "--root", "/"]]),
      "agent --theme": Case(use: .shows(["--theme", "calm"]), wrong: [["--tui", "--theme", "pink"]]),
      "agent --layout": Case(use: .shows(["--layout", "gpu"]), wrong: [["--tui", "--layout", "x"]]),
      "agent --set": Case(use: .shows(["--set", "graph=ascii"]), wrong: [["--tui", "--set", "a=b"]]),
      "agent --at": Case(
        use: .shows(["--at", "-5m"]), wrong: ["", "25:00", "tomorrow", "-5y"].map { ["--tui", "--at", $0] }),
      "agent --terminal": Case(use: .shows(["--terminal", "vt"]), wrong: [["--tui", "--terminal", "x"]]),
      "agent --read-only": Case(use: .shows(["--read-only"]), wrong: [["--read-only=1"]]),
      "agent --connect": Case(
        use: .runs(["--help"]), wrong: [["--connect", "127.0.0.1:1"], ["--tui", "--connect", "ftp://x"]]),
      "agent --hosts-file": Case(
        use: .runs(["--help"]),
        wrong: [["--hosts-file", folder.file("hosts")], ["--tui", "--hosts-file", "/nowhere"]]),
      "agent --push": Case(use: .serves(push), wrong: [["--push", "a:9090"], push + push]),
      "agent --push-protocol": pushes(["--push-protocol", "otlp"], wrong: [["--push-protocol", "graphite"]]),
      "agent --push-header": pushes(["--push-header", "X-A: b"], wrong: [["--push-header", "Host: b"]]),
      "agent --push-username": pushes(
        ["--push-username", "u", "--push-password-file", folder.file("token")], wrong: [["--push-username", "u"]]),
      "agent --push-password-file": pushes(
        ["--push-password-file", folder.file("token"), "--push-username", "u"],
        wrong: [["--push-password-file", folder.file("token")]]),
      "agent --push-token-file": pushes(
        ["--push-token-file", folder.file("token")], wrong: [["--push-token-file", "a", "--push-token-file", "b"]]),
      "agent --push-ca-file": pushes(
        ["--push-ca-file", folder.file("ca.pem")],
        wrong: ["/nowhere", folder.file("token"), ""].map { ["--push-ca-file", $0] }
          + [["--push-ca-file", folder.file("ca.pem"), "--push-ca-file", folder.file("ca.pem")]]),
      "agent --push-label": pushes(["--push-label", "a=b"], wrong: [["--push-label", "a-b=c"]]),
      "agent --alert": Case(
        use: .serves(["--alert", "hot: gpus.temperature_c > 85 for 1m", "--alert", "ram.oom_kills_total increases"]),
        wrong: [
          ["--alert", "gpus.heat > 85"], ["--alert", "cpu.usage > 1 for ever"], ["--alert", "cpu.usage{x=\"1\"} > 0"],
          ["--alert", ""],
        ]),
      "agent --default-alerts": Case(
        use: .serves(["--default-alerts", "off"]), wrong: [["--default-alerts", "no"]]),
      "agent --alert-webhook": Case(
        use: .serves(["--alert-webhook", "http://127.0.0.1:1/hook"]),
        wrong: [["--alert-webhook", "ftp://x"], ["--alert-webhook", "http://u:p@x/"]]),
      "agent --alert-webhook-format": Case(
        use: .serves(["--alert-webhook", "http://127.0.0.1:1", "--alert-webhook-format", "slack"]),
        wrong: [["--alert-webhook-format", "xml"]]),
      "agent --alert-webhook-token-file": Case(
        use: .serves(["--alert-webhook", "http://127.0.0.1:1", "--alert-webhook-token-file", folder.file("token")]),
        wrong: [["--alert-webhook-token-file", folder.file("token")]]),
      "agent --alert-webhook-ca-file": Case(
        use: .serves(["--alert-webhook", "https://127.0.0.1:1", "--alert-webhook-ca-file", folder.file("ca.pem")]),
        wrong: ["/nowhere", folder.file("token"), ""].map {
          ["--alert-webhook", "https://127.0.0.1:1", "--alert-webhook-ca-file", $0]
        }),
      "agent --config": Case(
        use: .serves(["--config", folder.file("agent.conf")]),
        wrong: ["", "/nowhere", folder.file("token")].map { ["--config", $0] }),
      "agent --version": Case(use: .runs(["--version"]), wrong: []),
      "agent --help": Case(use: .runs(["--help"]), wrong: []),

      "agent export --db": Case(
        use: .runs(export),
        wrong: [
          ["export"], ["export", "--db", ""], ["export", "--db"],
          export + ["--port", "80"], export + ["--tui"], export + ["surplus"],
        ]),
      "agent export --from": Case(
        use: .runs(export + ["--from", "2026-02-05T06:45:00Z"]),
        wrong: [export + ["--from", "soon"], export + ["--from", "9", "--to", "8"]]),
      "agent export --to": Case(use: .runs(export + ["--to", "4000000000"]), wrong: [export + ["--to", ""]]),
      "agent export --format": Case(
        use: .runs(export + ["--format", "openmetrics"]), wrong: ["xml", "", "CSV"].map { export + ["--format", $0] }),
      "agent export --metrics": Case(
        use: .runs(export + ["--metrics", "cpu.usage,cpu.*"]),
        wrong: [export + ["--metrics", "cpu.sage"], export + ["--metrics", "cpu.usage", "--format", "json"]]),
      "agent export --step": Case(
        use: .runs(export + ["--step", "60"]),
        wrong: ["0", "x", "1.5"].map { export + ["--step", $0] } + [export + ["--step", "5", "--format", "json"]]),
      "agent export --version": Case(use: .runs(["export", "--version"]), wrong: []),
      "agent export --help": Case(use: .runs(["export", "--help"]), wrong: []),
      "agent import --db": Case(
        use: .runs(["import", "--db", folder.file("imported.db")]),
        wrong: [["import"], ["import", "--db"], ["import", "--once"]]),
      "agent import --format": Case(
        use: .runs(["import", "--db", folder.file("imported.db"), "--format", "json"]),
        wrong: ["csv", ""].map { ["import", "--db", folder.file("imported.db"), "--format", $0] }),
      "agent report --db": Case(
        use: .runs(report), wrong: [["report"], ["report", "--db"], report + ["--port", "80"], report + ["surplus"]]),
      "agent report --from": Case(
        use: .runs(report + ["--from", "2026-02-05T06:45:00Z"]),
        wrong: [report + ["--from", "soon"], report + ["--from", "9", "--to", "8"]]),
      "agent report --to": Case(use: .runs(report + ["--to", "1770273900"]), wrong: [report + ["--to", ""]]),
      "agent report --by": Case(use: .runs(report + ["--by", "user"]), wrong: [report + ["--by", "pid"]]),
      "agent report --of": Case(
        use: .runs(report + ["--of", "energy"]),
        wrong: [report + ["--of", "x"], report + ["--waste", "--of", "cpu"]]),
      "agent report --waste": Case(
        use: .runs(report + ["--waste", "--by", "user"]),
        wrong: [report + ["--waste", "--by", "process"], report + ["--waste=1"]]),
      "agent report --limit": Case(
        use: .runs(report + ["--limit", "3"]), wrong: ["0", "1001", "x"].map { report + ["--limit", $0] }),
      "agent report --format": Case(
        use: .runs(report + ["--format", "markdown"]), wrong: ["csv", ""].map { report + ["--format", $0] }),
      "agent report --version": Case(use: .runs(["report", "--version"]), wrong: []),
      "agent report --help": Case(use: .runs(["report", "--help"]), wrong: []),
      "agent token --token-file": Case(
        use: .runs(["token"]),
        wrong: [["token", "--token-file", ""], ["token", "--port", "1"], ["token", "surplus"]]),
      "agent token --role": Case(use: .runs(["token", "--role", "metrics"]), wrong: [["token", "--role", "root"]]),
      "agent token --version": Case(use: .runs(["token", "--version"]), wrong: []),
      "agent token --help": Case(use: .runs(["token", "--help"]), wrong: []),
      "agent import --version": Case(use: .runs(["import", "--version"]), wrong: []),
      "agent import --help": Case(use: .runs(["import", "--help"]), wrong: []),
      "agent config": Case(
        use: .runs(["config", "check", "--config", folder.file("agent.conf")]),
        wrong: [["config"], ["config", "remove"], ["config", "check", "show"]]),
      "agent config --config": Case(
        use: .runs(["config", "show", "--config", folder.file("agent.conf")]),
        wrong: ["", "/nowhere", folder.file("token")].map { ["config", "check", "--config", $0] }),
      "agent config --version": Case(use: .runs(["config", "--version"]), wrong: []),
      "agent config --help": Case(use: .runs(["config", "--help"]), wrong: []),
      // DaemonCommandTests run them with and without an agent; their exit codes depend on it.
      "agent status --config": Case(
        use: .runs(["status", "--config", folder.file("agent.conf"), "--help"]),
        wrong: [["status", "--config", "/nowhere"], ["status", "surplus"]]),
      "agent status --port": Case(
        use: .runs(["status", "--port", "1", "--help"]), wrong: ["", "x", "65536"].map { ["status", "--port", $0] }),
      "agent status --token-file": Case(
        use: .runs(["status", "--token-file", folder.file("token"), "--help"]), wrong: [["status", "--token-file", ""]]),
      "agent status --version": Case(use: .runs(["status", "--version"]), wrong: []),
      "agent status --help": Case(use: .runs(["status", "--help"]), wrong: []),
      "agent doctor --config": Case(
        use: .runs(["doctor", "--config", folder.file("agent.conf"), "--help"]), wrong: [["doctor", "surplus"]]),
      "agent doctor --port": Case(
        use: .runs(["doctor", "--port", "1", "--help"]), wrong: ["", "x", "65536"].map { ["doctor", "--port", $0] }),
      "agent doctor --token-file": Case(
        use: .runs(["doctor", "--token-file", folder.file("token"), "--help"]), wrong: [["doctor", "--token-file", ""]]),
      "agent doctor --bundle": Case(
        use: .runs(["doctor", "--bundle", folder.file("b"), "--help"]), wrong: [["doctor", "--bundle", ""]]),
      "agent doctor --version": Case(use: .runs(["doctor", "--version"]), wrong: []),
      "agent doctor --help": Case(use: .runs(["doctor", "--help"]), wrong: []),
      "agent status --connect": Case(
        use: .runs(["status", "--connect", "https://localhost", "--help"]),
        wrong: [["status", "--connect", "ftp://x"]]
          + [["--host", "::1"], ["--port", "1"], ["--listen", "unix:/a"], ["--tls-cert", "/a"]].map {
            ["status", "--connect", "http://127.0.0.1:1"] + $0
          }),
      "agent status --host": Case(
        use: .runs(["status", "--host", "::1", "--help"]), wrong: [["status", "--host", ""]]),
      "agent status --listen": Case(
        use: .runs(["status", "--listen", "unix:/run/a.sock", "--help"]),
        wrong: [["status", "--listen", "/run/a.sock"]]),
      "agent status --tls-cert": Case(
        use: .runs(["status", "--tls-cert", "/nowhere.pem", "--help"]), wrong: [["status", "--tls-cert", ""]]),
      "agent status --tls-client-ca": Case(
        use: .runs(["status", "--tls-client-ca", "/nowhere.pem", "--help"]), wrong: [["status", "--tls-client-ca", ""]]),
      "agent status --connect-ca-file": Case(
        use: .runs(["status", "--help"]),
        wrong: [["status", "--connect-ca-file", "/nowhere.pem"]]
          + [[], ["--connect", "http://127.0.0.1:1"]].map {
            ["status", "--config", folder.file("agent.conf"), "--connect-ca-file", folder.file("ca.pem")] + $0
          }),
      "agent doctor --connect": Case(
        use: .runs(["doctor", "--connect", "https://localhost", "--help"]),
        wrong: [["doctor", "--connect", "ftp://x"]]
          + [["--host", "::1"], ["--port", "1"], ["--listen", "unix:/a"], ["--tls-cert", "/a"]].map {
            ["doctor", "--connect", "http://127.0.0.1:1"] + $0
          }),
      "agent doctor --host": Case(
        use: .runs(["doctor", "--host", "::1", "--help"]), wrong: [["doctor", "--host", ""]]),
      "agent doctor --listen": Case(
        use: .runs(["doctor", "--listen", "unix:/run/a.sock", "--help"]),
        wrong: [["doctor", "--listen", "/run/a.sock"]]),
      "agent doctor --tls-cert": Case(
        use: .runs(["doctor", "--tls-cert", "/nowhere.pem", "--help"]), wrong: [["doctor", "--tls-cert", ""]]),
      "agent doctor --tls-client-ca": Case(
        use: .runs(["doctor", "--tls-client-ca", "/nowhere.pem", "--help"]), wrong: [["doctor", "--tls-client-ca", ""]]),
      "agent doctor --connect-ca-file": Case(
        use: .runs(["doctor", "--help"]),
        wrong: [["doctor", "--connect-ca-file", "/nowhere.pem"]]
          + [[], ["--connect", "http://127.0.0.1:1"]].map {
            ["doctor", "--config", folder.file("agent.conf"), "--connect-ca-file", folder.file("ca.pem")] + $0
          }),
      "agent service": Case(
        use: .runs(["service", "--help"]),
        wrong: [["service"], ["service", "install"], ["service", "nothing"], ["service", "install", "--tui"]]),
      "agent service --version": Case(use: .runs(["service", "--version"]), wrong: []),
      "agent service --help": Case(use: .runs(["service", "--help"]), wrong: []),
      "agent help": Case(
        use: .runs(["help", "export"]), wrong: [["help", "nothing"]]),
      "agent help --help": Case(use: .runs(["help", "--help"]), wrong: []),
      "agent help --version": Case(use: .runs(["help", "--version"]), wrong: []),
    ]
  }

  /// A folder with the files of the cases.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("token", "a-token\n")
    try folder.write("agent.conf", "INTERVAL_SEC=3600\n")
    try folder.write("hosts", "127.0.0.1:1 nobody\n")
    try folder.write("ca.pem", TestAuthority.certificate)
    try folder.write("samples", #"{"timestamp":"2026-02-05T06:45:00Z","cpu":{"usage":0.5}}"# + "\n")
    let result = try AgentProcess.run(
      ["import", "--db", folder.file("history.db")], input: folder.file("samples"))
    #expect(result.output == "1 sample added\n" && result.status == 0, "\(result.errors)")
    return folder
  }

  /// Every flag of every command as listed by the parser: `agent export --db`.
  private func flags() throws -> [String] {
    let help = try AgentProcess.run(["--experimental-dump-help"])
    let bytes = Array(help.output.utf8)
    let root = try #require(JSONValue(bytes.span)?["command"])
    func names(_ command: JSONValue, _ path: String) -> [String] {
      let flags = (command["arguments"]?.elements ?? []).map { argument in
        let long = argument["names"]?.elements.first { $0["kind"]?.text == "long" }?["name"]?.text
        return path + (long.map { " --" + $0 } ?? "")
      }
      let inner = (command["subcommands"]?.elements ?? []).flatMap { command in
        names(command, path + " " + (command["commandName"]?.text ?? ""))
      }
      return flags + inner
    }
    return names(root, "agent")
  }

  @Test("Every subcommand and every flag starts; wrong values give one line and exit code 64")
  func everyFlag() throws {
    let folder = try folder()
    let cases = Self.cases(folder)
    let flags = try flags()
    #expect(flags.count >= 40)
    #expect(Set(flags).subtracting(cases.keys).sorted() == [], "flags without a case")
    #expect(Set(cases.keys).subtracting(flags).sorted() == [], "cases of no flag")
    for (flag, row) in cases {
      switch row.use {
      case .runs(let words):
        let result = try AgentProcess.run(words)
        #expect(result.status == 0 && result.errors == "", "\(flag): \(result.errors)")
        #expect(!result.output.isEmpty, "\(flag)")
      case .serves(let words):
        let (process, _) = try AgentProcess.serving(["--root", Self.machine, "--interval", "3600"] + words)
        process.signal(SIGTERM)
        #expect(process.wait() == 0, "\(flag)")
      case .shows(let words):
        let process = try AgentProcess(["--tui", "--root", Self.machine] + words)
        #expect(process.outputLine()?.contains("cpu%") == true, "\(flag)")
        process.signal(SIGTERM)
        #expect(process.wait() == 0, "\(flag)")
      }
      for words in row.wrong {
        let result = try AgentProcess.run(words)
        #expect(result.status == 64 && result.output == "", "\(flag): \(words): \(result.status)")
        #expect(
          result.errors.hasPrefix("agent: ") && result.errors.split(separator: "\n").count == 1,
          "\(flag): \(words): \(result.errors)")
      }
    }
  }

  @Test("Another machine's agent by --connect and by --hosts-file")
  func otherMachines() throws {
    let folder = try TemporaryFolder()
    let (server, port) = try AgentProcess.serving(["--root", Self.machine])
    try folder.write("hosts", "http://127.0.0.1:\(port) one\n")
    for words in [["--connect", "127.0.0.1:\(port)"], ["--hosts-file", folder.file("hosts")]] {
      let process = try AgentProcess(["--tui"] + words)
      #expect(process.outputLine() != nil, "\(words)")
      process.signal(SIGTERM)
      #expect(process.wait() == 0, "\(words)")
    }
    server.signal(SIGTERM)
    #expect(server.wait() == 0)
  }

  @Test("export and import take --db in every order, and from the variable")
  func everyOrder() throws {
    let folder = try folder()
    let (database, other) = (folder.file("history.db"), folder.file("other.db"))
    let expected = try AgentProcess.run(["export", "--db", database, "--format", "json"])
    #expect(expected.output.hasPrefix(#"{"timestamp":"2026-02-05T06:45:00Z","cpu":{"#))
    for words in [
      ["--db", database, "export", "--format", "json"], ["export", "--format", "json", "--db", database],
      ["--format", "json", "export", "--db", database], ["--db=" + database, "--format=json", "export"],
      ["export", "--from", "2026-01-01T00:00:00Z", "--to", "4000000000", "--format=json", "--db=" + database],
      ["--db", database, "export", "--db", database, "--format", "json"],
    ] {
      let result = try AgentProcess.run(words)
      #expect(result.status == 0 && result.output == expected.output, "\(words): \(result.errors)")
    }
    let variable = try AgentProcess.run(["export", "--format", "json"], environment: ["DB_PATH": database])
    #expect(variable.output == expected.output)
    let flag = try AgentProcess.run(
      ["export", "--format", "json", "--db", database], environment: ["DB_PATH": "/nowhere"])
    #expect(flag.output == expected.output)
    for words in [
      ["--db", other, "import"], ["import", "--db=" + other], ["import", "--format", "json", "--db", other],
    ] {
      let result = try AgentProcess.run(words, input: folder.file("samples"))
      #expect(
        result.status == 0 && result.output.hasSuffix("the file covers their times already\n") == (words[0] == "import")
      )
    }
    // A file may have a subcommand's name.
    let named = try Program.run(
      "/bin/sh",
      ["-c", "cd '\(folder.path)' && cp history.db export && exec '\(AgentProcess.path)' --db export export"])
    #expect(named.status == 0 && named.output.hasPrefix("timestamp,"), "\(named.errors)")
  }

  @Test("export names selectors without a series, and fails where no selector has one")
  func selectorsWithoutSeries() throws {
    let folder = try folder()
    let export = ["export", "--db", folder.file("history.db"), "--metrics"]
    let some = try AgentProcess.run(export + ["cpu.usage,disks.busy"])
    #expect(some.status == 0 && some.output.hasPrefix("timestamp,cpu.usage"), "\(some.output)")
    #expect(some.errors == "agent: --metrics: no series in the file for \"disks.busy\"\n")
    let none = try AgentProcess.run(export + ["disks.busy", "--metrics", "gpus.*"])
    #expect(none.status == 69 && none.output == "")
    #expect(none.errors == "agent: --metrics: no series in the file for \"disks.busy\", \"gpus.*\"\n")
  }

  @Test("A constructor that moves the environment before main loses no arguments, as that of libfaketime does")
  func movedEnvironment() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "move.c",
      """
      #include <stdlib.h>
      __attribute__((constructor)) static void move(void) {
        for (int i = 0; i < 64; i++) setenv((char[]){'M', (char)('A' + i % 26), (char)('A' + i / 26), 0}, "x", 1);
      }
      """)
    try FakeNVMLLibrary.compile(folder.file("move.c"), to: folder.file("move.so"))
    let faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    for library in [folder.file("move.so"), faketime] where Files.exists(library) {
      let environment = ["LD_PRELOAD": library]
      let version = try AgentProcess.run(["--version"], environment: environment)
      #expect(version.status == 0 && version.output.split(separator: ".").count == 3, "\(version.errors)")
      let wrong = try AgentProcess.run(["--nonsense"], environment: environment)
      #expect(wrong.status == 64 && wrong.errors.hasPrefix("agent: unknown option '--nonsense'"), "\(wrong.errors)")
      let once = try AgentProcess.run(["--once", "--root", Self.machine], environment: environment)
      #expect(once.status == 0 && once.output.contains("cpu\n"), "\(once.errors)")
    }
  }

  @Test("Arguments arrive under launchers, without an environment and with an empty name")
  func launchers() throws {
    for launcher in [
      ["/usr/bin/env", "-i"], ["/bin/sh", "-c", "exec \"$0\" \"$@\""], ["/bin/bash", "-c", "exec -a '' \"$0\" \"$@\""],
      ["/usr/bin/setarch", "-R"], ["/usr/bin/nice"],
    ] where Files.exists(launcher[0]) {
      let result = try AgentProcess.run(["--version"], launcher: launcher)
      #expect(result.status == 0 && result.output.split(separator: ".").count == 3, "\(launcher): \(result.errors)")
    }
  }

  @Test("Completions for each shell, and the long help", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) throws {
    let result = try AgentProcess.run(["--generate-completion-script", shell])
    #expect(result.status == 0 && result.output.contains("push-label") && result.errors == "")
    #expect(try AgentProcess.run(["--help-hidden"]).status == 0)
  }
}
