import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct DiskCollectorTests {
  private func read(_ root: String) throws -> [DiskReading] {
    var reading = Reading()
    try DiskCollector(root: root).read(into: &reading)
    return reading.disks
  }

  @Test func anArrayOnTwoDrives() throws {
    let disks = try read(Fixture("nvme-md-dm").root)
    #expect(disks.map(\.device) == ["nvme0n1", "nvme1n1", "md0", "dm-0", "dm-1", "dm-2", "dm-3", "sda"])
    #expect(disks.filter(\.isPhysical).map(\.device) == ["nvme0n1", "nvme1n1", "sda"])
    #expect(disks[0].model == "SAMSUNG MZQL21T9HCJR-00A07")
    #expect(disks[3].name == "cryptroot")
    #expect(disks[0].reads == 2_802_097)
    #expect(disks[0].sectorsRead == 253_512_616)
    #expect(disks[0].readMilliseconds == 663_954)
    #expect(disks[0].writes == 17_295_136)
    #expect(disks[0].sectorsWritten == 1_224_917_440)
    #expect(disks[0].writeMilliseconds == 7_949_702)
    #expect(disks[0].inFlight == 0)
    #expect(disks[0].busyMilliseconds == 8_459_391)
    #expect(disks[0].queueMilliseconds == 8_875_481)
    let before = disks
    let after = try read(Fixture("nvme-md-dm").later())
    let figures = zip(before, after).map { Disk(from: $0, to: $1, over: Elapsed(seconds: 15.02)) }
    // By scripts/check-fixtures: hardware only, the array and the volumes on it not again.
    let total = try #require(Disk(totalOf: figures))
    #expect(abs(total.readRate - 55_176_829) < 1)
    #expect(abs(total.writeRate - 57_797_778) < 1)
    #expect(abs(figures[0].busy - 0.359) < 0.0001)
  }

  @Test func anOldKernelsSlashes() throws {
    let disks = try read(Fixture("old-kernel").root)
    #expect(disks.map(\.device) == ["cciss/c0d0", "cciss/c0d1", "dm-0", "dm-1"])
    #expect(disks[0].isPhysical && disks[0].model == "LOGICAL VOLUME")
    #expect(disks[0].queueMilliseconds == 481_239_894 || disks[0].queueMilliseconds != nil)
  }

  @Test func volumesOfZFSAreNoHardware() throws {
    let disks = try read(Fixture("zfs").root)
    #expect(disks.map(\.device) == ["sda", "sdb", "nvme0n1", "zd0", "zd16"])
    #expect(disks.map(\.isPhysical) == [true, true, true, false, false])
  }

  @Test func devicesComeAndGo() throws {
    let fixture = try Fixture("hotplug").copy()
    let collector = DiskCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    let first = reading.disks
    try fixture.advance()
    try collector.read(into: &reading)
    #expect(first.contains { $0.device == "sdb" } && !first.contains { $0.device == "sdc" })
    #expect(!reading.disks.contains { $0.device == "sdb" } && reading.disks.contains { $0.device == "sdc" })
    for disk in reading.disks { #expect(disk.reads != nil, "\(disk.device)") }
  }

  @Test func whereSysfsIsHiddenNamesTell() throws {
    let fixture = try Fixture(files: [
      "proc/diskstats": """
         8       0 sda 1 0 1 1 1 0 1 1 0 1 1
         8       1 sda1 1 0 1 1 1 0 1 1 0 1 1
       259       0 nvme0n1 1 0 1 1 1 0 1 1 0 1 1
       259       1 nvme0n1p1 1 0 1 1 1 0 1 1 0 1 1
       259       2 nvme0c1n1 1 0 1 1 1 0 1 1 0 1 1
       179       0 mmcblk0 1 0 1 1 1 0 1 1 0 1 1
       179       8 mmcblk0boot0 1 0 1 1 1 0 1 1 0 1 1
       253       0 dm-0 1 0 1 1 1 0 1 1 0 1 1
        11       0 sr0 1 0 1 1 1 0 1 1 0 1 1

      """
    ])
    let disks = try read(fixture.root)
    #expect(disks.map(\.device) == ["sda", "nvme0n1", "mmcblk0", "dm-0"])
    #expect(disks.map(\.isPhysical) == [true, true, true, false])
  }

  @Test func absentIsNoError() throws {
    #expect(try read(Fixture(files: ["proc/stat": ""]).root).isEmpty)
  }

  @Test func aShortLineHasNoCounters() throws {
    let fixture = try Fixture(files: ["proc/diskstats": "8 0 sda 5 6 7 8\n8 16 sdb 1 2 3 4 5 6 7 8 9 10"])
    let disks = try read(fixture.root)
    #expect(disks.map(\.device) == ["sda", "sdb"])
    #expect(disks.allSatisfy { $0.reads == nil && $0.queueMilliseconds == nil })
  }

  @Test func parsersSurviveAnything() throws {
    let text = try Array(Fixture("nvme-md-dm").contents(of: "proc/diskstats").prefix(500))
    var facts = DeviceFacts<Int>()
    surviveTruncationAndMutation(of: text, mutations: 20_000) { bytes in
      var position = 0
      var line = 0
      while let device = DiskstatsParser.device(bytes, &position) {
        facts.place(line, bytes, device) { $0.utf8.count }
        var disk = DiskReading(device: facts.entries[line].name)
        DiskstatsParser.counters(bytes, &position, into: &disk)
        _ = Disk(from: disk, to: disk, over: Elapsed(seconds: 1))
        bytes.skipLine(&position)
        line += 1
      }
      facts.keep(line)
    }
  }
}
