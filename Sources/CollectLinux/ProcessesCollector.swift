public import AgentMetrics
public import Collect
internal import SystemIO

/// All processes, for the counts by state and the few that use most.
///
/// The dearest source by far: a pass takes some 7 µs of CPU time per process, or 20 where passes are so far apart that no
/// files are kept open. It is made only as often as keeps it
/// below a hundredth of one CPU, at every tick on most machines; between two passes the last one's figures stand, with
/// their age.
public final class ProcessesCollector: Collector {
  /// "processes".
  public let name = "processes"

  /// CPU time between two passes ÷ CPU time of a pass.
  private static let rest = 100.0
  /// Seconds between two passes up to which files are kept open for the next.
  private static let near = 10.0
  /// Seconds after which a pass is due, whatever it costs.
  private static let longest = 30.0

  private let scanner: ProcessScanner
  private var reading = ProcessesReading()
  private var passes = 0
  private var due = -Double.infinity

  /// The processes of the machine whose /proc lies under `root`.
  public init(root: String) {
    scanner = ProcessScanner(root: root)
    reading.secondsPerTick = 1 / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  }

  /// Seconds since the last pass.
  public private(set) var age = 0.0

  /// Writes `reading.processes`.
  public func read(into reading: inout Reading) throws(CollectorError) {
    // The second pass makes the first rates; a tick that comes a little early is not passed over.
    if passes < 2 || reading.boottime >= due - 0.05 {
      reading.processes = nil
      let start = Clock.threadCPU
      let earlier = passes > 0 ? scanner.last : nil
      let all = try scanner.scan(keepsFiles: reading.boottime - self.reading.instant < Self.near)
      passes += 1
      self.reading.earlier = earlier
      self.reading.earlierInstant = self.reading.instant
      self.reading.all = all
      self.reading.instant = reading.boottime
      due = reading.boottime + min(Self.longest, (Clock.threadCPU - start) * Self.rest)
    }
    tell(in: &reading)
  }

  /// Writes `reading.processes` as the last pass found them, unless that is half a minute ago: who asks between two ticks,
  /// a scraper, is told of processes no more than how many there are.
  public func readBetween(into reading: inout Reading) throws(CollectorError) {
    guard passes >= 2, reading.boottime - self.reading.instant < Self.longest else { return try read(into: &reading) }
    tell(in: &reading)
  }

  private func tell(in reading: inout Reading) {
    age = max(0, reading.boottime - self.reading.instant)
    reading.processes = self.reading
  }
}
