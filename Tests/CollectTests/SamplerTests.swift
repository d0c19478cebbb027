import AgentMetrics
import Collect
import SampleStore
import Synchronization
import SystemIO
import Testing

/// Simulated time that passes only while the sampler waits, with a script of events.
final class ScriptedTimekeeper: Timekeeper {
  private struct State {
    var instant: Instant
    var waits = 0
  }
  private let state: Mutex<State>
  private let limit: Int
  private let event: @Sendable (_ wait: Int, _ instant: inout Instant) -> Void

  init(
    start: Double, waits: Int, event: @escaping @Sendable (_ wait: Int, _ instant: inout Instant) -> Void = { _, _ in }
  ) {
    state = Mutex(State(instant: Instant(realtime: start, monotonic: 50, boottime: 50)))
    limit = waits
    self.event = event
  }

  /// Ends a wait `seconds` early, as a wake-up of the sampler does.
  static func woken(_ seconds: Double, before instant: inout Instant) {
    instant.realtime -= seconds
    instant.monotonic -= seconds
    instant.boottime -= seconds
  }

  var now: Instant { state.withLock { $0.instant } }

  func wait(seconds: Double) -> Bool {
    state.withLock { state in
      state.waits += 1
      guard state.waits <= limit else { return false }
      state.instant.realtime += seconds
      state.instant.monotonic += seconds
      state.instant.boottime += seconds
      event(state.waits, &state.instant)
      return true
    }
  }
}

/// A source whose counter is the monotonic clock times 100, so that its rate is 100 over any interval.
final class SteadyCollector: Collector {
  let name = "steady"
  let keeper: ScriptedTimekeeper
  init(_ keeper: ScriptedTimekeeper) { self.keeper = keeper }

  func read(into reading: inout Reading) throws(CollectorError) {
    var disk = DiskReading(device: "sda")
    disk.reads = UInt64(keeper.now.monotonic * 100)
    reading.disks = [disk]
  }
}

/// A source whose counter is the Reading's own clock times 100.
final class BoottimeCollector: Collector {
  let name = "boottime"

  func read(into reading: inout Reading) throws(CollectorError) {
    reading.cpu.contextSwitches = UInt64((reading.boottime + 1_000) * 100)
  }
}

final class FailingCollector: Collector {
  let name = "failing"
  let reads = Mutex(0)

  func read(into reading: inout Reading) throws(CollectorError) {
    let count = reads.withLock { count in
      count += 1
      return count
    }
    if count > 2 && count < 6 { throw CollectorError("gone \(count)") }
  }
}

@Suite struct SamplerTests {
  private func samples(interval: Int, _ keeper: ScriptedTimekeeper) -> [Sample] {
    let history = History(capacity: 1_000, interval: interval)
    let demand = SamplingDemand(history)
    let sampler = Sampler(
      source: .live { [SteadyCollector(keeper)] }, demand: demand, timekeeper: keeper, report: { _ in })
    sampler.run()
    return history.all.map(\.sample)
  }

  @Test func firstSampleComesFromTwoQuickReadings() {
    let all = samples(interval: 30, ScriptedTimekeeper(start: 1_000_003, waits: 1))
    #expect(all.count == 1)
    #expect(all[0].elapsed == 0.25)
    #expect(abs(all[0].disks[0].reads - 100) < 1e-6)
  }

  @Test func aRestartWithinASecondTakesNoMomentTwice() {
    let history = History(capacity: 10, interval: 1)
    let demand = SamplingDemand(history)
    var before = Reading()
    before.timestamp = Timestamp(seconds: 1_000_003)
    before.boottime = 49
    history.restore([Sample(from: nil, to: before)])
    let keeper = ScriptedTimekeeper(start: 1_000_003.2, waits: 3)
    Sampler(
      source: .live { [SteadyCollector(keeper)] }, demand: demand, timekeeper: keeper, report: { _ in }
    ).run()
    #expect(history.all.map(\.sample.timestamp.seconds) == [1_000_003, 1_000_004, 1_000_005, 1_000_006])
    #expect(history.all.count > 1 && abs(history.all[1].sample.elapsed - 0.8) < 1e-6)
  }

  /// A first sample shortly before a tick would take that tick's place.
  @Test(arguments: [0.3, 0.45, 0.7, 0.8, 1]) func noTickIsSkippedAfterTheFirstSample(phase: Double) {
    let all = samples(interval: 1, ScriptedTimekeeper(start: 1_000_003 + phase, waits: 4))
    let times = all.map { $0.timestamp.seconds.rounded(.down) }
    #expect(times == [1_000_004, 1_000_005, 1_000_006, 1_000_007])
  }

