internal import KernelFiles
internal import SystemIO

/// Finds processes by their ids in a PID namespace, from the line `NSpid` of /proc/PID/status (proc_pid_status(5)):
/// "NSpid: 4102 17" is process 4102, whose own id is 17.
///
/// A driver may report a container's process by its id in the container. The reverse, a driver that reports the host's
/// id to an agent inside a container, cannot be resolved: a container's proc does not contain it.
enum NamespacePIDs {
  /// Maximum number of processes searched.
  static let maximumProcesses = 65_536

  /// Returns the process id in the proc under `root` for each of `unknown`.
  ///
  /// An id that several processes have in their namespaces, as each container has its 1, is left out.
  static func find(_ unknown: Set<Int32>, root: String) -> [Int32: Int32] {
    if unknown.isEmpty { return [:] }
    let buffer = ReadBuffer(capacity: 4_096)
    var found: [Int32: Int32] = [:]
    var ambiguous: Set<Int32> = []
    for name in Files.names(in: root + "/proc").prefix(maximumProcesses) {
      guard let pid = Int32(name),
        let bytes = try? Files.contents(of: root + "/proc/" + name + "/status", buffer: buffer)
      else { continue }
      for inner in ProcessStatusParser.innerPIDs(bytes.span) where unknown.contains(inner) {
        if let other = found[inner], other != pid { ambiguous.insert(inner) }
        found[inner] = pid
      }
    }
    return found.filter { !ambiguous.contains($0.key) }
  }
}
