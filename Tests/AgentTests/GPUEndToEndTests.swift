import AgentMetrics
import SystemIO
import TestSupport
import Testing

/// The real binary with a driver's library or tool of the tests' own: what its JSON says of GPUs, compared with
/// goldens.
@Suite(.ownThreads) struct GPUEndToEndTests {
  /// Macros for Tests/CFakeNVML/fake_nvml.c, which also name the golden.
  static let scenarios: [[String]] = [
    ["COUNT=1"], ["COUNT=8", "IDLE"], ["COUNT=16", "IDLE"], ["MIG"], ["MIG", "UNNAMED"], ["BARE"], ["UNSUPPORTED"],
    ["ALL_UNKNOWN"], ["DRIVER=390"], ["DRIVER=470"], ["DRIVER=515"], ["DRIVER=535"], ["NEW_TEMPERATURE"], ["UNIFIED"],
    ["ZERO"], ["LONG"], ["COUNT=2", "LOST_AT=2", "STAYS_LOST"], ["COUNT=3", "FORBIDDEN=1"], ["COUNT=0"], ["NO_DRIVER"],
    ["HANG_AT=1"], ["RECOVERY=1"], ["MODEL=NVIDIA GB10", "UNIFIED", "ONE_LANE"],
    ["MODEL=NVIDIA GH200 480GB", "C2C"],
  ]

  /// Values that depend on the number and times of readings before the sample.
  private static let counted: Set = ["energy_joules_total", "power_watts"]
  /// Values that some samples have and others have not, by the same times.
  private static let occasional: Set = ["pcie_receive_bytes_per_sec", "pcie_transmit_bytes_per_sec", "age_seconds"]

  /// The members `gpu` and `gpus` of a sample, a line per value.
  ///
  /// Of each list of processes the first entry and the number of the others: their ids are consecutive, and names,
  /// users and services are those of this machine's processes with these ids.
  static func gpus(of sample: String) -> String {
    var lines: [Substring] = []
    var isInside = false
    for line in JSONText.indented(sample).split(separator: "\n") {
      if line.hasPrefix("  \"gpu\":{") || line.hasPrefix("  \"gpus\":[") { isInside = true }
      if isInside { lines.append(line) }
      if line.hasPrefix("  }") || line.hasPrefix("  ]") { isInside = false }
    }
    var text = ""
    var (depth, entries) = ("", 0)
    for line in lines {
      let bare = line.drop { $0 == " " }
      if bare.hasPrefix("\"processes\":[") {
        depth = String(repeating: " ", count: line.count - bare.count)
        entries = 0
      } else if !depth.isEmpty {
        if line.hasPrefix(depth + "]") {
          if entries > 1 { text += depth + "  … \(entries - 1) more\n" }
          depth = ""
        } else if bare.hasPrefix("{") {
          entries += 1
        }
        if entries > 1, !depth.isEmpty { continue }
      }
      let name = bare.split(separator: "\"").first ?? ""
      if !depth.isEmpty, ["name", "user", "service"].contains(name) { continue }
      if Self.occasional.contains(String(name)) { continue }
      if Self.counted.contains(String(name)) {
        text += line.prefix { $0 != ":" } + ":…\n"
      } else {
        text += line + "\n"
      }
    }
    return text
  }

  private func compare(_ text: String, with name: String) throws {
    try Golden.expect(text, is: "gpu/" + name + ".txt") { line in
      // The machine's memory, if the GPU has none of its own.
      ["UNIFIED", "ZERO", "UNSUPPORTED"].contains(where: name.contains) && line.contains("\"vram_")
    }
  }

  @Test(arguments: scenarios) func library(scenario: [String]) throws {
    let result = try AgentProcess.run(
      ["--once", "--json"], environment: ["LD_LIBRARY_PATH": try FakeNVMLLibrary.compiled(for: scenario)])
    #expect(result.status == 0)
    // A driver that hangs is reported after a second, which a busy machine may reach before the sample.
    let isHanging = scenario.contains { $0.hasPrefix("HANG_AT") }
    let hanging = #"agent: a source fails: reason="nvidia: no answer"#
    #expect(result.errors == "" || (isHanging && result.errors.hasPrefix(hanging)))
    try compare(Self.gpus(of: result.output), with: scenario.joined(separator: "-").filter { $0 != " " })
  }

