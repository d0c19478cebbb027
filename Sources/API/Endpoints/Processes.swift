internal import AgentMetrics
internal import SampleStore

extension Route {
  static let processes = Route(
    path: "/processes", summary: "The current processes, or the top processes recorded at a past time",
    parameters: [sort.definition, limit.definition, time.definition], contents: [.json(ProcessesJSON.schema)],
    errors: [.notFound, .serviceUnavailable]
  ) { (api, context) async throws(APIError) in
    let order = try context.query.value(sort) ?? .cpu
    let limit = try context.query.value(limit) ?? .max
    let past = try context.query.value(time)
    var table: ProcessSnapshot
    if let past {
      let sample = try await api.entry(at: past).sample
      table = ProcessSnapshot(timestamp: sample.timestamp, processes: sample.processes?.top ?? [])
      table.gpus = GPUShare.byProcess(of: sample.gpus)
      table.isPartial = sample.processes?.isPartial ?? false
    } else {
      do {
        table = try await api.processes()
      } catch {
        throw APIError(.serviceUnavailable, "cannot read the processes: \(error)")
      }
    }
    if !api.mayReadCommands(context.request) {
      for index in table.processes.indices { table.processes[index].command = nil }
    }
    let rows = order.sorted(table.processes.map { ($0, table.gpus[$0.pid]) })
    return .json(ProcessesJSON.encode(table, isStored: past != nil, rows.prefix(limit)))
  }

  private static let sort = Parameter<ProcessOrder>.choice(
    "sort", "Sort key, largest first; pid ascending", default: .cpu)
  private static let limit = Parameter<Int>.integer("limit", "Maximum number of processes")
  private static let time = Parameter<Timestamp>.time("at", "A past time; now by default")
}

/// Sort keys of processes, in descending order except for pid.
enum ProcessOrder: String, CaseIterable {
  case cpu, memory, io, gpu, pid

  typealias ProcessRecord = (process: Process, gpu: GPUShare?)

  /// Sorts processes: absent values last, equal ones by memory, then by pid.
  func sorted(_ rows: [ProcessRecord]) -> [ProcessRecord] {
    rows
      .map { (row: $0, measure: measure($0)) }
      .sorted { left, right in
        left.measure == right.measure
          ? left.row.process.pid < right.row.process.pid : left.measure > right.measure
      }
      .map(\.row)
  }

  /// Primary and secondary sort value.
  private func measure(_ row: ProcessRecord) -> SortKey {
    switch self {
    case .cpu: SortKey(row.process.cpu, row.process.resident)
    case .memory: SortKey(row.process.resident)
    case .io: SortKey(row.process.ioRate, row.process.resident)
    case .gpu: SortKey(row.gpu?.util ?? .nan, row.gpu?.memory ?? .nan)
    case .pid: SortKey(0)
    }
  }

  private struct SortKey: Comparable {
    let first: Double
    let second: Double

    init(_ first: Double, _ second: Double = 0) {
      self.first = first.isNaN ? -.infinity : first
      self.second = second.isNaN ? -.infinity : second
    }

    static func < (left: SortKey, right: SortKey) -> Bool {
      (left.first, left.second) < (right.first, right.second)
    }
  }
}
