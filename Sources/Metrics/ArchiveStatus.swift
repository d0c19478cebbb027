/// Whether a part of the agent works, as `/health` shows it.
package enum HealthState: String, Sendable, CaseIterable {
  case ok, failing
}

/// State of an archive of samples.
package struct ArchiveStatus: MetricGroup, Hashable {
  /// Current write error without the file's path; nil while writing works.
  package var failure: String?
  /// POSIX time of the oldest and the newest sample; NaN in an empty archive.
  package var oldest = Double.nan
  package var newest = Double.nan
  package var bytes = 0
  /// Samples waiting to be written.
  package var pending = 0
  /// Samples that memory discarded before they could be written.
  package var lost = 0
  /// Chunks that could not be read.
  package var damaged = 0

  package var state: HealthState { failure == nil ? .ok : .failing }
  /// Whether samples can be written.
  package var isWorking: Bool {
    get { failure == nil }
    set { failure = newValue ? nil : failure ?? "unknown" }
  }

  package init() {}

  /// The metrics, as samples have them in `agent.archive`.
  static let table = Table<ArchiveStatus>([
    .flag("working", "Whether samples can be written", source: "the agent", \.isWorking),
    .gauge("bytes", .bytes, "Size of the archive", source: "SQLite, page_count × page_size", \.bytes),
    .gauge("pending", .count, "Samples waiting to be written", source: "the agent", \.pending),
    .counter("lost_total", .count, "Samples discarded before they could be written", source: "the agent", \.lost),
    .counter("damaged_total", .count, "Unreadable chunks of series", source: "the agent", \.damaged),
  ])

  /// The whole state, as `/health` shows it.
  package static let health = Table<ArchiveStatus>([
    .word("status", "", \.state),
    .text("error", "Why samples cannot be written", \.failure),
    .timestamp("oldest", "", \.oldest),
    .timestamp("newest", "", \.newest),
    .gauge("bytes", .bytes, "", \.bytes),
    .gauge("pending", .count, "Samples waiting to be written", \.pending),
    .counter("lost", .count, "Samples discarded before they could be written", \.lost),
    .counter("damaged", .count, "Unreadable chunks of series", \.damaged),
  ])
}
