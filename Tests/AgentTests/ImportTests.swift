import AgentMetrics
import SystemIO
import TestSupport
import Testing

/// `agent import` of valid input, and of input that must be rejected as a whole.
@Suite(.ownThreads) struct ImportTests {
  private static let first = #"{"timestamp":"2026-02-05T06:45:00Z","cpu":{"usage":0.5}}"#
  private static let second = #"{"timestamp":"2026-02-05T06:45:01Z","cpu":{"usage":0.25}}"#

  private func add(_ text: String, _ words: [String] = [], to folder: TemporaryFolder) throws -> Program.Result {
    try folder.write("input", text)
    return try AgentProcess.run(["import", "--db", folder.file("history.db")] + words, input: folder.file("input"))
  }

  private func exported(_ path: String, _ words: [String] = ["--format", "json"]) throws -> String {
    let result = try AgentProcess.run(["export", "--db", path] + words)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  @Test("An export without samples says so, and which times the file has", arguments: ["csv", "json", "openmetrics"])
  func emptyExport(format: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    try folder.write("samples", #"{"timestamp":"2026-02-05T06:45:00Z","cpu":{"usage":0.5}}"# + "\n")
    #expect(try AgentProcess.run(["import", "--db", path], input: folder.file("samples")).status == 0)
    let words = ["export", "--db", path, "--format", format]
    let result = try AgentProcess.run(words + ["--from", "2030-01-01T00:00:00Z"])
    #expect(result.status == 0 && result.output == (format == "openmetrics" ? "# EOF\n" : ""))
    let times = "2026-02-05T06:45:00Z to 2026-02-05T06:45:00Z"
    #expect(result.errors == "agent: \(path): no samples in that time: it has those from \(times)\n")
    #expect(try AgentProcess.run(words).errors == "")
  }

  @Test("An export is unchanged after an import and another export")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let (process, port) = try AgentProcess.serving(["--demo", "--interval", "1", "--db", path])
    var count = 0
    while count < 4 {
      usleep(100_000)
      let bytes = try Loopback.get("/metrics/history?seconds=3600&metrics=cpu.usage", port: port).bytes
      count = JSONValue(bytes.span)?["timestamps"]?.elements.count ?? 0
    }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
    for format in ["json", "openmetrics"] {
      var text = try exported(path, ["--format", format])
      try folder.write("text", text)
      if format == "json" {
        // Its sizes are integral megabytes, from which ratios are computed again: the first import may round them.
        let rounded = folder.file("rounded.db")
        _ = try AgentProcess.run(["import", "--db", rounded], input: folder.file("text"))
        let lines = text.split(separator: "\n").count
        text = try exported(rounded)
        #expect(text.split(separator: "\n").count == lines)
        try folder.write("text", text)
      }
      let copy = folder.file(format + ".db")
      let result = try AgentProcess.run(["import", "--db", copy, "--format", format], input: folder.file("text"))
      #expect(result.status == 0 && result.output.hasSuffix(" added\n") && result.errors == "", "\(result)")
      #expect(try exported(copy, ["--format", format]) == text, "\(format)")
      // The opposite direction does not support texts, which OpenMetrics lacks.
      #expect(try exported(copy, ["--metrics", "cpu.*"]) == exported(path, ["--metrics", "cpu.*"]), "\(format)")
      let again = try AgentProcess.run(["import", "--db", copy, "--format", format], input: folder.file("text"))
      #expect(again.output.hasPrefix("0 samples added, "), "\(again.output)")
    }
  }

  @Test(
    "Line ends of other systems, a byte order mark and blank lines have no effect",
    arguments: [
      "\(first)\n\(second)\n", "\(first)\r\n\(second)\r\n", "\u{FEFF}\(first)\n\(second)",
      "\n\(first)\n \t\n\n\(second)\n\n",
    ])
  func lineEnds(text: String) throws {
    let folder = try TemporaryFolder()
    let result = try add(text, to: folder)
    #expect(result.output == "2 samples added\n" && result.status == 0, "\(result.errors)")
    let plain = try TemporaryFolder()
    _ = try add(Self.first + "\n" + Self.second + "\n", to: plain)
    let samples = try exported(folder.file("history.db"))
    #expect(samples.split(separator: "\n").count == 2)
    #expect(try samples == exported(plain.file("history.db")))
  }

  @Test("Empty JSON adds no samples, and is not an error")
  func empty() throws {
    let folder = try TemporaryFolder()
    #expect(try add("", to: folder).output == "0 samples added\n")
    #expect(try add("# EOF\n", ["--format", "openmetrics"], to: folder).output == "0 samples added\n")
  }

  @Test(
    "Malformed and truncated input adds no samples, and the error has the line",
    arguments: [
      ("json", first + "\n" + second.dropLast(9), "line 2: not a sample"),
      ("json", "\u{1}\u{2}\u{3}", "line 1: not a sample"),
      ("json", "# HELP x\n", "line 1: not a sample as JSON (an object with \"timestamp\"); for OpenMetrics use"),
      ("json", String(repeating: first + "\n", count: 300) + "{}", "line 301: not a sample"),
      ("json", String(repeating: "[", count: 100_000), "line 1: not a sample"),
      ("openmetrics", "agent_cpu_usage_ratio 0.5 1770000000\n", "line 1: the input ends without # EOF"),
      ("openmetrics", "", "the input is empty"),
      ("openmetrics", "agent_cpu_usage_ratio 0.5\n# EOF\n", "line 1: not an OpenMetrics sample with a timestamp"),
      ("openmetrics", "agent_cpu_usage_ratio 0.5 1770000000\nagent_cpu{", "line 2: not an OpenMetrics sample"),
      ("openmetrics", "# EOF\nagent_cpu_usage_ratio 0.5 1770000000\n", "line 2: text after # EOF"),
      ("openmetrics", first, "line 1: not an OpenMetrics sample"),
    ])
  func refused(format: String, text: String, reason: String) throws {
    let folder = try TemporaryFolder()
    #expect(try add(#"{"timestamp":"2026-02-05T06:44:00Z"}"#, to: folder).status == 0)
    let before = try exported(folder.file("history.db"))
    let result = try add(text, ["--format", format], to: folder)
    #expect(result.status == 69 && result.output == "")
    #expect(result.errors.hasPrefix("agent: " + reason), "\(result.errors)")
    #expect(result.errors.hasSuffix("; no samples were added\n") && result.errors.split(separator: "\n").count == 1)
    #expect(try exported(folder.file("history.db")) == before)
    #expect(Files.names(in: folder.path).allSatisfy { !$0.contains(".import.") })
  }

  @Test("A line of a gigabyte is refused when its first megabytes are read", arguments: ["json", "openmetrics"])
  func endlessLine(format: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("input", "")
    // A sparse file without blocks on the disk.
    #expect(truncate(folder.file("input"), 1 << 30) == 0)
    let result = try AgentProcess.run(
      ["import", "--db", folder.file("history.db"), "--format", format], input: folder.file("input"))
    #expect(result.status == 69)
    #expect(result.errors == "agent: line 1: longer than 16 MiB; no samples were added\n")
  }

  @Test("More values than memory holds are sorted by way of a file, and arrive complete")
  func manyValues() throws {
    let folder = try TemporaryFolder()
    let times = 150
    var text = ""
    for device in 0..<1_000 {
      for name in ["receive", "transmit"] {
        for time in 0..<times {
          text +=
            "agent_network_\(name)_bytes_total{device=\"d\(device)\"} \(device * 1_000 + time) \(1_770_000_000 + time)\n"
        }
      }
    }
    let result = try add(text + "# EOF\n", ["--format", "openmetrics"], to: folder)
    #expect(result.output == "\(times) samples added\n" && result.status == 0, "\(result.errors)")
    #expect(Files.names(in: folder.path).allSatisfy { !$0.contains(".import.") })
    let csv = try exported(
      folder.file("history.db"),
      [
        "--metrics",
        #"networks.receive_bytes_total{device="d7"},networks.transmit_bytes_total{device="d999"}"#,
      ])
    let rows = csv.split(whereSeparator: \.isNewline).dropFirst()
    #expect(rows.count == times)
    #expect(rows.first?.hasSuffix(",7000,999000") == true, "\(rows.first ?? "")")
    #expect(rows.last?.hasSuffix(",7149,999149") == true, "\(rows.last ?? "")")
  }

  @Test("A sample of more series than any machine has is refused")
  func tooManySeries() throws {
    let folder = try TemporaryFolder()
    var text = ""
    for device in 0..<65_537 { text += "agent_network_receive_bytes_total{device=\"d\(device)\"} 1 1770000000\n" }
    let result = try add(text + "# EOF\n", ["--format", "openmetrics"], to: folder)
    #expect(result.status == 69)
    #expect(result.errors.contains("has more than 65536 series; no samples were added"), "\(result.errors)")
  }
}
