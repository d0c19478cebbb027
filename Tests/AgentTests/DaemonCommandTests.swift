import API
import AgentMetrics
import Glibc
import Platforms
import Query
import SystemIO
import TestSupport
import Testing

@testable import agent

/// `agent status` and `agent doctor`, as the real binary.
@Suite(.ownThreads) struct DaemonCommandTests {
  @Test("agent status shows the running agent, and ends with 69 without one")
  func status() throws {
    let folder = try TemporaryFolder()
    let (process, port) = try AgentProcess.serving([
      "--interval", "3600", "--history", "2", "--db", folder.file("a.db"), "--push", "http://127.0.0.1:9",
    ])
    _ = try Loopback.get("/metrics/latest", port: port)
    let result = try AgentProcess.run(["status", "--port", String(port)])
    #expect(result.status == 0 && result.errors == "", "\(result)")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.hasPrefix("agent    0.1.0, up ") == true, "\(lines)")
    #expect(lines.first?.hasSuffix(", http://127.0.0.1:\(port)") == true)
    for start in [
      "samples  every 1 h 0 min, the newest ", "archive  ", "push     http://127.0.0.1:9", "viewers  0 streams",
      "cost     ", "sources  ",
    ] {
      #expect(lines.contains { $0.hasPrefix(start) }, "\(start) in \(lines)")
    }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    let absent = try AgentProcess.run(["status", "--port", String(port)])
    #expect(absent.status == 69 && absent.output == "")
    #expect(absent.errors.hasPrefix("agent: no answer of an agent at http://127.0.0.1:\(port): "), "\(absent.errors)")
    #expect(absent.errors.split(separator: "\n").count == 1)
    #expect(try AgentProcess.run(["status", "--port", "x"]).status == 64)
    #expect(try AgentProcess.run(["status", "--help"]).status == 0)
  }

  @Test("agent status without the token shows the public state, and with it the details")
  func token() throws {
    let folder = try TemporaryFolder()
    try folder.write("token", "s3cret\n")
    chmod(folder.file("token"), 0o600)
    let (process, port) = try AgentProcess.serving([
      "--interval", "3600", "--demo", "--history", "2", "--token-file", folder.file("token"),
    ])
    let without = try AgentProcess.status(["--port", String(port)])
    #expect(without.status == 0 && without.output.end(of: "note     details need --token-file") != nil, "\(without)")
    // Archive and samples are unknown, not absent.
    #expect(without.output.split(separator: "\n").count == 2, "\(without)")
    let with = try AgentProcess.status(["--port", String(port), "--token-file", folder.file("token")])
    #expect(with.status == 0 && with.output.hasPrefix("agent    0.1.0, up "), "\(with)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test("agent doctor names problems with advice, and writes an archive that tar reads")
  func doctor() throws {
    let folder = try TemporaryFolder()
    let port = try Loopback.freePort()
    try folder.write("good.conf", "PORT=\(port)\nDB_PATH=\(folder.file("a.db"))\n")
    let good = try AgentProcess.run([
      "doctor", "--config", folder.file("good.conf"), "--bundle", folder.file("bundle.tar.gz"),
    ])
    let lines = good.output.split(separator: "\n").map(String.init)
    #expect(
      lines.contains { $0.hasPrefix("ok       settings  ") } && lines.contains { $0.hasPrefix("ok       archive") })
    #expect(lines.contains { $0.hasPrefix("note     port      no agent answers") }, "\(good.output)")
    try folder.write("bad.conf", "PORT=\(port)\nDB_PATH=/nowhere/a.db\nPUSH_URL=http://127.0.0.1:9\n")
    let bad = try AgentProcess.run(["doctor", "--config", folder.file("bad.conf")])
    #expect(bad.status == 1 && bad.output.end(of: "problem  archive   /nowhere/a.db: its folder") != nil, "\(bad)")
    #expect(bad.output.end(of: "→ create it and give it") != nil)
    try folder.write("wrong.conf", "PROT=1\n")
    let wrong = try AgentProcess.run(["doctor", "--config", folder.file("wrong.conf")])
    #expect(wrong.status == 1 && wrong.output.end(of: "wrong.conf:1: unknown setting") != nil)
    let tar = try #require(Program.path(of: "tar"))
    let list = try Program.run(tar, ["--list", "--gzip", "--verbose", "--file", folder.file("bundle.tar.gz")])
    #expect(list.status == 0 && list.errors == "", "\(list)")
    for name in ["doctor.txt", "settings.txt", "sample.json"] {
      #expect(list.output.end(of: "worker-agent/" + name) != nil, "\(list.output)")
    }
    let shown = try Program.run(
      tar, ["--extract", "--to-stdout", "--gzip", "--file", folder.file("bundle.tar.gz"), "worker-agent/doctor.txt"])
    #expect(good.output.hasPrefix(shown.output) && !shown.output.isEmpty)
    #expect(try AgentProcess.run(["doctor", "--bundle", "/nowhere/x.tar.gz"]).status == 69)
    #expect(try AgentProcess.run(["doctor", "--help"]).status == 0)
  }

