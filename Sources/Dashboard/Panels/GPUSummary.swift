internal import AgentMetrics

/// Aggregate of several GPUs.
struct GPUSummary {
  /// Mean use, 0…1; NaN where no GPU reports it.
  let util: Double
  /// Number of GPUs that do not respond.
  let lost: Int
  /// Number of GPUs with faults, and of others that are throttled.
  private let faulty: Int
  private let throttled: Int
  private let count: Int
  private let answering: Int
  private let used: Double
  private let total: Double
  private let power: Double

  init(_ gpus: [GPU]) {
    var sum = 0.0
    var count = 0
    var (used, total, power) = (0.0, 0.0, 0.0)
    for gpu in gpus {
      if gpu.util.isFinite {
        sum += gpu.util
        count += 1
      }
      if gpu.vramTotal.isFinite, gpu.vramUsed.isFinite {
        used += gpu.vramUsed
        total += gpu.vramTotal
      }
      if gpu.power.isFinite { power += gpu.power }
    }
    util = count > 0 ? sum / Double(count) : .nan
    lost = gpus.lazy.filter { $0.state == .lost }.count
    let troubles = gpus.compactMap { $0.trouble(Glyphs(.ascii)) }
    throttled = troubles.lazy.filter { $0.marks == "T" }.count
    faulty = troubles.count - throttled
    answering = count
    self.count = gpus.count
    self.used = used
    self.total = total
    self.power = power
  }

  func text(_ glyphs: Glyphs) -> String {
    var parts: [String] = []
    if util.isFinite {
      parts.append(
        "mean " + TextFormat.percent(util, glyphs) + (answering < count ? " (" + countText + " reporting)" : ""))
    }
    if total > 0 { parts.append(TextFormat.pair(used, of: total, glyphs)) }
    if power > 0 { parts.append(String(TextFormat.whole(power)) + " W") }
    return parts.joined(separator: glyphs.separator)
  }

  /// Number of GPUs in the mean, `14 of 16`, or `16`.
  var countText: String { (answering < count ? String(answering) + " of " : "") + String(count) }
  /// `1 lost, 2 faulty, 1 throttled`; empty if all are well.
  var alertText: String {
    let counts: [(count: Int, word: String)] = [(lost, "lost"), (faulty, "faulty"), (throttled, "throttled")]
    return counts.filter { $0.count > 0 }.map { String($0.count) + " " + $0.word }.joined(separator: ", ")
  }
  /// Used ÷ total memory; NaN where unknown.
  var vramUsage: Double { total > 0 ? used / total : .nan }
  var vramText: (Glyphs) -> String { { [used, total] in total > 0 ? TextFormat.pair(used, of: total, $0) : "" } }
}
