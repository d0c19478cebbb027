package import AgentMetrics
package import Collect
internal import SystemIO

/// Space of the mounted filesystems: /proc/self/mountinfo and statvfs(3).
///
/// Which are shown, ``MountFilter`` says.
///
/// Space is asked for at most every ten seconds, and as soon as mounts come or go, on a thread that begins when the tick
/// does; the tick waits for the answers for a few milliseconds at most, and not for one that hangs. A filesystem that does
/// not answer stays in the list, with its last figures and their age or with none, and says since when it has not answered.
///
/// Of ZFS, datasets share their pool's space: ``SharedSpace`` decides which of them stands for the pool. One that holds next
/// to nothing and exists only to have others in it is left out where another of its pool shows the same free space.
/// Filesystems that say they have no blocks at all are left out too. Of more than 512, "/" and the largest are shown, and
/// ``note`` has the number of the others.
package final class FilesystemCollector: Collector {
  /// "filesystem".
  package let name = "filesystem"

  /// Seconds since the oldest of the figures shown was read; NaN when there are filesystems and no figures.
  package private(set) var age = 0.0

  /// How many filesystems are not shown; nil where all are.
  package private(set) var note: String?

  /// Seconds, and what they are for.
  struct StatvfsTiming {
    /// Between two questions to a filesystem.
    var period = 10.0
    /// That a call may take before its thread is left to it and the others go on without.
    var patience = 0.005
    /// That a tick waits for answers, in all.
    var bound = 0.02
    /// Beyond the period, before figures are called old.
    var grace = 2.0
    /// After which a call that is under way is told as an error.
    var deadline = 1.0
  }

  private let table: MountTable
  private let queue: StatvfsQueue
  private let timing: StatvfsTiming
  private let isLive: Bool
  private let now: @Sendable () -> Double
  private var targets: [StatvfsQueue.Target] = []
  private var askedAt = -Double.infinity
  private var isPrepared = false
  private var hasChanged = true
  private var version = -1
  private var shown: [Filesystem] = []
  /// When the oldest of the figures shown was read.
  private var oldest = Double.nan
  private var hasOld = false
  private var sharedSpace = SharedSpace()

  /// The filesystems of the machine whose /proc lies under `root`: of a running machine by statvfs(3), of a recording by
  /// its file `statvfs`.
  package convenience init(root: String) {
    // In a proc of the kernel's, `self` is a link; in a recording, a folder.
    let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
    self.init(root: root, isLive: isLive) { mountpoint in
      if isLive { return try FilesystemStatistics(asking: root + mountpoint) }
      let record = try Files.contents(of: root + "/statvfs")
      guard let answer = StatvfsRecordParser.answer(record.span, for: mountpoint) else {
        throw CollectorError("no answer when recorded")
      }
      return answer
    }
  }

  /// - Parameters:
  ///   - isLive: whether questions may hang, and need a thread.
  ///   - now: the clock by which answers grow old and are asked for again.
  ///   - question: asks one filesystem by its mount point.
  init(
    root: String, isLive: Bool, timing: StatvfsTiming = StatvfsTiming(),
    now: @escaping @Sendable () -> Double = { Clock.boottime },
    question: @escaping StatvfsQueue.StatvfsCall
  ) {
    self.isLive = isLive
    self.timing = timing
    self.now = now
    table = MountTable(root: root, isLive: isLive)
    queue = StatvfsQueue(patience: timing.patience, now: now, question: question)
  }

  /// Looks for mounts that came or went, and begins to ask for their space when that is due.
  package func prepare() {
    isPrepared = true
    let isDue = now() - askedAt >= timing.period
    if table.refresh(insists: isDue || !isLive) {
      hasChanged = true
      targets = table.mounts.map { StatvfsQueue.Target(mountpoint: $0.mountpoint, device: $0.device) }
    } else if isLive && !isDue {
      return
    }
    askedAt = now()
    if !isLive { return queue.askHere(targets) }
    // What may hang comes last.
    let mounts = table.mounts
    queue.ask(
      mounts.indices.filter { !mounts[$0].isRemote }.map { targets[$0] }
        + mounts.indices.filter { mounts[$0].isRemote }.map { targets[$0] })
  }

  /// Writes `reading.filesystems`, by mount point.
  ///
  /// - Throws: CollectorError when the list of mounts cannot be read.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if !isPrepared { prepare() }
    isPrepared = false
    queue.wait(atMost: timing.bound)
    if hasChanged || hasOld || queue.hasNews(since: version) { show() }
    reading.filesystems = shown
    age = shown.isEmpty || !isLive ? 0 : oldest.isNaN ? .nan : max(0, now() - oldest)
    if let failure = table.failure { throw CollectorError(failure) }
  }

  /// Makes the list from mounts and answers.
  private func show() {
    let snapshot = queue.snapshot
    let now = now()
    hasChanged = false
    hasOld = false
    version = snapshot.version
    oldest = .nan
    var list: [Filesystem] = []
    list.reserveCapacity(targets.count)
    for (mount, target) in zip(table.mounts, targets) {
      let answer = snapshot.answers[target] ?? StatvfsQueue.StatvfsResult()
      if let statistics = answer.statistics, statistics.blocks == 0 { continue }
      var filesystem = Filesystem(
        mountpoint: mount.mountpoint, device: mount.device, fstype: mount.fstype, isReadOnly: mount.isReadOnly)
      filesystem.error = answer.error
      if let begun = snapshot.asking[target], now - begun >= timing.deadline {
        filesystem.error = "no answer for \(Int(min(now - begun, 1e9))) s"
      }
      if let statistics = answer.statistics {
        filesystem.set(statistics)
        let age = now - answer.instant
        if filesystem.error != nil || age > timing.period + timing.grace { filesystem.age = max(0, age) }
        if !(oldest <= answer.instant) { oldest = answer.instant }
      }
      hasOld = hasOld || filesystem.age.isFinite
      list.append(filesystem)
    }
    list = SharedSpace.onePerVolume(list)
    sharedSpace.shareUse(&list)
    let omitted = table.omitted + max(0, list.count - MountFilter.maximumMounts)
    note = omitted > 0 ? "\(omitted) filesystems are not shown" : nil
    shown = Self.largest(list)
  }

  /// The filesystems that are shown, in their order: "/", those without an answer, the largest.
  private static func largest(_ list: [Filesystem]) -> [Filesystem] {
    guard list.count > MountFilter.maximumMounts else { return list }
    func size(_ filesystem: Filesystem) -> Double {
      filesystem.mountpoint == "/" || filesystem.total.isNaN ? .infinity : filesystem.total
    }
    // By the place where sizes are equal, so that the choice is the same each time.
    let chosen = list.indices.sorted { (size(list[$1]), $0) < (size(list[$0]), $1) }.prefix(MountFilter.maximumMounts)
    return chosen.sorted().map { list[$0] }
  }
}

