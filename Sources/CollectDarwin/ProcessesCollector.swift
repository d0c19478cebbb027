package import AgentMetrics
package import Collect
internal import CDarwin
internal import SystemIO

/// All processes: counts by state, the ones with the highest use, and the table.
///
/// CPU time, memory and I/O of other users' processes are known to root only. The kernel's own process (pid 0) is omitted.
package final class ProcessesCollector: ScanningCollector {
  private let scanner: ProcessScanner
  package var processes: ScannedProcesses

  package convenience init() { self.init(boot: BootTime.microseconds) }

  /// - Parameter boot: microseconds since 1970 at which the boot-time clock was 0.
  init(boot: UInt64, now: @escaping @Sendable () -> Double = { Clock.boottime }) {
    scanner = ProcessScanner(boot: boot)
    processes = ScannedProcesses(secondsPerTick: 1e-9, now: now)
  }

  /// Number of processes with unreadable use, in one line.
  package var note: String? {
    let hidden = scanner.hidden
    guard hidden > 0 else { return nil }
    return "CPU and memory of \(hidden) of \(scanner.last.count) processes can be read by root only"
  }

  package func scan(at instant: Double) throws(CollectorError) -> [ProcessReading] { try scanner.scan() }

  package static func processors() -> Double {
    var topology = cdarwin_topology()
    return cdarwin_topology(&topology) && topology.threads > 0 ? Double(topology.threads) : .infinity
  }
}
