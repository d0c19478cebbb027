package import Alerts
internal import AgentMetrics
package import ClientHTTP
package import Logging
internal import SystemIO

/// Posts alerts that begin and end to a URL, in order, with retries.
package final class AlertWebhook: Sendable {
  /// The receiver's format.
  package enum Format: String, Sendable, CaseIterable {
    /// A JSON object of the alert.
    case json
    /// A topic of ntfy: the summary as text, title and priority as header fields.
    case ntfy
    /// Slack's incoming webhooks, and what imitates them: `{"text": …}`.
    case slack
    /// Alertmanager's `/api/v2/alerts`.
    case alertmanager
  }

  /// Where and how to post.
  package struct WebhookTarget: Sendable, Hashable {
    package let url: PushURL
    package let format: Format
    /// File whose first line is a bearer token; nil without one.
    package let tokenFile: String?

    package init(url: PushURL, format: Format, tokenFile: String?) {
      (self.url, self.format, self.tokenFile) = (url, format, tokenFile)
    }
  }

  /// Waiting changes; older ones are dropped.
  private static let maxWaiting = 100

  private let changes: AsyncStream<AlertChange>.Continuation
  private let ended = Condition(false)
  private let task: Task<Void, Never>

  /// Starts to wait for changes.
  ///
  /// - Parameters:
  ///   - transport: the system's client.
  ///   - retries: seconds before each retry; a change is dropped after the last one.
  package init(
    _ target: WebhookTarget, by transport: any ClientTransport, version: String, logger: Logger,
    retries: [Double] = [1, 2, 5, 10, 30, 60, 120, 300, 600]
  ) {
    let (stream, changes) = AsyncStream.makeStream(
      of: AlertChange.self, bufferingPolicy: .bufferingNewest(Self.maxWaiting))
    self.changes = changes
    let sender = WebhookSender(target, by: transport, userAgent: "worker-monitoring-agent/\(version)", logger, retries)
    task = Task.detached { [ended] in
      for await change in stream { await sender.send(change) }
      sender.close()
      ended.update { $0 = true }
    }
  }

  /// Queues a change; returns at once.
  package func send(_ change: AlertChange) {
    changes.yield(change)
  }

  /// Sends what waits, and stops.
  package func stop(atMost seconds: Double) {
    Self.stop([self], atMost: seconds)
  }

  /// Sends what waits for several receivers at the same time, and stops them; at most `seconds` in all.
  package static func stop(_ webhooks: [AlertWebhook], atMost seconds: Double) {
    let deadline = Clock.monotonic + seconds
    for webhook in webhooks { webhook.changes.finish() }
    for webhook in webhooks {
      let hasEnded = webhook.ended.wait(atMost: max(0, deadline - Clock.monotonic)) { $0 ? true : nil }
      if hasEnded == nil { webhook.task.cancel() }
    }
  }
}

/// Posts one change after the other.
private struct WebhookSender {
  private let target: AlertWebhook.WebhookTarget
  private let userAgent: String
  private let logger: Logger
  private let retries: [Double]
  private let client: any Poster

  init(
    _ target: AlertWebhook.WebhookTarget, by transport: any ClientTransport, userAgent: String, _ logger: Logger,
    _ retries: [Double]
  ) {
    (self.target, self.userAgent, self.logger, self.retries) = (target, userAgent, logger, retries)
    client = transport.poster(to: PostTarget(target.url), onDisconnect: {})
  }

  func send(_ change: AlertChange) async {
    let message = AlertMessage(change, target.format)
    var isReported = false
    for delay in retries.map(Optional.init) + [nil] {
      let failure: String
      switch await post(message) {
      case .accepted:
        if isReported { logger.info("alert webhook: works again", metadata: place) }
        return
      case .refused(let line):
        logger.warning("alert webhook: an alert was not delivered", metadata: values(line, change))
        return
      case .failed(let line): failure = line
      }
      guard let delay, !Task.isCancelled else {
        logger.warning("alert webhook: an alert was not delivered", metadata: values(failure, change))
        return
      }
      if !isReported { logger.warning("alert webhook: retrying", metadata: values(failure, change)) }
      isReported = true
      try? await Task.pause(seconds: delay)
    }
  }

  private var place: Logger.Metadata { ["receiver": "\(target.url.authority)"] }

  private func values(_ failure: String, _ change: AlertChange) -> Logger.Metadata {
    place.merging(["reason": "\(failure)", "alert": "\(change.alert.name)"]) { $1 }
  }

  func close() { client.close() }

  private enum Outcome {
    case accepted
    /// The request itself is refused: a retry would be, too.
    case refused(String)
    case failed(String)
  }

  private func post(_ message: AlertMessage) async -> Outcome {
    var headers = [("User-Agent", userAgent)] + message.headers
    if let file = target.tokenFile {
      do {
        let value = try PushCredentials.bearer(tokenFile: file).header()
        if let value { headers.append(("Authorization", value)) }
      } catch {
        return .failed(error.description)
      }
    }
    do {
      let answer = try await client.post(message.body, fields: headers)
      switch answer.status {
      case 200..<300: return .accepted
      case 408, 425, 429, 500...: return .failed("HTTP \(answer.status)")
      default: return .refused("HTTP \(answer.status)")
      }
    } catch {
      return .failed(error.description)
    }
  }
}
