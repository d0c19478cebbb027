/// How the archive is doing.
public struct ArchiveStatus: Sendable, Hashable {
  /// Path of its file.
  public var path: String
  /// Why nothing is written now, without the path; nil while it works.
  public var failure: String?
  /// POSIX time of the newest sample that the file has; NaN where it has none.
  public var newest = Double.nan
  /// POSIX time of the oldest; NaN where it has none.
  public var oldest = Double.nan
  /// Samples that wait to be written.
  public var pending = 0
  /// Samples that were not written and are in memory no more.
  public var lost = 0
  /// Stretches of a series that could not be read.
  public var damaged = 0
  /// Bytes of the file.
  public var bytes: Int64 = 0
  /// Where a damaged file was moved to; nil where there was none.
  public var movedAside: String?

  /// A status of which nothing is known.
  init(path: String) {
    self.path = path
  }
}