  /// Output of nvidia-smi by generation; a shell script selects it by the query.
  static let tools: [String: String] = [
    "smi-550": """
    case "$*" in
      "-q "*) exit 1;;
      *clocks_event_reasons*)
        echo 'GPU-1111, 00000000:3B:00.0, 550.54, 71, 87, 24576, 1024, 40, 250.11, 300.00, 1695, 9501, 1980, 45, 4, 16, \
    P2, 0, 0, 82, [N/A], 0x0000000000000004, 7, [N/A], NVIDIA RTX A5000'
        echo 'GPU-2222, 00000000:5E:00.0, 550.54, [N/A], [Not Supported], ERR!, [Unknown Error], [N/A], [N/A], [N/A], \
    [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], NVIDIA RTX A5000'
        echo 'GPU-3333, 00000000:86:00.0, 550.54, [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [N/A], \
    [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], \
    NVIDIA RTX A5000';;
      *compute-apps*) echo 'GPU-1111, 4000000, 512';;
      *) exit 2;;
    esac
    """,
    "smi-367": """
    case "$*" in
      "-q "*|*pstate*) exit 2;;
      *query-gpu*) echo 'GPU-old, 0000:02:00.0, 367.57, 50, 3, 8192, 100, Quadro, M4000';;
      *) echo 'GPU-old, 4000001, 90';;
    esac
    """,
    "smi-no-driver": "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9",
    "smi-garbage": "head -c 3000 /dev/urandom",
  ]

  private func folder(withTool script: String) throws -> String {
    let folder = try Fixture(files: ["nvidia-smi": "#!/bin/sh\n" + script + "\n"]).root
    chmod(folder + "/nvidia-smi", 0o755)
    // Another user runs it.
    for path in [folder, String(folder.prefix(upTo: folder.lastIndex(of: "/") ?? folder.endIndex))] {
      chmod(path, 0o755)
    }
    return folder
  }

  @Test(
    .enabled(if: AgentProcess.unprivileged != nil, "root cannot run the agent as another user"),
    arguments: tools.keys.sorted())
  func tool(name: String) throws {
    let folder = try folder(withTool: try #require(Self.tools[name]))
    let result = try AgentProcess.run(
      ["--once", "--json"], environment: ["PATH": folder + ":/usr/bin:/bin"],
      launcher: try #require(AgentProcess.unprivileged))
    #expect(result.status == 0)
    try compare(Self.gpus(of: result.output), with: name)
  }

  /// The seconds of all samples, and each one's wait for GPUs.
  private struct HistoryFetcher {
    var timestamps: [Int] = []
    var waits: [Double] = []

    init(_ port: UInt16) throws {
      let bytes = try Loopback.get("/metrics/history?seconds=60", port: port).bytes
      let history = JSONValue(bytes.span)
      for sample in history?["samples"]?.elements ?? [] {
        if let time = sample["timestamp"]?.text.flatMap(Timestamp.init(rfc3339:)) {
          timestamps.append(Int(time.seconds))
        }
        let sources = sample["agent"]?["sources"]?.elements ?? []
        if let gpu = sources.first(where: { $0["source"]?.text == "gpu" }) {
          waits.append(gpu["duration_seconds"]?.number ?? 0)
        }
      }
    }
  }

  /// A driver that never responds again: no tick is missed, the last values stay with their age, and the agent ends.
  @Test("As root or as a service the agent runs no tool that PATH names")
  func pathIsIgnored() throws {
    let folder = try folder(withTool: "echo run >\"$(dirname \"$0\")/marker\"; exit 9")
    chmod(folder, 0o777)
    var environment = ["PATH": folder + ":/usr/bin:/bin"]
    if geteuid() != 0 { environment["INVOCATION_ID"] = "1" }
    #expect(try AgentProcess.run(["--once", "--json"], environment: environment).status == 0)
    #expect(!Files.exists(folder + "/marker"))
  }

  @Test(arguments: AgentProcess.unprivileged == nil ? ["library"] : ["library", "tool"])
  func aHangingDriverDelaysNoTick(kind: String) throws {
    let environment =
      kind == "library"
      ? ["LD_LIBRARY_PATH": try FakeNVMLLibrary.compiled(for: ["HANG_AT=3"])]
      : ["PATH": try folder(withTool: "exec sleep 60") + ":/usr/bin:/bin"]
    let (process, port) = try AgentProcess.serving(
      ["--interval", "1", "--history", "20"], environment: environment,
      launcher: kind == "tool" ? try #require(AgentProcess.unprivileged) : [])
    var past = try HistoryFetcher(port)
    _ = try eventually({ past.timestamps.count >= 6 }) {
      usleep(200_000)
      past = try HistoryFetcher(port)
    }
    // The first is taken as soon as possible, the others at full seconds.
    let timestamps = past.timestamps.dropFirst()
    let steps = zip(timestamps, timestamps.dropFirst()).map { $1 - $0 }.sorted()
    // Medians: a loaded machine delays a tick here and there, a driver that is awaited delays each.
    #expect(steps[steps.count / 2] == 1, "\(past.timestamps)")
    #expect(past.waits.count >= 6 && past.waits.sorted()[past.waits.count / 2] < 0.05, "\(past.waits)")
    let latest = try Loopback.get("/metrics/latest", port: port).body
    if kind == "library" {
      let age = try #require(latest.end(of: "\"age_seconds\":"))
      #expect((Double(latest[age...].prefix { $0.isNumber || $0 == "." }) ?? 0) >= 2)
      #expect(latest.end(of: "\"temperature_c\":60") != nil)
    } else {
      #expect(latest.end(of: "\"gpu\":{") == nil)
    }
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}
