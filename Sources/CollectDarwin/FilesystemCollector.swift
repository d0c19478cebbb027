package import AgentMetrics
package import Collect
internal import CDarwin

/// Space of the mounted filesystems (getfsstat, statfs), each read on a thread of its own: a server may not answer.
///
/// The volumes that the Finder hides are omitted, but for `/System/Volumes/Data`, which holds the users' files.
package final class FilesystemCollector: Collector {
  package let name = "filesystem"

  /// Age of the oldest included values in seconds; NaN if there are filesystems without values.
  package var age: Double { filesystems.age }

  /// Filesystems without space of their own.
  private static let omitted: Set<String> = ["autofs", "devfs", "nullfs"]
  private static let users = "/System/Volumes/Data"

  private let filesystems: PolledFilesystems

  package convenience init() { self.init(timing: .init()) }

  init(timing: PolledFilesystems.Timing) {
    var list = CList(cdarwin_filesystem(), capacity: 32, limit: 1_024)
    filesystems = PolledFilesystems(
      timing: timing,
      list: {
        guard list.read({ cdarwin_filesystems($0, $1) }) else { return nil }
        return (0..<list.count).compactMap { Self.filesystem(list[$0]) }
      }, space: { try Self.space(of: $0) })
  }

  /// Lists the filesystems and starts to read them if they are due.
  package func prepare() { filesystems.prepare() }

  /// Writes `reading.filesystems`, in the order of their mounts.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.filesystems = filesystems.read()
    if !filesystems.hasList { throw CollectorError("getfsstat: no list of filesystems") }
  }

  private static func filesystem(_ entry: cdarwin_filesystem) -> Filesystem? {
    let (type, mountpoint) = (text(entry.type), text(entry.mountpoint))
    if omitted.contains(type) || mountpoint.isEmpty || entry.is_hidden && mountpoint != users { return nil }
    return Filesystem(
      mountpoint: mountpoint, device: text(entry.device), fstype: type, isReadOnly: entry.is_read_only)
  }

  private static func space(of listed: Filesystem) throws(CollectorError) -> Filesystem? {
    var space = cdarwin_space()
    let error = cdarwin_filesystem_space(listed.mountpoint, &space)
    guard error == 0 else { throw CollectorError(errorText(error)) }
    var filesystem = listed
    filesystem.total = Double(space.total)
    filesystem.free = Double(space.free)
    filesystem.used = max(0, filesystem.total - filesystem.free)
    filesystem.available = Double(space.available)
    if space.files > 0 {
      filesystem.inodes = Double(space.files)
      filesystem.inodesFree = Double(space.files_free)
    }
    return filesystem
  }
}