/// Filesystems that share one volume's space, and so are full at the same time.
struct SharedSpace {
  /// Share of a pool's space from which on one of its datasets stands for it, and below which it no longer does.
  private static let (full, relaxed) = (0.9, 0.85)

  /// The pools that are nearly full.
  private var fullPools: Set<Substring> = []

  /// Leaves all but one of those out that show the same volume: folders of the machine that this one runs on (9p, virtiofs,
  /// WSL's drives), volumes of one partition (APFS), and the overlay at "/" beside the filesystem that it writes to.
  ///
  /// The one with the shortest mount point is kept.
  static func onePerVolume(_ list: [Filesystem]) -> [Filesystem] {
    var kept: [Filesystem] = []
    let byLength = list.enumerated().sorted {
      ($0.element.mountpoint.utf8.count, $0.offset) < ($1.element.mountpoint.utf8.count, $1.offset)
    }
    var left: Set<Int> = []
    for (index, filesystem) in byLength {
      // Almost all filesystems have a device of their own, so that the list of those kept is rarely searched.
      if let kind = volumeKind(filesystem), kept.contains(where: { isSame($0, filesystem, kind) }) {
        left.insert(index)
      } else {
        kept.append(filesystem)
      }
    }
    return list.enumerated().filter { !left.contains($0.offset) }.map(\.element)
  }

  private enum VolumeKind { case hostFolder, partition }

  private static func volumeKind(_ filesystem: Filesystem) -> VolumeKind? {
    guard filesystem.total.isFinite else { return nil }
    if MountFilter.hostFolderTypes.contains(filesystem.fstype) { return .hostFolder }
    return filesystem.device.hasPrefix("/dev/") ? .partition : nil
  }

  private static func isSame(_ kept: Filesystem, _ other: Filesystem, _ kind: VolumeKind) -> Bool {
    guard kept.total == other.total, isNear(kept.available, other.available, of: kept.total),
      isNear(kept.free, other.free, of: kept.total)
    else { return false }
    switch kind {
    case .hostFolder: return MountFilter.hostFolderTypes.contains(kept.fstype)
    case .partition:
      let isOverlay = kept.fstype.hasPrefix("overlay") && kept.mountpoint == "/" && isEqual(kept.inodes, other.inodes)
      return kept.device == other.device || isOverlay
    }
  }

