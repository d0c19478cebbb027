/// What is known of one process besides its line in the table.
package struct ProcessDetails: Sendable, Equatable {
  /// Command line.
  package var command: String?
  /// Working directory; nil where it may not be seen.
  package var directory: String?
  /// Program file; nil where it may not be seen.
  package var executable: String?
  /// Open files; nil where they may not be seen.
  package var openFiles: Int?
  /// Most files that it may open, soft and hard; nil where unknown or unlimited.
  package var openFilesLimit: (soft: String, hard: String)?
  /// Other limits that are set, as the kernel names them: name, soft, hard.
  package var limits: [(name: String, soft: String, hard: String)] = []
  /// Voluntary and involuntary context switches since its start; nil where unknown.
  package var switches: (voluntary: String, involuntary: String)?
  /// Nice value; nil where unknown.
  package var nice: Int?
  /// Bytes swapped out; nil where unknown.
  package var swapped: Double?

  /// Nothing known.
  package init() {}

  /// Whether all that is shown of both is the same.
  package static func == (left: ProcessDetails, right: ProcessDetails) -> Bool {
    left.command == right.command && left.directory == right.directory && left.executable == right.executable
      && left.openFiles == right.openFiles && left.nice == right.nice && left.swapped == right.swapped
      && left.limits.count == right.limits.count
  }
}