  @Test("What the start refuses is a problem for config check and doctor, too; none of them shows a secret")
  func jointProblems() throws {
    let folder = try TemporaryFolder()
    let tar = try #require(Program.path(of: "tar"))
    let path = folder.file("a.conf")
    for lines in [
      "HOST=0.0.0.0", "TLS_CERT=/none", "TLS_KEY=/none", "TLS_CERT=/none\nTLS_KEY=/none", "TLS_CLIENT_CA=/none",
      "ALERT_WEBHOOK=http://u:S3CR3T@h/S3CR3T", "PUSH_URL=http://u:S3CR3T@h/w?S3CR3T", "CORS_ORIGIN=http://u:S3CR3T@h",
      "PUSH_URL=http://h PUSH_USERNAME=u", "ALERT_WEBHOOK=http://127.0.0.1:9/S3CR3T\nTLS_KEY=/none",
    ] {
      try folder.write("a.conf", lines + "\n")
      let start = try AgentProcess.run(["--serve", "--port", "0", "--demo", "--config", path])
      let check = try AgentProcess.run(["config", "check", "--config", path])
      let doctor = try AgentProcess.run(["doctor", "--config", path, "--bundle", folder.file("b.tar.gz")])
      #expect(start.status == 64 && check.status == 64 && doctor.status == 1, "\(lines): \(start) \(check)")
      #expect(start.errors == check.errors, "\(lines)")
      let reason = start.errors.dropFirst("agent: ".count).dropLast()
      #expect(doctor.output.end(of: "problem  settings  " + reason) != nil, "\(doctor.output)")
      let bundle = try Program.run(tar, ["--extract", "--to-stdout", "--gzip", "--file", folder.file("b.tar.gz")])
      #expect(bundle.output.end(of: "ALERT_WEBHOOK") != nil)
      let shown = try AgentProcess.run(["config", "show", "--config", path])
      for text in [start.errors, check.errors, doctor.output, bundle.output, shown.output] {
        #expect(text.end(of: "S3CR3T") == nil, "\(lines): \(text)")
      }
    }
  }

  @Test("A hostile agent's numbers and texts are shown, without control characters", arguments: [-1e300, 1e300, 0])
  func hostileReport(number: Double) {
    let health: [String: JSONValue] = [
      "interval_sec": .number(number), "sample_age_sec": .number(number),
      "archive": .object(["error": .string("\u{1B}]0;x\u{7}\u{202E}a\nb"), "bytes": .number(number)]),
    ]
    var report = DaemonReport(address: "http://a", health: .object(health))
    report.version = .object(["uptime_sec": .number(number), "streams": .number(number)])
    for text in [report.text, report.problem ?? ""] {
      #expect(text.contains("?]0;x?a?b"), "\(text)")
      #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" || $0 == "\u{7}" })
    }
  }

  @Test("Standard output that cannot be written is an error, but for a reader that stopped early")
  func lostOutput() throws {
    let shell = try #require(Program.path(of: "sh"))
    func status(_ tail: String, _ arguments: String) throws -> Int32 {
      try AgentProcess.run([], launcher: [shell, "-c", "\"$0\" \(arguments) \(tail)"]).status
    }
    for arguments in [
      "--once --demo", "--once --demo --json", "token", "config show --config /dev/null", "--help", "--version",
    ] {
      #expect(try status("> /dev/full", arguments) == 69, "\(arguments)")
    }
    let folder = try TemporaryFolder()
    // A file at its limit is an error of the write, not a signal.
    #expect(try status("> \(folder.file("out"))", "--once --demo --json; exit $?") == 0)
    let limited = try AgentProcess.run(
      [], launcher: [shell, "-c", "ulimit -f 1; exec \"$0\" --once --demo --json > \(folder.file("small"))"])
    #expect(limited.status == 69 && limited.errors.contains("write standard output"), "\(limited)")
    let early = try AgentProcess.run([], launcher: [shell, "-c", "{ \"$0\" --once --demo; echo $? >&2; } | true"])
    #expect(early.errors == "0\n" || early.errors.isEmpty, "\(early)")
  }

