import AgentMetrics
import Query
import Testing

/// Changes between two times.
@Suite struct ComparisonTests {
  private func process(
    _ name: String, _ pid: Int32, cpu: Double, memory: Double = 1e9, start: Double = 10, user: String = "mira"
  ) -> Process {
    var process = Process()
    (process.name, process.pid, process.cpu, process.resident) = (name, pid, cpu, memory)
    (process.start, process.user) = (start, user)
    return process
  }

  private func sample(at time: Double, _ processes: [Process] = [], change: (inout Sample) -> Void = { _ in }) -> Sample
  {
    var sample = Sample()
    sample.timestamp = Timestamp(seconds: time)
    sample.elapsed = 10
    (sample.cpu.usage, sample.cpu.threads) = (0.5, 4)
    (sample.ram.total, sample.ram.used) = (16e9, 8e9)
    sample.host.bootTime = 1_000
    var list = Processes()
    list.top = processes
    sample.processes = list
    change(&sample)
    return sample
  }

  private func compare(_ before: [Sample], _ after: [Sample]) throws -> Comparison {
    let first = try #require(WindowMeans(before, around: 2_000, window: 60))
    let second = try #require(WindowMeans(after, around: 3_000, window: 60))
    return Comparison(first, at: 2_000, second, at: 3_000, window: 60)
  }

  private func texts(_ comparison: Comparison) -> [String] {
    comparison.changes.map { change in
      "\(change.kind) \(change.name) \(change.measure) \(change.state) \(change.before) \(change.after)"
    }
  }

