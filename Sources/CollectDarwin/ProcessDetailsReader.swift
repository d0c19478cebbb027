package import AgentMetrics
package import Collect
internal import CDarwin
internal import SystemIO

/// Details of one process that are not in the process table, read on request.
package struct ProcessDetailsReader: Sendable {
  private let boot: UInt64
  private let commandLines: CommandLineDetail

  package init(commandLines: CommandLineDetail = .masked) {
    self.init(boot: BootTime.microseconds, commandLines: commandLines)
  }

  /// - Parameter boot: microseconds since 1970 at which the boot-time clock was 0.
  init(boot: UInt64, commandLines: CommandLineDetail = .masked) {
    self.boot = boot
    self.commandLines = commandLines
  }

  /// Reads the visible details of a process; nil if it does not exist.
  package func details(of pid: Int32) -> ProcessDetails? {
    guard startTime(of: pid) != nil else { return nil }
    var details = ProcessDetails()
    details.command = commandLine(of: pid, commandLines)
    details.executable = text(capacity: 4_096) { cdarwin_process_path(pid, $0, $1) }
    details.directory = text(capacity: 1_024) { cdarwin_process_directory(pid, $0, $1) }
    return details
  }

  /// Start time of a process in seconds after boot; nil if it does not exist.
  package func startTime(of pid: Int32) -> Double? {
    var started: UInt64 = 0
    guard pid > 0, cdarwin_process_started(pid, &started) else { return nil }
    return Double(BootTime.nanoseconds(of: started, boot: boot)) * 1e-9
  }
}

/// Reads the command line of a process; nil without the right to read it.
package func commandLine(of pid: Int32, _ detail: CommandLineDetail = .masked) -> String? {
  guard pid > 0 else { return nil }
  var bytes = [UInt8](repeating: 0, count: 16_384)
  let count = bytes.withUnsafeMutableBufferPointer {
    cdarwin_process_arguments(pid, $0.baseAddress, Int64($0.count))
  }
  guard count >= 0 else { return nil }
  let arguments = ArgumentsParser.arguments(bytes.span.extracting(0..<min(bytes.count, Int(count))))
  return CommandLineText.text(arguments.span, detail)
}

/// Parser of sysctl KERN_PROCARGS2 (bsd/kern/kern_sysctl.c): the number of arguments in the machine's byte order, the
/// program's path, NULs, the arguments, and the environment, which is not read.
enum ArgumentsParser {
  /// The arguments, each terminated by NUL; the last one may be cut where the bytes end.
  static func arguments(_ bytes: Span<UInt8>) -> [UInt8] {
    guard bytes.count > 4 else { return [] }
    var number: UInt32 = 0
    // All of Apple's processors are little-endian.
    for index in 0..<4 { number |= UInt32(bytes[index]) << (8 * UInt32(index)) }
    guard var left = Int32(exactly: number), left > 0 else { return [] }
    var position = 4
    while position < bytes.count, bytes[position] != 0 { position += 1 }
    while position < bytes.count, bytes[position] == 0 { position += 1 }
    var arguments: [UInt8] = []
    while position < bytes.count, left > 0 {
      arguments.append(bytes[position])
      if bytes[position] == 0 { left -= 1 }
      position += 1
    }
    return arguments
  }
}

/// Resident memory of this process in bytes; nil if unknown.
package func ownResidentMemory() -> UInt64? { known(cdarwin_own_resident()) }
