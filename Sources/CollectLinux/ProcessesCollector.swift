package import AgentMetrics
package import Collect
internal import SystemIO

/// All processes: counts by state, the ones with the highest use, and the table.
///
/// The most expensive source by far: a scan takes some 7 µs of CPU time per process, or 20 if scans are so far apart
/// that no files stay open. Scans run with each tick and for requests between ticks, within a budget: a hundredth of
/// one CPU, a tenth while a client watches. Between scans the last one is used, with its age.
package final class ProcessesCollector: Collector {
  package let name = "processes"

  /// Maximum seconds between two scans for which files stay open.
  private static let near = 10.0

  private let scanner: ProcessScanner
  private let exits: ExitListener?
  private var ended = EndedTable()
  private var reaped = ReapedIO()
  /// Exits whose ancestors the last scan has not seen yet: on a busy machine a listing takes a while.
  private var earlyExits: [TaskExit] = []
  private let ticksPerSecond: Double
  private var reading = ProcessesReading()
  private var demand = Demand()
  private var pacing = ScanPacing()
  private var lostExits = false

  /// Creates a collector that reads /proc under `root`.
  ///
  /// - Parameter listens: whether to receive the ends of processes, for as long as the program runs.
  package init(root: String, listens: Bool = false) {
    scanner = ProcessScanner(root: root)
    exits = listens && root.isEmpty ? ExitListener() : nil
    ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    reading.secondsPerTick = 1 / ticksPerSecond
    reading.isLive = scanner.isLive
  }

  package private(set) var age = 0.0

  /// Hidden processes of the last scan in one line.
  package var note: String? {
    let note = Self.note(scanner.blind, of: reading.all.count)
    guard lostExits else { return note }
    let lost = "more processes ended than could be counted"
    return note.map { $0 + "; " + lost } ?? lost
  }

  /// Sets the budget, and whether the next scan reads threads.
  package func accept(_ demand: Demand) {
    self.demand = demand
  }

  /// Writes `reading.processes`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    let kills = reading.memory.oomKills
    if pacing.isDue(at: reading.boottime, isWatched: demand.isWatched, oomKills: kills) { try scan(for: &reading) }
    write(into: &reading)
  }

  /// Writes `reading.processes` from the last scan, unless that is half a minute old.
  ///
  /// A scrape needs only the number of processes; a request for the table starts a scan.
  package func readBetween(into reading: inout Reading) throws(CollectorError) {
    if pacing.isDueBetween(at: reading.boottime, wantsTable: demand.wantsTable) { try scan(for: &reading) }
    write(into: &reading)
  }

  private func scan(for reading: inout Reading) throws(CollectorError) {
    reading.processes = nil
    let start = Clock.threadCPU
    let (previous, threads, instant) = (self.reading.all, scanner.threads, self.reading.instant)
    let counters = scanner.last
    var all = try scanner.scan(
      keepsFiles: reading.boottime - pacing.last < Self.near, wantsThreads: demand.wantsThreads,
      threadsOf: demand.threadsOf)
    let newExits = exits.map { sorted($0.take(), previous, all) }
    if pacing.scans > 0 { reaped.add(newExits?.all ?? [], from: counters, to: all) }
    reaped.subtract(from: &all)
    let now = scanner.isLive ? scanner.instant : reading.boottime
    // A request may come shortly before a tick: the table's rates then cover the time since the scan before.
    if pacing.scans > 0, self.reading.earlier == nil || ScanPacing.isSpan(from: instant, to: now) {
      self.reading.earlier = previous
      self.reading.earlierThreads = threads
      self.reading.earlierEnded = self.reading.ended
      self.reading.earlierInstant = instant
    }
    if pacing.scans % 32 == 0, scanner.isLive { self.reading.processors = Self.processors }
    if let newExits {
      let interval = EndedTable.Interval(
        ticksPerSecond: ticksPerSecond, seconds: max(0, now - instant), processors: self.reading.processors)
      self.reading.ended = endedProcesses(newExits, since: previous, to: all, over: interval)
    }
    self.reading.all = all
    self.reading.threads = scanner.threads
    self.reading.instant = now
    self.reading.hidden = scanner.blind.hidden
    self.reading.withoutIO = scanner.blind.withoutIO
    self.reading.isPartial = scanner.blind.isPartial
    pacing.count(at: reading.boottime, cost: Clock.threadCPU - start, oomKills: reading.memory.oomKills)
  }

  /// The exits that are due: those that came too early for the last scan, without those too early for this one.
  private func sorted(
    _ exits: ExitListener.Exits, _ before: [ProcessReading], _ now: [ProcessReading]
  ) -> ExitListener.Exits {
    let ancestors = ExitAncestors(exits.all, before, now)
    var due = exits
    due.all = earlyExits + exits.all.filter { !ancestors.isEarly($0) }
    earlyExits = exits.all.filter(ancestors.isEarly)
    return due
  }

  private func endedProcesses(
    _ exits: ExitListener.Exits, since previous: [ProcessReading], to now: [ProcessReading],
    over interval: EndedTable.Interval
  ) -> [EndedReading]? {
    // Before the first scan their workloads are unknown.
    guard pacing.scans > 0 else { return [] }
    lostExits = exits.isIncomplete || exits.surplus > 0
    ended.add(exits.all, since: previous, to: now, over: interval) { scanner.userName(of: $0) }
    return ended.readings
  }

  private func write(into reading: inout Reading) {
    age = pacing.age(at: reading.boottime)
    self.reading.age = age
    reading.processes = self.reading
  }

  /// Number of online CPUs; infinite if unknown.
  private static var processors: Double {
    let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return count > 0 ? Double(count) : .infinity
  }

  /// Describes the hidden processes in one line.
  static func note(_ blind: Blindness, of count: Int) -> String? {
    var parts: [String] = []
    if blind.isPartial { parts.append("processes of other users are hidden (/proc is mounted with hidepid)") }
    if blind.hidden > 0 {
      parts.append(
        "\(blind.hidden) " + (blind.hidden == 1 ? "process is" : "processes are") + " listed but cannot be read")
    }
    if blind.withoutIO > 0 { parts.append("I/O of \(blind.withoutIO) of \(count) processes cannot be read") }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}
