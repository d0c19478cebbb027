package import AgentMetrics
package import Collect
internal import CWindows
internal import SystemIO

/// Space of the local drives (GetDiskFreeSpaceExW), each read on a thread of its own.
///
/// A drive may block for as long as its device does: a locked or failing disk, a card reader. It is read at most every
/// ten seconds, and a tick waits for all of them 20 ms at most. A drive that does not answer keeps its last values with
/// their age, and the time since which it has not answered. Removable drives without a medium are omitted.
package final class FilesystemCollector: Collector {
  package let name = "filesystem"

  /// Age of the oldest included values in seconds; NaN if there are drives without values.
  package private(set) var age = 0.0

  /// Time limits in seconds.
  struct Timing {
    /// Between two readings of a drive.
    var period = 10.0
    /// Maximum wait of a tick for all drives.
    var bound = 0.02
    /// Beyond the period before values count as old.
    var grace = 2.0
  }

  /// Result of a drive; nil stands for a drive without a medium.
  fileprivate struct VolumeSpace: Sendable {
    let total, free, available: Double
    let isReadOnly: Bool
    let type, device: String
  }

  private struct Volume {
    let root: String
    let source: BlockingSource<VolumeSpace?>
  }

  /// ERROR_NOT_READY: a removable drive without a medium.
  private static let notReady: UInt32 = 21

  private let timing: Timing
  private var list = CList(cwindows_volume(), capacity: 26, limit: 26)
  private var volumes: [Volume] = []
  private var askedAt = -Double.infinity
  private var hasList = false
  private var isPrepared = false

  package convenience init() { self.init(timing: Timing()) }

  init(timing: Timing) {
    self.timing = timing
  }

  /// Lists the drives and starts to read them if they are due.
  package func prepare() {
    isPrepared = true
    guard Clock.boottime - askedAt >= timing.period else { return }
    askedAt = Clock.boottime
    hasList = list.read { cwindows_volumes($0, $1) }
    let known = volumes
    volumes = (0..<list.count).map { index in
      let root = text(list[index].root)
      return known.first { $0.root == root } ?? Volume(root: root, source: BlockingSource { try Self.space(of: root) })
    }
    for volume in volumes { volume.source.ask() }
  }

  /// Writes `reading.filesystems`, by drive letter.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if !isPrepared { prepare() }
    isPrepared = false
    let deadline = Clock.monotonic + timing.bound
    var oldest = Double.infinity
    var isAllKnown = true
    var filesystems: [Filesystem] = []
    for volume in volumes {
      let latest = volume.source.answer(waiting: max(0, deadline - Clock.monotonic))
      if case .some(.none) = latest.answer, latest.error == nil { continue }
      var filesystem = Filesystem(mountpoint: volume.root, device: volume.root, fstype: "", isReadOnly: false)
      filesystem.error = latest.error
      if case .some(.some(let space)) = latest.answer {
        filesystem.set(space)
        let age = Clock.boottime - latest.instant
        if latest.error != nil || age > timing.period + timing.grace { filesystem.age = max(0, age) }
        oldest = min(oldest, latest.instant)
      } else {
        isAllKnown = false
      }
      filesystems.append(filesystem)
    }
    reading.filesystems = filesystems
    age = filesystems.isEmpty ? 0 : isAllKnown ? max(0, Clock.boottime - oldest) : .nan
    if !hasList { throw CollectorError("GetLogicalDrives: no list of drives") }
  }

  private static func space(of root: String) throws(CollectorError) -> VolumeSpace? {
    var space = cwindows_space()
    let error = cwindows_volume_space(root, &space)
    if error == notReady { return nil }
    guard error == 0 else { throw CollectorError(errorText(error)) }
    return VolumeSpace(
      total: Double(space.total), free: Double(space.free), available: Double(space.available),
      isReadOnly: space.is_read_only, type: text(space.type), device: text(space.device))
  }
}

extension Filesystem {
  fileprivate mutating func set(_ space: FilesystemCollector.VolumeSpace) {
    total = space.total
    free = space.free
    used = max(0, space.total - space.free)
    available = space.available
    fstype = space.type
    isReadOnly = space.isReadOnly
    if !space.device.isEmpty { device = space.device }
  }
}
