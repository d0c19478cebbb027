package import Collect
internal import SystemIO

/// Resident memory of this process, from /proc/self/statm.
package final class OwnMemory {
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  private let buffer = ReadBuffer(capacity: 256)
  private var statm = BackoffFile("/proc/self/statm")

  package init() {}

  /// Reads the resident bytes; nil where the file is absent.
  package func resident() throws(CollectorError) -> UInt64? {
    let pages = try statm.read(into: buffer) { StatmParser.residentPages($0) }
    return pages.flatMap { $0 }.map { $0 &* pageSize }
  }
}

/// Parser of /proc/[pid]/statm (proc_pid_statm(5)), in pages.
enum StatmParser {
  /// The second number, resident pages, or nil.
  static func residentPages(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    guard bytes.unsigned(&position) != nil else { return nil }
    return bytes.unsigned(&position)
  }

  /// The third number, resident pages of files and of shared memory.
  ///
  /// Nil for a kernel thread, which has no memory, and for a malformed text.
  static func sharedPages(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    guard let size = bytes.unsigned(&position), size > 0, bytes.unsigned(&position) != nil else { return nil }
    return bytes.unsigned(&position)
  }
}
