internal import SystemIO

/// Why other users can read or change an archive.
package enum ArchiveExposure: Sendable {
  /// It belongs to another user, in a folder that all users may write to; agents refuse to write to it.
  case planted
  /// It belongs to another user than this one, root and the folder's owner.
  case owner
  /// Its permissions let others read or write it.
  case permissions

  /// The exposure of an existing file; nil for one of its user alone.
  package init?(_ path: String) {
    let file = (try? Files.resolved(path)) ?? path
    do throws(SystemError) {
      try Files.check(file, isWritten: true)
    } catch {
      guard error.code == ErrorCode.planted else { return nil }
      self = .planted
      return
    }
    if Files.isForeign(file) {
      self = .owner
    } else if TokenFile.isShared(file) {
      self = .permissions
    } else {
      return nil
    }
  }

  /// The line of the log.
  func notice(_ path: String) -> LogNotice? {
    switch self {
    case .planted: nil
    case .owner: LogNotice("archive: its owner, another user, may read and change it", ["file": path])
    case .permissions: LogNotice("archive: other users may read or change it; run chmod 600", ["file": path])
    }
  }
}
