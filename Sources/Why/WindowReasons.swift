package import AgentMetrics

/// Why a machine was slow between two times: each reason with the time for which it held.
package struct WindowReasons {
  /// A reason within a window.
  package struct WindowReason: Sendable, Hashable {
    /// The finding where its first value was highest; of OOM kills, which add up, that of the whole window.
    package let worst: Finding
    /// POSIX time of the sample with the highest value.
    package let time: Double
    /// Seconds for which the reason held.
    package let seconds: Double
  }

  private struct Sum {
    var worst: Finding
    var time: Double
    var seconds: Double
  }

  private var previous: Sample?
  private var sums: [String: Sum] = [:]
  /// Seconds that the samples cover.
  package private(set) var covered = 0.0
  /// POSIX time of the last sample in the window, or the window's end, if that is earlier; nil without one.
  package private(set) var last: Double?
  private var window: SampleWindow

  private var kills: MemoryKills?
  /// Kills of the sample with the most.
  private var mostKills = 0.0

  /// Creates a window without reasons, by default that of all samples.
  package init(in window: SampleWindow = SampleWindow()) {
    self.window = window
  }

  /// Adds the next sample, in the order of time; also the last one up to the window's start and the first one after its
  /// end, where these are known.
  package mutating func add(_ sample: Sample) {
    let part = window.add(sample)
    defer { previous = sample }
    guard part.isInside else { return }
    let seconds = part.seconds
    covered += seconds
    // A kill between the last sample of the window and the next one counts for the following window.
    if sample.timestamp.seconds <= window.end || last == nil { addKills(sample, seconds) }
    last = min(sample.timestamp.seconds, window.end)
    for finding in Situation(sample, after: previous).findings where finding.rule != WhyRule.oomKill.name {
      let value = finding.evidence.first?.value ?? 0
      var sum = sums[finding.rule] ?? Sum(worst: finding, time: sample.timestamp.seconds, seconds: 0)
      sum.seconds += seconds
      if value > sum.worst.evidence.first?.value ?? 0 {
        (sum.worst, sum.time) = (finding, sample.timestamp.seconds)
      }
      sums[finding.rule] = sum
    }
  }

  private mutating func addKills(_ sample: Sample, _ seconds: Double) {
    guard let new = MemoryKills(from: previous, to: sample) else { return }
    var all = kills ?? new
    if kills != nil { all.add(new) }
    kills = all
    let (rule, time) = (WhyRule.oomKill.name, sample.timestamp.seconds)
    let before = sums[rule]
    let isMost = new.count > mostKills
    mostKills = max(mostKills, new.count)
    let (text, evidence) = WhyRule.killed(all)
    sums[rule] = Sum(
      worst: Finding(rule: rule, text: text, evidence: evidence), time: isMost ? time : before?.time ?? time,
      seconds: (before?.seconds ?? 0) + seconds)
  }

  /// At most three reasons: OOM kills, which take no time but end work, then the longest first; empty without one.
  package var reasons: [WindowReason] {
    let order = Dictionary(uniqueKeysWithValues: WhyRule.all.enumerated().map { ($1.name, $0) })
    let first = WhyRule.oomKill.name
    return sums.sorted { left, right in
      if (left.key == first) != (right.key == first) { return left.key == first }
      return left.value.seconds != right.value.seconds
        ? left.value.seconds > right.value.seconds : order[left.key, default: 0] < order[right.key, default: 0]
    }.prefix(3).map { WindowReason(worst: $0.value.worst, time: $0.value.time, seconds: $0.value.seconds) }
  }
}