  @Test("agent doctor asks a named agent for its archive")
  func archive() {
    func text(_ path: String?, _ health: [String: JSONValue]) -> String {
      var doctor = Doctor()
      doctor.checkArchive(path, DaemonReport(address: "", health: .object(health)))
      return doctor.text
    }
    let archive = JSONValue.object(["bytes": .number(2_048), "oldest": .string("2026-11-30T12:00:00Z")])
    #expect(
      text(nil, ["archive": archive])
        == "ok       archive   2.0 KiB, since 2026-11-30T12:00:00Z, of the running agent\n")
    #expect(text(nil, [:]).hasPrefix("note     archive   none: history is lost at a restart\n"))
    let failing = JSONValue.object(["error": .string("disk full\u{1B}[31m\u{202E}")])
    #expect(text(nil, ["archive": failing]).hasPrefix("problem  archive   disk full?[31m\n"))
    #expect(text("/nowhere/a.db", [:]).hasPrefix("problem  archive   /nowhere/a.db: its folder"))
  }

  @Test("agent status and agent report print no control characters, and Markdown keeps bars")
  func hostileNames() {
    let name = "a|b\u{202E}c\u{2066}d\u{2028}e\u{200B}f\u{1B}[31m"
    var report = DaemonReport(address: name, health: .object([:]))
    report.refusal = name
    #expect(report.text.split(separator: "\n").last == "note     a|bcd?ef?[31m")
    let head = [ReportText.Head(title: "NAME", isLeft: true)]
    #expect(ReportText.layout(head, [[name]], isMarkdown: false).last == "a|bcd?ef?[31m")
    #expect(ReportText.layout(head, [[name]], isMarkdown: true).last == #"| a\|bcd?ef?[31m |"#)
    #expect(ReportText.window(name, .nan, .nan, 1, covered: 1).hasPrefix("a|bcd?ef?[31m, "))
  }

  @Test("agent report says how much its limit left out", arguments: [false, true])
  func leftOut(isMarkdown: Bool) {
    var ranking = CulpritRanking()
    ranking.culprits = [Culprit()]
    ranking.events = [MachineEvent(.reboot, at: 10, "rebooted")]
    func lines() -> [Substring] {
      ReportText.table(of: ranking, host: nil, isMarkdown: isMarkdown)
        .split(separator: "\n", omittingEmptySubsequences: false)
    }
    #expect(!lines().contains { $0.contains("--limit") })
    (ranking.moreCulprits, ranking.moreEvents) = (7, 1)
    #expect(lines().contains("7 more beyond --limit") && lines().contains("1 earlier event beyond --limit"))
    let json = API.culpritsBody(of: ranking)
    #expect(json.contains(#""culprits_left_out":7"#) && json.contains(#""events_left_out":1"#))
    var waste = WasteReport()
    (waste.entries, waste.moreEntries) = ([Waste()], 3)
    let text = WasteText.table(of: waste, host: nil, isMarkdown: isMarkdown)
    #expect(text.hasSuffix(isMarkdown ? "\n\n3 more beyond --limit\n" : "\n3 more beyond --limit\n"))
    #expect(API.wasteBody(of: waste).contains(#""entries_left_out":3"#))
  }

  @Test("agent report says why more is attributed than the disks moved")
  func moreIsAttributed() {
    var ranking = CulpritRanking()
    (ranking.measure, ranking.total, ranking.attributed) = (.io, 1_000, 34_000)
    var culprit = Culprit()
    (culprit.name, culprit.written) = ("dd", 34_000)
    ranking.culprits = [culprit]
    let lines = ReportText.table(of: ranking, host: nil, isMarkdown: false).split(separator: "\n")
    #expect(lines[1].hasPrefix("Disk traffic by workload: ") && lines[1].hasSuffix("(\(ranking.remark ?? "none"))"))
    ranking.total = 40_000
    #expect(!ReportText.table(of: ranking, host: nil, isMarkdown: false).contains("("))
  }

  @Test("agent doctor says why ended processes have no names, and what to do")
  func processEnds() {
    func text(_ ends: ProcessEnds, _ report: DaemonReport? = nil) -> String {
      var doctor = Doctor()
      doctor.checkProcessEnds(ends, report)
      #expect(!doctor.hasProblem)
      return doctor.text
    }
    func report(_ processes: JSONValue, uptime: Double) -> DaemonReport {
      var report = DaemonReport(address: "", health: .object(["interval_sec": .number(1)]))
      report.version = .object(["uptime_sec": .number(uptime)])
      report.sample = .object(["processes": processes])
      return report
    }
    let missing = ProcessEnds.missing(reason: "Operation not permitted", advice: "add CAP_NET_ADMIN")
    let none = report(.object([:]), uptime: 10)
    let some = report(.object(["ended_per_sec": .number(0)]), uptime: 10)
    #expect(text(.unsupported) == "")
    #expect(text(.reported).hasPrefix("ok       ended     "))
    #expect(text(missing).hasSuffix(": Operation not permitted\n                   → add CAP_NET_ADMIN\n"))
    // The running agent's rights count.
    #expect(text(missing, some).hasPrefix("ok       ended     the running agent"))
    #expect(text(.reported, none).hasPrefix("note     ended     the running agent has fewer rights"))
    #expect(text(.reported, report(.object([:]), uptime: 1)).hasPrefix("ok "))
  }
}
