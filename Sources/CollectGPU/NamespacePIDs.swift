internal import SystemIO

/// Finds processes by the numbers that they have in a namespace of their own, by the line `NSpid` of /proc/PID/status
/// (proc_pid_status(5)): "NSpid: 4102 17" is process 4102, which calls itself 17.
///
/// A driver may name a container's process by its number there. The other way round, a driver that names the host's
/// number to an agent inside a container, there is nothing to look it up by: a container's proc does not tell it.
enum NamespacePIDs {
  /// Processes looked at.
  static let maximumProcesses = 65_536

  /// The process, as the proc under `root` numbers it, for each of `unknown`.
  ///
  /// One that several processes call themselves, as each container has its 1, is left out.
  static func find(_ unknown: Set<Int32>, root: String) -> [Int32: Int32] {
    if unknown.isEmpty { return [:] }
    let buffer = ReadBuffer(capacity: 4_096)
    var found: [Int32: Int32] = [:]
    var ambiguous: Set<Int32> = []
    for name in Files.names(in: root + "/proc").prefix(maximumProcesses) {
      guard let pid = Int32(name),
        let bytes = try? Files.contents(of: root + "/proc/" + name + "/status", buffer: buffer)
      else { continue }
      for inner in innerPIDs(bytes.span) where unknown.contains(inner) {
        if let other = found[inner], other != pid { ambiguous.insert(inner) }
        found[inner] = pid
      }
    }
    return found.filter { !ambiguous.contains($0.key) }
  }

  /// The numbers of a process in the namespaces below the one whose proc this is, outermost first; empty where it is in
  /// none, and on kernels before 4.1, which have no such line.
  static func innerPIDs(_ bytes: Span<UInt8>) -> [Int32] {
    var position = 0
    while position < bytes.count {
      if bytes.skip("NSpid:", &position) {
        guard bytes.unsigned(&position) != nil else { return [] }
        var pids: [Int32] = []
        // MAX_PID_NS_LEVEL.
        while pids.count < 32, let pid = bytes.unsigned(&position) {
          if let pid = Int32(exactly: pid) { pids.append(pid) }
        }
        return pids
      }
      bytes.skipLine(&position)
    }
    return []
  }
}
