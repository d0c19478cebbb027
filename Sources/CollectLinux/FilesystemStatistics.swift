internal import SystemIO

/// What statvfs(3) says of a filesystem, in the units in which it says it.
struct FilesystemStatistics: Hashable, Sendable {
  /// Bytes that a block has (f_frsize).
  var blockSize: UInt64
  /// Blocks there are.
  var blocks: UInt64
  /// Blocks free, root's reserve included.
  var free: UInt64
  /// Blocks free for users other than root.
  var available: UInt64
  /// Inodes there are; 0 where the filesystem has no fixed number.
  var inodes: UInt64
  /// Inodes free.
  var inodesFree: UInt64
  /// Whether it refuses writes.
  var isReadOnly: Bool
}

extension FilesystemStatistics {
  /// Asks the kernel, for as long as it takes.
  ///
  /// - Throws: SystemError of statvfs.
  init(asking path: String) throws(SystemError) {
    var answer = statvfs()
    while statvfs(path, &answer) != 0 {
      if errno != EINTR { throw SystemError("statvfs " + path) }
    }
    self.init(
      blockSize: UInt64(answer.f_frsize > 0 ? answer.f_frsize : answer.f_bsize), blocks: UInt64(answer.f_blocks),
      free: UInt64(answer.f_bfree), available: UInt64(answer.f_bavail), inodes: UInt64(answer.f_files),
      inodesFree: UInt64(answer.f_ffree), isReadOnly: answer.f_flag & UInt(ST_RDONLY) != 0)
  }
}

/// A recording's answers of statvfs(3): a line for each mount point with its f_frsize, f_blocks, f_bfree, f_bavail,
/// f_files, f_ffree, and `ro` or `rw`.
enum StatvfsRecordParser {
  /// The answer for a mount point; nil where there was none.
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
