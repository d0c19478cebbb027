internal import AgentMetrics

/// The table of processes as the JSON of `/processes`.
enum ProcessesJSON {
  static func encode(_ timestamp: Timestamp, _ processes: some Sequence<Process>) -> [UInt8] {
    let writer = JSONWriter(capacity: 65_536)
    writer.beginObject()
    writer.member("timestamp", timestamp.rfc3339)
    writer.beginArray("processes")
    for process in processes {
      writer.beginObject()
      Process.table.visit(process, writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }
}

/// By what processes are put in order: the greatest first, but by ascending pid.
enum ProcessOrder: String, CaseIterable {
  case cpu, memory, io, pid

  /// The processes in order; those whose figure is absent come last, and equal ones by pid.
  func sorted(_ processes: [Process]) -> [Process] {
    processes
      .map { (process: $0, measure: measure($0)) }
      .sorted { left, right in
        left.measure == right.measure ? left.process.pid < right.process.pid : left.measure > right.measure
      }
      .map(\.process)
  }

  private func measure(_ process: Process) -> Double {
    let value =
      switch self {
      case .cpu: process.cpu
      case .memory: process.resident
      case .io: process.ioRate
      case .pid: 0.0
      }
    return value.isNaN ? -.infinity : value
  }
}
