import AgentMetrics
import Testing

@testable import Events

@Suite struct WorkloadEventTests {
  private func workload(_ serial: Int, _ name: String, _ kind: WorkloadKind = .service, oom: UInt64? = 0)
    -> WorkloadReading
  {
    let names = WorkloadNames(kind: kind, id: kind.rawValue + ":" + name, name: name, path: "/" + name)
    var reading = WorkloadReading(names: names, serial: serial)
    reading.oomKills = oom
    return reading
  }

  private func sequence(_ workloads: [WorkloadReading]) -> Sequence {
    var sequence = Sequence()
    var reading = Reading()
    reading.workloads = WorkloadsReading()
    reading.workloads?.all = workloads
    sequence.reading = reading
    sequence.step()
    return sequence
  }

  @Test func endsOfWhatLived() {
    var machine = sequence([workload(1, "nginx"), workload(2, "web", .container), workload(3, "ssh", .session)])
    machine.step()
    machine.reading?.workloads?.all = []
    let events = machine.step()
    #expect(
      events.map(\.text) == ["service nginx ended", "container web ended"], "a session's end is none")
    #expect(events.map(\.workload) == ["service:nginx", "container:web"])
  }

  /// A workload that has ended stays in readings for its last use, and sums of ended ones have no group.
  @Test func endedWorkloadsAreNoGroups() {
    var machine = sequence([workload(1, "nginx"), workload(2, "db")])
    machine.step()
    var (gone, sum) = (workload(1, "nginx", oom: 1), workload(3, "ended in system.slice", .other))
    (gone.hasEnded, sum.isRemainder) = (true, true)
    machine.reading?.workloads?.all = [gone, workload(2, "db"), sum]
    #expect(machine.step().map(\.text) == ["service nginx ended"])
    machine.reading?.workloads?.all = [workload(2, "db")]
    #expect(machine.step().isEmpty)
  }

  /// The kills of its former life are not those of a group that is made again.
  @Test func killsOfAFormerLifeAreNotNew() {
    var machine = sequence([workload(1, "db", oom: 3)])
    machine.step()
    var again = workload(2, "db", oom: 4)
    again.isNew = true
    again.start = WorkloadStart(workload(1, "db", oom: 3))
    machine.reading?.workloads?.all = [again]
    let kills = machine.step().filter { $0.kind == .outOfMemory }
    #expect(kills.map(\.count) == [1])
  }

  /// Units that a timer starts every minute neither end nor restart in a loop.
  @Test func timersAreQuiet() {
    var machine = sequence([])
    for minute in 0..<30 {
      machine.reading?.workloads?.all = [workload(minute + 1, "timer")]
      machine.step()
      machine.reading?.workloads?.all = []
      machine.step(50)
    }
    #expect(machine.events.filter { $0.kind != .gap }.isEmpty)
  }

  @Test func restartsAndLoops() {
    var machine = sequence([workload(1, "db")])
    for _ in 0..<6 { machine.step() }
    machine.reading?.workloads?.all = [workload(2, "db")]
    let restart = machine.step()
    #expect(restart.map(\.text) == ["service db restarted"] && restart.map(\.kind) == [.workloadRestart])
    for serial in 3..<9 {
      machine.reading?.workloads?.all = [workload(serial, "db")]
      machine.step()
    }
    let loops = machine.events.filter { $0.kind == .workloadLoop }
    #expect(loops.map(\.text) == ["service db restarts in a loop: 4 times in 30s"])
    #expect(loops.map(\.severity) == [.warning])
    // A container that runs for ten minutes and is started again by a person is no loop.
    var container = sequence([workload(1, "job", .container)])
    for serial in 2..<6 {
      for _ in 0..<60 { container.step() }
      container.reading?.workloads?.all = [workload(serial, "job", .container)]
      container.step()
    }
    #expect(Set(container.events.map(\.kind)) == [.workloadRestart])
  }

  @Test func oomKillsNameTheirWorkload() {
    var machine = sequence([workload(1, "db"), workload(2, "web", .container)])
    machine.step()
    machine.reading?.workloads?.all[1].oomKills = 2
    let kill = machine.step { $0.ram.oomKills += 2 }
    #expect(kill.map(\.text) == ["out of memory in container web: 2 processes killed"])
    #expect(kill[0].workload == "container:web" && kill[0].count == 2 && kill[0].severity == .critical)
    // The machine's own count has one more.
    machine.step(70)
    machine.reading?.workloads?.all[0].oomKills = 1
    let both = machine.step { $0.ram.oomKills += 2 }
    #expect(both.map(\.subject) == ["service:db", ""] && both.map(\.count) == [1, 1])
  }

  /// A group that is gone took its counter with it.
  @Test func aContainerThatDiesOfIt() {
    var machine = sequence([workload(1, "db"), workload(2, "web", .container)])
    for _ in 0..<7 { machine.step() }
    machine.reading?.workloads?.all.removeLast()
    let events = machine.step { $0.ram.oomKills += 1 }
    #expect(
      events.map(\.text) == [
        "out of memory, probably in container web, which ended: 1 process killed", "container web ended",
      ])
    #expect(events[0].workload == "container:web")
  }

  @Test func theVictimIsTheLargestProcessThatIsGone() {
    func process(_ pid: Int32, _ name: String, _ mebibytes: UInt64, in workload: String?) -> ProcessReading {
      var process = ProcessReading(pid: pid)
      (process.name, process.residentBytes, process.workload) = (name, mebibytes << 20, workload)
      return process
    }
    var machine = sequence([workload(1, "db")])
    machine.step()
    var scan = ProcessesReading()
    scan.all = [process(3, "kept", 900, in: nil)]
    scan.earlier = [
      process(1, "small", 20, in: "service:db"), process(2, "eater", 500, in: "service:db"),
      process(3, "kept", 900, in: nil), process(4, "other", 800, in: nil),
    ]
    machine.reading?.processes = scan
    machine.reading?.workloads?.all[0].oomKills = 1
    let kill = machine.step { $0.ram.oomKills += 1 }
    #expect(kill.map(\.text) == ["out of memory in service db: 1 process killed, probably eater (2, 500 MiB)"])
  }

  /// A scan without a process that the one before had.
  private func scan(without name: String, of workload: String) -> ProcessesReading {
    var process = ProcessReading(pid: 2)
    (process.name, process.residentBytes, process.workload) = (name, 500 << 20, workload)
    var scan = ProcessesReading()
    scan.earlier = [process]
    return scan
  }

  /// The parent of a victim may wait for it late or never; the kernel has freed its memory then.
  @Test(arguments: [UInt8(ascii: "Z"), UInt8(ascii: "R")]) func aZombieIsAVictim(state: UInt8) {
    var machine = sequence([workload(1, "db")])
    machine.step()
    var process = ProcessReading(pid: 2)
    (process.name, process.residentBytes, process.workload) = ("eater", 500 << 20, "service:db")
    var scan = ProcessesReading()
    scan.earlier = [process]
    (process.residentBytes, process.state) = (0, state)
    scan.all = [process]
    machine.reading?.processes = scan
    machine.reading?.workloads?.all[0].oomKills = 1
    let kill = machine.step { $0.ram.oomKills += 1 }
    #expect(kill.map(\.text) == ["out of memory in service db: 1 process killed, probably eater (2, 500 MiB)"])
  }

  /// With thousands of groups, these are read some seconds later.
  @Test func aKillBeforeTheWorkloadsAreReadAgain() {
    var machine = sequence([workload(1, "db"), workload(2, "web", .container)])
    machine.step()
    machine.reading?.processes = scan(without: "eater", of: "container:web")
    machine.reading?.workloads?.age = 3
    let kill = machine.step { $0.ram.oomKills += 1 }
    #expect(
      kill.map(\.text) == [
        "out of memory, probably in container web: 1 process killed, probably eater (2, 500 MiB)"
      ])
    #expect(kill.first?.workload == "container:web")
  }

  /// A group that two readings do not have, beside another one that ended: the last counters of both are listed.
  @Test func aKillInAGroupThatCameAndWent() {
    var machine = sequence([workload(1, "db"), workload(2, "cron")])
    machine.step()
    machine.reading?.processes = scan(without: "eater", of: "service:leak")
    machine.reading?.workloads?.all[1].hasEnded = true
    var gone = workload(3, "leak")
    gone.hasEnded = true
    machine.reading?.workloads?.all.append(gone)
    let kill = machine.step { $0.ram.oomKills += 1 }
    #expect(
      kill.first?.text
        == "out of memory, probably in service leak, which ended: 1 process killed, probably eater (2, 500 MiB)")
    // It stays in the list for a while.
    machine.step(70)
    let other = machine.step { $0.ram.oomKills += 1 }
    #expect(other.first?.workload == nil)
  }

  /// Of several groups that ended, the victim's is named.
  @Test func oneOfSeveralThatEnded() {
    var machine = sequence([workload(1, "db"), workload(2, "web", .container), workload(3, "cron")])
    machine.step()
    machine.reading?.processes = scan(without: "eater", of: "container:web")
    machine.reading?.workloads?.all.removeLast(2)
    let kill = machine.step { $0.ram.oomKills += 1 }
    #expect(
      kill.first?.text
        == "out of memory, probably in container web, which ended: 1 process killed, probably eater (2, 500 MiB)")
  }

  /// Samples alone name the workloads that they list.
  @Test func samplesOfAnArchive() {
    var machine = Sequence()
    func workloads(_ kills: Double) -> Workloads {
      var workload = Workload()
      (workload.id, workload.name, workload.oomKills) = ("service:db", "db", kills)
      var workloads = Workloads()
      workloads.top = [workload]
      return workloads
    }
    machine.step { $0.workloads = workloads(1) }
    let kill = machine.step { ($0.workloads, $0.ram.oomKills) = (workloads(2), 1) }
    #expect(kill.map(\.text) == ["out of memory in group db: 1 process killed"])
  }

  /// Ten thousand groups that come and go leave nothing behind, and few events.
  @Test func stormsOfContainers() {
    var machine = sequence([])
    for round in 0..<100 {
      machine.reading?.workloads?.all = (0..<100).map { workload(round * 100 + $0, "c\(round)-\($0)", .container) }
      machine.step()
    }
    #expect(machine.events.isEmpty, "none lived for a minute")
    for _ in 0..<7 { machine.step() }
    machine.reading?.workloads?.all = []
    #expect(machine.step().count == 20)
    #expect(machine.step(70).contains { $0.kind == .workloadEnded && $0.count == 80 })
  }
}

