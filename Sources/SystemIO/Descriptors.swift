internal import CSystemIO

/// The process's file descriptors (RLIMIT_NOFILE), and how they are shared out.
///
/// The last ones must stay free. Every second in which its queues are busy, libdispatch opens /proc/self/task/…/stat of its
/// threads, and ends the process with SIGILL where that fails (`_dispatch_workq_monitor_pools`). So descriptors that stay
/// open have shares: files the lower numbers, connections the rest but for a reserve, which is for files that
/// are opened and closed again.
package enum Descriptors {
  /// The least limit with which the agent works.
  package static let minimum = 32

  /// Descriptors that the process may have; Int.max where unknown.
  package static var limit: Int {
    let limit = ProcessSettings.raiseDescriptorLimit()
    return limit > 0 ? limit : .max
  }

  /// Whether a file may stay open: the kernel gives out the lowest free number, so that the number shows how many are in use.
  package static func mayBeKept(_ descriptor: Int32) -> Bool {
    Int(descriptor) < keptFiles
  }

  /// Numbers below which files stay open.
  private static var keptFiles: Int { limit < 256 ? limit / 4 : limit / 2 }

  /// Descriptors that the process has all the time: standard streams, event loops, pipes, the archive.
  private static let base = 14

  /// Connections that a server may have beside files that are kept open.
  package static var connections: Int {
    max(2, limit - keptFiles - base - reserve)
  }

  /// Connections that a client may have, which keeps no files open: all that is free but for the reserve.
  package static var clientConnections: Int {
    // A duplicate has the lowest free number.
    let lowest = dup(STDERR_FILENO)
    if lowest >= 0 { _ = systemClose(lowest) }
    // Some are opened after this: the terminal's and the signals'.
    return max(1, limit - max(Int(lowest), 3) - 6 - reserve)
  }

  private static var reserve: Int { max(6, min(16, limit / 8)) }
}
