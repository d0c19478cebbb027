import SystemIO
import TestSupport
import Testing

/// Alerts of the real binary in each output.
@Suite(.ownThreads) struct AlertEndToEndTests {
  private func alerts(_ port: UInt16) throws -> JSONValue {
    let bytes = try Loopback.get("/alerts", port: port).bytes
    let list = JSONValue(bytes.span)
    return try #require(list)
  }

  @Test func aFiringRule() throws {
    let (process, port) = try AgentProcess.serving(
      [
        "--root", Fixture("vm-1-core").root, "--interval", "1", "--default-alerts", "off",
        "--alert", "always: ram.total_mb > 1", "--alert", "never: ram.total_mb < 1", "--alert",
        "disks.busy >= 0 for 7d",
      ])
    let isThere = try eventually {
      try Loopback.get("/metrics/latest", port: port).body.contains(#""alert":"always""#)
    } after: {
      usleep(50_000)
    }
    #expect(isThere)
    let list = try alerts(port)
    #expect(list["rules"]?.elements.compactMap { $0["alert"]?.text } == ["always", "never", "disks.busy"])
    #expect(list["rules"]?.elements.last?["for_seconds"]?.number == 604_800)
    let alerts = list["alerts"]?.elements ?? []
    #expect(alerts.first?["alert"]?.text == "always")
    #expect(alerts.first?["phase"]?.text == "firing")
    #expect(alerts.dropFirst().allSatisfy { $0["phase"]?.text == "pending" && $0["alert"]?.text == "disks.busy" })
    let scrape = try Loopback.get("/metrics", port: port).body
    #expect(scrape.contains("\nagent_alert_state{alert=\"always\",target=\"\"} 2\n"))
    #expect(!scrape.contains("alert=\"never\""))
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  /// A killed agent's alerts: one whose rule stays goes on, one whose rule is gone ends.
  @Test func alertsAcrossARestart() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    func serve(_ rules: [String]) throws -> (process: AgentProcess, port: UInt16) {
      try AgentProcess.serving(
        ["--root", Fixture("vm-1-core").root, "--interval", "1", "--default-alerts", "off", "--db", path]
          + rules.flatMap { ["--alert", $0] })
    }
    func events(_ kind: String, _ port: UInt16) throws -> [JSONValue] {
      let bytes = try Loopback.get("/events?kind=" + kind, port: port).bytes
      return JSONValue(bytes.span)?["events"]?.elements ?? []
    }
    let (first, port) = try serve(["kept: ram.total_mb > 1", "gone: ram.total_mb > 2"])
    // On its first sample.
    let hasFired = try eventually {
      try events("alert_firing", port).count == 2
    } after: {
      usleep(50_000)
    }
    #expect(hasFired)
    // A kill may lose the newest sample, with its events.
    let fired = try events("alert_firing", port).compactMap { $0["time"]?.text }.max() ?? "none"
    let isStored = try eventually {
      let health = try Loopback.get("/health", port: port).bytes
      return JSONValue(health.span)?["archive"]?["newest"]?.text ?? "" >= fired
    } after: {
      usleep(50_000)
    }
    #expect(isStored)
    let since = try alerts(port)["alerts"]?.elements.first { $0["alert"]?.text == "kept" }?["since"]?.text
    first.signal(SIGKILL)
    _ = first.wait()
    let (second, secondPort) = try serve(["kept: ram.total_mb > 1"])
    let hasEnded = try eventually {
      try events("alert_resolved", secondPort).map { $0["subject"]?.text } == ["gone"]
    } after: {
      usleep(50_000)
    }
    #expect(hasEnded)
    let list = try alerts(secondPort)["alerts"]?.elements ?? []
    #expect(list.map { $0["alert"]?.text } == ["kept"] && list.first?["since"]?.text == since && since != nil)
    #expect(try events("alert_firing", secondPort).count == 2, "none is new")
    second.signal(SIGTERM)
    #expect(second.wait() == 0)
  }

  @Test func theRulesOfAVariable() throws {
    let (process, port) = try AgentProcess.serving(
      ["--root", Fixture("vm-1-core").root],
      environment: ["ALERT": "a: ram.usage > 99%; b: swap.usage > 99% for 1m", "DEFAULT_ALERTS": "off"])
    let list = try alerts(port)
    #expect(list["rules"]?.elements.compactMap { $0["rule"]?.text } == ["ram.usage > 99%", "swap.usage > 99% for 1m"])
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  /// Each series of `/metrics` is there once.
  @Test func rulesOnOneMetricHaveSeriesOfTheirOwn() throws {
    let (process, port) = try AgentProcess.serving(
      [
        "--root", Fixture("vm-1-core").root, "--interval", "1", "--default-alerts", "off",
      ]
        + ["ram.total_mb > 1", "ram.total_mb > 2", "ram.t*_mb > 3", "host.* > 0", "disks.* >= 0"].flatMap {
          ["--alert", $0]
        })
    let isThere = try eventually {
      try Loopback.get("/metrics", port: port).body.contains(
        "\nagent_alert_state{alert=\"ram.total_mb > 2\",target=\"\"} 2\n")
    } after: {
      usleep(50_000)
    }
    #expect(isThere)
    let scrape = try Loopback.get("/metrics", port: port).body
    let series = scrape.split(separator: "\n").filter { $0.hasPrefix("agent_alert_state{") }.map {
      $0.prefix { $0 != "}" }
    }
    #expect(series.count > 5 && Set(series).count == series.count, "\(series)")
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test(arguments: [
    (["p: cpu.usage > 1%", "p: ram.usage > 2%"], "p: ram.usage > 2%", "the name p is given twice"),
    (["cpu.usage > 1%", "cpu.usage > 1%"], "cpu.usage > 1%", "the rule is given twice"),
  ])
  func aRepeatedRuleIsRefused(rules: [String], value: String, reason: String) throws {
    let flags = try AgentProcess.run(rules.flatMap { ["--alert", $0] })
    #expect(flags.status == 64 && flags.errors == "agent: --alert: invalid value \"\(value)\": \(reason)\n")
    let check = try AgentProcess.run(["config", "check"], environment: ["ALERT": rules.joined(separator: ";")])
    #expect(check.status == 64 && check.errors.hasSuffix("ALERT: invalid value \"\(value)\": \(reason)\n"))
  }

  @Test("config check, doctor and the log warn of a rule that cannot fire")
  func impossibleRules() throws {
    let environment = ["ALERT": "cpu.usage > 95; swap.usage > 99%"]
    let warning = #"ALERT: "cpu.usage > 95" never fires: cpu.usage is at most 1; write 95%"#
    let check = try AgentProcess.run(["config", "check"], environment: environment)
    #expect(check.status == 0 && check.errors == "agent: \(warning)\n")
    #expect(try AgentProcess.run(["doctor"], environment: environment).output.contains("note     settings  " + warning))
    let process = try AgentProcess(
      ["--serve", "--port", "0", "--root", Fixture("vm-1-core").root], environment: environment)
    var isLogged = false
    while let line = process.errorLine(), line.end(of: "listening on") == nil {
      if line.end(of: warning) != nil { isLogged = true }
    }
    #expect(isLogged)
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }

  @Test func aCommaBetweenRulesIsExplained() throws {
    let result = try AgentProcess.run(
      ["config", "check"], environment: ["ALERT": #"ram.usage > 99%, swap.usage > 99%"#])
    #expect(result.status == 64)
    #expect(result.errors.hasSuffix("; rules in a variable are separated by semicolons\n"), "\(result.errors)")
    // One between labels is none.
    let labels = try AgentProcess.run(["--alert", #"workloads.top.cpu{workload="a",kind="b"} > x"#])
    #expect(labels.status == 64 && !labels.errors.contains("semicolons"))
  }

  @Test func aWrongRuleIsNamed() throws {
    let result = try AgentProcess.run(["--alert", "cpu.sage > 1"])
    #expect(result.status == 64)
    #expect(
      result.errors
        == "agent: --alert: invalid value \"cpu.sage > 1\": must name a numeric metric of /catalog, not \"cpu.sage\"\n")
  }
}
