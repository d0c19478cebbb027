internal import AgentMetrics
internal import History

/// State of the archive, separate from `/health`'s status, which is the agent's.
enum ArchiveHealthJSON {
  static let schema = JSONSchema.object([
    .init(name: "status", schema: .words(["ok", "failing"]), isRequired: true),
    .init(name: "error", schema: .text, help: "Reason that samples cannot be written"),
    .init(name: "oldest", schema: .timestamp),
    .init(name: "newest", schema: .timestamp),
    .init(name: "bytes", schema: .integer(minimum: 0), isRequired: true),
    .init(name: "pending", schema: .integer(minimum: 0), help: "Samples waiting to be written", isRequired: true),
    .init(
      name: "lost", schema: .integer(minimum: 0), help: "Samples discarded before they could be written",
      isRequired: true),
    .init(
      name: "damaged", schema: .integer(minimum: 0), help: "Unreadable chunks of series",
      isRequired: true),
  ])

  static func write(_ health: SampleArchiveHealth, to writer: JSONWriter) {
    writer.beginObject("archive")
    writer.member("status", health.failure == nil ? "ok" : "failing")
    if let failure = health.failure { writer.member("error", failure) }
    if let oldest = health.oldest { writer.member("oldest", oldest.rfc3339) }
    if let newest = health.newest { writer.member("newest", newest.rfc3339) }
    writer.member("bytes", health.bytes)
    writer.member("pending", health.pending)
    writer.member("lost", health.lost)
    writer.member("damaged", health.damaged)
    writer.endObject()
  }
}
