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
    /// File with CA certificates (PEM) used to verify the receiver; nil for the system's.
    package let authorities: String?

    package init(url: PushURL, format: Format, tokenFile: String?, authorities: String? = nil) {
      (self.url, self.format, self.tokenFile, self.authorities) = (url, format, tokenFile, authorities)
    }
  }

  /// Seconds between two posts of the firing alerts to Alertmanager, as `--rules.alert.resend-delay` of Prometheus.
  package static let resendPause = 60.0

  private let queue: AlertQueue
  private let log: AlertWebhookLog
  private let ended = Condition(false)
  private let task: Task<Void, Never>

  /// Starts to wait for changes.
  ///
  /// - Parameters:
  ///   - transport: the system's client.
  ///   - retries: seconds before each retry; a change is dropped after the last one.
  ///   - pause: seconds between two posts of the firing alerts, for Alertmanager only, which keeps alerts in memory and
  ///     ends those that it does not get again.
  ///   - now: POSIX time.
  ///   - firing: returns the alerts that fire, silenced ones too.
  package init(
    _ target: WebhookTarget, by transport: any ClientTransport, version: String, logger: Logger,
    retries: [Double] = [1, 2, 5, 10, 30, 60, 120, 300, 600], pause: Double = AlertWebhook.resendPause,
    now: @escaping @Sendable () -> Double = { Clock.realtime },
    firing: @escaping @Sendable () -> [AlertChange] = { [] }
  ) {
    let log = AlertWebhookLog(logger, target)
    let queue = AlertQueue { log.undelivered($0, "more than \(AlertQueue.capacity) changes wait") }
    (self.queue, self.log) = (queue, log)
    task = Task.detached { [ended] in
      var sender = WebhookSender(
        target, queue, by: transport, userAgent: "worker-monitoring-agent/\(version)", log: log, retries: retries,
        resending: WebhookSender.Resending(pause: pause, now: now, firing: firing))
      await sender.run()
      ended.update { $0 = true }
    }
  }

  /// Queues a change without waiting.
  package func send(_ change: AlertChange) {
    queue.add(change)
  }

  /// Sends what waits, and stops; logs each change that is not delivered in time.
  package func stop(atMost seconds: Double, because reason: String = "the agent ends") {
    Self.stop([self], atMost: seconds, because: reason)
  }

  /// Sends what waits for several receivers at the same time, and stops them; at most `seconds` in all.
  package static func stop(_ webhooks: [AlertWebhook], atMost seconds: Double, because reason: String) {
    let deadline = Clock.monotonic + seconds
    for webhook in webhooks { webhook.queue.finish() }
    for webhook in webhooks {
      let hasEnded = webhook.ended.wait(atMost: max(0, deadline - Clock.monotonic)) { $0 ? true : nil }
      guard hasEnded == nil else { continue }
      // On this thread: the process may end before the task could log.
      for change in webhook.queue.abandon() { webhook.log.undelivered(change, reason) }
      webhook.task.cancel()
    }
  }
}

/// Log lines about one receiver.
private struct AlertWebhookLog: Sendable {
  private let logger: Logger
  private let place: Logger.Metadata

  init(_ logger: Logger, _ target: AlertWebhook.WebhookTarget) {
    self.logger = logger
    place = ["receiver": "\(target.url.authority)"]
  }

  func works() {
    logger.info("alert webhook: works again", metadata: place)
  }

  func retrying(_ change: AlertChange, _ reason: String) {
    logger.warning("alert webhook: retrying", metadata: values(change, reason))
  }

  func undelivered(_ change: AlertChange, _ reason: String) {
    logger.warning("alert webhook: an alert was not delivered", metadata: values(change, reason))
  }

  func notResent(_ reason: String) {
    logger.warning(
      "alert webhook: firing alerts cannot be sent again", metadata: place.merging(["reason": "\(reason)"]) { $1 })
  }

  private func values(_ change: AlertChange, _ reason: String) -> Logger.Metadata {
    let alert = change.alert
    var values = place
    values["alert"] = "\(alert.name)"
    if !alert.target.isEmpty { values["target"] = "\(alert.target)" }
    values["status"] = change.isFiring ? "firing" : "resolved"
    values["reason"] = "\(reason)"
    return values
  }
}

/// What Alertmanager knows an alert by.
private struct AlertIdentity: Hashable {
  private let name: String
  private let target: String

