package import AgentMetrics
package import Collect
internal import KernelFiles
internal import SystemIO

/// Details of one process in /proc/PID that are not in the process table, read on request.
package struct ProcessDetailsReader: Sendable {
  private let root: String
  private let commandLines: CommandLineDetail

  /// Creates a reader of /proc under `root`.
  package init(root: String, commandLines: CommandLineDetail = .masked) {
    self.root = root
    self.commandLines = commandLines
  }

  /// Reads the visible details of a process; nil if it does not exist.
  package func details(of pid: Int32) -> ProcessDetails? {
    let folder = root + "/proc/" + String(pid)
    guard Files.exists(folder) else { return nil }
    var details = ProcessDetails()
    if let bytes = try? Files.contents(of: folder + "/cmdline") {
      details.command = CommandLineText.text(bytes.span, commandLines)
    }
    details.directory = Files.link(folder + "/cwd")
    details.executable = Files.link(folder + "/exe")
    let descriptors = Files.names(in: folder + "/fd").count
    if descriptors > 0 || details.directory != nil { details.openFiles = descriptors }
    if let bytes = ProcessPartsReader.contents(of: folder + "/limits", "limits", &details) {
      ProcessLimitsParser.parse(bytes.span, into: &details)
    }
    if let bytes = try? Files.contents(of: folder + "/status") {
      details.add(status: bytes.span)
    }
    if let bytes = try? Files.contents(of: folder + "/stat") {
      details.nice = ProcessStatParser.nice(bytes.span)
    }
    let parts = ProcessPartsReader(root: root, pid: pid, commandLines: commandLines)
    parts.add(to: &details)
    return details
  }

  /// Start time of a process in seconds after boot; nil if it does not exist.
  package func startTime(of pid: Int32) -> Double? {
    guard let bytes = try? Files.contents(of: root + "/proc/" + String(pid) + "/stat"),
      let ticks = ProcessStatParser.startTicks(bytes.span)
    else { return nil }
    return Double(ticks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  }
}

/// Reads the command line of a process by its pid; nil for kernel threads and ended processes.
///
/// The read waits for the process's memory lock, which a hung process may hold.
///
/// - Parameters:
///   - root: "" for the running machine, else the directory that holds its `proc`.
///   - detail: how much of it to show.
package func commandLine(root: String, _ detail: CommandLineDetail) -> @Sendable (Int32) -> String? {
  { pid in
    let path = root + "/proc/" + String(pid) + "/cmdline"
    guard let bytes = try? Files.contents(of: path, buffer: ReadBuffer(capacity: 512)) else { return nil }
    return CommandLineText.text(bytes.span, detail)
  }
}

/// Parser of /proc/[pid]/limits (fs/proc/base.c): a header, then columns of fixed width for name, soft limit, hard limit
/// and unit.
enum ProcessLimitsParser {
  /// Adds the limits to the details of a process.
  static func parse(_ bytes: Span<UInt8>, into details: inout ProcessDetails) {
    var position = 0
    bytes.skipLine(&position)
    while position < bytes.count {
      let start = position
      bytes.skipLine(&position)
      func column(_ range: Range<Int>) -> String {
        var (low, high) = (min(start + range.lowerBound, position), min(start + range.upperBound, position))
        while low < high, bytes[low].isBlank || bytes[low] == UInt8(ascii: "\n") { low += 1 }
        while low < high, bytes[high - 1].isBlank || bytes[high - 1] == UInt8(ascii: "\n") { high -= 1 }
        return bytes.string(low..<high)
      }
      let (name, soft, hard) = (column(0..<26), column(26..<47), column(47..<68))
      guard bytes.endsLine(before: position), !soft.isEmpty, !hard.isEmpty else { continue }
      if name == "Max open files" {
        details.openFilesLimit = (soft, hard)
      } else if soft != "unlimited" {
        details.limits.append((name.hasPrefix("Max ") ? String(name.dropFirst(4)) : name, soft, hard))
      }
    }
  }
}

extension ProcessDetails {
  /// Takes the swapped memory and the context switches from /proc/[pid]/status.
  mutating func add(status bytes: Span<UInt8>) {
    swapped = ProcessStatusParser.number(of: "VmSwap:", bytes).map { Double($0) * 1_024 } ?? swapped
    guard let voluntary = ProcessStatusParser.number(of: "voluntary_ctxt_switches:", bytes) else { return }
    let involuntary = ProcessStatusParser.number(of: "nonvoluntary_ctxt_switches:", bytes)
    switches = (String(voluntary), involuntary.map { String($0) } ?? "")
  }
}
