internal import SystemIO

/// Files of a process that stay open between passes.
///
/// Each costs the kernel a page (fs/seq_file.c keeps its buffer), so their number is limited.
struct ProcessFiles {
  /// Descriptor of its `stat`; -1 if closed.
  var stat: Int32 = -1
  /// Descriptor of its `io`; -1 if closed.
  var io: Int32 = -1
  /// Whether its `io` is unreadable, and whether for lack of permission.
  var isRefused = false
  var isForbidden = false

  /// Hash of its `stat` at the last pass; nil before.
  var statHash: UInt64?
  /// Whether its I/O was the same at the last two readings.
  var isIOIdle = false

  /// Number of open files.
  var count: Int { (stat >= 0 ? 1 : 0) + (io >= 0 ? 1 : 0) }

  /// Maximum descriptors for all processes together: half of the agent's limit, and at most 16 MB of kernel memory.
  static var limit: Int { min(4_096, ProcessSettings.raiseDescriptorLimit() / 2) }

  mutating func close() {
    if stat >= 0 { SystemIO.close(stat) }
    if io >= 0 { SystemIO.close(io) }
    stat = -1
    io = -1
  }
}
