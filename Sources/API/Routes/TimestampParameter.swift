internal import AgentMetrics
internal import Query

extension Parameter<Timestamp> {
  static func time(_ name: String, _ help: String, isRequired: Bool = false) -> Parameter {
    Parameter(
      name, help, allowed: "RFC 3339 (2026-02-05T06:45:00Z) or seconds since 1970 (1770273900.5)", .time,
      isRequired: isRequired
    ) { Timestamp(time: $0) }
  }
}
