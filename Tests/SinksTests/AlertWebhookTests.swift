import AgentMetrics
import ClientNIO
import NIOHTTP1
import Synchronization
import SystemIO
import Testing

@testable import Alerts
@testable import Sinks

@Suite struct AlertWebhookTests {
  private func change(
    _ name: String = "full", isFiring: Bool = true, summary: String = "filesystems /var: 97%"
  ) -> AlertChange {
    var alert = Alert()
    (alert.name, alert.target, alert.rule) = (name, "/var", "filesystems.usage > 95%")
    (alert.value, alert.since, alert.summary) = (0.97, 1_770_000_000, summary)
    return AlertChange(alert: alert, isFiring: isFiring, time: 1_770_000_060, host: "box")
  }

  private func body(_ change: AlertChange, _ format: AlertWebhook.Format) throws -> JSONValue {
    let bytes = AlertMessage(change, format, expiry: 1_770_000_300).body
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
    #expect(alert["labels"]?["severity"]?.text == "warning")
    #expect(alert["annotations"]?["silenced"] == nil)
    #expect(alert["annotations"]?["summary"]?.text == "filesystems /var: 97%")
    #expect(alert["endsAt"]?.text == "2026-02-02T02:41:00Z")
    #expect(try body(change(), .alertmanager).elements.first?["endsAt"]?.text == "2026-02-02T02:45:00Z")
  }

  /// Alertmanager refuses an alert that ends before it starts.
  @Test func alertmanagersStartIsNotAfterTheEnd() throws {
    var late = change()
    late = AlertChange(alert: late.alert, isFiring: false, time: 1_769_999_940, host: "box")
    let alert = try #require(try body(late, .alertmanager).elements.first)
    #expect(alert["startsAt"]?.text == "2026-02-02T02:39:00Z" && alert["endsAt"] == alert["startsAt"])
  }

