import AgentMetrics
import KernelFiles
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

  /// The sum over hardware between a machine's two instants.
  private func total(_ machine: String, seconds: Double) throws -> Disk? {
    let before = try read(Fixture(machine).root)
    let after = try read(Fixture(machine).later())
    #expect(before.map(\.device) == after.map(\.device))
    return Disk(totalOf: zip(before, after).map { Disk(from: $0, to: $1, over: Elapsed(seconds: seconds)) })
  }

  @Test func aVirtualMachine() throws {
    // Neither the partitions nor the optical drive.
    let disks = try read(Fixture("vm-1-core").root)
    #expect(disks.map(\.device) == ["vda"])
    let disk = try #require(disks.first)
    #expect(disk.isPhysical)
    #expect(disk.model == nil)
    #expect(disk.name == nil)
    #expect(disk.reads == 1_169_006)
    #expect(disk.bytesRead == UInt64(51_436_264 * 512))
    #expect(disk.readMilliseconds == 2_221_111)
    #expect(disk.writes == 4_463_480)
    #expect(disk.bytesWritten == UInt64(124_977_440 * 512))
    #expect(disk.writeMilliseconds == 13_836_788)
    #expect(disk.inFlight == 0)
    #expect(disk.busyMilliseconds == 11_690_067)
    #expect(disk.queueMilliseconds == 16_984_601)
  }

  @Test func stackedDevicesDoNotCount() throws {
    let disks = try read(Fixture("nvme-md-dm").root)
    #expect(disks.map(\.device) == ["nvme0n1", "nvme1n1", "md0", "dm-0", "dm-1", "dm-2", "dm-3", "sda"])
    #expect(disks.filter(\.isPhysical).map(\.device) == ["nvme0n1", "nvme1n1", "sda"])
    #expect(disks.map(\.name) == [nil, nil, nil, "cryptroot", "vg0-root", "vg0-data", "vg0-var--lib", nil])
    #expect(
      disks.map(\.model) == [
        "SAMSUNG MZQL21T9HCJR-00A07", "SAMSUNG MZQL21T9HCJR-00A07", nil, nil, nil, nil, nil, "Portable Disk",
      ])
    let total = try #require(try total("nvme-md-dm", seconds: 15.02))
    // Calculated by hand for one: (254354320 − 253512616) × 512 ÷ 15.02 = 28691907.
    #expect(Int(total.readRate.rounded()) == 55_176_829)
    #expect(Int(total.writeRate.rounded()) == 57_797_778)
  }

  @Test func oldKernelsAndNamesWithASlash() throws {
    let disks = try read(Fixture("old-kernel").root)
    #expect(disks.map(\.device) == ["cciss/c0d0", "cciss/c0d1", "dm-0", "dm-1"])
    #expect(disks.map(\.isPhysical) == [true, true, false, false])
    #expect(disks.map(\.model) == ["LOGICAL VOLUME", "LOGICAL VOLUME", nil, nil])
    #expect(disks.map(\.name) == [nil, nil, "vg_sys-lv_root", "vg_sys-lv_swap"])
    #expect(disks[1].bytesWritten == UInt64(3_132_075_864 * 512))
    #expect(disks[1].queueMilliseconds == 183_767_219)
  }

  @Test func memoryCardsAndVolumesOfZFS() throws {
    let card = try read(Fixture("arm-board").root)
    #expect(card.map(\.device) == ["mmcblk0"])
    #expect(card.first?.model == "SD32G")
    let volumes = try read(Fixture("zfs").root)
    #expect(volumes.map(\.device) == ["sda", "sdb", "nvme0n1", "zd0", "zd16"])
    #expect(volumes.map(\.isPhysical) == [true, true, true, false, false])
  }

  @Test func disksComeAndGo() throws {
    let fixture = try Fixture("hotplug").copy()
    let collector = DiskCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.disks.map(\.device) == ["sda", "sdb", "nvme0n1"])
    #expect(reading.disks.map(\.model) == ["QEMU HARDDISK", "QEMU HARDDISK", "QEMU NVMe Ctrl"])
    fixture.remove("sys/block/sdb")
    try fixture.write("Another\n", to: "sys/block/nvme0n1/device/model")
    try fixture.advance()
    try collector.read(into: &reading)
    #expect(reading.disks.map(\.device) == ["sda", "sdc", "nvme0n1"])
    // nvme0n1's counters restart, so it may be another device.
    #expect(reading.disks.map(\.model) == ["QEMU HARDDISK", "USB Stick", "Another"])
    #expect(reading.disks.map(\.reads) == [102_813, 43, 130])
  }

  @Test func aNameByDeviceMapperChanges() throws {
    let fixture = try Fixture(files: [
      "proc/diskstats": "253 0 dm-0 1 2 3 4 5 6 7 8 9 10 11\n", "sys/block/dm-0/dm/name": "old\n",
      "sys/block/dm-0/size": "8\n",
    ])
    let collector = DiskCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.disks.first?.name == "old")
    try fixture.write("new\n", to: "sys/block/dm-0/dm/name")
    for _ in 0..<DiskCollector.rest { try collector.read(into: &reading) }
    #expect(reading.disks.first?.name == "new")
  }

  @Test func aDriveWithoutAMediumIsNotShown() throws {
    let fixture = try Fixture(files: [
      "proc/diskstats": "8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n", "sys/block/sda/size": "0\n",
      "sys/block/sda/device/model": "Reader\n",
    ])
    let collector = DiskCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.disks.isEmpty)
    try fixture.write("1000\n", to: "sys/block/sda/size")
    for _ in 0..<DiskCollector.rest { try collector.read(into: &reading) }
    #expect(reading.disks.map(\.device) == ["sda"])
  }

  @Test func linesThatAreNoDisks() throws {
    let fixture = try Fixture(files: [
      "proc/diskstats": """
      3 0 hda 1 2 3 4 5 6 7 8 9 10 11
      3 1 hda1 1 2 3 4
      259 0 nvme0c0n1 1 2 3 4 5 6 7 8 9 10 11
      179 8 mmcblk0boot0 1 2 3 4 5 6 7 8 9 10 11
      179 16 mmcblk0rpmb 1 2 3 4 5 6 7 8 9 10 11
      1 0 ram0 1 2 3 4 5 6 7 8 9 10 11
      252 0 zram0 1 2 3 4 5 6 7 8 9 10 11
      2 0 fd0 1 2 3 4 5 6 7 8 9 10 11
      202 0 xvda 1 2 3 4 5 6 7 8 9 10 1
      """
    ])
    for device in ["hda", "nvme0c0n1", "mmcblk0boot0", "mmcblk0rpmb", "ram0", "zram0", "fd0", "xvda"] {
      try fixture.write("8\n", to: "sys/block/\(device)/size")
    }
    // The last line is truncated.
    #expect(try read(fixture.root).map(\.device) == ["hda"])
  }

  @Test func withoutSysfsNamesDecide() throws {
    let devices = [
      "sda", "sda1", "nvme0n1", "nvme0n1p1", "nvme0c1n1", "mmcblk0", "mmcblk0p2", "mmcblk0boot0", "cciss/c0d0",
      "cciss/c0d0p1", "dm-0", "md0", "zd16", "sr0",
    ]
    let lines = devices.enumerated().map { "8 \($0) \($1) 1 2 3 4 5 6 7 8 9 10 11\n" }.joined()
    let disks = try read(Fixture(files: ["proc/diskstats": lines]).root)
    #expect(disks.map(\.device) == ["sda", "nvme0n1", "mmcblk0", "cciss/c0d0", "dm-0", "md0", "zd16"])
    #expect(disks.map(\.isPhysical) == [true, true, true, true, false, false, false])
  }

  @Test func anArraysName() throws {
    let fixture = try Fixture(files: [
      "proc/diskstats": "9 127 md127 1 2 3 4 5 6 7 8 9 10 11\n", "sys/block/md127/size": "8\n",
    ])
    try fixture.link("dev/md/other", to: "../md126")
    try fixture.link("dev/md/scratch", to: "../md127")
    #expect(try read(fixture.root).map(\.name) == ["scratch"])
  }

  @Test func withoutTheFileThereAreNoValues() throws {
    #expect(try read(Fixture(files: ["proc/stat": ""]).root).isEmpty)
  }

  @Test func theParserSurvivesAnything() throws {
    let text = try Array(Fixture("nvme-md-dm").contents(of: "proc/diskstats").suffix(700))
    surviveTruncationAndMutation(of: text, mutations: 20_000) { bytes in
      var position = 0
      while let line = DiskstatsParser.next(bytes, &position) { _ = bytes.string(line.name) }
    }
  }

  @Test func theCollectorSurvivesAnything() throws {
    let fixture = try Fixture("old-kernel").copy()
    let collector = DiskCollector(root: fixture.root)
    var previous = Reading()
    var current = Reading()
    let text = try Array(fixture.contents(of: "proc/diskstats").suffix(240))
    surviveTruncationAndMutation(of: text, mutations: 1_000) { bytes in
      do {
        try fixture.write(bytes.withUnsafeBufferPointer { Array($0) }, to: "proc/diskstats")
        swap(&previous, &current)
        try collector.read(into: &current)
      } catch { Issue.record(error) }
      _ = Sample(from: previous, to: current, over: Elapsed(seconds: 1))
    }
  }
}
