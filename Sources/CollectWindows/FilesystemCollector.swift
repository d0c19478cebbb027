package import AgentMetrics
package import Collect
internal import CWindows

/// Space of the local drives (GetDiskFreeSpaceExW), each read on a thread of its own.
///
/// A locked or failing disk and a card reader may block. Removable drives without a medium are omitted.
package final class FilesystemCollector: Collector {
  package let name = "filesystem"

  /// Age of the oldest included values in seconds; NaN if there are drives without values.
  package var age: Double { drives.age }

  /// ERROR_NOT_READY: a removable drive without a medium.
  private static let notReady: UInt32 = 21

  private let drives: PolledFilesystems

  package convenience init() { self.init(timing: .init()) }

  init(timing: PolledFilesystems.Timing) {
    var list = CList(cwindows_volume(), capacity: 26, limit: 26)
    drives = PolledFilesystems(
      timing: timing,
      list: {
        guard list.read({ cwindows_volumes($0, $1) }) else { return nil }
        return (0..<list.count).map { index in
          let root = text(list[index].root)
          return Filesystem(mountpoint: root, device: root, fstype: "", isReadOnly: false)
        }
      }, space: { try Self.space(of: $0) })
  }

  /// Lists the drives and starts to read them if they are due.
  package func prepare() { drives.prepare() }

  /// Writes `reading.filesystems`, by drive letter.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.filesystems = drives.read()
    if !drives.hasList { throw CollectorError("GetLogicalDrives: no list of drives") }
  }

  private static func space(of drive: Filesystem) throws(CollectorError) -> Filesystem? {
    var space = cwindows_space()
    let error = cwindows_volume_space(drive.mountpoint, &space)
    if error == notReady { return nil }
    guard error == 0 else { throw CollectorError(errorText(error)) }
    var filesystem = drive
    filesystem.total = Double(space.total)
    filesystem.free = Double(space.free)
    filesystem.used = max(0, filesystem.total - filesystem.free)
    filesystem.available = Double(space.available)
    filesystem.fstype = text(space.type)
    filesystem.isReadOnly = space.is_read_only
    let device = text(space.device)
    if !device.isEmpty { filesystem.device = device }
    return filesystem
  }
}