  @Test func ntfysHeadersAreASCII() {
    let message = AlertMessage(change(), .ntfy, expiry: 0)
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

  /// Alertmanager keeps alerts in memory, and ends those that it does not get again.
  @Test func alertmanagerGetsFiringAlertsAgainUntilTheyEnd() async throws {
    let receiver = try await FakeReceiver { _ in .answer(200) }
    let firing = Mutex([change("a"), change("b")])
    let webhook = try posting(to: receiver, LogLines(), pause: 0.02, firing: { firing.withLock { $0 } })
    try await eventually("three posts") { receiver.requests.count >= 3 }
    #expect(receiver.requests.allSatisfy { names($0) == ["firing a", "firing b"] })
    firing.withLock { $0 = [change("b")] }
    webhook.send(change("a", isFiring: false))
    func end() -> Int? { receiver.requests.firstIndex { names($0) == ["resolved a"] } }
    try await eventually("the end of one") { end() != nil }
    let first = try #require(end())
    try await eventually("further posts") { receiver.requests.count >= first + 4 }
    #expect(receiver.requests[(first + 1)...].allSatisfy { names($0) == ["firing b"] })
    firing.withLock { $0 = [] }
    webhook.send(change("b", isFiring: false))
    await stop(webhook)
    #expect(receiver.requests.last.map(names) == ["resolved b"])
  }

  /// Alertmanager would report the end of a silenced alert that it does not get again.
  @Test func alertmanagerGetsSilencedAlertsAgainIfItHasThem() async throws {
    let receiver = try await FakeReceiver { _ in .answer(200) }
    func silenced(_ name: String, isResumed: Bool = false) -> AlertChange {
      let change = change(name)
      var alert = change.alert
      alert.isSilenced = true
      return AlertChange(
        alert: alert, isFiring: true, time: change.time, host: change.host, isResumed: isResumed)
    }
    // One that fired before the receiver was added, and one of an earlier agent.
    let firing = Mutex([silenced("unsent"), silenced("resumed", isResumed: true)])
    let webhook = try posting(to: receiver, LogLines(), pause: 0.02, firing: { firing.withLock { $0 } })
    try await eventually("two posts") { receiver.requests.count >= 2 }
    #expect(receiver.requests.allSatisfy { names($0) == ["firing resumed"] })
    #expect(alerts(receiver.requests[0]).first?["annotations"]?["silenced"]?.text == "true")
    firing.withLock { $0 = [silenced("unsent"), silenced("sent")] }
    webhook.send(change("sent"))
    func repeated() -> Int? {
      receiver.requests.firstIndex {
        names($0) == ["firing sent"] && alerts($0).first?["annotations"]?["silenced"]?.text == "true"
      }
    }
    try await eventually("the silenced one again") { repeated() != nil }
    // Its silence ends, then itself.
    firing.withLock { $0 = [change("unsent"), change("sent")] }
    try await eventually("both") { receiver.requests.contains { names($0) == ["firing unsent", "firing sent"] } }
    #expect(receiver.requests.allSatisfy { request in names(request) != ["firing unsent"] })
    firing.withLock { $0 = [silenced("unsent")] }
    webhook.send(change("sent", isFiring: false))
    try await eventually("the end") { receiver.requests.contains { names($0) == ["resolved sent"] } }
    try await eventually("the other, which it has now") { receiver.requests.last.map(names) == ["firing unsent"] }
    await stop(webhook)
  }

  /// A queued alert is not over for Alertmanager by the time that it is sent.
  @Test func alertmanagersEndIsThatOfEachPost() async throws {
    let receiver = try await FakeReceiver { $0.number < 2 ? .answer(503) : .answer(200) }
    let time = Mutex(1_770_000_000.0)
    let now: @Sendable () -> Double = {
      time.withLock { time in
        time += 100
        return time
      }
    }
    let webhook = try posting(to: receiver, LogLines(), now: now)
    webhook.send(change())
    try await eventually("the post") { receiver.requests.count == 3 }
    #expect(
      receiver.requests.map { alerts($0).first?["endsAt"]?.text } == [
        "2026-02-02T02:45:40Z", "2026-02-02T02:47:20Z", "2026-02-02T02:49:00Z",
      ])
    await stop(webhook)
    #expect(receiver.requests.count == 3)
  }