  @Test func ticksStandOnMultiplesOfTheInterval() {
    let all = samples(interval: 30, ScriptedTimekeeper(start: 1_000_003.7, waits: 5))
    #expect(all.dropFirst().map(\.timestamp.seconds) == [1_000_020, 1_000_050, 1_000_080, 1_000_110])
    for sample in all { #expect(abs(sample.disks[0].reads - 100) < 0.1) }
  }

  @Test("A heartbeat wakes the sampler between ticks, and adds no sample")
  func heartbeat() {
    let keeper = ScriptedTimekeeper(start: 1_000_003, waits: 12)
    let history = History(capacity: 10, interval: 3_600)
    let beats = Mutex<[Double]>([])
    let heartbeat = Heartbeat(interval: 60) { beats.withLock { $0.append(keeper.now.monotonic) } }
    Sampler(
      source: .live { [SteadyCollector(keeper)] }, demand: SamplingDemand(history), timekeeper: keeper,
      heartbeat: heartbeat, report: { _ in }
    ).run()
    #expect(beats.withLock { $0.count } == 13)
    let times = beats.withLock { $0 }
    for (earlier, later) in zip(times, times.dropFirst()) { #expect(later - earlier <= 60) }
    #expect(history.all.count == 1)
  }

  @Test func aTickThatComesTooSoonIsPassedOver() {
    // The first sample is at 29.95; the tick at 30 would be a rate over 50 ms.
    let all = samples(interval: 30, ScriptedTimekeeper(start: 1_019.70, waits: 2))
    #expect(all.map { ($0.timestamp.seconds * 100).rounded() / 100 } == [1_020, 1_050])
  }

  @Test func suspendLeavesAGapAndNoSpike() {
    let keeper = ScriptedTimekeeper(start: 900, waits: 6) { wait, instant in
      guard wait == 3 else { return }
      instant.realtime += 3_600
      instant.boottime += 3_600
    }
    let all = samples(interval: 10, keeper)
    // 900, 910, [920 + 1 h: only a baseline], 4530, …
    #expect(all.map(\.timestamp.seconds) == [900, 910, 4_530, 4_540, 4_550])
    for sample in all { #expect(abs(sample.disks[0].reads - 100) < 0.1) }
  }

  @Test func aClockSetForwardLeavesAGapAndNoSpike() {
    let keeper = ScriptedTimekeeper(start: 900, waits: 6) { wait, instant in
      if wait == 3 { instant.realtime += 3_607 }
    }
    let all = samples(interval: 10, keeper)
    // The tick at 920 is found at 4527; the one at 4530 would come 3 s later and is passed over.
    #expect(all.map(\.timestamp.seconds) == [900, 910, 4_527, 4_540, 4_550, 4_560])
    #expect(all.map(\.elapsed).allSatisfy { $0 <= 13 })
    for sample in all { #expect(abs(sample.disks[0].reads - 100) < 0.1) }
  }

  @Test func aClockSetBackGoesOnAtOnce() {
    let keeper = ScriptedTimekeeper(start: 9_000, waits: 6) { wait, instant in
      if wait == 3 { instant.realtime -= 7_200 }
    }
    let all = samples(interval: 10, keeper)
    #expect(all.map(\.timestamp.seconds) == [9_000, 9_010, 1_820, 1_830, 1_840, 1_850])
    #expect(all.map(\.boottime) == all.map(\.boottime).sorted())
    for sample in all { #expect(abs(sample.disks[0].reads - 100) < 0.1) }
  }

  @Test func aLateTickIsARateOverTheTimeThatPassed() {
    let keeper = ScriptedTimekeeper(start: 900, waits: 5) { wait, instant in
      guard wait == 3 else { return }
      // The process was stopped for 34 s.
      instant.realtime += 34
      instant.monotonic += 34
      instant.boottime += 34
    }
    let all = samples(interval: 10, keeper)
    #expect(all.map(\.timestamp.seconds) == [900, 910, 954, 960, 970])
    for sample in all { #expect(abs(sample.disks[0].reads - 100) < 0.1) }
  }

  @Test func failuresAreToldOnceAndShownInTheSample() {
    let keeper = ScriptedTimekeeper(start: 900, waits: 8)
    let history = History(capacity: 100, interval: 1)
    let demand = SamplingDemand(history)
    let told = Mutex<[String]>([])
    let sampler = Sampler(
      source: .live { [FailingCollector(), SteadyCollector(keeper)] }, demand: demand, timekeeper: keeper,
      report: { notice in told.withLock { $0.append(notice.description) } })
    sampler.run()
    let lines = [#"a source fails: reason="gone 3" source=failing"#, "a source works again: source=failing"]
    #expect(told.withLock { $0 } == lines)
    let sources = history.all.map { $0.sample.agent.sources }
    #expect(sources.map { $0[0].success } == [true, false, false, false, true, true, true, true])
    #expect(sources[1][0].error == "gone 3")
    #expect(sources.allSatisfy { $0[1].success && $0[1].duration >= 0 })
    #expect(history.all.allSatisfy { $0.sample.disks.count == 1 }, "one source's failure is not another's")
  }

  @Test func aMadeUpMachineHasAPastAtOnce() {
    let keeper = ScriptedTimekeeper(start: 1_007, waits: 1)
    let history = History(capacity: 5, interval: 10)
    let demand = SamplingDemand(history)
    let sampler = Sampler(
      source: .simulated { [BoottimeCollector()] }, demand: demand, timekeeper: keeper, report: { _ in })
    sampler.run()
    let samples = history.all.map(\.sample)
    // Five restored samples; the one after the wait displaced the oldest.
    #expect(samples.map(\.timestamp.seconds) == [970, 980, 990, 1_000, 1_010])
    #expect(samples.allSatisfy { $0.elapsed == 10 })
    #expect(samples.allSatisfy { abs($0.cpu.contextSwitches - 100) < 0.001 })
  }

  @Test(arguments: [1_007.2, 1_007.7]) func aWatchOfAMadeUpMachineBeginsWhereItsPastEnds(_ start: Double) {
    let keeper = ScriptedTimekeeper(start: start, waits: 2)
    let history = History(capacity: 5, interval: 10)
    let demand = SamplingDemand(history)
    let samples = Mutex<[Sample]>([])
    let watch = demand.watch(interval: 1) { entry in samples.withLock { $0.append(entry.sample) } }
    let sampler = Sampler(
      source: .simulated { [BoottimeCollector()] }, demand: demand, timekeeper: keeper, report: { _ in })
    sampler.run()
    let all = samples.withLock { $0 }
    #expect(all.map(\.timestamp.seconds) == [1_001, 1_002, 1_003, 1_004, 1_005, 1_006, 1_007, 1_008, 1_009])
    #expect(all.allSatisfy { abs($0.elapsed - 1) < 0.001 && abs($0.cpu.contextSwitches - 100) < 0.001 })
    withExtendedLifetime(watch) {}
  }

  @Test func aRecordingOfOneInstantIsShownSinceBoot() {
    let keeper = ScriptedTimekeeper(start: 900, waits: 2)
    let history = History(capacity: 100, interval: 1)
    let demand = SamplingDemand(history)
    let sampler = Sampler(
      source: .recorded({ [Recorded(uptime: 1_000, reads: 5_000)] }, later: nil), demand: demand,
      timekeeper: keeper, report: { _ in })
    sampler.run()
    #expect(history.all.map { $0.sample.disks[0].reads } == [5, 5, 5])
  }

  @Test func aRecordingOfTwoInstantsIsShownAsTheTimeBetween() {
    let keeper = ScriptedTimekeeper(start: 900, waits: 1)
    let history = History(capacity: 100, interval: 1)
    let sampler = Sampler(
      source: .recorded(
        { [Recorded(uptime: 1_000, reads: 5_000)] }, later: { [Recorded(uptime: 1_010, reads: 5_250)] }),
      demand: SamplingDemand(history), timekeeper: keeper, report: { _ in })
    sampler.run()
    #expect(history.all.map { $0.sample.disks[0].reads } == [25, 25])
    #expect(history.latest?.sample.elapsed == 10)
  }

  final class Recorded: Collector {
    let name = "recorded"
    let uptime: Double
    let reads: UInt64
    init(uptime: Double, reads: UInt64) {
      self.uptime = uptime
      self.reads = reads
    }

    func read(into reading: inout Reading) throws(CollectorError) {
      reading.host.uptime = uptime
      var disk = DiskReading(device: "sda")
      disk.reads = reads
      reading.disks = [disk]
    }
  }
}
