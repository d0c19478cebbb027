package import AgentMetrics
package import Collect
internal import CWindows
internal import SystemIO

/// All processes: counts by state, the ones with the highest use, and the table.
///
/// One call reads them all, some 2 µs of CPU time per process. I/O is that of files, devices, pipes and sockets.
package final class ProcessesCollector: ScanningCollector {
  private let scanner: ProcessScanner
  package var processes: ScannedProcesses

  package convenience init() { self.init(boot: BootTime.filetime) }

  /// - Parameter boot: FILETIME at which the boot-time clock was 0.
  init(boot: UInt64, now: @escaping @Sendable () -> Double = { Clock.boottime }) {
    scanner = ProcessScanner(boot: boot)
    processes = ScannedProcesses(secondsPerTick: 1e-7, now: now)
  }

  /// Number of processes with unreadable users, in one line.
  package var note: String? {
    let hidden = scanner.withoutUser
    return hidden > 0 ? "users of \(hidden) of \(processes.reading.all.count) processes cannot be read" : nil
  }

  package func scan(at instant: Double) throws(CollectorError) -> [ProcessReading] { try scanner.scan(at: instant) }

  package static func processors() -> Double {
    var topology = cwindows_topology()
    return cwindows_topology(&topology) && topology.threads > 0 ? Double(topology.threads) : .infinity
  }
}
