/// How the archive is doing.
package struct ArchiveStatus: Sendable, Hashable {
  /// Path of its file.
  package var path: String
  /// Current write error without the path; nil while writing works.
  package var failure: String?
  /// POSIX time of the newest sample that the file has; NaN where it has none.
  package var newest = Double.nan
  /// POSIX time of the oldest; NaN where it has none.
  package var oldest = Double.nan
  /// Samples that wait to be written.
  package var pending = 0
  /// Samples that were not written and are in memory no more.
  package var lost = 0
  /// Number of chunks that could not be read.
  package var damaged = 0
  /// Bytes of the file.
  package var bytes: Int64 = 0
  /// Where a damaged file was moved to; nil where there was none.
  package var movedAside: String?

  /// Creates a status before the first result.
  init(path: String) {
    self.path = path
  }
}
