import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct DiskErrorsTests {
  private static let diskstats = """
    8 0 sda 1 2 3 4 5 6 7 8 9 10 11
    259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11
    259 1 nvme1n1 1 2 3 4 5 6 7 8 9 10 11
    9 0 md0 1 2 3 4 5 6 7 8 9 10 11

    """

  private func machine(_ files: [String: String]) throws -> Fixture {
    var files = files
    files["proc/diskstats"] = Self.diskstats
    for device in ["sda", "nvme0n1", "nvme1n1", "md0"] { files["sys/block/\(device)/size"] = "8\n" }
    return try Fixture(files: files)
  }

  private func read(_ collector: DiskCollector) throws -> [String: DiskReading] {
    var reading = Reading()
    try collector.read(into: &reading)
    return Dictionary(uniqueKeysWithValues: reading.disks.map { ($0.device, $0) })
  }

  @Test func requestsOfSCSIThatFailedOrTimedOut() throws {
    let machine = try machine([
      "sys/block/sda/device/ioerr_cnt": "0x1f\n", "sys/block/sda/device/iotmo_cnt": "0x2\n",
      "sys/block/nvme0n1/device/ioerr_cnt": "0x9\n",
    ])
    let disks = try read(DiskCollector(root: machine.root))
    #expect(disks["sda"]?.errors == 31 && disks["sda"]?.timeouts == 2 && disks["sda"]?.linkErrors == nil)
    #expect(disks["nvme0n1"]?.errors == nil && disks["md0"]?.missingMembers == nil)
  }

  @Test func linkErrorsOfNVMeWithAndWithoutNativeMultipath() throws {
    let machine = try machine([
      "sys/block/nvme0n1/device/device/aer_dev_fatal": "Undefined 0\nDLP 1\nTOTAL_ERR_FATAL 1\n",
      "sys/block/nvme0n1/device/device/aer_dev_nonfatal": "TLP 2\nCmpltTO 3\nTOTAL_ERR_NONFATAL 5\n",
      "sys/block/nvme0n1/device/device/aer_dev_correctable": "RxErr 40\nTOTAL_ERR_COR 40\n",
      "sys/block/nvme1n1/device/nvme1/device/aer_dev_fatal": "TOTAL_ERR_FATAL 2\n",
      "sys/block/nvme1n1/device/nvme2/device/aer_dev_fatal": "TOTAL_ERR_FATAL 3\n",
      "sys/block/nvme1n1/device/nvme1n1/device/aer_dev_fatal": "TOTAL_ERR_FATAL 100\n",
    ])
    let collector = DiskCollector(root: machine.root)
    var disks = try read(collector)
    #expect(disks["nvme0n1"]?.linkErrors == 6 && disks["nvme1n1"]?.linkErrors == 5)
    try machine.write("TOTAL_ERR_FATAL 4\n", to: "sys/block/nvme0n1/device/device/aer_dev_fatal")
    disks = try read(collector)
    #expect(disks["nvme0n1"]?.linkErrors == 9)
  }

  @Test func aSumWithoutAPartIsUnknownUntilThePartIsForgotten() throws {
    let machine = try machine([
      "sys/block/nvme1n1/device/nvme1/device/aer_dev_fatal": "TOTAL_ERR_FATAL 2\n",
      "sys/block/nvme1n1/device/nvme2/device/aer_dev_fatal": "TOTAL_ERR_FATAL 3\n",
    ])
    let collector = DiskCollector(root: machine.root)
    #expect(try read(collector)["nvme1n1"]?.linkErrors == 5)
    try machine.write("", to: "sys/block/nvme1n1/device/nvme2/device/aer_dev_fatal")
    #expect(try read(collector)["nvme1n1"]?.linkErrors == nil)
    machine.remove("sys/block/nvme1n1/device/nvme2")
    for _ in 0..<DiskCollector.rest { _ = try read(collector) }
    #expect(try read(collector)["nvme1n1"]?.linkErrors == 2)
  }

  @Test func membersOfAnArray() throws {
    let machine = try machine([
      "sys/block/md0/md/degraded": "1\n", "sys/block/md0/md/mismatch_cnt": "128\n",
      "sys/block/md0/md/dev-sda1/errors": "3\n", "sys/block/md0/md/dev-sdb1/errors": "4\n",
    ])
    let collector = DiskCollector(root: machine.root)
    let array = try #require(try read(collector)["md0"])
    #expect(array.missingMembers == 1 && array.mismatchedSectors == 128 && array.memberErrors == 7)
    let disk = Disk(from: nil, to: array, over: Elapsed(seconds: 1))
    #expect(disk.missingMembers == 1 && disk.mismatchedSectors == 128 && disk.allErrors == 7)
    // Members are looked for again after some time.
    machine.remove("sys/block/md0/md/dev-sdb1")
    try machine.write("5\n", to: "sys/block/md0/md/dev-sdc1/errors")
    for _ in 0..<DiskCollector.rest { _ = try read(collector) }
    #expect(try read(collector)["md0"]?.memberErrors == 8)
  }

  @Test func countsSurviveAnything() throws {
    let machine = try machine([
      "sys/block/sda/device/ioerr_cnt": "0x1f\n", "sys/block/md0/md/degraded": "1\n",
      "sys/block/nvme0n1/device/device/aer_dev_fatal": "DLP 1\nTOTAL_ERR_FATAL 1\n",
    ])
    let collector = DiskCollector(root: machine.root)
    for (path, text) in [
      ("sys/block/sda/device/ioerr_cnt", "0xffffffff\n"), ("sys/block/md0/md/degraded", "18446744073709551615\n"),
      ("sys/block/nvme0n1/device/device/aer_dev_fatal", "DLP 18446744073709551615\nTOTAL_ERR_FATAL 7\n"),
    ] {
      surviveTruncationAndMutation(of: Array(text.utf8), mutations: 300) { bytes in
        do {
          try machine.write(bytes.withUnsafeBufferPointer { Array($0) }, to: path)
          _ = try read(collector)
        } catch { Issue.record(error) }
      }
    }
  }
}
