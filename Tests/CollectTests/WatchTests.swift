import AgentMetrics
import CAllocationCounter
import SampleStore
import Synchronization
import SystemIO
import Testing

@testable import Collect

/// Counts its reads; its counter is the Reading's own clock times 100.
final class CountingCollector: Collector, Sendable {
  let name = "counting"
  let looks = Mutex<[Double]>([])

  func read(into reading: inout Reading) throws(CollectorError) {
    looks.withLock { $0.append(reading.monotonic) }
    reading.cpu.contextSwitches = UInt64((reading.boottime + 1_000) * 100)
  }
}

/// Live tracks beside the main one.
@Suite struct WatchTests {
  /// Runs a sampler, with an event at each of the numbered waits.
  private func run(
    interval: Int, start: Double = 900, waits: Int, capacity: Int = 1_000, source: CountingCollector = .init(),
    _ event: @escaping @Sendable (_ wait: Int, _ demand: SamplingDemand, _ instant: inout Instant) -> Void
  ) -> (history: History, looks: [Double]) {
    let history = History(capacity: capacity, interval: interval)
    let demand = SamplingDemand(history)
    let keeper = ScriptedTimekeeper(start: start, waits: waits) { wait, instant in event(wait, demand, &instant) }
    Sampler(
      source: .live { [source] }, demand: demand, timekeeper: keeper, report: { _ in }
    ).run()
    return (history, source.looks.withLock { $0 })
  }

  @Test func nobodyWatchingThereIsOneLookPerInterval() {
    let (history, looks) = run(interval: 30, waits: 5) { _, _, _ in }
    #expect(looks == [50, 50.25, 80, 110, 140, 170])
    #expect(history.entries().map(\.sample.timestamp.seconds) == [900, 930, 960, 990, 1_020])
  }

  @Test func aWatchBringsSamplesAtItsIntervalAndTheHistoryKeepsItsOwn() {
    let watch = Mutex<Watch?>(nil)
    let received = Mutex<[Double]>([])
    let (history, looks) = run(interval: 30, waits: 80) { wait, demand, instant in
      // A watcher comes at 912.4.
      guard wait == 2 else { return }
      ScriptedTimekeeper.woken(17.6, before: &instant)
      watch.withLock {
        $0 = demand.watch(interval: 1) { entry in received.withLock { $0.append(entry.sample.timestamp.seconds) } }
      }
    }
    #expect(history.all.map(\.sample.timestamp.seconds) == [900, 930, 960, 990])
    #expect(history.all.map { $0.sample.elapsed.rounded() } == [0, 30, 30, 30])
    let seconds = received.withLock { $0 }
    #expect(seconds == (913...(913 + 77)).map(Double.init))
    #expect(watch.withLock { $0?.newest?.sample.timestamp.seconds } == 990)
    // 900, 900.25, a baseline at 912.4, then every second once, the main track's ticks included.
    #expect(looks.count == 3 + 78)
    let entries = history.entries()
    #expect(entries.map(\.sample.timestamp.seconds) == [900] + seconds)
    #expect(entries.dropFirst(2).allSatisfy { abs($0.sample.elapsed - 1) < 0.01 })
    #expect(abs(entries[1].sample.elapsed - 0.6) < 0.01)
    #expect(entries.allSatisfy { abs($0.sample.cpu.contextSwitches - 100) < 2 })
    #expect(history.latest === entries.last)
  }

  @Test func aTrackOutlivesItsLastWatcherByAMinute() {
    let watch = Mutex<Watch?>(nil)
    let (history, looks) = run(interval: 3_600, start: 3_600, waits: 76) { wait, demand, instant in
      if wait == 2 {
        ScriptedTimekeeper.woken(3_590, before: &instant)
        watch.withLock { $0 = demand.watch(interval: 1) }
      }
      if wait == 12 {
        watch.withLock { watch in
          watch?.end()
          watch = nil
        }
      }
    }
    // At 3610 the track's first Reading, then one each second until its minute ends at 3680; then the main track's.
    #expect(history.entries().map(\.sample.timestamp.seconds) == [3_600, 7_200, 10_800, 14_400, 18_000])
    #expect(looks.count == 2 + 1 + 69 + 4)
  }

