internal import AgentMetrics
internal import History

extension Route {
  static let processes = Route(
    path: "/processes", summary: "The processes now, or the top processes recorded at a time of the past",
    parameters: [sort.definition, limit.definition, moment.definition], contents: [.json(ProcessesJSON.schema)],
    errors: [.notFound, .serviceUnavailable]
  ) { (api, exchange) async throws(APIError) in
    let order = try exchange.query.value(sort) ?? .cpu
    let limit = try exchange.query.value(limit) ?? .max
    let past = try exchange.query.value(moment)
    let table: (timestamp: Timestamp, processes: [Process])
    let sample: Sample
    if let past {
      sample = try await api.entry(at: past).sample
      table = (sample.timestamp, sample.processes?.top ?? [])
    } else {
      do {
        table = try await api.processes()
      } catch {
        throw APIError(.serviceUnavailable, "cannot read the processes: \(error)")
      }
      sample = await api.history.first().sample
    }
    let gpus = GPUShare.byProcess(of: sample.gpus)
    let rows = order.sorted(table.processes.map { ($0, gpus[$0.pid]) })
    return .json(ProcessesJSON.encode(table.timestamp, isStored: past != nil, rows.prefix(limit)))
  }

  private static let sort = Parameter<ProcessOrder>.choice(
    "sort", "Sort key, largest first; pid ascending", default: .cpu)
  private static let limit = Parameter<Int>.integer("limit", "Maximum number of processes")
  private static let moment = Parameter<Timestamp>.moment("at", "A time of the past; now by default")
}

/// What a process uses of all GPUs together; NaN where no driver tells.
struct GPUShare {
  /// GPUs' worth of time.
  var util = Double.nan
  /// Bytes.
  var memory = Double.nan

  static func byProcess(of gpus: [GPU]) -> [Int32: GPUShare] {
    var shares: [Int32: GPUShare] = [:]
    for process in gpus.flatMap({ $0.processes ?? [] }) {
      var share = shares[process.pid] ?? GPUShare()
      share.util = plus(share.util, process.util)
      share.memory = plus(share.memory, process.vram)
      shares[process.pid] = share
    }
    return shares
  }

  private static func plus(_ left: Double, _ right: Double) -> Double {
    left.isNaN ? right : right.isNaN ? left : left + right
  }
}

/// By what processes are put in order: the greatest first, but by ascending pid.
enum ProcessOrder: String, CaseIterable {
  case cpu, memory, io, gpu, pid

  typealias Row = (process: Process, gpu: GPUShare?)

  /// The processes in order; those whose figure is absent come last, and equal ones by pid.
  func sorted(_ rows: [Row]) -> [Row] {
    rows
      .map { (row: $0, measure: measure($0)) }
      .sorted { left, right in
        left.measure == right.measure
          ? left.row.process.pid < right.row.process.pid : left.measure > right.measure
      }
      .map(\.row)
  }

  /// What to compare by, and by what where that is equal.
  private func measure(_ row: Row) -> Measure {
    switch self {
    case .cpu: Measure(row.process.cpu)
    case .memory: Measure(row.process.resident)
    case .io: Measure(row.process.ioRate)
    case .gpu: Measure(row.gpu?.util ?? .nan, row.gpu?.memory ?? .nan)
    case .pid: Measure(0)
    }
  }

  private struct Measure: Comparable {
    let first: Double
    let second: Double

    init(_ first: Double, _ second: Double = 0) {
      self.first = first.isNaN ? -.infinity : first
      self.second = second.isNaN ? -.infinity : second
    }

    static func < (left: Measure, right: Measure) -> Bool {
      (left.first, left.second) < (right.first, right.second)
    }
  }
}
