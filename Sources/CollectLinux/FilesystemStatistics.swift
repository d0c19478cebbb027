internal import SystemIO

/// Result of statvfs(3), in its own units.
struct FilesystemStatistics: Hashable, Sendable {
  /// Bytes per block (f_frsize).
  var blockSize: UInt64
  /// Total number of blocks.
  var blocks: UInt64
  /// Free blocks, including root's reserve.
  var free: UInt64
  /// Free blocks for users other than root.
  var available: UInt64
  /// Total number of inodes; 0 if it is not fixed.
  var inodes: UInt64
  /// Free inodes.
  var inodesFree: UInt64
  /// Whether it is read-only.
  var isReadOnly: Bool
}

extension FilesystemStatistics {
  /// Calls statvfs(3), which may block.
  ///
  /// - Throws: SystemError of statvfs.
  init(asking path: String) throws(SystemError) {
    var answer = statvfs()
    while statvfs(path, &answer) != 0 {
      if SystemError.last != EINTR { throw SystemError("statvfs " + path) }
    }
    self.init(
      blockSize: UInt64(answer.f_frsize > 0 ? answer.f_frsize : answer.f_bsize), blocks: UInt64(answer.f_blocks),
      free: UInt64(answer.f_bfree), available: UInt64(answer.f_bavail), inodes: UInt64(answer.f_files),
      inodesFree: UInt64(answer.f_ffree), isReadOnly: answer.f_flag & UInt(ST_RDONLY) != 0)
  }
}

/// Parser of a recording's results of statvfs(3): a line per mount point with its f_frsize, f_blocks, f_bfree,
/// f_bavail, f_files, f_ffree, and `ro` or `rw`.
enum StatvfsRecordParser {
  /// The result for a mount point, or nil.
  static func answer(_ bytes: Span<UInt8>, for mountpoint: String) -> FilesystemStatistics? {
    var position = 0
    while position < bytes.count {
      if let place = bytes.word(&position), MountsParser.text(bytes, place) == mountpoint {
        guard let blockSize = bytes.unsigned(&position), let blocks = bytes.unsigned(&position),
          let free = bytes.unsigned(&position), let available = bytes.unsigned(&position),
          let inodes = bytes.unsigned(&position), let inodesFree = bytes.unsigned(&position),
          let mode = bytes.word(&position)
        else { return nil }
        return FilesystemStatistics(
          blockSize: blockSize, blocks: blocks, free: free, available: available, inodes: inodes,
          inodesFree: inodesFree, isReadOnly: bytes.equals(mode, "ro"))
      }
      bytes.skipLine(&position)
    }
    return nil
  }
}
