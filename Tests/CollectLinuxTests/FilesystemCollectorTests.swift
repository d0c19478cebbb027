import AgentMetrics
import CAllocationCounter
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite(.ownThreads) struct FilesystemCollectorTests {
  private func read(_ root: String) throws -> [Filesystem] {
    var reading = Reading()
    try FilesystemCollector(root: root).read(into: &reading)
    return reading.filesystems
  }

  @Test func aVirtualMachine() throws {
    let filesystems = try read(Fixture("vm-1-core").root)
    #expect(filesystems.map(\.mountpoint) == ["/", "/boot/efi"])
    let root = filesystems[0]
    #expect(root.device == "/dev/vda1")
    #expect(root.fstype == "ext4")
    #expect(!root.isReadOnly)
    #expect(root.total == 5_095_819 * 4_096)
    #expect(root.free == 3_011_204 * 4_096)
    #expect(root.used == (5_095_819 - 3_011_204) * 4_096)
    #expect(root.available == 2_776_312 * 4_096)
    #expect(root.inodes == 1_310_720)
    #expect(root.inodesFree == 1_241_877)
    #expect(root.age.isNaN)
    #expect(root.error == nil)
    // FAT has no real inodes.
    #expect(filesystems[1].total == 248_830 * 512)
    #expect(filesystems[1].inodes.isNaN)
    #expect(filesystems[1].inodesUsage.isNaN)
  }

  @Test func errorsThatFilesystemsHaveFound() throws {
    let fixture = try Fixture(files: [
      "proc/self/mountinfo": "1 1 8:1 / / rw - ext4 /dev/root rw\n2 1 0:40 / /data rw - btrfs /dev/sdb rw\n"
        + "3 1 8:2 / /xfs rw - xfs /dev/sda2 rw\n",
      "statvfs": "",
      "sys/fs/ext4/sda1/errors_count": "3\n", "sys/fs/btrfs/5f1c/devices/sdb/size": "1\n",
      "sys/fs/btrfs/5f1c/devinfo/1/error_stats":
        "write_errs 1\nread_errs 2\nflush_errs 0\ncorruption_errs 4\ngeneration_errs 0\n",
      "sys/fs/btrfs/5f1c/devinfo/2/error_stats": "write_errs 5\nread_errs 0\n", "sys/fs/btrfs/features/raid1": "1\n",
    ])
    try fixture.link("sys/dev/block/8:1", to: "../../devices/pci0000:00/block/sda/sda1")
    let filesystems = try read(fixture.root)
    #expect(filesystems.map(\.mountpoint) == ["/", "/data", "/xfs"])
    #expect(filesystems[0].errorsTotal == 3 && filesystems[1].errorsTotal == 12 && filesystems[2].errorsTotal.isNaN)
  }

  @Test func theParserOfErrorsSurvivesAnything() {
    surviveTruncationAndMutation(of: Array("write_errs 1\nread_errs 2\n12\n".utf8), mutations: 4_000) { bytes in
      _ = FilesystemErrors.errors(bytes)
    }
  }

  @Test func eachFilesystemOnce() throws {
    // Without the bind mounts /srv/www and /opt/docker, the subvolume /srv/backups, snaps, tmpfs, overlay, the portal;
    // with the filesystem that autofs has mounted over itself.
    let filesystems = try read(Fixture("nvme-md-dm").root)
    #expect(
      filesystems.map(\.mountpoint) == [
        "/", "/boot/efi", "/mnt/back up disk", "/mnt/remote", "/net/archive", "/srv/data", "/var/lib",
      ])
    #expect(filesystems.map(\.isReadOnly) == [false, false, true, false, false, false, false])
    #expect(filesystems.map(\.fstype) == ["ext4", "vfat", "ext4", "fuse.sshfs", "nfs4", "btrfs", "xfs"])
    #expect(filesystems[2].used == (240_234_168 - 91_204_412) * 4_096)
    // The call failed during the recording.
    #expect(filesystems[3].total.isNaN)
    #expect(filesystems[3].error == "no answer when recorded")
  }

  @Test(
    arguments: [
      ("arm-board", ["/", "/boot/firmware"]),
      ("cgroup-v1-container", ["/"]),
      ("cgroup-v2-container", ["/", "/data"]),
      ("epyc-2s-256t", ["/", "/boot/efi", "/home", "/lustre", "/scratch"]),
      ("hotplug", ["/", "/mnt/archive", "/srv/fast"]),
      ("hybrid-laptop", ["/", "/boot", "/boot/efi"]),
      ("odd-names", ["/"]),
      ("old-kernel", ["/", "/boot", "/data", "/net/home"]),
      // Without the datasets that only contain others.
      ("zfs", ["/", "/boot/efi", "/rpool/data/subvol-101-disk-0", "/tank/backup", "/tank/media files"]),
    ])
  func whichAreShown(machine: String, mountpoints: [String]) throws {
    let filesystems = try read(Fixture(machine).root)
    #expect(filesystems.map(\.mountpoint) == mountpoints)
    #expect(filesystems.allSatisfy { $0.total > 0 && $0.error == nil })
  }

  @Test func valuesOfManyKinds() throws {
    let zfs = try read(Fixture("zfs").root)
    // (53653598 − 31436464) × 128 KiB.
    #expect(zfs.last?.used == 2_912_044_187_648)
    #expect(zfs.last?.available == 4_120_440_209_408)
    #expect(zfs[3].isReadOnly)
    let lustre = try read(Fixture("epyc-2s-256t").root)[3]
    #expect(lustre.total == 536_870_912_000 * 4_096)
    #expect(lustre.inodesFree == 3_912_044_120)
  }

  @Test func mountsComeAndGo() throws {
    let fixture = try Fixture("hotplug").copy()
    let collector = FilesystemCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.filesystems.map(\.mountpoint) == ["/", "/mnt/archive", "/srv/fast"])
    try fixture.advance()
    try collector.read(into: &reading)
    #expect(reading.filesystems.map(\.mountpoint) == ["/", "/media/stick", "/srv/fast"])
    #expect(reading.filesystems[1].total == 131_008 * 32_768)
    #expect(collector.age == 0)
  }

  @Test func kernelsWithoutMountinfo() throws {
    let fixture = try Fixture(files: [
      "proc/self/mounts": """
      rootfs / rootfs rw 0 0
      /dev/root / ext3 rw,noatime 0 0
      proc /proc proc rw 0 0
      /dev/sdb1 /srv/a\\040b ext3 ro,noatime 0 0
      /dev/sdb1 /srv/longer ext3 rw 0 0
      tmpfs /tmp tmpfs rw 0 0

      """,
      "statvfs": "/ 1024 100 40 30 10 5 rw\n/srv/a\\040b 512 7 7 7 0 0 rw\n",
    ])
    let filesystems = try read(fixture.root)
    #expect(filesystems.map(\.mountpoint) == ["/", "/srv/a b"])
    #expect(filesystems.map(\.device) == ["/dev/root", "/dev/sdb1"])
    #expect(filesystems.map(\.isReadOnly) == [false, true])
    #expect(filesystems[0].usage == 60.0 / 90)
    #expect(try read(Fixture(files: ["proc/stat": ""]).root).isEmpty)
  }

  @Test func hidingAndHiddenMounts() {
    func mounts(_ text: String) -> [String] {
      let bytes = Array(text.utf8)
      return MountFilter.shown(of: MountinfoParser.mounts(bytes.span)).map { $0.mountpoint + " " + $0.fstype }
    }
    // A tmpfs over a disk, a disk over a tmpfs, the root in memory.
    #expect(
      mounts(
        """
        1 1 0:1 / / rw - tmpfs none rw
        2 1 8:1 / /a rw - ext4 /dev/sda1 rw
        3 1 0:2 / /a rw - tmpfs none rw
        4 1 0:3 / /b rw - tmpfs none rw
        5 1 8:2 / /b rw shared:1 master:2 - ext4 /dev/sda2 rw
        6 1 8:3 / /c/long rw - ext4 /dev/sda3 rw
        7 1 8:3 /x /c rw - ext4 /dev/sda3 rw
        8 1 0:9 / /d rw - fuseblk /dev/sdb1 rw
        9 1 0:10 / /e rw - fuse.gvfsd-fuse gvfsd-fuse rw
        10 1 0:11 / /f rw - zfs pool/x@yesterday ro
        11 1 0:12 / /dev/shm/g rw - ext4 /dev/sda9 rw
        12 1 0:13 / /cut

        """) == ["/ tmpfs", "/b ext4", "/c/long ext4", "/d fuseblk"])
  }

  @Test(
    "A source has no password",
    arguments: [
      (#"curlftpfs\043ftp://u:S3cr7@h/"#, "curlftpfs#ftp://u:********@h/"),
      ("https://u:S3cr7@dav.h/x", "https://u:********@dav.h/x"),
      ("u@h:/x", "u@h:/x"), ("//server/share", "//server/share"), ("pool/a:b@c", "pool/a:b@c"),
      ("nas:/vol/a@b", "nas:/vol/a@b"),
    ])
  func passwords(source: String, shown: String) {
    let lines = Array("\(source) /x fuse.curlftpfs rw 0 0\n".utf8)
    #expect(MountsParser.mounts(lines.span).map(\.device) == [shown])
    let info = Array("24 1 0:52 / /x rw - fuse.curlftpfs \(source) rw\n".utf8)
    #expect(MountinfoParser.mounts(info.span).map(\.device) == [shown])
  }

  @Test func octalEscapes() {
    func text(_ text: String) -> String {
      let bytes = Array(text.utf8)
      return MountsParser.text(bytes.span, 0..<bytes.count)
    }
    #expect(text(#"/a\040b\011c\134d\043e"#) == "/a b\tc\\d#e")
    #expect(text(#"\303\244"#) == "ä")
    #expect(text(#"\400\08\9"#) == #"\400\08\9"#)
    #expect(text(#"\"#) == #"\"#)
  }

  @Test func theRootOfThisMachine() throws {
    let collector = FilesystemCollector(root: "")
    var reading = Reading()
    // The reading thread may be scheduled late, but runs in the end.
    repeat {
      try collector.read(into: &reading)
    } while reading.filesystems.contains { $0.mountpoint == "/" && $0.total.isNaN && $0.error == nil }
    guard let root = reading.filesystems.first(where: { $0.mountpoint == "/" }) else { return }
    var answer = statvfs()
    #expect(statvfs("/", &answer) == 0)
    #expect(root.total == Double(answer.f_blocks) * Double(answer.f_frsize))
    #expect(root.inodes == Double(answer.f_files))
    #expect(root.error == nil)
    #expect(collector.age >= 0 && collector.age < 60)
  }

  @Test func parsersSurviveAnything() throws {
    let mountinfo = Array(
      """
      21 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg0-root rw,errors=remount-ro
      48 21 8:1 / /mnt/back\\040up\\040disk ro,relatime shared:28 - ext4 /dev/sda1 ro
      50 21 0:48 / /net/archive rw,relatime shared:30 - autofs /etc/auto.net rw,fd=7
      51 50 0:49 /export/archive /net/archive rw shared:31 - nfs4 server:/export/archive rw

      """.utf8)
    surviveTruncationAndMutation(of: mountinfo, mutations: 8_000) { bytes in
      _ = MountFilter.shown(of: MountinfoParser.mounts(bytes))
    }
    let mounts = Array("/dev/root / ext3 rw,noatime 0 0\n/dev/sdb1 /srv/a\\040b ext3 ro,noatime 0 0\n".utf8)
    surviveTruncationAndMutation(of: mounts, mutations: 6_000) { bytes in
      _ = MountFilter.shown(of: MountsParser.mounts(bytes))
    }
    let statvfs = Array("/ 4096 100 40 30 10 5 rw\n/a\\040b 512 7 9 7 0 0 ro\n".utf8)
    surviveTruncationAndMutation(of: statvfs, mutations: 6_000) { bytes in
      _ = StatvfsRecordParser.answer(bytes, for: "/a b")
    }
  }
}

