import AgentMetrics
import CollectDemo
import Testing

@Suite struct DemoCollectorTests {
  private func samples(from start: Double, count: Int, every seconds: Double = 1) throws -> [Sample] {
    let collector = DemoCollector(version: "1.0.0")
    var readings: [Reading] = []
    for index in 0...count {
      var reading = Reading()
      reading.monotonic = start + Double(index) * seconds
      reading.boottime = reading.monotonic
      reading.timestamp = Timestamp(seconds: 1.7e9 + reading.monotonic)
      try collector.read(into: &reading)
      readings.append(reading)
    }
    return zip(readings, readings.dropFirst()).map { Sample(from: $0, to: $1) }
  }

  @Test func itSaysWhatItIs() throws {
    let sample = try samples(from: 5_000, count: 1)[0]
    #expect(sample.host.isDemo)
    #expect(sample.agent.version == "1.0.0")
    #expect(sample.gpus.count == 8)
    #expect(sample.cpu.perCore.count == 128)
    #expect(sample.cpu.cores == 64)
  }

  /// Over a whole cycle of five minutes every value is plausible.
  @Test func itIsBelievable() throws {
    let samples = try samples(from: 1_000_000, count: 300)
    for sample in samples {
      for metric in Catalog.shared.metrics {
        metric.values(in: sample) { labels, value in
          #expect(value.isFinite && value >= 0, "\(metric.id) \(labels)")
          if metric.definition.unit == .ratio { #expect(value <= 1, "\(metric.id) \(labels)") }
        }
      }
      let modes = try #require(sample.cpu.modes)
      #expect(abs(modes.user + modes.system + modes.softirq + modes.idle + modes.iowait - 1) < 0.001)
    }
    // It trains, and stops for its checkpoints.
    let utils = samples.map { $0.gpus[0].util }
    #expect(utils.max() ?? 0 > 0.9)
    #expect(utils.min() ?? 1 < 0.05)
    #expect(samples.contains { ($0.disk?.writeRate ?? 0) > 1e9 })
    #expect(samples.allSatisfy { $0.gpus[7].util == 0 })
  }

  /// A table of processes comes from one Reading, with rates since an earlier scan.
  @Test func tableHasRates() throws {
    let collector = DemoCollector(version: "1.0.0")
    var reading = Reading()
    for instant in [5_000, 5_001, 5_001.2] {
      reading = Reading()
      reading.boottime = instant
      try collector.read(into: &reading)
    }
    let span = ProcessSpan(from: nil, to: try #require(reading.processes), over: Elapsed(seconds: .nan))
    #expect(abs(span.elapsed.seconds - 1.2) < 0.001)
    let processes = span.processes()
    #expect(processes.count > 10 && processes.allSatisfy { $0.cpu >= 0 && $0.ioRate >= 0 })
    #expect(processes.contains { $0.cpu > 1 } && processes.contains { $0.ioRate > 1e6 })
  }

  @Test func theSameInstantIsTheSameMachine() throws {
    let (left, right) = (try samples(from: 77_000, count: 3), try samples(from: 77_000, count: 3))
    for metric in Catalog.shared.metrics {
      var values: [[Double]] = [[], []]
      metric.values(in: left[2]) { values[0].append($1) }
      metric.values(in: right[2]) { values[1].append($1) }
      #expect(values[0] == values[1], "\(metric.id)")
    }
  }
}
