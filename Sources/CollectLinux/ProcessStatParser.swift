internal import AgentMetrics
internal import SystemIO

/// Parser of /proc/[pid]/stat (proc_pid_stat(5)).
package enum ProcessStatParser {
  /// Flag of a kernel thread (include/linux/sched.h, PF_KTHREAD).
  private static let kernelThread: UInt64 = 0x0020_0000

  /// Writes the values into `process`; returns false if the text is truncated or malformed.
  ///
  /// The name is in parentheses and may contain parentheses, blanks and line feeds: the last `)` ends it.
  static func parse(_ bytes: Span<UInt8>, pageSize: UInt64, into process: inout ProcessReading) -> Bool {
    guard let name = name(bytes) else { return false }
    process.name = bytes.string(name)
    var position = name.upperBound + 1
    guard let state = bytes.word(&position), state.count == 1 else { return false }
    process.state = bytes[state.lowerBound]
    guard let parent = bytes.signed(&position) else { return false }
    process.parent = Int32(clamping: parent)
    guard skip(4, bytes, &position), let flags = bytes.unsigned(&position) else { return false }
    process.isKernelThread = flags & kernelThread != 0
    guard skip(2, bytes, &position), let faults = bytes.unsigned(&position), skip(1, bytes, &position),
      let user = bytes.unsigned(&position), let system = bytes.unsigned(&position)
    else { return false }
    process.majorFaults = faults
    process.cpuTicks = user.addingReportingOverflow(system).overflow ? .max : user &+ system
    guard skip(2, bytes, &position), let priority = bytes.signed(&position), let nice = bytes.signed(&position),
      let threads = bytes.signed(&position)
    else { return false }
    (process.priority, process.nice) = (Int16(clamping: priority), Int8(clamping: nice))
    process.threads = Int32(clamping: threads)
    guard skip(1, bytes, &position), let start = bytes.unsigned(&position) else { return false }
    process.start = start
    guard let virtual = bytes.unsigned(&position), let pages = bytes.signed(&position) else { return false }
    process.virtualBytes = virtual
    let (resident, overflows) = UInt64(clamping: pages).multipliedReportingOverflow(by: pageSize)
    process.residentBytes = overflows ? .max : resident
    return true
  }

  /// The nice value, −20…19, which the process table does not have; nil if the text is malformed.
  static func nice(_ bytes: Span<UInt8>) -> Int? {
    guard let name = name(bytes) else { return nil }
    var position = name.upperBound + 1
    // Fields 3 and later follow the name; this is field 19.
    return skip(16, bytes, &position) ? bytes.signed(&position).flatMap { Int(exactly: $0) } : nil
  }

  /// The start time in ticks after boot, field 22; nil if the text is malformed.
  static func startTicks(_ bytes: Span<UInt8>) -> UInt64? {
    guard let name = name(bytes) else { return nil }
    var position = name.upperBound + 1
    return skip(19, bytes, &position) ? bytes.unsigned(&position) : nil
  }

  /// The start in ticks after boot, the mapped bytes and the resident pages: fields 22 to 24; nil if the text is malformed.
  package static func usage(_ bytes: Span<UInt8>) -> (start: UInt64, virtual: UInt64, residentPages: UInt64)? {
    guard let name = name(bytes) else { return nil }
    var position = name.upperBound + 1
    guard skip(19, bytes, &position), let start = bytes.unsigned(&position), let virtual = bytes.unsigned(&position),
      let resident = bytes.unsigned(&position)
    else { return nil }
    return (start, virtual, resident)
  }

  /// Range of the text in the parentheses.
  private static func name(_ bytes: Span<UInt8>) -> Range<Int>? {
    var open = 0
    while open < bytes.count, bytes[open] != UInt8(ascii: "(") { open += 1 }
    var close = bytes.count - 1
    while close > open, bytes[close] != UInt8(ascii: ")") { close -= 1 }
    return close > open ? (open + 1)..<close : nil
  }

  private static func skip(_ words: Int, _ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
    for _ in 0..<words where !bytes.skipWord(&position) { return false }
    return true
  }
}

/// Parser of /proc/[pid]/io (proc_pid_io(5)), readable only with permission to trace the process.
enum ProcessIOParser {
  /// Writes the bytes read from and written to storage into `process`.
  static func parse(_ bytes: Span<UInt8>, into process: inout ProcessReading) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("read_bytes:", &position) {
        process.readBytes = bytes.unsigned(&position)
      } else if bytes.skip("write_bytes:", &position) {
        process.writtenBytes = bytes.unsigned(&position)
      }
      bytes.skipLine(&position)
    }
  }
}
