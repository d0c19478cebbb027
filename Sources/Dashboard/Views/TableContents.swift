internal import AgentMetrics

/// The known part of the process table.
struct TableContents {
  enum TableKind: Equatable {
    /// All processes.
    case whole
    /// The heaviest processes of the newest sample.
    case top
    /// The heaviest processes of a past sample.
    case stored
  }

  var rows: [ProcessRow] = []
  var kind = TableKind.top
  /// Seconds that the rates are averaged over, and seconds since the scan; NaN where unknown.
  var interval = Double.nan
  var age = Double.nan
  /// Number of rows without the filter.
  var unfiltered = 0
  /// Whether any row has a service or command line, regardless of the filter, so that columns stay.
  var hasServices = false
  var hasCommands = false

  init() {}

  /// Creates the rows of the whole table, or of the processes of a sample.
  init(
    _ whole: ProcessSnapshot?, memory: [Int32: ProcessMemory] = [:], _ sample: Sample, _ state: ScreenState
  ) {
    (interval, age) = (whole?.interval ?? .nan, whole?.age ?? .nan)
    kind = whole != nil ? .whole : state.cursor.time != nil ? .stored : .top
    let processes = Self.named(whole?.processes ?? sample.processes?.top ?? [], by: sample.workloads?.top ?? [])
    func rows(_ filter: String) -> [ProcessRow] {
      let rows = ProcessRows.make(
        processes,
        threads: state.table.showsThreads ? whole?.threads ?? [] : [], memory: memory,
        gpus: sample.gpus, memoryTotal: sample.ram.total, state.table, filter: ProcessFilter(filter))
      // A sample has only the first few by each measure; a longer ranking would be a guess.
      let isRanking = whole == nil && !state.table.isTree && filter.isEmpty && !state.table.isReversed
      return isRanking ? Array(rows.prefix(Processes.topCount)) : rows
    }
    self.rows = rows(state.table.filter)
    // Panels keep their places while a filter is typed.
    let all = state.table.filter.isEmpty ? self.rows : rows("")
    unfiltered = all.count
    hasServices = all.contains { $0.process.service != nil }
    hasCommands = all.contains { $0.process.command != nil }
  }

  /// Names containers as their engines do, "docker:web" or "pod/container"; a process has only a container's number.
  private static func named(_ processes: [Process], by workloads: [Workload]) -> [Process] {
    var names: [String: String] = [:]
    for one in workloads where one.kind == .container && !one.id.hasSuffix(":" + one.name) {
      let pod = one.podName?.split(separator: "/").last.map { $0 + "/" }
      names[one.id] = (pod ?? (one.engine ?? "container") + ":") + one.name
    }
    if names.isEmpty { return processes }
    return processes.map { process in
      guard let id = process.workload, let name = names[id] else { return process }
      var process = process
      process.service = name
      return process
    }
  }
}
