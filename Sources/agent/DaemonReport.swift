import AgentMetrics
import SystemIO

/// State of the agent that serves on this machine, from its JSON.
struct DaemonReport: Sendable {
  let address: String
  let health: JSONValue
  var version: JSONValue?
  var push: JSONValue?
  var sample: JSONValue?
  /// Why the details are missing, in one line.
  var refusal: String?
  /// Whether its samples are late, or the archive fails.
  var isLate = false

  /// A failure that needs attention, in one line; nil if it works.
  var problem: String? {
    if let error = health["archive"]?["error"]?.text { return "the archive fails: \(error)".printable }
    return isLate ? "the newest sample is late" : nil
  }

  /// Whether it receives the ends of processes; nil if unknown, as before its second sample.
  var hasProcessEnds: Bool? {
    guard let processes = sample?["processes"] else { return nil }
    if processes["ended_per_sec"]?.number != nil { return true }
    let (uptime, interval) = (version?["uptime_sec"]?.number, health["interval_sec"]?.number)
    guard let uptime, let interval, uptime > 3 * interval else { return nil }
    return false
  }

  /// A line for each part.
  var text: String {
    var lines: [(String, String)] = [("agent", agent)]
    // Without its token, no more is known than that it answers.
    if refusal == nil || health["interval_sec"] != nil { lines += [("samples", samples), ("archive", archive)] }
    lines += pushLines.map { ("push", $0) }
    if let viewers { lines.append(("viewers", viewers)) }
    if let cost { lines.append(("cost", cost)) }
    if let sources { lines.append(("sources", sources)) }
    if let refusal { lines.append(("note", refusal)) }
    return lines.map { name, text in
      name + String(repeating: " ", count: 9 - name.count) + text.printable + "\n"
    }.joined()
  }

  private var agent: String {
    let name = version?["version"]?.text ?? "running"
    let uptime = version?["uptime_sec"]?.number.map { ", up \(OnceReport.duration($0))" } ?? ""
    return name + uptime + ", " + address
  }

  private var samples: String {
    let interval = health["interval_sec"]?.number.map { "every \(OnceReport.duration($0))" } ?? "unknown interval"
    let age = health["sample_age_sec"]?.number.map { "the newest \(OnceReport.duration($0)) old" } ?? "none yet"
    return interval + ", " + age
  }

  /// The size and the age of its archive, or why it fails.
  var archive: String {
    guard let archive = health["archive"] else { return "none (--db)" }
    if let error = archive["error"]?.text { return "fails: " + error }
    let bytes = archive["bytes"]?.number.map { OnceReport.binary($0) + "B" } ?? "unknown size"
    let oldest = archive["oldest"]?.text.map { ", since " + $0 } ?? ""
    return bytes + oldest
  }

  private var pushLines: [String] {
    (push?["targets"]?.elements ?? []).map { target in
      let state = target["state"]?.text ?? "unknown"
      let waiting = target["pending_samples"]?.number.map { ", \($0.fixed(0)) waiting" } ?? ""
      let error = target["last_error"]?.text.map { ", " + $0 } ?? ""
      return "\(target["url"]?.text ?? ""): \(state)\(waiting)\(error)"
    }
  }

  private var viewers: String? {
    guard let streams = version?["streams"]?.number else { return nil }
    let connections = sample?["agent"]?["server"]?["connections"]?.number
    let others = connections.map { ", \($0.fixed(0)) connections at the last sample" } ?? ""
    return streams.fixed(0) + " streams" + others
  }

  private var cost: String? {
    guard let agent = sample?["agent"] else { return nil }
    let cpu = agent["cpu_cores"]?.number.map { ($0 * 100).fixed(2) + " % of a CPU" }
    let memory = agent["rss_bytes"]?.number.map { OnceReport.binary($0) + "B" }
    let parts: [String] = [cpu, memory].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  private var sources: String? {
    guard let sources = sample?["agent"]?["sources"]?.elements else { return nil }
    let failing = sources.filter { $0["success"]?.bool == false }
    var text = "\(sources.count - failing.count) of \(sources.count) work"
    for source in failing {
      text += "; \(source["source"]?.text ?? ""): \(source["error"]?.text ?? "fails")"
    }
    return text
  }
}
