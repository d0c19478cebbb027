internal import SystemIO

/// The files of a process that stay open from one pass to the next.
///
/// Each costs the kernel a page (fs/seq_file.c keeps its buffer), so that there is a limit.
struct ProcessFiles {
  /// Descriptor of its `stat`; -1 where closed.
  var stat: Int32 = -1
  /// Descriptor of its `io`; -1 where closed.
  var io: Int32 = -1
  /// Whether its `io` cannot be read, and whether the reason is a permission.
  var isRefused = false
  var isForbidden = false

  /// Hash of its `stat` at the last pass; nil before.
  var statHash: UInt64?
  /// Whether its I/O was the same at the last two readings.
  var isIOIdle = false

  /// How many are open.
  var count: Int { (stat >= 0 ? 1 : 0) + (io >= 0 ? 1 : 0) }

  /// Descriptors that may be open for all processes together: half of those that the agent may have, 16 MB of the kernel's
  /// memory at most.
  static var limit: Int { min(4_096, ProcessSettings.raiseDescriptorLimit() / 2) }

  /// Closes those that are open.
  mutating func close() {
    if stat >= 0 { SystemIO.close(stat) }
    if io >= 0 { SystemIO.close(io) }
    stat = -1
    io = -1
  }
}
