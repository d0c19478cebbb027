public import AgentMetrics
public import Collect
internal import SystemIO

/// Space of the mounted filesystems: /proc/self/mountinfo and statvfs(3).
///
/// Which are shown, ``MountFilter`` says.
///
/// Space is asked for at most every ten seconds, and as soon as mounts come or go, on a thread that begins when the tick
/// does; the tick waits for the answers for a few milliseconds at most, and not for one that hangs. A filesystem that does
/// not answer stays in the list, with its last figures and their age or with none, and says since when it has not answered.
///
/// Of ZFS, datasets share their pool's space, and each is shown with its own use, as df(1) does; but one that holds next to
/// nothing and exists only to have others in it is left out where another of its pool shows the same free space.
/// Filesystems that say they have no blocks at all are left out too.
public final class FilesystemCollector: Collector {
  /// "filesystem".
  public let name = "filesystem"

  /// Seconds since the oldest of the figures shown was read; NaN when there are filesystems and no figures.
  public private(set) var age = 0.0

  /// Seconds, and what they are for.
  struct Timing {
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
  private let timing: Timing
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

  /// The filesystems of the machine whose /proc lies under `root`: of a running machine by statvfs(3), of a recording by
  /// its file `statvfs`.
  public convenience init(root: String) {
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
    root: String, isLive: Bool, timing: Timing = Timing(), now: @escaping @Sendable () -> Double = { Clock.boottime },
    question: @escaping StatvfsQueue.Question
  ) {
    self.isLive = isLive
    self.timing = timing
    self.now = now
    table = MountTable(root: root, isLive: isLive)
    queue = StatvfsQueue(patience: timing.patience, now: now, question: question)
  }

  /// Looks for mounts that came or went, and begins to ask for their space when that is due.
  public func prepare() {
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
  public func read(into reading: inout Reading) throws(CollectorError) {
    if !isPrepared { prepare() }
    isPrepared = false
    queue.wait(atMost: timing.bound)
    if hasChanged || hasOld || queue.hasNews(since: version) { show() }
    reading.filesystems = shown
    age = shown.isEmpty || !isLive ? 0 : oldest.isNaN ? .nan : max(0, now() - oldest)
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
      let answer = snapshot.answers[target] ?? StatvfsQueue.Answer()
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
    shown = Self.withoutEmptyDatasets(list)
  }

  /// Leaves out ZFS's datasets that hold next to nothing and share the free space of another that is shown.
  private static func withoutEmptyDatasets(_ list: [Filesystem]) -> [Filesystem] {
    func pool(_ filesystem: Filesystem) -> Substring { filesystem.device.prefix { $0 != "/" } }
    func isEmpty(_ filesystem: Filesystem) -> Bool { filesystem.fstype == "zfs" && filesystem.used < 1_048_576 }
    return list.enumerated().filter { index, filesystem in
      guard isEmpty(filesystem) else { return true }
      return !list.enumerated().contains { place, other in
        other.fstype == "zfs" && other.available == filesystem.available && pool(other) == pool(filesystem)
          && (isEmpty(other) ? place < index : true)
      }
    }.map(\.element)
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
