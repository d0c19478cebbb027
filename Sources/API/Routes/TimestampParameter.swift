package import AgentMetrics

extension Timestamp {
  /// The last second of the year 9999, the end of RFC 3339.
  package static let maxSeconds = 253_402_300_799

  /// Parses a client's time: RFC 3339, or seconds since 1970 as a JSON number; nil for other texts.
  package init?(time text: String) {
    if let time = Timestamp(rfc3339: text) {
      self = time
      return
    }
    // Double also accepts hexadecimal numbers, infinities and NaN, which JSON does not have.
    let isNumber =
      text.utf8.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } == true
      && text.utf8.last.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } == true
      && text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    guard isNumber, let seconds = Double(text), seconds <= Double(Self.maxSeconds) else { return nil }
    self.init(seconds: seconds)
  }
}

extension Parameter<Timestamp> {
  static func time(_ name: String, _ help: String, isRequired: Bool = false) -> Parameter {
    Parameter(
      name, help, allowed: "RFC 3339 (2026-02-05T06:45:00Z) or seconds since 1970 (1770273900.5)", .time,
      isRequired: isRequired
    ) { Timestamp(time: $0) }
  }
}
