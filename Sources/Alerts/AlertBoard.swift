package import AgentMetrics
internal import Synchronization

/// The alerts of a running agent: the sampler evaluates them, outputs read and silence them.
package final class AlertBoard: Sendable {
  private let evaluator: Mutex<AlertEvaluator>
  private let onChange: @Sendable (AlertChange) -> Void

  /// - Parameter onChange: receives alerts that began to fire, and those that ended, on the sampler's thread.
  package init(_ rules: [AlertRule], onChange: @escaping @Sendable (AlertChange) -> Void) {
    evaluator = Mutex(AlertEvaluator(rules))
    self.onChange = onChange
  }

  package var rules: [AlertRule] { evaluator.withLock { $0.rules } }

  /// Replaces the rules; alerts of rules that stay continue, and others end with the next sample.
  package func replace(_ rules: [AlertRule]) {
    evaluator.withLock { $0.replace(rules) }
  }

  /// Continues after the last stored sample of an earlier agent on this machine: its alerts that still fire go on, and
  /// the end of the others is reported.
  package func resume(after sample: Sample) {
    evaluator.withLock { $0.resume(after: sample) }
  }

  /// The current alerts, firing ones first.
  package var alerts: [Alert] { evaluator.withLock { $0.alerts } }

  /// The firing alerts, silenced ones too, for receivers that need them again; none before the first sample.
  package var firing: [AlertChange] { evaluator.withLock { $0.firing } }

  /// Writes the current alerts into a sample.
  ///
  /// - Parameter isMain: whether it is of the main interval, on which rules are evaluated; other samples get the alerts of
  ///   the newest one of that.
  package func update(_ sample: inout Sample, isMain: Bool) {
    let (alerts, changes) = evaluator.withLock { evaluator in
      evaluator.check(sample)
      let changes = isMain ? evaluator.evaluate(sample) : []
      return (evaluator.alerts, changes)
    }
    sample.alerts = alerts
    for change in changes { onChange(change) }
  }

  /// Silences all firing alerts until they end, or ends their silence.
  package func setSilenced(_ isSilenced: Bool) {
    evaluator.withLock { $0.setSilenced(isSilenced) }
  }
}
