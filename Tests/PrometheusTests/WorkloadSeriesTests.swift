import AgentMetrics
import PrometheusExport
import Testing

@Suite struct WorkloadSeriesTests {
  private func reading(_ time: Double, _ cpu: [Int: UInt64]) -> WorkloadsReading {
    var reading = WorkloadsReading()
    reading.instant = time
    reading.all = cpu.sorted { $0.key < $1.key }.map { serial, cpu in
      let names = WorkloadNames(kind: .service, id: "service:\(serial)", name: "\(serial)", path: "/\(serial)")
      var workload = WorkloadReading(names: names, serial: serial)
      workload.cpu = cpu * 1_000_000
      workload.memory = 10
      return workload
    }
    return reading
  }

  private func values(_ workloads: [Workload]) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: workloads.map { ($0.id, $0.cpuTotal) })
  }

  @Test func atMostTheLimitIsExportedAndTheOthersAreOne() {
    let series = WorkloadSeries(limit: 2)
    var workloads = series.select(reading(1, [1: 50, 2: 70, 3: 5, 4: 6]), known: [])
    #expect(values(workloads) == ["service:1": 50, "service:2": 70, "(other)": 11])
    #expect(workloads.last?.memory == 20)
    // One that is exported stays, even if another used more.
    workloads = series.select(reading(2, [1: 50, 2: 70, 3: 500, 4: 6]), known: [])
    #expect(values(workloads) == ["service:1": 50, "service:2": 70, "(other)": 506])
    // The sum of the others does not fall when one of them gets a place.
    workloads = series.select(reading(3, [2: 71, 3: 501, 4: 7]), known: [])
    #expect(values(workloads) == ["service:2": 71, "service:3": 501, "(other)": 507])
    // An older Reading has no effect.
    #expect(values(series.select(reading(1, [2: 70]), known: []))["(other)"] == 507)
  }

  @Test func aCounterThatAppearsLateIsTheBaseOfItsGrowth() {
    let series = WorkloadSeries(limit: 0)
    var sums: [Double?] = []
    for (time, throttled) in [(1, nil), (2, 16_000_000), (3, 17_000_000)] as [(Int, UInt64?)] {
      var reading = reading(Double(time), [1: 50])
      reading.all[0].throttled = throttled
      sums.append(series.select(reading, known: []).first?.throttledTotal)
    }
    #expect(sums[0]?.isNaN == true && sums[1] == 0 && sums[2] == 1)
  }

  /// Short jobs are one series; a group that is made again goes on, whether it has a series or not.
  @Test(arguments: [0, 5]) func workloadsThatEndHaveNoSeries(limit: Int) {
    let series = WorkloadSeries(limit: limit)
    _ = series.select(reading(1, [1: 50, 2: 70]), known: [])
    var last = reading(2, [1: 50, 2: 71, 3: 4])
    for index in 1...2 { last.all[index].hasEnded = true }
    let ended = values(series.select(last, known: []))
    #expect(ended == (limit == 0 ? ["(other)": 125] : ["service:1": 50, "(other)": 4]))
    #expect(values(series.select(last, known: [])) == ended)
    var again = reading(3, [1: 50, 4: 74])
    again.all[1].start = WorkloadStart(last.all[1])
    #expect(
      values(series.select(again, known: []))
        == (limit == 0
          ? ["(other)": 128] : ["service:1": 50, "service:4": 74, "(other)": 4]))
  }

  @Test func withoutALimitInReachThereAreNoOthers() {
    let series = WorkloadSeries(limit: 5)
    var known = Workload()
    (known.id, known.cpu, known.cpuTotal) = ("service:1", 0.5, 50)
    let workloads = series.select(reading(1, [1: 50, 2: 70]), known: [known])
    #expect(values(workloads) == ["service:1": 50, "service:2": 70])
    #expect(workloads.first?.cpu == 0.5, "a rate of the main interval")
  }
}
