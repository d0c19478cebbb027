public import AgentMetrics
public import Collect
public import SystemIO

/// Space of mounted filesystems: /proc/self/mountinfo, and statvfs(3) of each, which may hang.
///
/// Asked at most every five seconds, on a thread of its own (see ``SpaceQueries``). What is no storage is left out:
/// kernel filesystems, tmpfs, images that are full by nature (squashfs, ISO 9660), overlays but a container's root,
/// files that a container engine mounts. Of mounts of one filesystem the shortest path stands for all. ZFS datasets that
/// share a pool's free space are told once, by the one that holds most.
public final class FilesystemCollector: Collector {
  /// "filesystem".
  public let name = "filesystem"

  /// Seconds between two questions.
  private static let period = 5.0
  /// Seconds that a tick waits for answers.
  private static let patience = 0.02

  private let mountinfo: KeptFile
  private let mountinfoBuffer = ReadBuffer()
  private let queries: SpaceQueries
  private var mounts: [Mount] = []
  private var askedAt = -Double.infinity

  /// The filesystems of the machine whose /proc lies under `root`.
  ///
  /// - Parameter statvfs: asks for a mount point's space; nil for the call, or for a recording's answers.
  public init(root: String, statvfs: (@Sendable (String) throws(SystemError) -> Space)? = nil) {
    mountinfo = KeptFile(root + "/proc/self/mountinfo")
    queries = SpaceQueries(statvfs ?? Space.source(root: root))
  }

  /// Begins to ask.
  public func prepare() {
    let now = Clock.boottime
    guard now - askedAt >= Self.period - 0.05 else { return }
    askedAt = now
    mounts = mountinfo.readIfPresent(into: mountinfoBuffer) { MountinfoParser.storage($0) } ?? []
    queries.ask(mounts.map(\.point))
  }

  /// Writes `reading.filesystems`, sorted by mount point.
  ///
  /// One that does not answer keeps its last figures, with their age.
  public func read(into reading: inout Reading) throws(CollectorError) {
    queries.wait(atMost: Self.patience)
    let now = Clock.boottime
    var filesystems: [Filesystem] = []
    filesystems.reserveCapacity(mounts.count)
    for mount in mounts {
      var filesystem = Filesystem(
        mountpoint: mount.point, device: mount.device, fstype: mount.type, isReadOnly: mount.isReadOnly)
      let answer = queries.answer(for: mount.point)
      if let space = answer.space {
        if space.blocks == 0 { continue }
        space.write(into: &filesystem)
        let age = now - answer.instant
        filesystem.age = age > Self.period * 1.5 ? age : .nan
      }
      filesystem.error = answer.error
      filesystems.append(filesystem)
    }
    reading.filesystems = Self.withoutSharedSpace(filesystems)
  }

  /// Leaves one of the ZFS datasets that share their free space: that with the largest size.
  static func withoutSharedSpace(_ filesystems: [Filesystem]) -> [Filesystem] {
    func pool(_ filesystem: Filesystem) -> Substring { filesystem.device.prefix { $0 != "/" } }
    return filesystems.filter { filesystem in
      guard filesystem.fstype == "zfs", !filesystem.total.isNaN else { return true }
      return !filesystems.contains { other in
        guard other.fstype == "zfs", other.available == filesystem.available, pool(other) == pool(filesystem),
          other.mountpoint != filesystem.mountpoint
        else { return false }
        return (other.total, filesystem.mountpoint) > (filesystem.total, other.mountpoint)
      }
    }
  }
}

/// What statvfs(3) tells of a filesystem.
public struct Space: Sendable, Hashable {
  /// Bytes in a block.
  public var blockSize: UInt64
  /// Blocks in all.
  public var blocks: UInt64
  /// Blocks free.
  public var free: UInt64
  /// Blocks free for users other than root.
  public var available: UInt64
  /// Inodes in all; 0 where there is no fixed number.
  public var inodes: UInt64
  /// Inodes free.
  public var inodesFree: UInt64
  /// Whether it refuses writes.
  public var isReadOnly: Bool

