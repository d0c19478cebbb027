import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite(.ownThreads) struct FilesystemCollectorTests {
  /// A question that is under way when a tick looks is left to its thread, so that a busy machine may need a second look.
  private func read(_ collector: FilesystemCollector, until isDone: ([Filesystem]) -> Bool) throws -> [Filesystem] {
    var reading = Reading()
    for _ in 0..<500 {
      collector.prepare()
      try collector.read(into: &reading)
      if isDone(reading.filesystems) { break }
    }
    return reading.filesystems
  }

  private func read(_ root: String) throws -> [Filesystem] {
    try read(FilesystemCollector(root: root)) { $0.allSatisfy { !$0.total.isNaN || $0.error != nil } }
  }

  @Test func eachFilesystemOnce() throws {
    let filesystems = try read(Fixture("nvme-md-dm").root)
    // Not the bind mounts, the second subvolume, snaps, overlays, autofs, tmpfs.
    #expect(
      filesystems.map(\.mountpoint) == [
        "/", "/boot/efi", "/mnt/back up disk", "/mnt/remote", "/net/archive", "/srv/data", "/var/lib",
      ])
    let root = filesystems[0]
    #expect(root.fstype == "ext4" && root.device == "/dev/mapper/vg0-root" && !root.isReadOnly)
    #expect(root.total == 25_671_908 * 4_096)
    #expect(root.free == 12_044_120 * 4_096)
    #expect(root.available == 10_715_000 * 4_096)
    #expect(root.used == (25_671_908 - 12_044_120) * 4_096)
    #expect(root.inodes == 6_553_600 && root.inodesFree == 6_012_044)
    #expect(root.age.isNaN)
    // df's own arithmetic: root's reserve is not free.
    #expect(abs(root.usage - Double(25_671_908 - 12_044_120) / Double(25_671_908 - 12_044_120 + 10_715_000)) < 1e-12)
    // vfat has no fixed number of inodes.
    #expect(filesystems[1].inodes.isNaN)
    #expect(filesystems[2].isReadOnly)
    #expect(filesystems[3].error == "statvfs /mnt/remote: Permission denied")
    #expect(filesystems[3].total.isNaN)
  }

  @Test func aPoolsFreeSpaceIsToldOnce() throws {
    let filesystems = try read(Fixture("zfs").root)
    #expect(
      filesystems.map(\.mountpoint) == ["/", "/boot/efi", "/rpool/data/subvol-101-disk-0", "/tank/media files"])
  }

  @Test func aContainersRoot() throws {
    let filesystems = try read(Fixture("cgroup-v2-container").root)
    #expect(filesystems.map(\.mountpoint) == ["/", "/data"])
    #expect(filesystems[0].fstype == "overlay")
  }

  @Test func thisMachine() throws {
    let filesystems = try read("")
    var answer = statvfs()
    try #require(statvfs("/", &answer) == 0)
    if let root = filesystems.first(where: { $0.mountpoint == "/" }) {
      #expect(root.total == Double(answer.f_blocks) * Double(answer.f_frsize))
    }
    #expect(filesystems.allSatisfy { $0.total.isNaN || $0.total > 0 })
  }

  private static func mounted(_ points: [String]) throws -> Fixture {
    let lines = points.enumerated().map { "\($0 + 1) 1 8:\($0) / \($1) rw - ext4 /dev/sd\($0) rw\n" }
    return try Fixture(files: ["proc/self/mountinfo": lines.joined()])
  }

  private static let space = Space(
    blockSize: 1, blocks: 100, free: 40, available: 30, inodes: 10, inodesFree: 5, isReadOnly: false)

  /// The calls return only when the test lets them, after the looks: so no look waited for them.
  @Test func mountsThatHangDelayNothing() throws {
    let fixture = try Self.mounted(["/a", "/dead1", "/b", "/dead2", "/c"])
    let gate = Condition(false)
    let asked = Condition<[String: Int]>([:])
    let collector = FilesystemCollector(root: fixture.root) { path throws(SystemError) in
      asked.update { $0[path, default: 0] += 1 }
      if path.hasPrefix("/dead") { _ = gate.wait { $0 ? true : nil } }
      return Self.space
    }
    let filesystems = try read(collector) { filesystems in
      filesystems.filter { !$0.total.isNaN }.count == 3
    }
    // Still hanging, and the others are there.
    #expect(filesystems.map(\.mountpoint) == ["/a", "/b", "/c", "/dead1", "/dead2"])
    #expect(filesystems.map(\.total.isNaN) == [false, false, false, true, true])
    // None is asked twice while a thread is in it.
    #expect(asked.withState { $0["/dead1"] } == 1)
    gate.update { $0 = true }
    _ = asked.wait(atMost: 20) { _ in
      var reading = Reading()
      try? collector.read(into: &reading)
      return reading.filesystems.allSatisfy { !$0.total.isNaN } ? true : nil
    }
    let healed = try read(collector) { $0.allSatisfy { !$0.total.isNaN } }
    #expect(healed.allSatisfy { $0.total == 100 && $0.error == nil })
  }

  @Test func aMountThatHangsSaysSinceWhen() {
    let gate = Condition(false)
    let queries = SpaceQueries { _ throws(SystemError) in
      _ = gate.wait { $0 ? true : nil }
      return Self.space
    }
    queries.ask(["/dead"])
    queries.wait(atMost: 0.02)
    #expect(queries.answer(for: "/dead").space == nil)
    gate.update { $0 = true }
  }

  @Test func mountPointsWithBlanksAndLaterMounts() {
    let text = Array(
      """
      1 0 8:1 / / rw - ext4 /dev/sda1 rw
      2 1 8:2 / /a\\040b\\134c rw shared:1 master:2 - xfs /dev/sdb rw
      3 1 0:40 / /x rw - autofs auto rw
      4 1 8:3 / /x ro,nodev - ext4 /dev/sdc rw
      5 1 8:1 /sub /longer rw - ext4 /dev/sda1 rw
      6 1 8:4 /part /y rw - ext4 /dev/sdd rw
      7 1 8:4 / /zzzzzz rw - ext4 /dev/sdd rw
      8 1 8:5 / /cut rw - ext4
      9 1 8:6 / /dash rw
      10 1 0:50 / /mnt/app rw - fuse.x.AppImage x rw

      """.utf8)
    func storage() -> [Mount] { MountinfoParser.storage(text.span) }
    #expect(storage().map(\.point) == ["/", "/a b\\c", "/x", "/zzzzzz"])
    #expect(storage().map(\.isReadOnly) == [false, false, true, false])
  }

  @Test func parsersSurviveAnything() throws {
    let text = try Array(Fixture("nvme-md-dm").contents(of: "proc/self/mountinfo").suffix(700))
    surviveTruncationAndMutation(of: text, mutations: 20_000) { bytes in _ = MountinfoParser.storage(bytes) }
    let spaces = try Array(Fixture("nvme-md-dm").contents(of: "statvfs").prefix(300))
    surviveTruncationAndMutation(of: spaces, mutations: 20_000) { bytes in
      for (point, space) in RecordedSpaceParser.spaces(bytes) {
        var filesystem = Filesystem(mountpoint: point, device: "", fstype: "zfs", isReadOnly: false)
        space.write(into: &filesystem)
        _ = FilesystemCollector.withoutSharedSpace([filesystem])
      }
    }
  }
}