/// Filesystems that do not answer, and the times of their calls.
@Suite(.ownThreads) struct FilesystemDeadlineTests {
  /// A machine with a statvfs that succeeds, fails or hangs, and a clock, both set by the test.
  private final class Machine: Sendable {
    struct State {
      var hanging: Set<String> = []
      var failing: Set<String> = []
      var asked: [String: Int] = [:]
      var now = 1_000.0
    }

    let state = Condition(State())
    let fixture: Fixture

    init(_ mountpoints: [String]) throws {
      fixture = try Fixture(files: ["proc/self/mountinfo": Self.list(mountpoints)])
    }

    static func list(_ mountpoints: [String]) -> String {
      mountpoints.enumerated().map { "\($0) 1 8:\($0) / \($1) rw - ext4 /dev/sd\($0) rw\n" }.joined()
    }

    func answer(_ mountpoint: String) throws -> FilesystemStatistics {
      state.update { $0.asked[mountpoint, default: 0] += 1 }
      _ = state.wait { $0.hanging.contains(mountpoint) ? nil : true }
      if state.withState({ $0.failing.contains(mountpoint) }) { throw SystemError("statvfs", code: EACCES) }
      return FilesystemStatistics(
        blockSize: 1, blocks: 100, free: 40, available: 30, inodes: 0, inodesFree: 0, isReadOnly: false)
    }

