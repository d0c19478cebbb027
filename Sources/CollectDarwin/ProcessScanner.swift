internal import AgentMetrics
internal import CDarwin
internal import Collect

/// Scan of all processes: the list by sysctl KERN_PROC_ALL, their use by proc_pidinfo.
final class ProcessScanner {
  /// Maximum number of processes.
  static let maxProcesses = 65_536
  /// SSTOP and SZOMB; all other states are those of threads.
  private static let stopped: UInt8 = 4
  private static let zombie: UInt8 = 5

  private var list = CList(cdarwin_process(), capacity: 1_024, limit: maxProcesses)
  private let users = UserNames()
  private let timebase = Timebase()
  private let boot: UInt64
  /// Number of processes in the last scan whose use only root may read.
  private(set) var hidden = 0
  /// Result of the last scan, by ascending pid.
  private(set) var last: [ProcessReading] = []

  /// - Parameter boot: microseconds since 1970 from which the start of processes counts.
  init(boot: UInt64) {
    self.boot = boot
  }

  /// Scans all processes, by ascending pid.
  ///
  /// - Throws: CollectorError if the list cannot be read.
  func scan() throws(CollectorError) -> [ProcessReading] {
    guard list.read({ cdarwin_processes($0, $1) }) else {
      throw CollectorError("sysctl KERN_PROC_ALL does not report the processes")
    }
    var all: [ProcessReading] = []
    all.reserveCapacity(list.count)
    hidden = 0
    var cursor = 0
    for index in 0..<list.count {
      let entry = list[index]
      var process = ProcessReading(pid: entry.pid)
      process.start = BootTime.nanoseconds(of: entry.started, boot: boot)
      while cursor < last.count, last[cursor].pid < entry.pid { cursor += 1 }
      let isKnown = cursor < last.count && last[cursor].pid == entry.pid && last[cursor].start == process.start
      let name = isKnown ? last[cursor].name : ""
      // A program may replace itself by another one.
      process.name = !name.isEmpty && Self.isEqual(name, entry.name) ? name : text(entry.name)
      process.user = users.name(of: entry.user)
      write(entry, to: &process)
      if !entry.is_readable, entry.state != Self.zombie { hidden += 1 }
      all.append(process)
    }
    last = all
    return all
  }

  /// Whether a C text is a name, without an allocation.
  private static func isEqual<Characters>(_ name: String, _ characters: Characters) -> Bool {
    // A tuple of characters is its bytes, without gaps.
    withUnsafeBytes(of: characters) { bytes in
      bytes.prefix { $0 != 0 }.elementsEqual(name.utf8)
    }
  }

  private func write(_ entry: cdarwin_process, to process: inout ProcessReading) {
    process.parent = entry.parent
    process.nice = entry.nice
    process.state = Self.state(of: entry)
    guard entry.is_readable else { return }
    process.threads = max(0, entry.threads)
    process.cpuTicks = timebase.nanoseconds(entry.user_time) &+ timebase.nanoseconds(entry.system_time)
    process.residentBytes = entry.resident_bytes
    process.virtualBytes = entry.virtual_bytes
    process.majorFaults = entry.page_ins
    process.readBytes = known(entry.bytes_read)
    process.writtenBytes = known(entry.bytes_written)
  }

  /// macOS reports each process as runnable, so a running one is one with a running thread; 0 where that is unknown.
  private static func state(of entry: cdarwin_process) -> UInt8 {
    if entry.state == zombie { return UInt8(ascii: "Z") }
    if entry.state == stopped { return UInt8(ascii: "T") }
    if !entry.is_readable { return 0 }
    return entry.running_threads > 0 ? UInt8(ascii: "R") : UInt8(ascii: "S")
  }
}
