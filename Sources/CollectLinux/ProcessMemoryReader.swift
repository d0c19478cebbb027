package import AgentMetrics
internal import KernelFiles
internal import SystemIO

/// Reads the memory of processes in /proc/PID/statm, smaps_rollup and status, on request.
package struct ProcessMemoryReader: Sendable {
  private let root: String
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))

  /// Creates a reader of /proc under `root`.
  package init(root: String) {
    self.root = root
  }

  /// Reads the parts of each process; those that have ended or are unreadable are left out.
  package func memory(of pids: [Int32], _ parts: ProcessMemory.Parts) -> [Int32: ProcessMemory] {
    let buffer = ReadBuffer(capacity: 4_096)
    var found: [Int32: ProcessMemory] = [:]
    for pid in pids where pid > 0 {
      let memory = memory(of: pid, parts, buffer)
      if !memory.isEmpty { found[pid] = memory }
    }
    return found
  }

  /// Reads the parts of one process; NaN for those that are absent or unreadable.
  func memory(of pid: Int32, _ parts: ProcessMemory.Parts, _ buffer: ReadBuffer = ReadBuffer()) -> ProcessMemory {
    let folder = root + "/proc/" + String(pid)
    func text(_ name: String) -> [UInt8]? { try? Files.contents(of: folder + name, buffer: buffer) }
    var memory = ProcessMemory()
    if parts.contains(.shared), let text = text("/statm"), let pages = StatmParser.sharedPages(text.span) {
      memory.shared = Double(pages) * Double(pageSize)
    }
    // Needs permission to trace the process (fs/proc/task_mmu.c, PTRACE_MODE_READ).
    if parts.contains(.proportional), let text = text("/smaps_rollup") {
      memory.proportional = Self.kibibytes("Pss:", text.span)
    }
    if parts.contains(.swapped), let text = text("/status") {
      memory.swapped = Self.kibibytes("VmSwap:", text.span)
    }
    return memory
  }

  /// Bytes of a line in KiB; NaN without such a line.
  static func kibibytes(_ key: StaticString, _ bytes: Span<UInt8>) -> Double {
    ProcessStatusParser.number(of: key, bytes).map { Double($0) * 1_024 } ?? .nan
  }
}
