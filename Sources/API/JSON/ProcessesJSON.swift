internal import AgentMetrics

/// The table of processes as the JSON of `/processes`.
enum ProcessesJSON {
  static func encode(_ table: ProcessSnapshot, isStored: Bool, _ rows: some Sequence<ProcessOrder.ProcessRecord>)
    -> [UInt8]
  {
    let writer = JSONWriter(capacity: 65_536)
    writer.beginObject()
    writer.scanMembers(table.timestamp, isStored: isStored, interval: table.interval, age: table.age)
    if table.isPartial { writer.member("partial", true) }
    writer.beginArray("processes")
    for row in rows {
      writer.beginObject()
      Process.table.visit(row.process, writer)
      if let gpu = row.gpu {
        writer.member("gpu_util", gpu.util, .ratio)
        writer.member("gpu_memory_mb", gpu.memory, .mebibytes)
        writer.beginArray("gpus")
        for index in gpu.gpus { writer.member(nil, index) }
        writer.endArray()
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  static let schema = JSONSchema.object([
    .init(name: "timestamp", schema: .timestamp, isRequired: true),
    .init(name: "stored", schema: .truth, help: "Present for the top processes of a past sample"),
    .init(name: "interval_sec", schema: .number, help: "Seconds over which rates are averaged"),
    .init(name: "age_sec", schema: .number, help: "Seconds since the processes were read"),
    .init(name: "partial", schema: .truth, help: "Present if processes of other users are hidden"),
    .init(name: "processes", schema: .list(.component("Process")), isRequired: true),
  ])

  /// Members added by a process's GPUs.
  static let gpuMembers: [JSONSchema.Member] = [
    .init(name: "gpu_util", schema: .number, help: "Share of GPU time; 1.0 is one GPU"),
    .init(name: "gpu_memory_mb", schema: .number, help: "Memory of GPUs that it uses"),
    .init(name: "gpus", schema: .list(.integer(minimum: 0)), help: "Indices of the GPUs that it uses"),
  ]
}

extension JSONWriter {
  /// Writes the time of a scan that a list is made from; absent values are left out.
  func scanMembers(_ timestamp: Timestamp, isStored: Bool, interval: Double, age: Double) {
    member("timestamp", timestamp.rfc3339)
    if isStored { member("stored", true) }
    // Rounded to milliseconds: more digits would only be noise of the clock.
    member("interval_sec", (interval * 1_000).rounded() / 1_000, .seconds)
    member("age_sec", (age * 1_000).rounded() / 1_000, .seconds)
  }
}
