package import AgentMetrics

/// A condition that makes a machine slow, and the sentence that says so.
///
/// Use alone is no trouble: a rule needs a sign that work waits, is lost, or is slowed down.
struct WhyRule: Sendable {
  let name: String
  /// Returns the sentence and its evidence; nil where the condition does not hold.
  let evaluate: @Sendable (Situation) -> (text: String, evidence: [Finding.Evidence])?

  /// All rules, most harmful first.
  static let all: [WhyRule] = [
    .lostGPU, .hungFilesystem, .fullFilesystem, .oomKill, .memoryStall, .swapTraffic, .ioStall, .groupThrottled,
    .groupMemory, .steal, .slowGPU, .losses, .linkDown, .crowdedCPU, .blockedTasks, .connections,
  ]
}

/// A sample with the one before it.
package struct Situation: Sendable {
  package let sample: Sample
  /// The previous stored sample; nil where unknown.
  package let previous: Sample?

  package init(_ sample: Sample, after previous: Sample? = nil) {
    (self.sample, self.previous) = (sample, previous)
  }

  /// The reasons why the machine is slow at the sample's time, at most three; empty without one.
  package var findings: [Finding] {
    var findings: [Finding] = []
    for rule in WhyRule.all where findings.count < 3 {
      guard let (text, evidence) = rule.evaluate(self) else { continue }
      // Swap traffic is how a memory stall shows without PSI.
      findings.append(Finding(rule: rule.name, text: text, evidence: evidence))
    }
    return findings
  }
}