  @Test func changesAreRankedByTheirShareOfTheMachine() throws {
    let found = try compare(
      [sample(at: 2_000, [process("web", 5, cpu: 0.5), process("db", 6, cpu: 1)])],
      [sample(at: 3_000, [process("web", 5, cpu: 2.5, memory: 3e9), process("db", 6, cpu: 1.01)])])
    #expect(
      texts(found) == ["process web cpu changed 0.5 2.5", "process web memory changed 1000000000.0 3000000000.0"])
    #expect(found.changes[0].share == 0.5 && found.changes[0].difference == 2 && found.changes[0].unit == "cores")
    #expect(found.changes[1].share == 0.125 && found.changes[1].pid == 5 && found.changes[1].count == 1)
    #expect(found.firstSamples == 1 && found.secondSamples == 1 && found.window == 60)
    #expect(
      found.limited(to: .gpu, count: 9).changes.isEmpty && found.limited(to: .process, count: 1).changes.count == 1)
  }

  @Test func processesOfOneNameAreOneAndNewOnesAreNamed() throws {
    let found = try compare(
      [sample(at: 2_000, [process("old", 7, cpu: 1, memory: 0)])],
      [
        sample(
          at: 3_000,
          [
            // Started 1,500 s after the boot at 1,000.
            process("cc1", 20, cpu: 1, memory: 0, start: 1_500), process("cc1", 21, cpu: 1, memory: 0, start: 1_501),
            process("known", 8, cpu: 0.5, memory: 0, start: 30),
          ])
      ])
    #expect(
      texts(found) == [
        "process cc1 cpu started nan 2.0", "process old cpu vanished 1.0 nan", "process known cpu appeared nan 0.5",
      ])
    #expect(found.changes[0].count == 2 && found.changes[0].pid.isNaN && found.changes[0].difference == 2)
  }

  /// A program of the same name elsewhere is another one, whatever the order of the list.
  @Test(arguments: [false, true]) func processesOfOneNameAreThoseOfOneWorkload(isReversed: Bool) throws {
    func made(_ time: Double, leak: Double) -> Sample {
      var processes = [process("python3", 5, cpu: 0, memory: leak), process("python3", 6, cpu: 0, memory: 22e6)]
      (processes[0].workload, processes[1].workload) = ("service:leak.service", "other:/shell")
      return sample(at: time, isReversed ? processes.reversed() : processes)
    }
    let found = try compare([made(2_000, leak: 60e6)], [made(3_000, leak: 394e6)])
    let change = try #require(found.changes.first)
    #expect(found.changes.count == 1 && change.workload == "service:leak.service" && change.pid == 5)
    #expect(change.before == 60e6 && change.after == 394e6 && change.count == 1)
  }

  /// Unlisted rates count as 0, unlisted levels do not count.
  @Test func meansAreThoseOfTheWindow() throws {
    let found = try compare(
      [sample(at: 1_980), sample(at: 2_000), sample(at: 2_020), sample(at: 1_900, [process("out", 1, cpu: 4)])],
      [sample(at: 2_980, [process("web", 5, cpu: 4, memory: 8e9)]), sample(at: 3_000)])
    #expect(
      texts(found) == ["process web cpu appeared nan 2.0", "process web memory appeared nan 8000000000.0"]
        || texts(found) == ["process web memory appeared nan 8000000000.0", "process web cpu appeared nan 2.0"])
    #expect(found.firstSamples == 3 && found.secondSamples == 2)
  }

  @Test func withoutASampleInTheWindowTheNearestCounts() throws {
    let sum = try #require(WindowMeans([sample(at: 1_000), sample(at: 1_500)], around: 2_000, window: 60))
    #expect(sum.count == 1)
    #expect(WindowMeans([], around: 1, window: 1) == nil)
  }

  @Test func devicesFilesystemsAndPressureChange() throws {
    func made(_ time: Double, busy: Double, used: Double, util: Double, stall: Double) -> Sample {
      sample(at: time) { sample in
        var disk = Disk()
        (disk.device, disk.busy, disk.readRate, disk.readLatency) = ("sda", busy, 1e6, busy / 10)
        (sample.disks, sample.disk) = ([disk], disk)
        var filesystem = Filesystem(mountpoint: "/data", device: "sda", fstype: "ext4", isReadOnly: false)
        (filesystem.used, filesystem.available) = (used, 100 - used)
        sample.filesystems = [filesystem]
        var gpu = GPU(index: 0, vendor: "nvidia")
        (gpu.util, gpu.vramTotal, gpu.vramUsed, gpu.power) = (util, 80e9, util * 80e9, util * 400)
        sample.gpus = [gpu]
        var pressure = Pressure(), resource = Pressure.Resource(), some = Pressure.Stall()
        some.ratio = stall
        resource.some = some
        pressure.io = resource
        sample.pressure = pressure
      }
    }
    let found = try compare(
      [made(2_000, busy: 0.1, used: 40, util: 0, stall: 0)], [made(3_000, busy: 0.9, used: 70, util: 1, stall: 0.5)])
    let known = Set(found.changes.map { "\($0.kind) \($0.measure)" })
    #expect(
      known == [
        "gpu use", "gpu vram", "gpu power", "disk busy", "disk latency", "machine ioPressure", "filesystem used",
      ])
    #expect(found.changes.first?.share == 1 && found.changes.last?.measure == .power)
    // A GPU that is gone.
    let gone = try compare([made(2_000, busy: 0, used: 1, util: 1, stall: 0)], [sample(at: 3_000)])
    #expect(gone.changes.first { $0.kind == .gpu }?.state == .vanished)
  }

  @Test(arguments: [(586, 2_925, false), (0, 400_000, true), (90e6, 120e6, true)])
  func aFewKilobytesOfAnIdleDiskAreNoChange(before: Double, after: Double, isListed: Bool) throws {
    func made(_ time: Double, _ rate: Double) -> Sample {
      sample(at: time) { sample in
        var disk = Disk()
        (disk.device, disk.busy, disk.writeRate) = ("sda", 0.1, rate)
        (sample.disks, sample.disk) = ([disk], disk)
      }
    }
    let found = try compare([made(2_000, before)], [made(3_000, after)])
    #expect(found.changes.map(\.measure) == (isListed ? [.written] : []))
    #expect(found.changes.allSatisfy { $0.share <= 0.1 }, "\(found.changes)")
  }
}
