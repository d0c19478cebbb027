import AgentMetrics
import SampleStore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Collect

/// Reports one process that is always busy, and one that has started and ended; reads on request, as on a machine.
final class TableCollector: Collector, Sendable {
  let name = "processes"
  private struct State {
    var last = -Double.infinity
    var demand = Demand()
    var reading = ProcessesReading()
    var demands: [Demand] = []
  }
  private let state = Mutex(State())

  var demands: [Demand] { state.withLock { $0.demands } }
  var age: Double { state.withLock { $0.reading.age } }

  func accept(_ demand: Demand) {
    state.withLock { state in
      state.demand = demand
      state.demands.append(demand)
    }
  }

  func read(into reading: inout Reading) throws(CollectorError) { scan(&reading) }

  func readBetween(into reading: inout Reading) throws(CollectorError) {
    let isWanted = state.withLock { $0.demand.wantsTable }
    if isWanted { return scan(&reading) }
    state.withLock { state in
      state.reading.age = reading.boottime - state.last
      reading.processes = state.reading
    }
  }

  private func scan(_ reading: inout Reading) {
    let now = reading.boottime
    state.withLock { state in
      var busy = ProcessReading(pid: 7)
      (busy.start, busy.cpuTicks, busy.name) = (1, UInt64(now * 100), "busy")
      var idle = ProcessReading(pid: 8)
      (idle.start, idle.name, idle.isKernelThread) = (1, "idle", true)
      if state.last.isFinite {
        (state.reading.earlier, state.reading.earlierInstant) = (state.reading.all, state.reading.instant)
      }
      (state.reading.all, state.reading.instant, state.reading.age) = ([busy, idle], now, 0)
      state.last = now
      reading.processes = state.reading
    }
  }
}

@Suite struct ProcessSnapshotsTests {
  /// Returns the demand and its history after a sampler's run of `waits` waits.
  private func run(
    interval: Int, waits: Int, _ collector: TableCollector = TableCollector(),
    _ event: @escaping @Sendable (_ wait: Int, _ demand: SamplingDemand, _ instant: inout Instant) -> Void = {
      _, _, _ in
    }
  ) -> SamplingDemand {
    let history = History(capacity: 1_000, interval: interval)
    let demand = SamplingDemand(history)
    let keeper = ScriptedTimekeeper(start: 900, waits: waits) { wait, instant in event(wait, demand, &instant) }
    Sampler(source: .live { [collector] }, demand: demand, timekeeper: keeper, report: { _ in }).run()
    return demand
  }

  @Test func theTableOfASampleIsThatSamplesScan() throws {
    let demand = run(interval: 30, waits: 4)
    let history = demand.history
    let newest = try #require(history.latest)
    let snapshots = ProcessSnapshots(of: demand) { "command of \($0)" }
    let table = try #require(snapshots.snapshot(of: newest))
    #expect(table.processes.map(\.pid) == [7, 8] && table.processes[0].cpu == 1)
    // Kernel threads have no command line.
    #expect(table.processes.map(\.command) == ["command of 7", nil])
    #expect(table.interval == 30)
    #expect(newest.sample.processes?.top.first?.cpu == table.processes[0].cpu)
    #expect(newest.sample.processes?.total == table.processes.count)
    // Only the newest sample's table is kept.
    #expect(history.all.dropLast().allSatisfy { $0.processes == nil })
  }

  @Test func samplesKeepShortenedCommandLines() throws {
    let demand = run(interval: 30, waits: 4)
    let snapshots = ProcessSnapshots(of: demand) { "/opt/bin/job --file /data/\($0)" }
    var sample = try #require(demand.history.latest).sample
    let added = eventually({ sample.processes?.top.first?.command != nil }) {
      snapshots.addCommands(to: &sample, waiting: 1)
    }
    #expect(added)
    #expect(sample.processes?.top.map(\.command) == ["job --file 7"])
    ProcessSnapshots(of: demand, commandLine: nil).addCommands(to: &sample)
    #expect(sample.processes?.top.first?.command == "job --file 7")
  }

