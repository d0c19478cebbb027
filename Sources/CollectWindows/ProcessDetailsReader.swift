package import AgentMetrics
package import Collect
internal import CWindows

/// Details of one process that are not in the process table, read on request.
package struct ProcessDetailsReader: Sendable {
  private let boot: UInt64
  private let commandLines: CommandLineDetail

  package init(commandLines: CommandLineDetail = .masked) {
    self.init(boot: BootTime.filetime, commandLines: commandLines)
  }

  /// - Parameter boot: FILETIME at which the boot-time clock was 0.
  init(boot: UInt64, commandLines: CommandLineDetail = .masked) {
    self.boot = boot
    self.commandLines = commandLines
  }

  /// Reads the visible details of a process; nil if it does not exist.
  package func details(of pid: Int32) -> ProcessDetails? {
    guard startTime(of: pid) != nil else { return nil }
    var details = ProcessDetails()
    details.command = commandLine(of: pid, commandLines)
    details.executable = text(capacity: 2_048) { cwindows_process_path(UInt32(pid), $0, $1) }
    return details
  }

  /// Start time of a process in seconds after boot; nil if it does not exist or may not be opened.
  package func startTime(of pid: Int32) -> Double? {
    var created: UInt64 = 0
    guard pid > 0, cwindows_process_created(UInt32(pid), &created) else { return nil }
    return Double(created > boot ? created - boot : 0) * 1e-7
  }
}

/// Reads the command line of a process; nil without the right to read it.
package func commandLine(of pid: Int32, _ detail: CommandLineDetail = .masked) -> String? {
  guard pid > 0, let line = text(capacity: 4_096, { cwindows_command_line(UInt32(pid), $0, $1) }) else { return nil }
  let arguments = Arguments.terminated(line)
  return CommandLineText.text(arguments.span, detail)
}

/// The arguments of a Windows command line, which is one text.
enum Arguments {
  /// The arguments without their quotation marks, each terminated by NUL (CommandLineToArgvW, but for escaped marks,
  /// which stay).
  static func terminated(_ line: String) -> [UInt8] {
    var arguments: [UInt8] = []
    var isQuoted = false
    for byte in line.utf8 {
      if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if !isQuoted, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
        if arguments.last != 0, !arguments.isEmpty { arguments.append(0) }
      } else {
        arguments.append(byte)
      }
    }
    return arguments + [0]
  }
}

/// Working set of this process in bytes; nil if unknown.
package func ownWorkingSet() -> UInt64? { known(cwindows_own_working_set()) }
