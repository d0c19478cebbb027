import AgentMetrics
import Testing

@Suite struct DeriveTests {
  @Test func ratesDivideByElapsedTimeNotByTheInterval() {
    var before = Reading()
    before.monotonic = 100
    var disk = DiskReading(device: "sda")
    disk.bytesRead = 1_000 * 512
    disk.busyMilliseconds = 0
    disk.reads = 10
    disk.readMilliseconds = 100
    before.disks = [disk]
    var after = before
    after.monotonic = 104
    after.disks[0].bytesRead = (1_000 + 8_192) * 512
    after.disks[0].busyMilliseconds = 1_000
    after.disks[0].reads = 14
    after.disks[0].readMilliseconds = 106
    let sample = Sample(from: before, to: after)
    #expect(sample.elapsed == 4)
    #expect(sample.disks[0].readRate == 8_192 * 512 / 4)
    #expect(sample.disks[0].busy == 0.25)
    #expect(sample.disks[0].reads == 1)
    #expect(abs(sample.disks[0].readLatency - 0.0015) < 1e-12)
    #expect(sample.disks[0].writeRate.isNaN, "writes are unknown")
  }

  @Test func totalsLeaveOutWhatStandsOnOtherDisks() throws {
    func disk(_ name: String, _ rate: Double, physical: Bool) -> Disk {
      var disk = Disk()
      (disk.device, disk.readRate, disk.isPhysical) = (name, rate, physical)
      return disk
    }
    let total = try #require(
      Disk(totalOf: [
        disk("nvme0n1", 100, physical: true), disk("nvme1n1", .nan, physical: true), disk("md0", 90, physical: false),
      ]))
    #expect(total.readRate == 100)
    #expect(Disk(totalOf: [disk("dm-0", 5, physical: false)]) == nil)
  }

  @Test func aCounterThatBeganAnewGivesNoRate() {
    var before = NetworkReading(device: "eth0")
    before.receiveBytes = 5_000
    before.transmitBytes = 100
    var after = NetworkReading(device: "eth0")
    after.receiveBytes = 40
    after.transmitBytes = 300
    let network = Network(from: before, to: after, over: Elapsed(seconds: 2))
    #expect(network.receiveRate.isNaN)
    #expect(network.transmitRate == 100)
    #expect(network.receiveTotal == 40)
  }

  @Test func networkTotalCountsHardwareOnce() throws {
    func interface(_ name: String, physical: Bool) -> Network {
      var network = Network()
      (network.device, network.isPhysical, network.receiveRate) = (name, physical, 10)
      return network
    }
    let all = [
      interface("eth0", physical: true), interface("eth1", physical: true), interface("bond0", physical: false),
      interface("docker0", physical: false), interface("lo", physical: false),
    ]
    #expect(try #require(Network(totalOf: all)).receiveRate == 20)
  }

  @Test func availableMemoryOfOldKernels() {
    var memory = MemoryReading()
    memory.total = 1_000
    memory.free = 100
    memory.buffers = 50
    memory.cached = 300
    memory.shared = 40
    memory.reclaimable = 20
    #expect(memory.usable == 100 + 50 + 300 + 20 - 40)
    memory.available = 600
    #expect(memory.usable == 600)
  }

  @Test func zfsCacheCountsAsAvailableDownToItsMinimum() {
    var memory = MemoryReading()
    memory.total = 64 << 30
    memory.available = 10 << 30
    memory.arcSize = 30 << 30
    memory.arcMinimum = 2 << 30
    #expect(memory.usable == 38 << 30)
    let ram = RAM(from: nil, to: memory, over: Elapsed(seconds: .nan))
    #expect(ram.used == Double(26 << 30))
    memory.arcSize = 1 << 30
    #expect(memory.usable == 10 << 30)
  }

  @Test func energyCounterWrapsAround() {
    var before = PowerReading(chip: "intel-rapl:0", sensor: "package-0")
    before.energy = 262_143_000_000
    before.energyRange = 262_143_328_850
    var after = before
    after.energy = 19_671_150
    let power = Power(from: before, to: after, over: Elapsed(seconds: 2))
    // 328,850 µJ before the wrap-around and 19,671,150 after it: 20 J in 2 s.
    #expect(abs(power.watts - 10) < 1e-9)
  }

  @Test func pressureFromTotalsIsExact() throws {
    var before = PressureReading()
    before.io = .init()
    before.io?.some = .init()
    before.io?.some?.total = 1_000_000
    var after = before
    after.io?.some?.total = 1_500_000
    after.io?.some?.avg10 = 0.12
    let pressure = try #require(Pressure(from: before, to: after, over: Elapsed(seconds: 5)))
    #expect(pressure.io?.some?.ratio == 0.1)
    #expect(pressure.io?.some?.avg10 == 0.12)
    #expect(pressure.cpu == nil)
    #expect(Pressure(from: nil, to: PressureReading(), over: Elapsed(seconds: 1)) == nil)
  }

  @Test func groupMemoryLeavesOutCacheThatCanGo() {
    var group = CgroupReading(version: 2, path: "/")
    group.memoryLimit = 4_096
    group.memoryUsage = 3_000
    group.memoryInactiveFile = 952
    group.cpuLimit = 2
    group.cpuMicroseconds = 1_000_000
    var later = group
    later.cpuMicroseconds = 4_000_000
    let cgroup = Cgroup(from: group, to: later, over: Elapsed(seconds: 2))
    #expect(cgroup.memoryUsed == 2_048)
    #expect(cgroup.memoryUsage == 0.5)
    #expect(cgroup.cpuCores == 1.5)
    #expect(cgroup.cpuUsage == 0.75)
    #expect(cgroup.throttled.isNaN)
  }

  @Test func topProcessesAreTheUnionOfThreeMeasures() {
    var before = ProcessesReading()
    var after = ProcessesReading()
    for pid in 1...100 as ClosedRange<Int32> {
      var process = ProcessReading(pid: pid)
      process.state = UInt8(ascii: pid % 2 == 0 ? "S" : "I")
      process.threads = 2
      process.start = 7
      process.cpuTicks = 1_000
      process.residentBytes = UInt64(pid)
      process.readBytes = 0
      before.all.append(process)
      if pid <= 8 { process.cpuTicks += UInt64(pid) * 100 }
      if pid == 50 { process.readBytes = 4_000 }
      after.all.append(process)
    }
    // Another process reuses the pid and counts from 0.
    after.all[8].start = 9
    after.all[8].cpuTicks = 300
    let processes = Processes(from: before, to: after, over: Elapsed(seconds: 10))
    #expect(processes.total == 100)
    #expect(processes.sleeping == 50)
    #expect(processes.idle == 50)
    #expect(processes.threads == 200)
    #expect(processes.top[0].pid == 8)
    #expect(processes.top[0].cpu == 0.8)
    #expect(Set(processes.top.map(\.pid)) == Set([2, 3, 4, 5, 6, 7, 8, 9, 50] + (93...100)))
    let io = processes.top.first { $0.pid == 50 }
    #expect(io?.readRate == 400)
    #expect(processes.top.first { $0.pid == 9 }?.cpu == 0.3)
  }

  /// I/O rates span the time between the readings of the counters, not that between the scans that hold them.
  @Test(arguments: [(0, 0, 1_000), (3, 0, 250), (2, 1, 500), (0, 1, 1_000)] as [(Float, Float, Double)])
  func ioRatesSpanTheCountersAges(before: Float, after: Float, rate: Double) {
    var first = ProcessReading(pid: 1)
    (first.readBytes, first.ioAge) = (5_000, before)
    var second = first
    (second.readBytes, second.ioAge) = (6_000, after)
    let process = Process(from: first, to: second, over: Elapsed(seconds: 1), secondsPerTick: 0.01)
    #expect(process.readRate == rate)
    second.readBytes = 5_000
    #expect(Process(from: first, to: second, over: Elapsed(seconds: 1), secondsPerTick: 0.01).readRate == 0)
  }
}
