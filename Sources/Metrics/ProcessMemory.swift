/// Parts of one process's memory that scans do not read, because each costs a file per process; NaN where absent.
package struct ProcessMemory: Sendable, Hashable {
  /// Reads parts of the memory of processes by their pids; may block.
  ///
  /// Those that have ended or are unreadable are left out.
  package typealias Read = @Sendable (_ pids: [Int32], _ parts: Parts) -> [Int32: ProcessMemory]

  /// What to read: each part is a file of its own.
  package struct Parts: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let shared = Parts(rawValue: 1)
    /// The kernel walks all of the process's page tables for it.
    package static let proportional = Parts(rawValue: 2)
    package static let swapped = Parts(rawValue: 4)

    /// All parts with their names in `/processes/memory`.
    package static let named: [(name: String, part: Parts)] = [
      ("shared", .shared), ("pss", .proportional), ("swapped", .swapped),
    ]
  }

  /// Bytes resident that other processes may share: of files and of shared memory.
  package var shared = Double.nan
  /// Bytes resident, where a page that n processes share counts 1/n.
  package var proportional = Double.nan
  /// Bytes swapped out.
  package var swapped = Double.nan

  /// Whether every part is absent.
  package var isEmpty: Bool { shared.isNaN && proportional.isNaN && swapped.isNaN }

  package init() {}
}