  /// Nothing is posted while nothing fires, and to other formats nothing again.
  @Test(arguments: AlertWebhook.Format.allCases) func noOtherPostIsRepeated(format: AlertWebhook.Format) async throws {
    let receiver = try await FakeReceiver { _ in .answer(200) }
    let asked = Mutex(0)
    let firing: @Sendable () -> [AlertChange] = {
      asked.withLock { $0 += 1 }
      return format == .alertmanager ? [] : [change()]
    }
    let webhook = try posting(to: receiver, LogLines(), format, pause: 0.001, firing: firing)
    if format == .alertmanager { try await eventually("some pauses") { asked.withLock { $0 } >= 5 } }
    webhook.send(change())
    try await eventually("the post") { receiver.requests.count == 1 }
    webhook.send(change(isFiring: false))
    await stop(webhook)
    #expect(receiver.requests.count == 2)
    if format != .alertmanager { #expect(asked.withLock { $0 } == 0) }
  }

  /// A receiver that is down is one line; changes wait meanwhile, all of them and in order.
  @Test func aFailingRepetitionIsLoggedOnceAndKeepsChanges() async throws {
    let works = Mutex(false)
    let receiver = try await FakeReceiver { _ in works.withLock { $0 } ? .answer(200) : .answer(500) }
    let log = LogLines()
    let webhook = try posting(to: receiver, log, retries: [3_600], pause: 0.005, firing: { [change("old")] })
    try await eventually("failures") { receiver.requests.count >= 5 }
    #expect(log.all.count == 1 && log.all[0].contains("cannot be sent again") && log.all[0].contains("HTTP 500"))
    let names = (0..<AlertQueue.capacity).map { "n\($0)" }
    for name in names { webhook.send(change(name)) }
    try await eventually("further failures") { receiver.requests.count >= 15 }
    works.withLock { $0 = true }
    // A repetition that works ends the pause of an hour.
    let last = ["firing n\(AlertQueue.capacity - 1)"]
    try await eventually("all changes") { receiver.requests.contains { self.names($0) == last } }
    let accepted = receiver.requests.map { self.names($0) }.filter { $0 != ["firing old"] }.drop { $0 == ["firing n0"] }
    #expect(Array(accepted) == names.dropFirst().map { ["firing \($0)"] })
    #expect(log.all.filter { $0.contains("cannot be sent again") }.count == 1)
    #expect(log.all.filter { $0.contains("works again") }.count == 1)
    #expect(!log.all.contains { $0.contains("not delivered") })
    await stop(webhook)
  }

  /// What is being retried and what waits are named when the agent ends.
  @Test func undeliveredChangesAreLoggedAtTheEnd() async throws {
    let receiver = try await FakeReceiver { _ in .answer(503) }
    let log = LogLines()
    let webhook = try posting(to: receiver, log, .json, retries: [3_600])
    webhook.send(change("a"))
    webhook.send(change("a", isFiring: false))
    webhook.send(change("b"))
    try await eventually("the first try") { log.all.contains { $0.contains("retrying") } }
    await stop(webhook, atMost: 0)
    let lines = log.all.filter { $0.contains("an alert was not delivered") }
    #expect(lines.count == 3 && lines.allSatisfy { $0.hasPrefix("warning") && $0.contains("reason=the agent ends") })
    for (line, part) in zip(lines, ["alert=a ", "alert=a ", "alert=b "]) { #expect(line.contains(part)) }
    for (line, part) in zip(lines, ["firing", "resolved", "firing"]) { #expect(line.contains("status=\(part)")) }
  }

  /// A change that a full queue drops is named.
  @Test func droppedChangesAreLogged() async throws {
    let receiver = try await FakeReceiver { _ in .hang }
    let log = LogLines()
    let webhook = try posting(to: receiver, log, .json)
    webhook.send(change("first"))
    try await eventually("the first try") { receiver.requests.count == 1 }
    for number in 0...AlertQueue.capacity { webhook.send(change("n\(number)")) }
    #expect(log.all.count == 1 && log.all[0].contains("alert=n0 ") && log.all[0].contains("more than 400 changes wait"))
    await stop(webhook, atMost: 0)
    #expect(log.all.count == AlertQueue.capacity + 2)
  }

  private func posting(
    to receiver: FakeReceiver, _ log: LogLines, _ format: AlertWebhook.Format = .alertmanager,
    retries: [Double] = [0.01, 0.01, 0.01], pause: Double = 60,
    now: @escaping @Sendable () -> Double = { 1_770_000_120 },
    firing: @escaping @Sendable () -> [AlertChange] = { [] }
  ) throws -> AlertWebhook {
    AlertWebhook(
      AlertWebhook.WebhookTarget(
        url: try PushURL("http://127.0.0.1:\(receiver.port)/"), format: format, tokenFile: nil),
      by: NIOTransport(), version: "1", logger: log.logger, retries: retries, pause: pause, now: now, firing: firing)
  }

  /// The alerts of a post to Alertmanager.
  private func alerts(_ request: FakeReceiver.Request) -> [JSONValue] { JSONValue(request.body.span)?.elements ?? [] }

  /// Those with their state at the time of the tests' clock.
  private func names(_ request: FakeReceiver.Request) -> [String] {
    alerts(request).map { alert in
      let isFiring = (alert["endsAt"]?.text ?? "") > "2026-02-02T02:41:00Z"
      return (isFiring ? "firing " : "resolved ") + (alert["labels"]?["alertname"]?.text ?? "")
    }
  }

  /// Stops on a thread outside the pool that the webhook needs.
  private func stop(_ webhook: AlertWebhook, atMost seconds: Double = 10) async {
    await withCheckedContinuation { continuation in
      Thread.start("stop") {
        webhook.stop(atMost: seconds)
        continuation.resume()
      }
    }
  }
}