  /// What was told.
  public init(
    blockSize: UInt64, blocks: UInt64, free: UInt64, available: UInt64, inodes: UInt64, inodesFree: UInt64,
    isReadOnly: Bool
  ) {
    self.blockSize = blockSize
    self.blocks = blocks
    self.free = free
    self.available = available
    self.inodes = inodes
    self.inodesFree = inodesFree
    self.isReadOnly = isReadOnly
  }

  /// Asks the system about the filesystem at a path; may hang.
  ///
  /// - Throws: SystemError of the call.
  static func ask(_ path: String) throws(SystemError) -> Space {
    var answer = statvfs()
    while statvfs(path, &answer) != 0 {
      if errno != EINTR { throw SystemError("statvfs " + path) }
    }
    return Space(
      blockSize: UInt64(answer.f_frsize), blocks: UInt64(answer.f_blocks), free: UInt64(answer.f_bfree),
      available: UInt64(answer.f_bavail), inodes: UInt64(answer.f_files), inodesFree: UInt64(answer.f_ffree),
      isReadOnly: answer.f_flag & UInt(ST_RDONLY) != 0)
  }

  /// Asks the running machine, a mounted host below its root, or a recording's `statvfs` file.
  static func source(root: String) -> @Sendable (String) throws(SystemError) -> Space {
    if root.isEmpty { return { path throws(SystemError) in try ask(path) } }
    guard let text = try? Files.contents(of: root + "/statvfs") else {
      return { path throws(SystemError) in try ask(root + path) }
    }
    let recorded = RecordedSpaceParser.spaces(text.span)
    return { path throws(SystemError) in
      guard let space = recorded[path] else { throw SystemError("statvfs " + path, code: EACCES) }
      return space
    }
  }

  /// Writes the figures into `filesystem`.
  func write(into filesystem: inout Filesystem) {
    let size = Double(blockSize)
    filesystem.total = Double(blocks) * size
    filesystem.free = Double(free) * size
    filesystem.available = Double(available) * size
    filesystem.used = max(0, filesystem.total - filesystem.free)
    filesystem.inodes = inodes > 0 ? Double(inodes) : .nan
    filesystem.inodesFree = inodes > 0 ? Double(min(inodes, inodesFree)) : .nan
    filesystem.isReadOnly = filesystem.isReadOnly || isReadOnly
  }
}

/// Asks for the space of many mount points, one after the other on one thread, past those that hang.
///
/// A call that takes longer than 5 ms while a tick waits is left to its thread, and another thread goes on with the
/// rest; a mount point with a thread in it is not asked again until that thread returns. So there are never more threads
/// than mounts that hang, and one, and none between two questions of a healthy machine.
final class SpaceQueries: Sendable {
  /// What is known of a mount point.
  struct Answer: Sendable {
    var space: Space?
    var instant = Double.nan
    var error: String?
  }

  private struct State: Sendable {
    var queue: [String] = []
    var answers: [String: Answer] = [:]
    /// The thread that works through the queue; another number than a thread's own tells it that it was left behind.
    var worker = 0
    var isWorking = false
    var current = ""
    var since = Double.nan
    /// Mount points with a thread in them that was left behind, and since when.
    var stuck: [String: Double] = [:]
  }

  private static let slow = 0.005

  private let state = Condition(State())
  private let statvfs: @Sendable (String) throws(SystemError) -> Space

  init(_ statvfs: @escaping @Sendable (String) throws(SystemError) -> Space) {
    self.statvfs = statvfs
  }

  /// Begins to ask for `points`, unless the last question is still being worked on; forgets all others.
  func ask(_ points: [String]) {
    let begins = state.update { state in
      state.answers = state.answers.filter { points.contains($0.key) }
      guard !state.isWorking else { return false }
      // The first is taken from the end.
      state.queue = points.filter { state.stuck[$0] == nil }.reversed()
      return !state.queue.isEmpty
    }
    if begins { startWorker() }
  }

