package import AgentMetrics
package import Collect
internal import SystemIO

/// Space of the mounted filesystems: /proc/self/mountinfo and statvfs(3).
///
/// ``MountFilter`` decides which are included.
///
/// Space is read at most every ten seconds, and as soon as mounts change, on a thread that starts at the beginning of
/// the tick. The tick waits a few milliseconds at most, and not for a call that hangs. A filesystem that does not
/// answer stays in the list, with its last values and their age or without any, and with the time since which it has
/// not answered.
///
/// ZFS datasets share their pool's space: ``SharedSpace`` decides which of them represents the pool. A nearly empty
/// dataset that only contains others is omitted if another one of its pool shows the same free space. Filesystems that
/// report no blocks are omitted too. Of more than 512, "/" and the largest are included, and ``note`` has the number of
/// the others.
package final class FilesystemCollector: Collector {
  package let name = "filesystem"

  /// Age of the oldest included values in seconds; NaN if there are filesystems without values.
  package private(set) var age = 0.0

  /// Number of omitted filesystems in one line; nil if none are.
  package private(set) var note: String?

  /// Time limits in seconds.
  struct StatvfsTiming {
    /// Between two calls for a filesystem.
    var period = 10.0
    /// Before a call is left to its thread, and another thread continues.
    var patience = 0.005
    /// Maximum wait of a tick for all calls.
    var bound = 0.02
    /// Beyond the period before values count as old.
    var grace = 2.0
    /// Before a pending call is reported as an error.
    var deadline = 1.0
  }

  private let table: MountTable
  private let queue: StatvfsQueue
  private let errors: FilesystemErrors
  private let timing: StatvfsTiming
  private let isLive: Bool
  private let now: @Sendable () -> Double
  private var targets: [StatvfsQueue.Target] = []
  private var askedAt = -Double.infinity
  private var isPrepared = false
  private var hasChanged = true
  private var version = -1
  private var shown: [Filesystem] = []
  /// Time of the oldest included values.
  private var oldest = Double.nan
  private var hasOld = false
  private var sharedSpace = SharedSpace()

  /// Creates a collector for the filesystems of the machine whose /proc is under `root`: by statvfs(3) on a running
  /// machine, by the file `statvfs` of a recording.
  package convenience init(root: String) {
    let isLive = isRunningMachine(root: root)
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
  ///   - isLive: whether calls may hang, and need a thread.
  ///   - now: the clock for ages and periods.
  ///   - question: reads one filesystem by its mount point.
  init(
    root: String, isLive: Bool, timing: StatvfsTiming = StatvfsTiming(),
    now: @escaping @Sendable () -> Double = { Clock.boottime },
    question: @escaping StatvfsQueue.StatvfsCall
  ) {
    self.isLive = isLive
    self.timing = timing
    self.now = now
    table = MountTable(root: root, isLive: isLive)
    errors = FilesystemErrors(root: root)
    queue = StatvfsQueue(patience: timing.patience, now: now, question: question)
  }

  /// Checks for changed mounts, and starts to read their space if it is due.
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
    // Filesystems that may hang come last.
    let mounts = table.mounts
    queue.ask(
      mounts.indices.filter { !mounts[$0].isRemote }.map { targets[$0] }
        + mounts.indices.filter { mounts[$0].isRemote }.map { targets[$0] })
  }

  /// Writes `reading.filesystems`, by mount point.
  ///
  /// - Throws: CollectorError if the list of mounts cannot be read.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if !isPrepared { prepare() }
    isPrepared = false
    queue.wait(atMost: timing.bound)
    if hasChanged || hasOld || queue.hasNews(since: version) { show() }
    reading.filesystems = shown
    age = shown.isEmpty || !isLive ? 0 : oldest.isNaN ? .nan : max(0, now() - oldest)
    if let failure = table.failure { throw CollectorError(failure) }
  }

  /// Builds the list from mounts and results.
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
      if let count = errors.count(of: mount) { filesystem.errorsTotal = Double(count) }
      hasOld = hasOld || filesystem.age.isFinite
      list.append(filesystem)
    }
    list = SharedSpace.onePerVolume(list)
    sharedSpace.shareUse(&list)
    let omitted = table.omitted + max(0, list.count - MountFilter.maximumMounts)
    note = omitted > 0 ? "\(omitted) filesystems are not shown" : nil
    shown = Self.largest(list)
  }

  /// Limits the list, in its order: "/", those without a result, the largest.
  private static func largest(_ list: [Filesystem]) -> [Filesystem] {
    guard list.count > MountFilter.maximumMounts else { return list }
    func size(_ filesystem: Filesystem) -> Double {
      filesystem.mountpoint == "/" || filesystem.total.isNaN ? .infinity : filesystem.total
    }
    // By position if sizes are equal, so that the choice is stable.
    let chosen = list.indices.sorted { (size(list[$1]), $0) < (size(list[$0]), $1) }.prefix(MountFilter.maximumMounts)
    return chosen.sorted().map { list[$0] }
  }
}

