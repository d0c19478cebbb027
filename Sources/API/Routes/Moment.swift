package import AgentMetrics

extension Timestamp {
  /// A moment as a client may write it: RFC 3339, or seconds since 1970 with or without a fraction; nil for anything
  /// else.
  package init?(moment text: String) {
    if let moment = Timestamp(rfc3339: text) {
      self = moment
      return
    }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    // More digits than a year of five has, or a Double tells.
    let isPlain = parts.allSatisfy { part in
      !part.isEmpty && part.count <= 12 && part.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
    guard isPlain, let seconds = Double(text) else { return nil }
    self.init(seconds: seconds)
  }
}

extension Parameter<Timestamp> {
  /// A moment.
  static func moment(_ name: String, in place: ParameterDefinition.Place = .query, _ help: String) -> Parameter {
    Parameter(
      name, in: place, help,
      allowed: "RFC 3339 (2026-02-05T06:45:00Z), or seconds since 1970 (1770273900.5)", .moment
    ) { Timestamp(moment: $0) }
  }
}
