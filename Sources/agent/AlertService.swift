import AgentMetrics
import Alerts
import Logging
import Sinks
import SystemIO

/// The alerts of a running agent with their log lines and webhooks.
struct AlertService: ServicePart {
  let board: AlertBoard
  private let senders: [AlertWebhook]

  init(rules: [AlertRule], webhooks: [AlertWebhook.WebhookTarget], logger: Logger) {
    let senders = webhooks.map { AlertWebhook($0, by: transport, version: version, logger: logger) }
    self.senders = senders
    board = AlertBoard(rules) { change in
      let alert = change.alert
      if change.isFiring {
        logger.warning("alert \(alert.name): \(alert.summary) (\(alert.rule))")
      } else {
        logger.info("alert \(alert.name) ended: \(alert.summary)")
      }
      for sender in senders { sender.send(change) }
    }
  }

  /// Sends what waits, and ends the webhooks.
  func stop(atMost seconds: Double) {
    for sender in senders { sender.stop(atMost: seconds) }
  }
}
