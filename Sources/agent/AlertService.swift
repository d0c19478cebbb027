import AgentMetrics
import Alerts
import Logging
import Sinks
import Synchronization
import SystemIO

/// The alerts of a running agent with their log lines and webhooks.
final class AlertService: ServicePart {
  /// The webhooks, which can be replaced while the agent runs.
  private final class Senders: Sendable {
    private struct State {
      var targets: [AlertWebhook.WebhookTarget] = []
      var all: [AlertWebhook] = []
    }
    private let state = Mutex(State())
    private let logger: Logger

    init(_ logger: Logger) {
      self.logger = logger
    }

    var all: [AlertWebhook] { state.withLock { $0.all } }

    /// Queues a change for all receivers.
    func send(_ change: AlertChange) {
      // Within the lock, or a webhook that is being replaced would not take it.
      state.withLock { state in
        for webhook in state.all { webhook.send(change) }
      }
    }

    /// Sends to other receivers from now on; webhooks of targets that stay continue.
    ///
    /// - Returns: the webhooks that are not used any more.
    func replace(
      _ targets: [AlertWebhook.WebhookTarget], firing: @escaping @Sendable () -> [AlertChange]
    ) -> [AlertWebhook] {
      state.withLock { state in
        let old = state.all
        var known = Dictionary(zip(state.targets, state.all)) { first, _ in first }
        let all = targets.map { target in
          known.removeValue(forKey: target)
            ?? AlertWebhook(target, by: transport, version: version, logger: logger, firing: firing)
        }
        state = State(targets: targets, all: all)
        return old.filter { webhook in !all.contains { $0 === webhook } }
      }
    }
  }

  let board: AlertBoard
  private let senders: Senders

  init(rules: [AlertRule], webhooks: [AlertWebhook.WebhookTarget], logger: Logger) {
    let senders = Senders(logger)
    self.senders = senders
    board = AlertBoard(rules) { change in
      let alert = change.alert
      let values: Logger.Metadata = [
        "alert": "\(alert.name)", "summary": "\(alert.summary)", "rule": "\(alert.rule)",
      ]
      if change.isFiring {
        logger.warning("an alert fires", metadata: values)
      } else {
        logger.info("an alert has ended", metadata: values)
      }
      senders.send(change)
    }
    _ = replaceWebhooks(webhooks)
  }

  private func replaceWebhooks(_ targets: [AlertWebhook.WebhookTarget]) -> [AlertWebhook] {
    // Weak, since the board retains the senders.
    senders.replace(targets) { [weak board] in board?.firing ?? [] }
  }

  /// Replaces rules and receivers.
  func replace(rules: [AlertRule], webhooks: [AlertWebhook.WebhookTarget]) {
    board.replace(rules)
    let old = replaceWebhooks(webhooks)
    guard !old.isEmpty else { return }
    let reason = "the receiver is no longer configured"
    // What waits is still sent, which may take its retries.
    let isStarted = Thread.start("alert webhooks") { AlertWebhook.stop(old, atMost: 60, because: reason) }
    if !isStarted { AlertWebhook.stop(old, atMost: 0, because: reason) }
  }

  /// Sends waiting changes and ends the webhooks; logs each undelivered change.
  func stop(atMost seconds: Double) {
    AlertWebhook.stop(senders.all, atMost: seconds, because: "the agent ends")
  }
}