  /// Waits until all have answered that will.
  func wait(atMost seconds: Double) {
    let end = Clock.monotonic + seconds
    while true {
      let rest = end - Clock.monotonic
      let isDone = state.wait(atMost: min(max(0, rest), Self.slow)) { $0.isWorking ? nil : true }
      if isDone != nil || rest <= 0 { return }
      let isLeft = state.update { state in
        guard state.isWorking, Clock.monotonic - state.since >= Self.slow else { return false }
        state.stuck[state.current] = state.since
        state.isWorking = false
        return !state.queue.isEmpty
      }
      if isLeft { startWorker() }
    }
  }

  /// What is known of a mount point now.
  func answer(for point: String) -> Answer {
    state.withState { state in
      var answer = state.answers[point] ?? Answer()
      if let since = state.stuck[point], Clock.monotonic - since > 1 {
        answer.error = "no answer for \(Int(Clock.monotonic - since)) s"
      }
      return answer
    }
  }

  private func startWorker() {
    let number = state.update { state in
      state.worker += 1
      state.isWorking = true
      state.since = Clock.monotonic
      state.current = ""
      return state.worker
    }
    if !Thread.start("statvfs", { [self] in work(as: number) }) {
      state.update { if $0.worker == number { $0.isWorking = false } }
    }
  }

  private func work(as number: Int) {
    while true {
      let point = state.update { state -> String? in
        guard state.worker == number, state.isWorking else { return nil }
        guard let point = state.queue.popLast() else {
          state.isWorking = false
          return nil
        }
        state.current = point
        state.since = Clock.monotonic
        return point
      }
      guard let point else { return }
      var answer: Answer
      do {
        answer = Answer(space: try statvfs(point))
      } catch {
        answer = Answer(error: error.description)
      }
      answer.instant = Clock.boottime
      state.update { state in
        if answer.error != nil {
          state.answers[point, default: Answer()].error = answer.error
        } else {
          state.answers[point] = answer
        }
        state.stuck[point] = nil
      }
    }
  }
}

/// A mounted filesystem.
struct Mount: Hashable {
  /// Where.
  var point: String
  /// What, "/dev/sda1" or "server:/export".
  var device: String
  /// Type, "ext4".
  var type: String
  /// Whether this mount refuses writes.
  var isReadOnly: Bool
  /// Device number, "8:1"; the same for all mounts of one filesystem.
  var number: String
  /// The folder of the filesystem that is mounted, "/" for the whole.
  var root: String
}

/// /proc/[pid]/mountinfo (proc_pid_mountinfo(5)).
enum MountinfoParser {
  /// More mounts are not believed.
  static let maximumMounts = 65_536

  /// Filesystems that hold no storage, or are full by nature.
  private static let pseudo: Set<String> = [
    "anon_inodefs", "apparmorfs", "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs",
    "cpuset", "cramfs", "debugfs", "devfs", "devpts", "devtmpfs", "dlm", "efivarfs", "erofs", "fuse", "fusectl",
    "futexfs", "hugetlbfs", "inotifyfs", "iso9660", "mqueue", "nfsd", "nsfs", "none", "overlay", "pipefs", "proc",
    "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "sockfs", "spufs", "squashfs", "sysfs",
    "tmpfs", "tracefs", "udf", "usbfs", "virtual", "vboxsf",
  ]

  /// FUSE filesystems that show what is elsewhere.
  private static let pseudoFUSE: Set<String> = [
    "fuse.portal", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.snapfuse", "fuse.archivemount", "fuse.dumpfs", "fuse.encfs",
  ]

  /// Mounted filesystems that hold storage, each once, sorted by mount point.
  static func storage(_ bytes: Span<UInt8>) -> [Mount] {
    var byPoint: [String: Mount] = [:]
    // A later mount hides an earlier one at the same place.
    for mount in mounts(bytes) { byPoint[mount.point] = mount }
    var byNumber: [String: Mount] = [:]
    for mount in byPoint.values where isStorage(mount) {
      if let other = byNumber[mount.number], !isBetter(mount, than: other) { continue }
      byNumber[mount.number] = mount
    }
    return byNumber.values.sorted { $0.point < $1.point }
  }

