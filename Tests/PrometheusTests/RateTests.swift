import API
import AgentMetrics
import Collect
import CollectDemo
import SampleStore
import Synchronization
import Testing

@testable import API
@testable import PrometheusExport

/// Exported values depend on the machine and the main interval, never on other clients.
@Suite struct RateTests {
  /// A machine with a CPU that is busy for 2 s in every 8 s, and a GPU that reports its use since the last read.
  private final class Machine: Collector {
    let name = "machine"
    private var last = 0.0

    /// Seconds of work up to a time.
    private static func busy(until time: Double) -> Double {
      (time / 8).rounded(.down) * 2 + min(2, time.truncatingRemainder(dividingBy: 8))
    }

    func read(into reading: inout Reading) throws(CollectorError) {
      let time = reading.monotonic
      let busy = Self.busy(until: time)
      reading.cpu.total = CPUTime()
      reading.cpu.total.user = UInt64((busy * 100).rounded())
      reading.cpu.total.idle = UInt64(((time - busy) * 100).rounded())
      reading.cpu.cores = [CPUReading.CoreReading(cpu: 0, time: reading.cpu.total)]
      reading.cpu.contextSwitches = UInt64((busy * 1_000).rounded())
      var gpu = GPU(index: 0, vendor: "nvidia")
      gpu.util = time > last ? (busy - Self.busy(until: last)) / (time - last) : .nan
      gpu.utilPeak = gpu.util
      gpu.power = 100 + 200 * gpu.util
      last = time
      reading.gpus = [gpu]
    }
  }

  /// A clock that advances when it is waited for.
  private final class Clock: Timekeeper {
    private let state = Mutex((instant: Instant(realtime: 800, monotonic: 800, boottime: 800), waits: 0))
    private let limit: Int
    private let event: @Sendable (Double) -> Void

    init(until limit: Int, event: @escaping @Sendable (Double) -> Void) { (self.limit, self.event) = (limit, event) }

    var now: Instant { state.withLock { $0.instant } }

    func wait(seconds: Double) -> Bool {
      let time = state.withLock { state in
        state.instant.realtime += seconds
        state.instant.monotonic += seconds
        state.instant.boottime += seconds
        return state.instant.monotonic
      }
      event(time)
      return time < Double(limit)
    }
  }

  /// Samples of the main track, with clients that watch at these intervals.
  private static func samples(watchedAt intervals: [Int], interval: Int) -> [Sample] {
    let history = History(capacity: 100, interval: interval)
    let demand = SamplingDemand(history)
    let watches = intervals.map { demand.watch(interval: $0) }
    Sampler(
      source: .live { [Machine()] }, demand: demand, timekeeper: Clock(until: 1_000) { _ in },
      report: { _ in }
    ).run()
    for watch in watches { watch.end() }
    return history.all.map(\.sample)
  }

