/// How the archive is doing.
public struct ArchiveStatus: Sendable, Hashable {
  /// Path of its file.
  public var path: String
  /// Current write error without the path; nil while writing works.
  public var failure: String?
  /// POSIX time of the newest sample that the file has; NaN where it has none.
  public var newest = Double.nan
  /// POSIX time of the oldest; NaN where it has none.
  public var oldest = Double.nan
  /// Samples that wait to be written.
  public var pending = 0
  /// Samples that were not written and are in memory no more.
  public var lost = 0
  /// Number of chunks that could not be read.
  public var damaged = 0
  /// Bytes of the file.
  public var bytes: Int64 = 0
  /// Where a damaged file was moved to; nil where there was none.
  public var movedAside: String?

  /// Creates a status before the first result.
  init(path: String) {
    self.path = path
  }
}