  /// Sets the use of ZFS's datasets in pools that are nearly full, and leaves out those that only hold others.
  ///
  /// df(1) divides the use of each by its use and the pool's free space, which makes all of a full pool 100 % full, and 0 %
  /// those that hold little. From 90 % of the pool on, the top one stands for the pool with the use of all, and each of the
  /// others has its part of the pool. A dataset with less available than the pool has a quota, and is as full as that.
  mutating func shareUse(_ list: inout [Filesystem]) {
    var pools: [Substring: [Int]] = [:]
    for index in list.indices where list[index].fstype == "zfs" && list[index].total.isFinite {
      pools[Self.pool(list[index]), default: []].append(index)
    }
    fullPools.formIntersection(pools.keys)
    var tops: Set<String> = []
    for (pool, members) in pools where members.count > 1 {
      let available = members.map { list[$0].available }.max() ?? 0
      let used = members.map { list[$0].used }.reduce(0, +)
      let use = used + available > 0 ? used / (used + available) : 0
      if use >= Self.full { fullPools.insert(pool) } else if use < Self.relaxed { fullPools.remove(pool) }
      guard fullPools.contains(pool) else { continue }
      let sharing = members.filter { Self.isNear(list[$0].available, available, of: used + available) }
      guard let top = sharing.min(by: { Self.rank(list[$0]) < Self.rank(list[$1]) }) else { continue }
      tops.insert(list[top].mountpoint)
      for index in sharing {
        list[index].usage = index == top ? use : list[index].used / (used + available)
        // Inodes are made of free space, and run out with it.
        list[index].inodes = .nan
        list[index].inodesFree = .nan
      }
    }
    list = Self.withoutEmptyDatasets(list, tops)
  }

  /// Leaves out ZFS's datasets that hold next to nothing and share the free space of another that is shown.
  private static func withoutEmptyDatasets(_ list: [Filesystem], _ tops: Set<String>) -> [Filesystem] {
    func isEmpty(_ filesystem: Filesystem) -> Bool {
      filesystem.fstype == "zfs" && filesystem.used < 1_048_576 && !tops.contains(filesystem.mountpoint)
    }
    return list.enumerated().filter { index, filesystem in
      guard isEmpty(filesystem) else { return true }
      return !list.enumerated().contains { place, other in
        other.fstype == "zfs" && isNear(other.available, filesystem.available, of: other.available)
          && pool(other) == pool(filesystem) && (isEmpty(other) ? place < index : true)
      }
    }.map(\.element)
  }

  private static func pool(_ filesystem: Filesystem) -> Substring { filesystem.device.prefix { $0 != "/" } }

  /// Orders datasets by how well they stand for their pool: writable, "/", the pool's own, the shortest mount point.
  private static func rank(_ filesystem: Filesystem) -> (Int, Int, Int, Int, String) {
    let depth = filesystem.device.utf8.count { $0 == UInt8(ascii: "/") }
    return (
      filesystem.isReadOnly ? 1 : 0, filesystem.mountpoint == "/" ? 0 : 1, depth == 0 ? 0 : 1,
      filesystem.mountpoint.utf8.count, filesystem.mountpoint
    )
  }

  private static func isEqual(_ left: Double, _ right: Double) -> Bool { left == right || left.isNaN && right.isNaN }

  /// Whether two figures of one volume are the same, though it may have been written to between two questions.
  private static func isNear(_ left: Double, _ right: Double, of total: Double) -> Bool {
    abs(left - right) <= max(total / 1_000, 16_777_216)
  }
}

extension Filesystem {
  /// Takes over what statvfs(3) said.
  fileprivate mutating func set(_ statistics: FilesystemStatistics) {
    let size = Double(statistics.blockSize)
    total = Double(statistics.blocks) * size
    free = Double(statistics.free) * size
    used = Double(statistics.blocks > statistics.free ? statistics.blocks - statistics.free : 0) * size
    available = Double(statistics.available) * size
    // 0 where inodes are made as they are needed; some servers say as many as fit a number.
    if statistics.inodes > 0, statistics.inodes < 1 << 63 {
      inodes = Double(statistics.inodes)
      inodesFree = Double(min(statistics.inodesFree, statistics.inodes))
    }
    if statistics.isReadOnly { isReadOnly = true }
  }
}
