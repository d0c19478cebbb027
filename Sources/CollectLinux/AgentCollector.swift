package import AgentMetrics
package import Collect
internal import SystemIO

/// The agent's own cost: CPU time and resident memory.
///
/// Always of this process, whatever root the other collectors read.
package final class AgentCollector: Collector {
  package let name = "agent"

  private let version: String
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  private let buffer = ReadBuffer(capacity: 256)
  private var statm = BackoffFile("/proc/self/statm")

  /// Creates a collector that reports `version` as the program's version.
  package init(version: String) {
    self.version = version
  }

  /// Reads the process's CPU clock and /proc/self/statm into `reading.agent`, except for its sources.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.agent.version = version
    reading.agent.cpuNanoseconds = Clock.processCPUNanoseconds
    reading.agent.resident = nil
    let pages = try statm.read(into: buffer) { StatmParser.residentPages($0) }
    reading.agent.resident = pages.flatMap { $0 }.map { $0 &* pageSize }
  }
}

/// Parser of /proc/[pid]/statm (proc_pid_statm(5)), in pages.
enum StatmParser {
  /// The second number, resident pages, or nil.
  static func residentPages(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    guard bytes.unsigned(&position) != nil else { return nil }
    return bytes.unsigned(&position)
  }
}
