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
      var targets: [AlertWebhook.WebhookTarget]
      var all: [AlertWebhook]
    }
    private let state: Mutex<State>
    private let logger: Logger

    init(_ targets: [AlertWebhook.WebhookTarget], _ logger: Logger) {
      self.logger = logger
      state = Mutex(State(targets: targets, all: Self.senders(targets, logger)))
    }

    var all: [AlertWebhook] { state.withLock { $0.all } }

    /// Sends to other receivers from now on; returns the webhooks that are not used any more.
    func replace(_ targets: [AlertWebhook.WebhookTarget]) -> [AlertWebhook] {
      guard targets != state.withLock({ $0.targets }) else { return [] }
      let new = State(targets: targets, all: Self.senders(targets, logger))
      return state.withLock { state in
        defer { state = new }
        return state.all
      }
    }

    private static func senders(_ targets: [AlertWebhook.WebhookTarget], _ logger: Logger) -> [AlertWebhook] {
      targets.map { AlertWebhook($0, by: transport, version: version, logger: logger) }
    }
  }

  let board: AlertBoard
  private let senders: Senders

  init(rules: [AlertRule], webhooks: [AlertWebhook.WebhookTarget], logger: Logger) {
    let senders = Senders(webhooks, logger)
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
      for sender in senders.all { sender.send(change) }
    }
  }

  /// Replaces rules and receivers.
  func replace(rules: [AlertRule], webhooks: [AlertWebhook.WebhookTarget]) {
    board.replace(rules)
    let old = senders.replace(webhooks)
    guard !old.isEmpty else { return }
    // What waits is still sent, which may take its retries.
    if !Thread.start("alert webhooks", { AlertWebhook.stop(old, atMost: 60) }) { AlertWebhook.stop(old, atMost: 0) }
  }

  /// Sends what waits, and ends the webhooks.
  func stop(atMost seconds: Double) {
    AlertWebhook.stop(senders.all, atMost: seconds)
  }
}
