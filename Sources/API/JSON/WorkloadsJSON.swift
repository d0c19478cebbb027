internal import AgentMetrics

/// The workloads as the JSON of `/workloads`.
enum WorkloadsJSON {
  /// A list of workloads and its time.
  struct Listing {
    var timestamp = Timestamp(seconds: 0)
    var isStored = false
    /// Seconds over which rates are averaged.
    var interval = Double.nan
    var age = Double.nan
    var workloads = Workloads()
  }

  static func encode(_ listing: Listing, _ rows: some Sequence<Workload>) -> [UInt8] {
    let writer = JSONWriter(capacity: 65_536)
    writer.beginObject()
    writer.scanMembers(listing.timestamp, isStored: listing.isStored, interval: listing.interval, age: listing.age)
    writer.member("total", listing.workloads.total)
    writer.member("unattributed_cpu", listing.workloads.unattributedCPU, .cores)
    writer.beginArray("workloads")
    for row in rows {
      writer.beginObject()
      Workload.table.visit(row, writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  static let schema = JSONSchema.object([
    .init(name: "timestamp", schema: .timestamp, isRequired: true),
    .init(name: "stored", schema: .truth, help: "Present for the top workloads of a past sample"),
    .init(name: "interval_sec", schema: .number, help: "Seconds over which rates are averaged"),
    .init(name: "age_sec", schema: .number, help: "Seconds since the workloads were read"),
    .init(name: "total", schema: .integer(minimum: 0), help: "Number of all workloads", isRequired: true),
    .init(name: "unattributed_cpu", schema: .number, help: "CPUs' worth of time outside of all workloads"),
    .init(name: "workloads", schema: .list(.component("Workload")), isRequired: true),
  ])
}
