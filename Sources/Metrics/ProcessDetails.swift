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
  /// Shared memory and the proportional share; NaN where unreadable.
  package var memory = ProcessMemory()
  /// Memory by kind, in bytes, under the kernel's names.
  package var memoryParts: [(name: String, bytes: Double)] = []
  /// The kernel's badness for the OOM killer, and its adjustment; nil where unknown.
  package var oomScore: (score: Int, adjustment: Int)?
  /// Limits and use of its control group; nil in the root group.
  package var cgroup: Cgroup?
  /// Environment with secrets masked; nil where unreadable or not to be shown.
  package var environment: [String]?
  /// Open files with their descriptors.
  package var files: [(descriptor: Int, path: String)] = []
  /// Open sockets in words.
  package var sockets: [String] = []
  /// The threads that used the most CPU time.
  package var threads: [ThreadUse] = []
  /// Names of the parts that this user is not permitted to read.
  package var refused: [String] = []

  /// One thread of the process.
  package struct ThreadUse: Sendable, Hashable {
    package var id: Int32
    package var name: String
    package var state: UInt8
    /// Seconds of CPU time since its start.
    package var cpuTime: Double

    package init(id: Int32, name: String, state: UInt8, cpuTime: Double) {
      (self.id, self.name, self.state, self.cpuTime) = (id, name, state, cpuTime)
    }
  }

  package init() {}

  /// Compares all displayed values.
  package static func == (left: ProcessDetails, right: ProcessDetails) -> Bool {
    left.command == right.command && left.directory == right.directory && left.executable == right.executable
      && left.openFiles == right.openFiles && left.nice == right.nice && left.swapped == right.swapped
      && left.limits.count == right.limits.count && left.environment == right.environment
      && left.sockets == right.sockets && left.threads == right.threads && left.refused == right.refused
      && left.files.map(\.path) == right.files.map(\.path)
  }
}
