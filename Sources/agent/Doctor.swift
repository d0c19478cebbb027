import AgentMetrics
import Archive
import Platforms
import Remote
import Sinks
import SystemIO

/// Findings about this machine, in lines.
struct Doctor {
  private enum Rank: String {
    case ok = "ok      "
    case note = "note    "
    case problem = "problem "
  }

  private var lines: [String] = []
  private(set) var hasProblem = false

  /// The report: a line per finding, and beneath it what to do.
  var text: String { lines.map { $0 + "\n" }.joined() }

  mutating func ok(_ name: String, _ text: String) { add(.ok, name, text, nil) }

  mutating func note(_ name: String, _ text: String, _ advice: String?) { add(.note, name, text, advice) }

  mutating func problem(_ name: String, _ text: String, _ advice: String) {
    hasProblem = true
    add(.problem, name, text, advice)
  }

  private mutating func add(_ rank: Rank, _ name: String, _ text: String, _ advice: String?) {
    lines.append(rank.rawValue + " " + name + String(repeating: " ", count: max(1, 10 - name.count)) + text)
    if let advice { lines.append(String(repeating: " ", count: 19) + "→ " + advice) }
  }

  mutating func checkProcess() {
    ok("agent", "\(version)")
    if Descriptors.limit < 1_024 {
      note(
        "limits", "\(Descriptors.limit) open files (ulimit -n)",
        "raise it to 8192 for many viewers (LimitNOFILE= in the unit)")
    }
  }

  mutating func check(_ settings: SettingCheck) {
    for line in settings.problems { problem("settings", line, "correct it, then: agent config check") }
    for line in settings.warnings {
      // What to do is its last part.
      let parts = line.split(separator: "; ")
      let advice = parts.count > 1 ? String(parts[parts.count - 1]) : nil
      note("settings", advice == nil ? line : parts.dropLast().joined(separator: "; "), advice)
    }
    for line in settings.ruleWarnings { note("settings", line, "correct the rule, then: agent config check") }
    if settings.problems.isEmpty { ok("settings", settings.summary) }
  }

  mutating func checkSources(of sample: Sample?) {
    guard let sample else {
      problem("sources", "no sample could be taken", "check that /proc is mounted and readable")
      return
    }
    var working = 0
    for source in sample.agent.sources {
      if let error = source.error {
        problem(source.name, error, Self.advice(for: source.name))
      } else if let text = source.note {
        note(source.name, text, Self.advice(for: source.name))
      } else {
        working += 1
      }
    }
    ok("sources", "\(working) of \(sample.agent.sources.count) see everything")
    if sample.processes?.isPartial == true {
      note(
        "rights", "processes of other users are hidden (hidepid)",
        "run as root, or mount /proc with gid= and add the service's user to that group")
    }
    checkGPUs(of: sample)
  }

  private mutating func checkGPUs(of sample: Sample) {
    guard sample.gpus.isEmpty else {
      for gpu in sample.gpus { ok("gpu", gpu.model ?? "unnamed") }
      return
    }
    let devices = ["/dev/nvidiactl", "/dev/kfd", "/dev/dri"].filter { Files.exists($0) }
    if devices.isEmpty {
      note(
        "gpu", "none: no driver has a device in /dev",
        "if the machine has one, load its driver; for the service install agent.service.d/gpu.conf")
    } else {
      note(
        "gpu", "none, though there is \(devices.joined(separator: ", "))",
        "NVIDIA: install libnvidia-ml.so.1 (package libnvidia-ml1) or nvidia-smi; AMD, Intel: check the groups video, render"
      )
    }
  }

  /// - Parameters:
  ///   - ends: access of this process.
  ///   - report: of the running agent, whose rights may be others.
  mutating func checkProcessEnds(_ ends: ProcessEnds, _ report: DaemonReport?) {
    let known = report?.hasProcessEnds
    if known == true { return ok("ended", "the running agent names processes that end between two scans") }
    let lost = "processes that end between two scans have no name, such as a build's compilers"
    switch ends {
    case .unsupported: break
    case .missing(let reason, let advice): note("ended", lost + ": " + reason, advice)
    case .reported where known == false:
      note("ended", "the running agent has fewer rights than you: " + lost, "as its user: agent doctor")
    case .reported: ok("ended", "processes that end between two scans have a name")
    }
  }

