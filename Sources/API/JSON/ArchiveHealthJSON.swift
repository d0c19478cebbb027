internal import AgentMetrics
internal import History

/// How the archive is doing, beside `/health`'s status, which is the agent's.
enum ArchiveHealthJSON {
  static let schema = Schema.object([
    .init(name: "status", schema: .words(["ok", "failing"]), isRequired: true),
    .init(name: "error", schema: .text, help: "Why nothing is written now"),
    .init(name: "oldest", schema: .timestamp),
    .init(name: "newest", schema: .timestamp),
    .init(name: "bytes", schema: .integer(minimum: 0), isRequired: true),
    .init(name: "pending", schema: .integer(minimum: 0), help: "Samples that wait to be written", isRequired: true),
    .init(
      name: "lost", schema: .integer(minimum: 0), help: "Samples that were not written and are in memory no more",
      isRequired: true),
    .init(
      name: "damaged", schema: .integer(minimum: 0), help: "Stretches of a series that could not be read",
      isRequired: true),
  ])

  static func write(_ health: LongHistoryHealth, to writer: JSONWriter) {
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
