internal import AgentMetrics
internal import CWindows
internal import Collect

/// Scan of all processes by one call (NtQuerySystemInformation), with users and services.
final class ProcessScanner {
  /// Maximum number of processes.
  static let maxProcesses = 65_536
  /// Process of the kernel itself, "System".
  private static let systemPID: UInt32 = 4

  private var list = CList(cwindows_process(), capacity: 512, limit: maxProcesses)
  private let users = UserNames()
  private let services = ServiceNames()
  private let boot: UInt64
  /// Security identifiers of the processes in `last`, in its order; nil if they cannot be read.
  private var identifiers: [String?] = []
  /// Result of the last scan, by ascending pid.
  private(set) var last: [ProcessReading] = []

  /// - Parameter boot: FILETIME from which the start of processes counts.
  init(boot: UInt64) {
    self.boot = boot
  }

  /// Number of processes in the last scan whose user cannot be read.
  var withoutUser: Int { identifiers.count { $0 == nil } }

  /// Scans all processes, by ascending pid.
  ///
  /// - Parameter now: the boot-time clock.
  /// - Throws: CollectorError if the list cannot be read.
  func scan(at now: Double) throws(CollectorError) -> [ProcessReading] {
    guard list.read({ cwindows_processes($0, $1) }) else {
      throw CollectorError("NtQuerySystemInformation does not report the processes")
    }
    var all: [ProcessReading] = []
    all.reserveCapacity(list.count)
    var identifiers: [String?] = []
    identifiers.reserveCapacity(list.count)
    var cursor = 0
    var hasNew = false
    for index in 0..<list.count {
      let entry = list[index]
      // Pids are multiples of four far below this limit.
      guard let pid = Int32(exactly: entry.pid) else { continue }
      var process = ProcessReading(pid: pid)
      process.start = entry.created > boot ? entry.created - boot : 0
      while cursor < last.count, last[cursor].pid < pid { cursor += 1 }
      let isKnown = cursor < last.count && last[cursor].pid == pid && last[cursor].start == process.start
      if isKnown {
        process.name = last[cursor].name
        process.user = last[cursor].user
        identifiers.append(self.identifiers[cursor])
      } else {
        hasNew = true
        process.name = text(entry.name)
        identifiers.append(text(capacity: 192) { cwindows_process_user(entry.pid, $0, $1) })
      }
      // A name may be resolved later than its identifier.
      if let identifier = identifiers[identifiers.count - 1], !isKnown || process.user == identifier {
        process.user = users.name(of: identifier)
      }
      Self.write(entry, to: &process)
      all.append(process)
    }
    services.refresh(hasNew: hasNew, at: now)
    for index in all.indices { all[index].service = services.names[UInt32(all[index].pid)] }
    self.identifiers = identifiers
    last = all
    return all
  }

  private static func write(_ entry: cwindows_process, to process: inout ProcessReading) {
    process.parent = Int32(exactly: entry.parent) ?? 0
    process.threads = Int32(clamping: entry.threads)
    process.cpuTicks = entry.user &+ entry.kernel
    process.residentBytes = entry.working_set
    process.readBytes = entry.bytes_read
    process.writtenBytes = entry.bytes_written
    // The kernel's own processes, such as "Registry" and "Memory Compression", have no program.
    process.isKernelThread =
      entry.pid == systemPID || entry.parent == systemPID && !process.name.utf8.contains(UInt8(ascii: "."))
    process.state = state(of: entry)
  }

  /// `T` for a suspended app, `R` if a thread runs or is ready to, else `S`.
  private static func state(of entry: cwindows_process) -> UInt8 {
    if entry.threads > 0, entry.suspended_threads == entry.threads { return UInt8(ascii: "T") }
    return entry.running_threads > 0 ? UInt8(ascii: "R") : UInt8(ascii: "S")
  }
}
