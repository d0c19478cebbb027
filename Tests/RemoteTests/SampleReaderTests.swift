import API
import AgentMetrics
import CollectDemo
import SystemIO
import TestSupport
import Testing

@testable import Remote

@Suite struct SampleReaderTests {
  /// A sample of the simulated machine, which has nearly every metric.
  private static func demo() throws -> Sample {
    let collector = DemoCollector(version: "1.2.3")
    var readings: [Reading] = []
    for second in [0.0, 1] {
      var reading = Reading()
      reading.timestamp = Timestamp(seconds: 1_770_273_900 + second)
      reading.monotonic = 1_000 + second
      reading.boottime = 1_000 + second
      try collector.read(into: &reading)
      readings.append(reading)
    }
    return Sample(from: readings[0], to: readings[1])
  }

  private static func sample(_ text: String) -> Sample? {
    let bytes = Array(text.utf8)
    return Sample(json: bytes.span)
  }

  @Test func whatOneAgentSaysAnotherShows() throws {
    let sample = try Self.demo()
    let text = API.latestBody(of: sample)
    let received = try #require(Self.sample(text))
    #expect(received.timestamp == sample.timestamp)
    #expect(received.boottime == sample.timestamp.seconds)
    #expect(received.gpus.count == 8 && received.processes?.top.count == sample.processes?.top.count)
    // Rounded like the text, so that encoding it again changes only values computed from rounded ones.
    let again = API.latestBody(of: received)
    let (first, second) = (text.split(separator: ","), again.split(separator: ","))
    #expect(first.count == second.count)
    let differences = zip(first, second).filter { $0 != $1 }
    #expect(differences.allSatisfy { $0.0.contains("usage") }, "\(differences)")
  }

  @Test func whatIsNoSampleIsNone() {
    for text in [
      "", "{}", "[]", "{\"timestamp\":7}", "{\"timestamp\":\"today\"}", "{\"timestamp\":\"2026-02-05T06:45:00Z\"",
    ] {
      #expect(Self.sample(text) == nil, "\(text)")
    }
  }

  @Test func itSurvivesAnything() throws {
    let text = Array(API.latestBody(of: try Self.demo()).utf8.prefix(1_500))
    surviveTruncationAndMutation(of: text, mutations: 2_000) { _ = Sample(json: $0) }
  }
}
