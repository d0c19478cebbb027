internal import SystemIO

/// Parser of /proc/[pid]/status (proc_pid_status(5)): `Key:<tab>value`, one per line.
package enum ProcessStatusParser {
  /// The effective user id: the second number of the Uid line.
  package static func effectiveUser(_ bytes: Span<UInt8>) -> UInt64? {
    guard var position = value(of: "Uid:", bytes) else { return nil }
    return bytes.skipWord(&position) ? bytes.unsigned(&position) : nil
  }

  /// The number of a line; nil without such a line.
  package static func number(of key: StaticString, _ bytes: Span<UInt8>) -> UInt64? {
    guard var position = value(of: key, bytes) else { return nil }
    return bytes.unsigned(&position)
  }

  /// The pids of a process in the namespaces below the one whose proc this is, outermost first.
  ///
  /// Empty for a process in no other namespace, and on kernels before 4.1, which have no such line.
  package static func innerPIDs(_ bytes: Span<UInt8>) -> [Int32] {
    guard var position = value(of: "NSpid:", bytes), bytes.unsigned(&position) != nil else { return [] }
    var pids: [Int32] = []
    // MAX_PID_NS_LEVEL.
    while pids.count < 32, let pid = bytes.unsigned(&position) {
      if let pid = Int32(exactly: pid) { pids.append(pid) }
    }
    return pids
  }

  /// The position behind a key and its colon.
  private static func value(of key: StaticString, _ bytes: Span<UInt8>) -> Int? {
    var position = 0
    while position < bytes.count {
      if bytes.skip(key, &position) { return position }
      bytes.skipLine(&position)
    }
    return nil
  }
}