/// Filesystems that share one volume's space, and so become full together.
struct SharedSpace {
  /// Share of a pool's space at which one of its datasets starts to represent it, and below which it stops.
  private static let (full, relaxed) = (0.9, 0.85)

  /// Pools that are nearly full.
  private var fullPools: Set<Substring> = []

  /// Keeps one filesystem per volume: of folders of the host of a virtual machine (9p, virtiofs, WSL's drives), of
  /// volumes of one partition (APFS), and of the overlay at "/" and the filesystem that it writes to.
  ///
  /// The one with the shortest mount point is kept.
  static func onePerVolume(_ list: [Filesystem]) -> [Filesystem] {
    var kept: [Filesystem] = []
    let byLength = list.enumerated().sorted {
      ($0.element.mountpoint.utf8.count, $0.offset) < ($1.element.mountpoint.utf8.count, $1.offset)
    }
    var left: Set<Int> = []
    for (index, filesystem) in byLength {
      // Almost all filesystems have a device of their own, so the list is rarely searched.
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

  /// Sets the use of ZFS datasets in nearly full pools, and omits those that only contain others.
  ///
  /// df(1) divides a dataset's use by its use plus the pool's free space, which results in 100 % for all datasets of a
  /// full pool, and 0 % for those with little data. From 90 % of the pool on, the top dataset represents the pool with
  /// the use of all, and each other one shows its share of the pool. A dataset with less available space than the pool
  /// has a quota, and shows its use of that.
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

  /// Omits nearly empty ZFS datasets that share the free space of another included one.
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

  /// Ranks datasets as the pool's representative: writable, "/", the pool's own, the shortest mount point.
  private static func rank(_ filesystem: Filesystem) -> (Int, Int, Int, Int, String) {
    let depth = filesystem.device.utf8.count { $0 == UInt8(ascii: "/") }
    return (
      filesystem.isReadOnly ? 1 : 0, filesystem.mountpoint == "/" ? 0 : 1, depth == 0 ? 0 : 1,
      filesystem.mountpoint.utf8.count, filesystem.mountpoint
    )
  }

  private static func isEqual(_ left: Double, _ right: Double) -> Bool { left == right || left.isNaN && right.isNaN }

  /// Whether two values describe the same volume, which may have been written to between the calls.
  private static func isNear(_ left: Double, _ right: Double, of total: Double) -> Bool {
    abs(left - right) <= max(total / 1_000, 16_777_216)
  }
}

extension Filesystem {
  /// Sets the values of statvfs(3).
  fileprivate mutating func set(_ statistics: FilesystemStatistics) {
    let size = Double(statistics.blockSize)
    total = Double(statistics.blocks) * size
    free = Double(statistics.free) * size
    used = Double(statistics.blocks > statistics.free ? statistics.blocks - statistics.free : 0) * size
    available = Double(statistics.available) * size
    // 0 if inodes are allocated on demand; some servers report the largest integer.
    if statistics.inodes > 0, statistics.inodes < 1 << 63 {
      inodes = Double(statistics.inodes)
      inodesFree = Double(min(statistics.inodesFree, statistics.inodes))
    }
    if statistics.isReadOnly { isReadOnly = true }
  }
}
