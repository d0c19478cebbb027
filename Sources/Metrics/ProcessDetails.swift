/// Properties of one process beyond its row in the process table.
package struct ProcessDetails: Sendable, Equatable {
  /// Command line.
  package var command: String?
  /// Working directory; nil where not readable.
  package var directory: String?
  /// Path of the executable; nil where not readable.
  package var executable: String?
  /// Number of open files; nil where not readable.
  package var openFiles: Int?
  /// Open-file limits; nil where unknown or unlimited.
  package var openFilesLimit: (soft: String, hard: String)?
  /// Other limits that are set, under the kernel's names.
  package var limits: [(name: String, soft: String, hard: String)] = []
  /// Voluntary and involuntary context switches since its start; nil where unknown.
  package var switches: (voluntary: String, involuntary: String)?
  /// Nice value; nil where unknown.
  package var nice: Int?
  /// Bytes swapped out; nil where unknown.
  package var swapped: Double?

  package init() {}

  /// Compares all displayed values.
  package static func == (left: ProcessDetails, right: ProcessDetails) -> Bool {
    left.command == right.command && left.directory == right.directory && left.executable == right.executable
      && left.openFiles == right.openFiles && left.nice == right.nice && left.swapped == right.swapped
      && left.limits.count == right.limits.count
  }
}