  @Test func tracksOfOneMomentShareALook() {
    let watches = Mutex<[Watch]>([])
    let (history, looks) = run(interval: 60, start: 600, waits: 200) { wait, demand, instant in
      guard wait == 2 else { return }
      ScriptedTimekeeper.woken(59.9, before: &instant)
      watches.withLock { $0 = [2, 1, 5, 60, 1].map { demand.watch(interval: $0) } }
    }
    #expect(watches.withLock { $0.map(\.interval) } == [2, 1, 5, 60, 1])
    #expect(Set(looks.map { ($0 * 100).rounded() }).count == looks.count)
    let timestamps = history.entries().map(\.sample.timestamp.seconds)
    #expect(timestamps == Array(Set(timestamps)).sorted())
    let fives = history.entries(interval: 5).map(\.sample.timestamp.seconds)
    #expect(fives.dropFirst().allSatisfy { $0.truncatingRemainder(dividingBy: 5) == 0 })
    #expect(history.entries(interval: 60).count == history.count)
    let rates = history.entries(interval: 5).dropFirst().map(\.sample.cpu.contextSwitches)
    #expect(rates.allSatisfy { abs($0 - 100) < 1 })
  }

  @Test func aSuspendLeavesAGapInEveryTrack() {
    let watch = Mutex<Watch?>(nil)
    let (history, _) = run(interval: 10, waits: 12) { wait, demand, instant in
      if wait == 1 { watch.withLock { $0 = demand.watch(interval: 1) } }
      if wait == 8 {
        instant.realtime += 3_600
        instant.boottime += 3_600
      }
    }
    let timestamps = history.entries().map(\.sample.timestamp.seconds)
    #expect(timestamps == [900, 901, 902, 903, 904, 905, 906, 4_508, 4_509, 4_510, 4_511])
    #expect(history.all.map(\.sample.timestamp.seconds) == [900])
  }

  @Test(.timeLimit(.minutes(10))) func aFreshLookEntersNoTrack() async {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    let source = CountingCollector()
    let keeper = GatedTimekeeper(start: 900)
    let sampler = Sampler(
      source: .live { [source] }, demand: demand, timekeeper: keeper, report: { _ in })
    let (samples, continuation) = AsyncStream.makeStream(of: History.Entry.self)
    let observer = history.observe { continuation.yield($0) }
    var iterator = samples.makeAsyncIterator()
    sampler.start()
    keeper.waitUntilWaiting()
    keeper.pass(seconds: 0.25)
    let first = await iterator.next()
    // A reading 7.25 s old is fresh enough for the first request, too old for the second.
    keeper.pass(seconds: 7.25)
    #expect(await demand.freshReading(maxAge: 10)?.monotonic == 50.25)
    #expect(await demand.freshReading(maxAge: 1)?.monotonic == 57.5)
    #expect(demand.latestReading?.monotonic == 57.5)
    #expect(history.count == 1 && history.latest === first)
    // Concurrent requests share one reading.
    #expect(await demand.freshReading(maxAge: 1)?.monotonic == 57.5 && source.looks.withLock { $0.last } == 57.5)
    #expect(history.newestOfMainTrack === first)
    // The next tick is a mean since the last one of its track.
    keeper.pass(seconds: 22.5)
    #expect(await iterator.next()?.sample.elapsed == 29.75)
    history.remove(observer)
    keeper.stop()
    sampler.stop(atMost: 10)
  }

  /// A GPU whose power rises each second, and the workload of the one process on it.
  final class GPUCollector: Collector {
    let name = "gpu"

    func read(into reading: inout Reading) throws(CollectorError) {
      var gpu = GPU(index: 0, vendor: "nvidia")
      gpu.power = 100 + reading.boottime.truncatingRemainder(dividingBy: 30)
      (gpu.age, gpu.processes) = (0, [GPUProcess(pid: 7)])
      gpu.processes?[0].util = 0.5
      reading.gpus = [gpu]
      var process = ProcessReading(pid: 7)
      process.workload = "job:1"
      var processes = ProcessesReading()
      (processes.all, processes.instant) = ([process], reading.boottime)
      reading.processes = processes
      let names = WorkloadNames(kind: .job, id: "job:1", name: "1", path: "/slurm/job_1")
      var workloads = WorkloadsReading()
      (workloads.all, workloads.instant) = ([WorkloadReading(names: names, serial: 1)], reading.boottime)
      reading.workloads = workloads
    }
  }