@Suite struct EventBoardTests {
  /// A sample of the main interval has the events of all tracks since the one before.
  @Test func samplesGetTheEventsOfTheirInterval() {
    let board = EventBoard(interval: 10)
    func take(_ time: Double, over elapsed: Double, kills: Double) -> MachineEvents? {
      var sample = Sample()
      sample.timestamp = Timestamp(seconds: time)
      (sample.boottime, sample.elapsed, sample.ram.oomKills) = (time, elapsed, kills)
      sample.host.uptime = time
      board.update(&sample, nil)
      return sample.events
    }
    #expect(take(1_000, over: .nan, kills: 0)?.new == [])
    #expect(take(1_001, over: 1, kills: 0)?.new == [])
    #expect(take(1_002, over: 1, kills: 3)?.new.map(\.count) == [3])
    #expect(take(1_003, over: 1, kills: 3)?.new == [])
    let main = take(1_010, over: 10.002, kills: 3)
    #expect(main?.new.map(\.time) == [1_002])
    #expect(main?.counts.first { $0.kind == .outOfMemory }?.total == 1)
    #expect(main?.counts.count == EventKind.detected.count)
    #expect(take(1_020, over: 10, kills: 3)?.new == [])
    #expect(board.recent.count == 1 && board.since == 1_000)
  }

  @Test func memoryIsBounded() {
    let board = EventBoard(interval: 1)
    for index in 0..<3_000 {
      var sample = Sample()
      sample.timestamp = Timestamp(seconds: Double(index) * 61)
      (sample.boottime, sample.elapsed, sample.ram.oomKills) = (Double(index) * 61, 61, Double(index))
      board.update(&sample, nil)
    }
    #expect(board.recent.count == EventBoard.capacity)
  }
}