  mutating func checkClock() {
    switch Clock.isSynchronized {
    case true?: ok("clock", "synchronized")
    case false?:
      note(
        "clock", "not synchronized", "enable NTP (systemd-timesyncd, chrony), or samples of several hosts do not match")
    case nil: note("clock", "its state is unknown", "in a sandbox adjtimex(2) may be forbidden")
    }
  }

  /// - Parameter path: of the settings; nil without one, or where the agent to ask was named and answers.
  mutating func checkArchive(_ path: String?, _ report: DaemonReport?) {
    if let report, let archive = report.health["archive"] {
      if let error = archive["error"]?.text {
        return problem("archive", error.printable, "see the reason; the agent never deletes the file")
      }
      if path == nil { return ok("archive", report.archive.printable + ", of the running agent") }
    }
    guard let path else {
      note(
        "archive", "none: history is lost at a restart", "set DB_PATH, for the service /var/lib/worker-agent/history.db"
      )
      return
    }
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    if !Files.exists(path) {
      if Files.isWritable(folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder) {
        ok("archive", "\(path) will be created")
      } else {
        problem("archive", "\(path): its folder cannot be written to", "create it and give it to the service's user")
      }
      return
    }
    do throws(ArchiveFailure) {
      let archive = try ArchiveAccess(path, for: .reading)
      defer { archive.close() }
      ok("archive", path + (archive.extent.map { ", \($0.oldest.rfc3339) to \($0.newest.rfc3339)" } ?? ", empty"))
      checkExposure(of: path)
    } catch {
      problem("archive", error.description, "check its owner and its rights; move a damaged file away")
    }
  }

  private mutating func checkExposure(of path: String) {
    switch ArchiveExposure(path) {
    case .planted?:
      problem(
        "archive", "\(path): another user's file in a folder that all users may write to",
        "the agent does not write to it: use a folder of its user, such as /var/lib/worker-agent")
    case .owner?:
      note(
        "archive", "\(path): its owner, another user, may read and change it", "give it to the service's user (chown)")
    case .permissions?: note("archive", "\(path): other users may read or change it", "chmod 600 \(path)")
    case nil: break
    }
  }

  /// - Parameter answer: of the running agent; nil if its settings are invalid.
  mutating func checkPort(_ answer: Result<DaemonReport, Daemon.Failure>?) {
    switch answer {
    case .success(let report)?:
      ok("port", "an agent answers at \(report.address)")
      if let refusal = report.refusal { note("port", refusal, "name the token's file: --token-file") }
    case .failure(let failure)?:
      note(
        "port", "no agent answers at \(failure.description)",
        failure.isTLS
          ? "a server listens there: correct its certificate, name its CA by --connect-ca-file, or use http://"
          : failure.description.contains("no answer in")
            ? "it hangs or is stopped: see journalctl -u agent, then systemctl restart agent"
            : "start the service: systemctl start agent")
    case nil: break
    }
  }

  mutating func checkPush(_ push: SettingValues<PushSettings>?, _ report: DaemonReport?) {
    guard let push else { return }
    // Faults are problems of the settings.
    guard let targets = try? push.targets(hostName: hostName) else { return }
    let states = report?.push?["targets"]?.elements ?? []
    for target in targets {
      let url = target.url.description
      let state = states.first { $0["url"]?.text == url }
      switch state?["state"]?.text {
      case "live"?, "catching_up"?: ok("push", url + " accepts samples")
      case let word?:
        let reason = state?["last_error"]?.text ?? word
        // As the client words failures of TLS.
        let isCertificate = ["the certificate ", "no TLS"].contains { reason.hasPrefix($0) }
        problem(
          "push", url + ": " + reason,
          isCertificate
            ? "name the receiver's CA by PUSH_CA_FILE, or correct its certificate"
            : "check the receiver's address, its token and that it accepts remote write")
      case nil: note("push", url + ": unknown without a running agent", "start the service, then agent status")
      }
    }
  }

  private static func advice(for source: String) -> String {
    switch source {
    case "gpu":
      "NVIDIA: install libnvidia-ml.so.1 or nvidia-smi; for the service install agent.service.d/gpu.conf"
    case "processes": "run as root, or with CAP_SYS_PTRACE, to see all of other users' processes"
    case "filesystem": "a server that does not answer blocks its mount: see mount(8) and the network"
    case "sensors": "load the drivers of the board's sensors (sensors-detect)"
    case "pressure": "boot with psi=1, on a kernel with CONFIG_PSI"
    default: "check that /proc and /sys are mounted and readable for this user"
    }
  }
}