  @Test(arguments: [[1], [1, 3], [2, 5, 1]]) func otherClientsChangeNoRate(intervals: [Int]) throws {
    let (alone, watched) = (Self.samples(watchedAt: [], interval: 8), Self.samples(watchedAt: intervals, interval: 8))
    #expect(alone.count == watched.count && alone.count > 20)
    // The first sample covers a fraction of a second, and the next the time up to the interval's first multiple.
    for (alone, watched) in zip(alone, watched).dropFirst(2) {
      #expect(alone.timestamp == watched.timestamp)
      #expect(abs(watched.cpu.usage - 0.25) < 1e-9 && watched.cpu.usage == alone.cpu.usage)
      #expect(watched.cpu.contextSwitches == alone.cpu.contextSwitches)
      let (gpu, other) = (try #require(watched.gpus.first), try #require(alone.gpus.first))
      #expect(abs(gpu.util - 0.25) < 1e-9 && abs(gpu.util - other.util) < 1e-9)
      #expect(abs(gpu.power - 150) < 1e-6 && abs(gpu.power - other.power) < 1e-6)
      // The highest of the driver's samples; more frequent reads see more of them.
      #expect(gpu.utilPeak >= gpu.util)
    }
  }

  /// A scrape between two ticks has the rates of the last main interval and the current counters.
  @Test func aScrapeHasTheMainIntervalsRatesAndItsOwnCounters() async throws {
    let readings = [0.0, 8, 13].map { time in
      var reading = Reading()
      (reading.monotonic, reading.boottime) = (time, time)
      reading.cpu.total.user = UInt64(time * 25)
      reading.cpu.total.idle = UInt64(time * 75)
      reading.cpu.cores = [CPUReading.CoreReading(cpu: 0, time: reading.cpu.total)]
      reading.cpu.forks = UInt64(time * 10)
      reading.memory.total = 1_000
      reading.memory.available = UInt64(900 - time)
      return reading
    }
    func text(_ readings: [Reading], live: Sample?) async -> String {
      let history = History(capacity: 5, interval: 8)
      let demand = SamplingDemand(history)
      history.append(Sample(from: readings[0], to: readings[1]))
      if let live { history.append([(1, live)]) }
      demand.setLatest(readings[2])
      let api = API(history: history, demand: demand)
      return String(decoding: await api.respond(to: API.Request(target: "/metrics")).body, as: UTF8.self)
    }
    let alone = await text(readings, live: nil)
    var live = Sample(from: readings[1], to: readings[2])
    live.cpu.usage = 1
    #expect(await text(readings, live: live) == alone)
    for line in [
      "agent_cpu_usage_ratio 0.25", "agent_cpu_forks_per_second 10", "agent_ram_used_bytes 113",
      "agent_cpu_seconds_total{mode=\"user\"} 3.25", "agent_cpu_per_core_seconds_total{cpu=\"0\",mode=\"idle\"} 9.75",
      "agent_cpu_forks_total 130",
    ] { #expect(alone.contains("\n" + line + "\n"), "\(line)") }
  }

  /// A page's samples are in its stream and not in the answers to others.
  @Test func theNewestSampleIsTheMainIntervals() async throws {
    let history = History(capacity: 20, interval: 8)
    let demand = SamplingDemand(history)
    let watch = demand.watch(interval: 1)
    // 11 s after a multiple of the interval: the newest sample is the watcher's.
    Sampler(
      source: .live { [Machine()] }, demand: demand, timekeeper: Clock(until: 851) { _ in }, report: { _ in }
    ).run()
    watch.end()
    let (main, newest) = (try #require(history.newestOfMainTrack), await history.first())
    #expect(newest.sample.timestamp.seconds > main.sample.timestamp.seconds)
    let api = API(history: history, demand: demand)
    let text = String(decoding: await api.respond(to: API.Request(target: "/metrics/latest")).body, as: UTF8.self)
    #expect(text == API.latestBody(of: main.sample))
    #expect(text.contains("\"cpu\":{\"threads\":1,\"usage\":0.25,") && text.contains("\"util\":0.25,"), "\(text)")
  }

  /// Every value of a scrape's sample is from the new Reading, except for rates, which are those of the main interval.
  @Test func noRateIsForgottenAndNoLevelIsOld() throws {
    let collector = DemoCollector(version: "1.0.0")
    let readings = try [0.0, 30, 45].map { time in
      var reading = Reading()
      (reading.monotonic, reading.boottime) = (5_000_000 + time, 5_000_000 + time)
      reading.timestamp = Timestamp(seconds: 1_770_273_900 + time)
      try collector.read(into: &reading)
      return reading
    }
    let interval = Sample(from: readings[0], to: readings[1])
    let levels = Sample(from: nil, to: readings[2])
    let scraped = Sample(levelsOf: readings[2], ratesOf: interval)
    func values(_ metric: Catalog.Metric, _ sample: Sample) -> [[String]: Double] {
      var values: [[String]: Double] = [:]
      metric.values(in: sample) { values[$0] = $1 }
      return values
    }
    let means: Set = [
      "util", "util_peak", "memory_util", "encoder_util", "decoder_util", "power_watts", "pcie_receive_bytes_per_sec",
      "pcie_transmit_bytes_per_sec",
    ]
    for metric in Catalog.shared.metrics where metric.isSeries {
      let (levels, rates) = (values(metric, levels), values(metric, interval))
      let isMean = metric.id.hasPrefix("gpu") && means.contains(metric.definition.name)
      for (labels, value) in values(metric, scraped) {
        #expect(value == (isMean ? rates[labels] : levels[labels] ?? rates[labels]), "\(metric.id) \(labels)")
      }
      #expect(values(metric, scraped).count == max(levels.count, rates.count), "\(metric.id)")
    }
  }

  // MARK: Counters

  @Test func theNamesAreUniqueAndCounters() {
    let names = Counter.all.map(\.name) + PrometheusNames.shared.families.map(\.sample)
    #expect(Set(names).count == names.count)
    for counter in Counter.all {
      #expect(counter.name.hasPrefix("agent_") && counter.name.hasSuffix("_total"))
      #expect(counter.unit.base.isEmpty || counter.name.hasSuffix("_" + counter.unit.base + "_total"))
      #expect(!counter.help.isEmpty && !counter.source.isEmpty && counter.labels.count <= 2)
    }
  }

  @Test func cpuTimesNeverFall() {
    let times = SteadyCPUTimes()
    func steadied(_ boottime: Double, idle: UInt64, iowait: UInt64, user: UInt64 = 5) -> CPUTime {
      var reading = Reading()
      reading.boottime = boottime
      reading.cpu.total.user = user
      reading.cpu.total.idle = idle
      reading.cpu.total.iowait = iowait
      reading.cpu.cores = [CPUReading.CoreReading(cpu: 3, time: reading.cpu.total)]
      let result = times.steadied(reading)
      #expect(result.cpu.cores[0].time == result.cpu.total)
      return result.cpu.total
    }
    var time = steadied(1, idle: 10_000, iowait: 50)
    #expect(time.idle == 10_000 && time.iowait == 50)
    time = steadied(2, idle: 9_990, iowait: 40, user: 6)
    #expect(time.idle == 10_000 && time.iowait == 50 && time.user == 6)
    // An older Reading has no effect.
    time = steadied(1.5, idle: 20_000, iowait: 90)
    time = steadied(3, idle: 10_001, iowait: 51)
    #expect(time.idle == 10_001 && time.iowait == 51 && time.user == 6)
    // A CPU that was offline counts from 0.
    time = steadied(4, idle: 100, iowait: 1, user: 2)
    #expect(time.idle == 100 && time.iowait == 1 && time.user == 2)
  }
}
