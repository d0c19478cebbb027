internal import CSystemIO

/// Budget of the process's file descriptors (RLIMIT_NOFILE).
///
/// The last ones must stay free for files that are opened and closed again. So descriptors that stay open are limited:
/// files to the lower numbers, connections to the rest except for a reserve.
package enum Descriptors {
  /// The minimum limit with which the agent works.
  package static let minimum = 32

  /// The process's limit; Int.max if unknown.
  package static var limit: Int {
    let limit = ProcessSettings.raiseDescriptorLimit()
    return limit > 0 ? limit : .max
  }

  /// Whether a file may stay open: the kernel allocates the lowest free number, so the number shows how many are in
  /// use.
  package static func mayBeKept(_ descriptor: Int32) -> Bool {
    Int(descriptor) < keptFiles
  }

  /// Descriptor below which files stay open.
  private static var keptFiles: Int { limit < 256 ? limit / 4 : limit / 2 }

  /// Descriptors that are always in use: standard streams, event loops, pipes, the archive.
  private static let base = 14

  /// Maximum connections of a server, beside files that stay open.
  package static var connections: Int {
    max(2, limit - keptFiles - base - reserve)
  }

  /// Maximum connections of a client, which keeps no files open: all free descriptors except for the reserve.
  package static var clientConnections: Int {
    // Some are opened after this: the terminal's and the signals'.
    max(1, limit - max(Int(csystemio_free_descriptor()), 3) - 6 - reserve)
  }

  private static var reserve: Int { max(6, min(16, limit / 8)) }
}