  /// All mounts, in the file's order.
  static func mounts(_ bytes: Span<UInt8>) -> [Mount] {
    var mounts: [Mount] = []
    var position = 0
    while position < bytes.count, mounts.count < maximumMounts {
      if let mount = mount(bytes, &position) { mounts.append(mount) }
      bytes.skipLine(&position)
    }
    return mounts
  }

  private static func mount(_ bytes: Span<UInt8>, _ position: inout Int) -> Mount? {
    guard bytes.skipWord(&position), bytes.skipWord(&position), let number = bytes.word(&position),
      let root = bytes.word(&position), let point = bytes.word(&position), let options = bytes.word(&position)
    else { return nil }
    // Optional fields, until a lone dash.
    while true {
      guard let field = bytes.word(&position) else { return nil }
      if bytes.equals(field, "-") { break }
    }
    guard let type = bytes.word(&position), let device = bytes.word(&position) else { return nil }
    let isReadOnly =
      bytes.starts(with: "ro", at: options.lowerBound)
      && (options.count == 2 || bytes[options.lowerBound + 2] == UInt8(ascii: ","))
    return Mount(
      point: OctalEscapes.decoded(bytes, point), device: OctalEscapes.decoded(bytes, device), type: bytes.string(type),
      isReadOnly: isReadOnly, number: bytes.string(number), root: OctalEscapes.decoded(bytes, root))
  }

  private static func isStorage(_ mount: Mount) -> Bool {
    // A container's root is an overlay on the host's disk, and all the storage that it has.
    if mount.type == "overlay" { return mount.point == "/" }
    if pseudo.contains(mount.type) || pseudoFUSE.contains(mount.type) || mount.type.hasSuffix("AppImage") {
      return false
    }
    for folder in ["/proc/", "/sys/", "/dev/", "/var/lib/docker/", "/var/lib/containers/storage/", "/var/lib/kubelet/"]
    where mount.point.hasPrefix(folder) {
      return false
    }
    return !["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc", "/sys", "/dev"].contains(mount.point)
  }

  /// The whole before a part, the shorter path before the longer.
  private static func isBetter(_ mount: Mount, than other: Mount) -> Bool {
    func rank(_ mount: Mount) -> (Int, Int, String) {
      (mount.root == "/" ? 0 : 1, mount.point.utf8.count, mount.point)
    }
    return rank(mount) < rank(other)
  }
}

/// The kernel writes blanks, line feeds and backslashes in paths as `\040` (fs/seq_file.c, mangle_path).
enum OctalEscapes {
  /// A word with its escapes undone.
  static func decoded(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      if bytes[position] == UInt8(ascii: "\\"), range.upperBound - position >= 4 {
        var value = 0
        var digits = 0
        while digits < 3, (0x30...0x37).contains(bytes[position + 1 + digits]) {
          value = value * 8 + Int(bytes[position + 1 + digits] - 0x30)
          digits += 1
        }
        if digits == 3, value < 256 {
          text.append(UInt8(value))
          position += 4
          continue
        }
      }
      text.append(bytes[position])
      position += 1
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// A recording's `statvfs`: a line for each mount point, its f_frsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree and
/// `ro` or `rw`.
enum RecordedSpaceParser {
  /// Answers by mount point.
  static func spaces(_ bytes: Span<UInt8>) -> [String: Space] {
    var spaces: [String: Space] = [:]
    var position = 0
    while position < bytes.count {
      if let point = bytes.word(&position), let blockSize = bytes.unsigned(&position),
        let blocks = bytes.unsigned(&position), let free = bytes.unsigned(&position),
        let available = bytes.unsigned(&position), let inodes = bytes.unsigned(&position),
        let inodesFree = bytes.unsigned(&position)
      {
        bytes.skipBlanks(&position)
        spaces[OctalEscapes.decoded(bytes, point)] = Space(
          blockSize: blockSize, blocks: blocks, free: free, available: available, inodes: inodes,
          inodesFree: inodesFree, isReadOnly: bytes.starts(with: "ro", at: position))
      }
      bytes.skipLine(&position)
    }
    return spaces
  }
}
