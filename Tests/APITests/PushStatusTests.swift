import AgentMetrics
import SampleStore
import Testing

@testable import API

/// /push/status from the table of the receivers' state.
@Suite struct PushStatusTests {
  private func body(_ targets: [PushStatus]) async -> String {
    var settings = API.APISettings()
    settings.pushStatus = { targets }
    let api = API(history: MadeUpSample.history(samples: 1), settings: settings)
    return json(await api.respond(to: API.Request(target: "/push/status")).body)
  }

  @Test func withoutReceivers() async {
    #expect(await body([]) == #"{"targets":[]}"#)
  }

  @Test func aReceiverThatIsNew() async {
    #expect(
      await body([PushStatus(url: "http://a/x", format: "otlp")])
        == #"{"targets":[{"url":"http://a/x","protocol":"otlp","state":"starting","lag_seconds":0,"pending_samples":0,"#
        + #""sent_samples":0,"sent_values":0,"sent_bytes":0,"failed_requests":0,"dropped_samples":0,"#
        + #""lost_samples":0,"gaps":[]}]}"#)
  }

  @Test func aReceiverThatRejects() async {
    var status = PushStatus(url: "http://a/x", format: "remote-write 2.0")
    status.state = .catchingUp
    status.cursor = 1_770_000_000.25
    (status.lag, status.pending, status.sentSamples, status.sentValues) = (90, 3, 7, 700)
    status.sentBytes = 8_589_934_592
    (status.failed, status.lastSuccess, status.lastError, status.lastErrorTime) = (2, 1_770_000_060, "HTTP 500", 60)
    status.add(PushStatus.Gap(from: 0, to: 30, samples: 2, reason: .tooOld))
    status.add(PushStatus.Gap(from: 60, to: 90, samples: 5, reason: .lost))
    #expect(
      await body([status])
        == #"{"targets":[{"url":"http://a/x","protocol":"remote-write 2.0","state":"catching_up","#
        + #""cursor":"2026-02-02T02:40:00Z","lag_seconds":90,"pending_samples":3,"sent_samples":7,"sent_values":700,"#
        + #""sent_bytes":8589934592,"failed_requests":2,"dropped_samples":2,"lost_samples":5,"#
        + #""last_success":"2026-02-02T02:41:00Z","last_error":"HTTP 500","last_error_time":"1970-01-01T00:01:00Z","#
        + #""gaps":[{"from":"1970-01-01T00:00:00Z","to":"1970-01-01T00:00:30Z","samples":2,"reason":"too_old"},"#
        + #"{"from":"1970-01-01T00:01:00Z","to":"1970-01-01T00:01:30Z","samples":5,"reason":"lost"}]}]}"#)
  }

  @Test func theSchemaIsOfTheSameTable() {
    let text = String(decoding: OpenAPI.bytes, as: UTF8.self)
    #expect(
      text.contains(
        #""state":{"description":"State of the connection","type":"string","enum":["starting","live","catching_up","#
          + #""failing","refused"]}"#))
    #expect(
      text.contains(#""last_error_time":{"description":"Time of the last error","type":"string","format":"date-time"}"#)
    )
    #expect(
      text.contains(
        #""required":["url","protocol","state","lag_seconds","pending_samples","sent_samples","sent_values","sent_bytes","#
          + #""failed_requests","dropped_samples","lost_samples","gaps"]"#))
  }
}
