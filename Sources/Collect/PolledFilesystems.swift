package import AgentMetrics
internal import SystemIO

/// Space of mounted filesystems, each read on a thread of its own.
///
/// A filesystem may block for as long as its device or server does. It is read at most every ten seconds, and a tick waits
/// for all of them 20 ms at most. One that does not answer keeps its last values with their age, and the time since which it
/// has not answered.
package final class PolledFilesystems {
  /// Time limits in seconds.
  package struct Timing {
    /// Between two readings of a filesystem.
    package var period: Double
    /// Maximum wait of a tick for all filesystems.
    package var bound: Double
    /// Beyond the period before values count as old.
    package var grace: Double

    package init(period: Double = 10, bound: Double = 0.02, grace: Double = 2) {
      self.period = period
      self.bound = bound
      self.grace = grace
    }
  }

  private struct Mount {
    let filesystem: Filesystem
    let source: BlockingSource<Filesystem?>
  }

  private let timing: Timing
  private let list: () -> [Filesystem]?
  private let space: @Sendable (Filesystem) throws -> Filesystem?
  private var mounts: [Mount] = []
  private var askedAt = -Double.infinity
  private var isPrepared = false

  /// Whether the list was read.
  package private(set) var hasList = false
  /// Age of the oldest values in seconds; NaN if there are filesystems without values.
  package private(set) var age = 0.0

  /// - Parameters:
  ///   - list: lists the filesystems without touching them; nil on failure.
  ///   - space: adds the space of one, may block; nil for a drive without a medium.
  package init(
    timing: Timing, list: @escaping () -> [Filesystem]?, space: @escaping @Sendable (Filesystem) throws -> Filesystem?
  ) {
    self.timing = timing
    self.list = list
    self.space = space
  }

  /// Lists the filesystems and starts to read them if they are due.
  package func prepare() {
    isPrepared = true
    guard Clock.boottime - askedAt >= timing.period else { return }
    askedAt = Clock.boottime
    let listed = list()
    hasList = listed != nil
    let known = mounts
    mounts = (listed ?? []).map { filesystem in
      known.first { $0.filesystem.mountpoint == filesystem.mountpoint && $0.filesystem.device == filesystem.device }
        ?? Mount(filesystem: filesystem, source: BlockingSource { [space] in try space(filesystem) })
    }
    for mount in mounts { mount.source.ask() }
  }

  /// Returns the filesystems in the order of the list.
  package func read() -> [Filesystem] {
    if !isPrepared { prepare() }
    isPrepared = false
    let deadline = Clock.monotonic + timing.bound
    var oldest = Double.infinity
    var isAllKnown = true
    var filesystems: [Filesystem] = []
    for mount in mounts {
      let latest = mount.source.answer(waiting: max(0, deadline - Clock.monotonic))
      if case .some(.none) = latest.answer, latest.error == nil { continue }
      var filesystem = mount.filesystem
      if case .some(.some(let known)) = latest.answer {
        filesystem = known
        let age = Clock.boottime - latest.instant
        if latest.error != nil || age > timing.period + timing.grace { filesystem.age = max(0, age) }
        oldest = min(oldest, latest.instant)
      } else {
        isAllKnown = false
      }
      filesystem.error = latest.error
      filesystems.append(filesystem)
    }
    age = filesystems.isEmpty ? 0 : isAllKnown ? max(0, Clock.boottime - oldest) : .nan
    return filesystems
  }
}
