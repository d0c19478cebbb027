import AgentMetrics
import Testing

@testable import Query
@testable import SampleStore

/// Steps, means and gaps, on samples with values calculated by hand.
@Suite struct ColumnsTests {
  /// A sample whose CPU usage is `usage` over the `elapsed` seconds before it, with a counter that is its time.
  private func sample(at seconds: Double, _ usage: Double, elapsed: Double = 10, boottime: Double? = nil) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.boottime = boottime ?? seconds
    var sample = Sample(from: nil, to: reading)
    sample.elapsed = elapsed
    sample.cpu.usage = usage
    var network = Network(from: nil, to: NetworkReading(device: "eth0"), over: Elapsed(seconds: .nan))
    network.receiveTotal = seconds
    sample.networks = [network]
    return sample
  }

  private func history(_ samples: [Sample], interval: Int = 10) -> History {
    let history = History(capacity: 1_000, interval: interval)
    for sample in samples { history.append(sample) }
    return history
  }

  private func column(_ columns: Columns, _ key: String) -> [Double?] {
    columns.series.first { $0.key.hasPrefix(key) }?.values.map { $0.isNaN ? nil : $0 } ?? []
  }

  @Test func withoutAStepEverySampleIsARow() throws {
    let history = history((1...5).map { sample(at: Double($0) * 10, Double($0) / 10) })
    let columns = try history.columns(HistoryQuery(.last(seconds: 30)), [SeriesSelector("cpu.usage")])
    #expect(columns.timestamps == [30, 40, 50])
    #expect(column(columns, "cpu.usage") == [0.3, 0.4, 0.5])
  }

  @Test func stepsEndOnTheirMultiples() throws {
    let history = history((1...7).map { sample(at: Double($0) * 10, Double($0) / 10) })
    let query = HistoryQuery(.last(seconds: 1_000), step: 30)
    let columns = try history.columns(
      query, SeriesSelector.list("cpu.usage,networks.receive_bytes_total"), extremes: true)
    // 10 20 30 | 40 50 60 | 70: the last step is incomplete, so its time is that of its newest sample.
    #expect(columns.timestamps == [30, 60, 70])
    #expect(column(columns, "cpu.usage").map { ($0 ?? 0) * 10 }.map { $0.rounded() } == [2, 5, 7])
    #expect(columns.series[0].minima == [0.1, 0.4, 0.7] && columns.series[0].maxima == [0.3, 0.6, 0.7])
    #expect(column(columns, "networks.receive_bytes_total") == [30, 60, 70], "of a counter the last")
  }

  @Test func aSeriesThatIsNotAlwaysThereHasNulls() throws {
    var samples = (1...3).map { sample(at: Double($0) * 10, 0.5) }
    samples[1].networks = []
    samples[0].cpu.usage = .nan
    let columns = try history(samples).columns(
      HistoryQuery(.last(seconds: 1_000)), SeriesSelector.list("cpu.usage,networks.*"))
    #expect(column(columns, "networks.receive_bytes_total") == [10, nil, 30])
    #expect(column(columns, "cpu.usage") == [nil, 0.5, 0.5])
  }

  @Test func seriesKeepTheirColumnInAnyOrder() throws {
    func networks(_ names: [String], at seconds: Double) -> Sample {
      var sample = sample(at: seconds, 0.5)
      sample.networks = names.enumerated().map { index, name in
        var network = Network(from: nil, to: NetworkReading(device: name), over: Elapsed(seconds: .nan))
        network.receiveTotal = seconds + (name == "a" ? 1 : name == "b" ? 2 : 3)
        return network
      }
      return sample
    }
    let samples = [networks(["a", "b"], at: 10), networks(["b", "c", "a"], at: 20), networks(["c"], at: 30)]
    let columns = try history(samples).columns(HistoryQuery(.last(seconds: 1_000)), [SeriesSelector("networks.*")])
    #expect(column(columns, #"networks.receive_bytes_total{device="a"}"#) == [11, 21, nil])
    #expect(column(columns, #"networks.receive_bytes_total{device="b"}"#) == [12, 22, nil])
    #expect(column(columns, #"networks.receive_bytes_total{device="c"}"#) == [nil, 23, 33])
  }

  @Test func whereTheAgentDidNotRunThereIsAGap() throws {
    let samples = [
      sample(at: 10, 0.1), sample(at: 20, 0.2), sample(at: 75, 0.7, elapsed: 0.25), sample(at: 80, 0.8, elapsed: 5),
    ]
    let plain = try history(samples).columns(HistoryQuery(.last(seconds: 1_000)), [SeriesSelector("cpu.usage")])
    #expect(plain.timestamps == [10, 20, 30, 75, 80])
    #expect(column(plain, "cpu.usage") == [0.1, 0.2, nil, 0.7, 0.8])
    let steps = try history(samples).columns(
      HistoryQuery(.last(seconds: 1_000), step: 20), [SeriesSelector("cpu.usage")])
    #expect(steps.timestamps == [20, 40, 60, 80])
    #expect(column(steps, "cpu.usage").map { $0.map { ($0 * 100).rounded() } } == [15, nil, nil, 75])
  }

  @Test func aLateTickIsNoGap() throws {
    // The agent was stopped for 34 s, and the sample is the mean over all of it.
    let samples = [sample(at: 10, 0.1), sample(at: 54, 0.5, elapsed: 44)]
    let columns = try history(samples).columns(HistoryQuery(.last(seconds: 1_000)), [SeriesSelector("cpu.usage")])
    #expect(columns.timestamps == [10, 54])
  }

  @Test func aClockThatBeganIn1970MakesOneEmptyStep() throws {
    let samples = [sample(at: 10, 0.1, boottime: 10), sample(at: 1.77e9, 0.5, boottime: 20)]
    let columns = try history(samples).columns(
      HistoryQuery(.between(nil, nil), step: 60), [SeriesSelector("cpu.usage")])
    #expect(columns.timestamps == [60, 120, 1.77e9])
    #expect(column(columns, "cpu.usage") == [0.1, nil, 0.5])
  }

  @Test func samplesOfAClockThatWasSetBackFindTheirPlace() throws {
    let timestamps = [100.0, 110, 120, 95, 105, 115]
    let samples = timestamps.enumerated().map { sample(at: $1, $1 / 1_000, boottime: Double($0) * 10) }
    let columns = try history(samples).columns(HistoryQuery(.last(seconds: 1_000)), [SeriesSelector("cpu.usage")])
    #expect(columns.timestamps == timestamps.sorted())
    #expect(column(columns, "cpu.usage") == timestamps.sorted().map { $0 / 1_000 })
  }

  @Test func betweenIsInclusive() throws {
    let history = history((1...5).map { sample(at: Double($0) * 10, 0.5) })
    func rows(_ from: Double?, _ to: Double?) throws -> [Double] {
      try history.columns(
        HistoryQuery(.between(from.map { Timestamp(seconds: $0) }, to.map { Timestamp(seconds: $0) })),
        [SeriesSelector("cpu.usage")]
      ).timestamps
    }
    #expect(try rows(20, 40) == [20, 30, 40])
    #expect(try rows(20.5, 39.5) == [30])
    #expect(try rows(nil, 20) == [10, 20] && rows(40, nil) == [40, 50] && rows(60, nil) == [])
  }

  @Test func aFineStepBringsWhatWasReadForThoseWhoWatch() throws {
    let history = History(capacity: 100, interval: 30)
    history.setLiveTracks([1])
    history.append([(30, sample(at: 30, 0.3, elapsed: 30))])
    for second in 41...70 {
      var samples = [(interval: 1, sample: sample(at: Double(second), 0.4, elapsed: 1))]
      if second == 60 { samples.append((30, sample(at: 60, 0.6, elapsed: 30))) }
      history.append(samples)
    }
    func rows(_ step: Int?) throws -> Int {
      try history.columns(HistoryQuery(.last(seconds: 100), step: step), [SeriesSelector("cpu.usage")]).timestamps.count
    }
    #expect(try rows(nil) == 2 && rows(30) == 2 && rows(60) == 1)
    #expect(try rows(1) == 31)
    // 30, 45, 50 … 70; the hole between the tracks is no gap.
    #expect(try rows(5) == 7)
  }

  /// The first sample after a start is over a part of a second; the second before it is no gap.
  @Test func noGapIsBetweenTwoSeconds() throws {
    let samples = [(10.0, 1.0), (11, 0.25), (13, 0.25), (14, 1)].map { sample(at: $0, 0.5, elapsed: $1) }
    let query = HistoryQuery(.last(seconds: 100))
    let columns = try history(samples, interval: 1).columns(query, [SeriesSelector("cpu.usage")])
    #expect(columns.timestamps == [10, 11, 12, 13, 14])
    #expect(column(columns, "cpu.usage") == [0.5, 0.5, nil, 0.5, 0.5])
  }

  @Test func tooManyValuesAreRefused() {
    let history = History(capacity: 600, interval: 1)
    for second in 0..<600 {
      var sample = sample(at: Double(second), 0.5)
      sample.networks = (0..<(second == 0 ? 10_000 : 0)).map { number in
        var network = Network(from: nil, to: NetworkReading(device: "v\(number)"), over: Elapsed(seconds: .nan))
        network.receiveTotal = 1
        return network
      }
      history.append(sample)
    }
    let selectors = [SeriesSelector("networks.receive_bytes_total")]
    #expect(throws: Columns.TooLarge.self) { try history.columns(HistoryQuery(.last(seconds: 1_000)), selectors) }
    #expect(throws: Never.self) { try history.columns(HistoryQuery(.last(seconds: 1_000), step: 600), selectors) }
  }
}
