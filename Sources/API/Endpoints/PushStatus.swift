internal import AgentMetrics

/// Progress of pushing to one receiver, for `/push/status`.
package struct PushReport: Sendable {
  /// A time range whose samples the receiver will never get.
  package struct ReportedGap: Sendable {
    /// POSIX time of its begin.
    package var from: Double
    /// POSIX time of its end.
    package var to: Double
    /// Number of missing samples.
    package var samples: Int
    /// Reason.
    package var reason: String

    package init(from: Double, to: Double, samples: Int, reason: String) {
      (self.from, self.to, self.samples, self.reason) = (from, to, samples, reason)
    }
  }

  /// URL of the receiver, without parts that may be secret.
  package var url = ""
  /// The protocol in use.
  package var format = ""
  /// State of the connection.
  package var state = ""
  /// POSIX time of the newest sample that the receiver accepted or rejected; NaN before the first.
  package var cursor = Double.nan
  /// Seconds from that to the newest sample.
  package var lag = 0.0
  /// Samples waiting to be sent.
  package var pending = 0
  /// Samples accepted.
  package var sentSamples = 0
  /// Values accepted.
  package var sentValues = 0
  /// Bytes of those requests.
  package var sentBytes = 0
  /// Requests failed and retried.
  package var failed = 0
  /// Samples rejected by the receiver.
  package var dropped = 0
  /// Samples discarded from memory before they could be sent.
  package var lost = 0
  /// POSIX time of the last accepted request; NaN before the first.
  package var lastSuccess = Double.nan
  /// The last error, if any.
  package var lastError: String?
  /// POSIX time of the last error.
  package var lastErrorTime = Double.nan
  /// The newest gaps, oldest first.
  package var gaps: [ReportedGap] = []

  package init() {}
}

extension Route {
  static let pushStatus = Route(
    path: "/push/status", summary: "Progress of pushing samples to each receiver",
    contents: [.json(PushStatusJSON.schema)]
  ) { (api, _) throws(APIError) in .json(PushStatusJSON.encode(api.settings.pushStatus())) }
}

/// The JSON of `/push/status`.
private enum PushStatusJSON {
  static func encode(_ reports: [PushReport]) -> [UInt8] {
    let writer = JSONWriter()
    func time(_ name: String, _ seconds: Double) {
      if seconds.isFinite { writer.member(name, Timestamp(seconds: seconds).rfc3339) }
    }
    writer.beginObject()
    writer.beginArray("targets")
    for report in reports {
      writer.beginObject()
      writer.member("url", report.url)
      writer.member("protocol", report.format)
      writer.member("state", report.state)
      time("cursor", report.cursor)
      writer.member("lag_seconds", Int(clamping: Int64(min(max(report.lag, 0), 1e15))))
      writer.member("pending_samples", report.pending)
      writer.member("sent_samples", report.sentSamples)
      writer.member("sent_values", report.sentValues)
      writer.member("sent_bytes", report.sentBytes)
      writer.member("failed_requests", report.failed)
      writer.member("dropped_samples", report.dropped)
      writer.member("lost_samples", report.lost)
      time("last_success", report.lastSuccess)
      if let error = report.lastError {
        writer.member("last_error", error)
        time("last_error_time", report.lastErrorTime)
      }
      writer.beginArray("gaps")
      for gap in report.gaps {
        writer.beginObject()
        time("from", gap.from)
        time("to", gap.to)
        writer.member("samples", gap.samples)
        writer.member("reason", gap.reason)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  static let schema = JSONSchema.object([
    .init(
      name: "targets",
      schema: .list(
        .object([
          .init(name: "url", schema: .text, help: "The receiver, without its query", isRequired: true),
          .init(name: "protocol", schema: .text, help: "The protocol in use", isRequired: true),
          .init(
            name: "state", schema: .words(["starting", "live", "catching_up", "failing", "refused"]),
            help: "State of the connection", isRequired: true),
          .init(name: "cursor", schema: .timestamp, help: "The newest sample that the receiver accepted or rejected"),
          .init(
            name: "lag_seconds", schema: .integer(minimum: 0),
            help: "Lag of the cursor behind the newest sample",
            isRequired: true),
          .init(
            name: "pending_samples", schema: .integer(minimum: 0), help: "Samples waiting to be sent", isRequired: true),
          .init(
            name: "sent_samples", schema: .integer(minimum: 0), help: "Samples accepted",
            isRequired: true),
          .init(
            name: "sent_values", schema: .integer(minimum: 0), help: "Values accepted",
            isRequired: true),
          .init(name: "sent_bytes", schema: .integer(minimum: 0), help: "Bytes of those requests", isRequired: true),
          .init(
            name: "failed_requests", schema: .integer(minimum: 0), help: "Requests failed and retried",
            isRequired: true),
          .init(
            name: "dropped_samples", schema: .integer(minimum: 0), help: "Samples rejected by the receiver",
            isRequired: true),
          .init(
            name: "lost_samples", schema: .integer(minimum: 0),
            help: "Samples discarded before the receiver could be reached", isRequired: true),
          .init(name: "last_success", schema: .timestamp, help: "Time of the last accepted request"),
          .init(name: "last_error", schema: .text, help: "The last error"),
          .init(name: "last_error_time", schema: .timestamp, help: "Time of the last error"),
          .init(
            name: "gaps",
            schema: .list(
              .object([
                .init(name: "from", schema: .timestamp, help: "Its beginning"),
                .init(name: "to", schema: .timestamp, help: "Its end"),
                .init(
                  name: "samples", schema: .integer(minimum: 0), help: "Missing samples", isRequired: true),
                .init(
                  name: "reason", schema: .words(["lost", "too_old", "out_of_order", "rejected"]), help: "Why",
                  isRequired: true),
              ])), help: "The newest gaps at the receiver, oldest first", isRequired: true),
        ])), isRequired: true)
  ])
}