  @Test func eachTrackHasRatesOverItsOwnTime() throws {
    let watch = Mutex<Watch?>(nil)
    let collector = TableCollector()
    let demand = run(interval: 30, waits: 40, collector) { wait, demand, instant in
      guard wait == 2 else { return }
      ScriptedTimekeeper.woken(17.6, before: &instant)
      watch.withLock { $0 = demand.watch(interval: 1) }
    }
    let live = try #require(watch.withLock { $0?.newest?.processes })
    #expect(abs(live.elapsed.seconds - 1) < 0.01)
    let kept = try #require(demand.history.all.last)
    #expect(kept.processes.map { ($0.elapsed.seconds).rounded() } == 30, "whoever else has watched")
    #expect(collector.demands.first?.isWatched == false && collector.demands.last?.isWatched == true)
    watch.withLock { $0?.end() }
    #expect(!demand.current().isWatched)
  }

  @Test func threadsAreReadWhileAWatchWantsThem() {
    let history = History(capacity: 10, interval: 30)
    let demand = SamplingDemand(history)
    let watch = demand.watch(interval: 1)
    watch.wantThreads(true, of: [7])
    #expect(demand.current().wantsThreads && demand.current().threadsOf == [7])
    watch.wantThreads(false, of: [7])
    #expect(!demand.current().wantsThreads && demand.current().threadsOf.isEmpty)
    watch.wantThreads(true)
    watch.end()
    #expect(!demand.current().wantsThreads)
  }

  @Test func aRequestIsAnsweredByAScanOfItsOwn() async throws {
    let history = History(capacity: 100, interval: 30)
    let demand = SamplingDemand(history)
    let keeper = SystemTimekeeper()
    let collector = TableCollector()
    let sampler = Sampler(source: .live { [collector] }, demand: demand, timekeeper: keeper, report: { _ in })
    sampler.start()
    defer {
      keeper.stop()
      sampler.stop(atMost: 5)
    }
    let snapshots = ProcessSnapshots(of: demand, commandLine: nil)
    let table = try await snapshots.now()
    #expect(table.processes.map(\.pid) == [7, 8] && table.interval > 0)
    #expect(table.age >= 0)
  }

  @Test func withoutAScanThereIsAnError() async {
    let history = run(interval: 30, waits: 0, TableCollector()).history
    // The sampler has ended, and a history that never had one has no table.
    let empty = History(capacity: 1, interval: 1)
    empty.append(Sample(from: nil, to: Reading()))
    await #expect(throws: ProcessSnapshots.Failure.self) {
      try await ProcessSnapshots(of: SamplingDemand(empty), commandLine: nil).now()
    }
    #expect(history.count == 0)
  }

  /// A process whose command line cannot be read delays neither a screen nor the other command lines for long.
  @Test func aHungProcessHoldsNothingUp() {
    let isHung = Condition(true)
    defer { isHung.update { $0 = false } }
    let commands = CommandLines { pid in
      if pid == 5 { _ = isHung.wait { $0 ? nil : true } }
      return "c\(pid)"
    }
    var processes = [4, 5, 6].map { pid in
      var process = Process()
      (process.pid, process.start, process.name) = (Int32(pid), 1, "p")
      return process
    }
    commands.fill(&processes, waiting: 0.05)
    #expect(processes[1].command == nil)
    // Its thread is stuck; another one reads the rest.
    let areRead = eventually({ processes[0].command != nil && processes[2].command != nil }) {
      commands.fill(&processes, waiting: 0.05)
    }
    #expect(areRead)
    #expect(processes.map(\.command) == ["c4", nil, "c6"])
    // A process that reuses the pid has its own command line.
    processes[0].start = 2
    processes[0].command = nil
    commands.fill(&processes, waiting: 10)
    #expect(processes[0].command == "c4")
  }
}