  init(_ change: AlertChange) { (name, target) = (change.alert.name, change.alert.target) }
}

/// Posts one change after the other, and to Alertmanager the firing alerts again.
private struct WebhookSender {
  struct Resending {
    let pause: Double
    let now: @Sendable () -> Double
    let firing: @Sendable () -> [AlertChange]
  }

  /// Pauses for which Alertmanager keeps a firing alert that it does not get again; Prometheus keeps as many.
  private static let pausesUntilExpiry = 4.0

  private let target: AlertWebhook.WebhookTarget
  private let queue: AlertQueue
  private let userAgent: String
  private let log: AlertWebhookLog
  private let retries: [Double]
  private let resending: Resending
  private let client: any Poster
  /// When the firing alerts are sent again, by the monotonic clock; never for other formats than Alertmanager's.
  private var nextResend: Double
  /// Whether the last post failed.
  private var isFailing = false
  /// The firing alerts that Alertmanager has got.
  private var begun: Set<AlertIdentity> = []

  init(
    _ target: AlertWebhook.WebhookTarget, _ queue: AlertQueue, by transport: any ClientTransport, userAgent: String,
    log: AlertWebhookLog, retries: [Double], resending: Resending
  ) {
    self.target = target
    self.queue = queue
    self.userAgent = userAgent
    self.log = log
    self.retries = retries
    self.resending = resending
    var receiver = PostTarget(target.url)
    receiver.authorities = target.authorities
    receiver.authorityOption = "--alert-webhook-ca-file"
    client = transport.poster(to: receiver, onDisconnect: {})
    // The first time is now, for a receiver that is added while alerts fire.
    nextResend = target.format == .alertmanager ? Clock.monotonic : .infinity
  }

  /// Sends until the queue has ended.
  ///
  /// Changes go first. The firing alerts are taken when they are sent, by the same task as the changes, so that none is
  /// sent again after its end.
  mutating func run() async {
    while !queue.hasEnded {
      if let change = queue.next() {
        await send(change)
      } else if Clock.monotonic >= nextResend {
        _ = await resend()
      } else {
        await queue.wait(until: nextResend)
      }
    }
    client.close()
  }

  private mutating func send(_ change: AlertChange) async {
    var isReported = false
    for delay in retries.map(Optional.init) + [nil] {
      let failure: String
      switch await post(AlertMessage(change, target.format, expiry: expiry)) {
      case .accepted:
        queue.complete()
        if change.isFiring {
          begun.insert(AlertIdentity(change))
        } else {
          begun.remove(AlertIdentity(change))
        }
        return works()
      case .refused(let line):
        if queue.complete() { log.undelivered(change, line) }
        return
      case .failed(let line): failure = line
      }
      isFailing = true
      guard let delay, !queue.isAbandoned else {
        if queue.complete() { log.undelivered(change, failure) }
        return
      }
      if !isReported { log.retrying(change, failure) }
      isReported = true
      await pause(delay)
    }
  }

  /// Waits before a retry, while the firing alerts are sent again; returns early when that works.
  private mutating func pause(_ seconds: Double) async {
    let end = Clock.monotonic + seconds
    while !queue.isAbandoned, Clock.monotonic < end {
      if Clock.monotonic >= nextResend, await resend() { return }
      await queue.waitForAbandonment(until: min(end, nextResend))
    }
  }

  /// Sends the firing alerts again; returns whether the receiver accepted any.
  private mutating func resend() async -> Bool {
    nextResend = Clock.monotonic + resending.pause
    guard !queue.isFinished else {
      nextResend = .infinity
      return false
    }
    let firing = resending.firing()
    begun.formIntersection(firing.map { AlertIdentity($0) })
    // Without a silenced one that it has, Alertmanager would report its end.
    let changes = firing.filter { !$0.alert.isSilenced || $0.isResumed || begun.contains(AlertIdentity($0)) }
    guard !changes.isEmpty else { return false }
    switch await post(AlertMessage(alertmanager: changes, expiry: expiry)) {
    case .accepted:
      begun.formUnion(changes.map { AlertIdentity($0) })
      works()
      return true
    case .refused(let line), .failed(let line):
      if !isFailing, !queue.isAbandoned { log.notResent(line) }
      isFailing = true
      return false
    }
  }

  private mutating func works() {
    if isFailing { log.works() }
    isFailing = false
  }

  private var expiry: Double { resending.now() + Self.pausesUntilExpiry * resending.pause }

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