    func collector(isLive: Bool = true) -> FilesystemCollector {
      FilesystemCollector(root: fixture.root, isLive: isLive, now: { self.state.withState { $0.now } }) {
        try self.answer($0)
      }
    }

    func asked(_ mountpoint: String) -> Int { state.withState { $0.asked[mountpoint] ?? 0 } }

    func pass(_ seconds: Double) { state.update { $0.now += seconds } }
  }

  /// Ticks until the list meets a condition: the reading threads run in the end.
  private func tick(
    _ collector: FilesystemCollector, until isDone: ([Filesystem]) -> Bool
  ) throws -> [Filesystem] {
    var reading = Reading()
    repeat {
      collector.prepare()
      try collector.read(into: &reading)
    } while !isDone(reading.filesystems)
    return reading.filesystems
  }

  @Test func hangingFilesystemsDoNotBlockOrHideOthers() throws {
    let machine = try Machine(["/a", "/b", "/c", "/d"])
    machine.state.update { $0.hanging = ["/a", "/c"] }
    let collector = machine.collector()
    // Each read returns although the calls do not until the test releases them.
    var list = try tick(collector) { list in
      list.filter { $0.total == 100 }.map(\.mountpoint) == ["/b", "/d"] && machine.asked("/c") == 1
    }
    #expect(list.map(\.mountpoint) == ["/a", "/b", "/c", "/d"])
    #expect(list[0].total.isNaN)
    #expect(machine.asked("/a") == 1)

    // A call that hangs is reported as an error after a second, and is not repeated; the others are.
    machine.pass(30)
    list = try tick(collector) { _ in machine.asked("/b") == 2 && machine.asked("/d") == 2 }
    list = try tick(collector) { $0[0].error != nil && $0[2].error != nil && $0[1].age.isNaN && $0[3].age.isNaN }
    #expect(list[0].error == "no answer for 30 s")
    #expect(list[0].age.isNaN)
    #expect(list[1].error == nil)
    #expect(machine.asked("/a") == 1 && machine.asked("/c") == 1)

    // When it returns it is treated like the others.
    machine.state.update { $0.hanging = [] }
    list = try tick(collector) { $0.allSatisfy { $0.total == 100 && $0.error == nil } }
    #expect(list[0].used == 60)
  }