  @Test func aWorkloadsPowerIsAMeanOverTheIntervalBesideAWatch() {
    let watch = Mutex<Watch?>(nil)
    let history = History(capacity: 100, interval: 30)
    let demand = SamplingDemand(history)
    let keeper = ScriptedTimekeeper(start: 900, waits: 100) { wait, _ in
      if wait == 2 { watch.withLock { $0 = demand.watch(interval: 1) } }
    }
    Sampler(source: .live { [GPUCollector()] }, demand: demand, timekeeper: keeper, report: { _ in }).run()
    let samples = history.all.map(\.sample).dropFirst(2)
    #expect(!samples.isEmpty)
    for sample in samples {
      let (power, share) = (sample.gpus[0].power, Double(sample.workloads?.top.first?.gpuPower ?? .nan))
      #expect(abs(power - share) < 0.01 && abs(power - 115) < 1, "\(power) \(share)")
    }
  }

  @Test func withoutASamplerThereIsNoReading() async {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    history.append(Sample(from: nil, to: Reading()))
    #expect(await demand.freshReading(maxAge: 0) == nil)
    #expect(demand.sampleAge == nil)
  }

  @Test(.enabled(if: allocation_counter_is_available() != 0, "a sanitizer has an allocator of its own"))
  func aLookNeedsNoNewMemory() {
    let counted = Mutex<[Int]>([])
    let history = History(capacity: 5, interval: 10)
    let demand = SamplingDemand(history)
    let watches = Mutex<[Watch]>([])
    let keeper = ScriptedTimekeeper(start: 900, waits: 60) { wait, _ in
      if wait == 1 { watches.withLock { $0 = [demand.watch(interval: 1), demand.watch(interval: 2)] } }
    }
    Sampler(
      source: .live { [ArrayCollector { count in counted.withLock { $0.append(count) } }] }, demand: demand,
      timekeeper: keeper, report: { _ in }
    ).run()
    let counts = counted.withLock { $0 }
    #expect(counts.count > 50)
    #expect(counts[0] > 0, "the first look makes the array")
    #expect(counts.suffix(40).allSatisfy { $0 == 0 })
  }

  /// Writes into the array of the previous reading in place, and counts the allocations of that.
  final class ArrayCollector: Collector {
    let name = "array"
    let told: (Int) -> Void
    init(_ told: @escaping (Int) -> Void) { self.told = told }

    func read(into reading: inout Reading) throws(CollectorError) {
      allocation_counter_start()
      if reading.cpu.cores.isEmpty { reading.cpu.cores = [CPUReading.CoreReading(cpu: 0)] }
      reading.cpu.cores[0].frequency = reading.monotonic
      told(allocation_counter_stop())
    }
  }
}

/// Time that advances only by the test, with real waits.
private final class GatedTimekeeper: Timekeeper {
  private struct State {
    var instant: Instant
    var isWaiting = false
    var isWoken = false
    var isStopped = false
  }
  private let state: Condition<State>

  init(start: Double) {
    state = Condition(State(instant: Instant(realtime: start, monotonic: 50, boottime: 50)))
  }

  var now: Instant { state.withState { $0.instant } }

  func wait(seconds: Double) -> Bool {
    state.update { $0.isWaiting = true }
    return state.wait { state in
      if state.isStopped { return false }
      defer { state.isWoken = false }
      return state.isWoken ? true : nil
    } ?? true
  }

  func wake() { state.update { $0.isWoken = true } }

  func stop() { state.update { $0.isStopped = true } }

  func waitUntilWaiting() { _ = state.wait { $0.isWaiting ? true : nil } }

  /// Advances the time and lets the sampler read its clock.
  func pass(seconds: Double) {
    state.update { state in
      state.instant.realtime += seconds
      state.instant.monotonic += seconds
      state.instant.boottime += seconds
      state.isWoken = true
    }
  }
}
