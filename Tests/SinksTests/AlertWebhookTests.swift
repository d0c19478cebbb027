import AgentMetrics
import ClientNIO
import NIOHTTP1
import SystemIO
import Testing

@testable import Alerts
@testable import Sinks

@Suite struct AlertWebhookTests {
  private func change(isFiring: Bool = true, summary: String = "filesystems /var: 97%") -> AlertChange {
    var alert = Alert()
    (alert.name, alert.target, alert.rule) = ("full", "/var", "filesystems.usage > 95%")
    (alert.value, alert.since, alert.summary) = (0.97, 1_770_000_000, summary)
    return AlertChange(alert: alert, isFiring: isFiring, time: 1_770_000_060, host: "box")
  }

  private func body(_ change: AlertChange, _ format: AlertWebhook.Format) throws -> JSONValue {
    let bytes = AlertMessage(change, format).body
    let value = JSONValue(bytes.span)
    return try #require(value)
  }

  @Test func jsonHasEveryPart() throws {
    let object = try body(change(summary: "a \"quoted\"\n\u{1}ü"), .json)
    #expect(object["status"]?.text == "firing")
    #expect(object["alert"]?.text == "full")
    #expect(object["target"]?.text == "/var")
    #expect(object["host"]?.text == "box")
    #expect(object["value"]?.number == 0.97)
    #expect(object["summary"]?.text == "a \"quoted\"\n\u{1}ü")
    #expect(object["since"]?.text == "2026-02-02T02:40:00Z")
    #expect(try body(change(isFiring: false), .json)["status"]?.text == "resolved")
  }

  @Test func slacksMarkupIsEscaped() throws {
    let text = try body(change(summary: "<!channel> & co"), .slack)["text"]?.text
    #expect(text == "Alert: full on box: &lt;!channel&gt; &amp; co (filesystems.usage &gt; 95%)")
  }

  @Test func alertmanagerGetsLabelsAndAnEnd() throws {
    let alert = try #require(try body(change(isFiring: false), .alertmanager).elements.first)
    #expect(alert["labels"]?["alertname"]?.text == "full")
    #expect(alert["labels"]?["instance"]?.text == "box")
    #expect(alert["annotations"]?["summary"]?.text == "filesystems /var: 97%")
    #expect(alert["endsAt"]?.text == "2026-02-02T02:41:00Z")
  }

  @Test func ntfysHeadersAreASCII() {
    let message = AlertMessage(change(), .ntfy)
    #expect(message.headers.contains { $0.0 == "Title" && $0.1 == "Alert: full on box" })
    #expect(message.headers.allSatisfy { $0.1.utf8.allSatisfy { (0x20..<0x7F).contains($0) } })
    #expect(String(decoding: message.body, as: UTF8.self).contains("/var: 97%"))
  }

  @Test func aReceiverThatFailsGetsEachChangeOnceAndInOrder() async throws {
    let receiver = try await FakeReceiver { $0.number < 2 ? .answer(503) : .answer(204) }
    let log = LogLines()
    let webhook = AlertWebhook(
      AlertWebhook.WebhookTarget(
        url: try PushURL("http://127.0.0.1:\(receiver.port)/hook/secret"), format: .json, tokenFile: nil),
      by: NIOTransport(), version: "1", logger: log.logger, retries: [0.01, 0.01, 0.01])
    webhook.send(change())
    webhook.send(change(isFiring: false))
    try await eventually("both changes") { receiver.requests.count == 4 }
    let states = receiver.requests.compactMap { JSONValue($0.body.span)?["status"]?.text }
    #expect(states == ["firing", "firing", "firing", "resolved"])
    try await eventually("the log") { log.all.count == 2 }
    #expect(log.all.contains { $0.contains("retrying") && $0.contains("HTTP 503") })
    #expect(log.all.contains { $0.contains("works again") })
    #expect(!log.all.contains { $0.contains("secret") })
    await stop(webhook)
  }

  @Test func aRefusedChangeIsNotRepeated() async throws {
    let receiver = try await FakeReceiver { _ in .answer(403) }
    let log = LogLines()
    let webhook = AlertWebhook(
      AlertWebhook.WebhookTarget(
        url: try PushURL("http://127.0.0.1:\(receiver.port)/"), format: .slack, tokenFile: nil),
      by: NIOTransport(), version: "1", logger: log.logger, retries: [0.01])
    webhook.send(change())
    try await eventually("the log") { log.all.contains { $0.contains("not delivered") && $0.contains("HTTP 403") } }
    #expect(receiver.requests.count == 1)
    await stop(webhook)
  }

  /// Stops on a thread outside the pool that the webhook needs.
  private func stop(_ webhook: AlertWebhook) async {
    await withCheckedContinuation { continuation in
      Thread.start("stop") {
        webhook.stop(atMost: 10)
        continuation.resume()
      }
    }
  }
}