  @Test func theLastValuesAge() throws {
    let machine = try Machine(["/a", "/b"])
    let collector = machine.collector()
    _ = try tick(collector) { $0.allSatisfy { $0.total == 100 } }
    #expect(collector.age == 0)
    machine.state.update { $0.hanging = ["/b"] }
    machine.pass(10)
    _ = try tick(collector) { _ in machine.asked("/b") == 2 }
    machine.pass(5)
    let list = try tick(collector) { $0[1].error != nil }
    #expect(list[1].total == 100)
    #expect(list[1].age == 15)
    #expect(list[1].error == "no answer for 5 s")
    #expect(list[0].age.isNaN)
    #expect(collector.age == 15)
    machine.state.update { $0.hanging = [] }
    _ = try tick(collector) { $0[1].error == nil }
  }

  @Test func filesystemsAreReadAtMostEveryTenSeconds() throws {
    let machine = try Machine(["/a"])
    let collector = machine.collector()
    _ = try tick(collector) { $0[0].total == 100 }
    for _ in 0..<5 {
      machine.pass(1.9)
      _ = try tick(collector) { _ in true }
    }
    #expect(machine.asked("/a") == 1)
    machine.pass(1)
    _ = try tick(collector) { _ in machine.asked("/a") == 2 }
  }

  @Test func anErrorIsReported() throws {
    let machine = try Machine(["/a", "/b"])
    machine.state.update { $0.failing = ["/a"] }
    let list = try tick(machine.collector()) { $0[0].error != nil && $0[1].total == 100 }
    #expect(list[0].error == "Permission denied")
    #expect(list[0].total.isNaN)
  }

  @Test func anotherFilesystemAtTheSamePathIsReadThoughTheFirstHangs() throws {
    let machine = try Machine(["/a"])
    machine.state.update { $0.hanging = ["/a"] }
    let collector = machine.collector(isLive: true)
    _ = try tick(collector) { _ in machine.asked("/a") == 1 }
    try machine.fixture.write("1 1 9:9 / /a rw - xfs /dev/other rw\n", to: "proc/self/mountinfo")
    machine.pass(10)
    _ = try tick(collector) { _ in machine.asked("/a") == 2 }
    machine.state.update { $0.hanging = [] }
    let list = try tick(collector) { $0[0].total == 100 }
    #expect(list.map(\.device) == ["/dev/other"])
  }

  @Test func aTickWithoutStatvfsDoesNotAllocate() throws {
    let machine = try Machine(["/a", "/b"])
    let collector = machine.collector()
    var readings = [Reading(), Reading()]
    _ = try tick(collector) { $0.allSatisfy { $0.total == 100 } }
    for look in 0..<4 { try collector.read(into: &readings[look % 2]) }
    allocation_counter_start()
    for look in 0..<10 {
      collector.prepare()
      do { try collector.read(into: &readings[look % 2]) } catch { Issue.record(error) }
    }
    #expect(allocation_counter_stop() == 0)
    #expect(readings[0].filesystems.count == 2)
  }
}
