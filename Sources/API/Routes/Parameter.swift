/// Definition of a parameter, for checks, errors and the OpenAPI document.
struct ParameterDefinition: Sendable {
  enum ParameterLocation: String, Sendable {
    case query, header, path
  }

  let name: String
  let place: ParameterLocation
  let help: String
  /// Description of the allowed values for errors, such as "an integer ≥ 1".
  let allowed: String
  let schema: JSONSchema
  var isRepeatable = false
  var isRequired = false
}

/// A parameter of some routes: its definition and its parser.
struct Parameter<Value: Sendable>: Sendable {
  let definition: ParameterDefinition
  private let read: @Sendable (String) -> Value?

  init(
    _ name: String, in place: ParameterDefinition.ParameterLocation = .query, _ help: String, allowed: String,
    _ schema: JSONSchema,
    isRepeatable: Bool = false, isRequired: Bool = false, read: @escaping @Sendable (String) -> Value?
  ) {
    definition = ParameterDefinition(
      name: name, place: place, help: help, allowed: allowed, schema: schema, isRepeatable: isRepeatable,
      isRequired: isRequired)
    self.read = read
  }

  /// Parses a value.
  func value(_ text: String) throws(APIError) -> Value {
    guard let value = read(text) else {
      throw APIError(parameter: definition.name, value: text, allowed: definition.allowed)
    }
    return value
  }
}

extension Parameter<Int> {
  /// An integer; without an upper bound, larger numbers are clamped to the maximum.
  static func integer(
    _ name: String, _ help: String, in range: ClosedRange<Int> = 1...Int.max, default fallback: Int? = nil
  ) -> Parameter {
    let isOpen = range.upperBound == .max
    return Parameter(
      name, help,
      allowed: isOpen
        ? "an integer ≥ \(range.lowerBound)"
        : "an integer from \(range.lowerBound) to \(range.upperBound)",
      .integer(
        minimum: range.lowerBound, maximum: isOpen ? nil : range.upperBound, default: fallback, unbounded: isOpen)
    ) { text in
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
        return nil
      }
      let number = Int(text) ?? .max
      return range.contains(number) ? number : nil
    }
  }
}

extension Parameter where Value: RawRepresentable<String> & CaseIterable {
  /// One of several words.
  static func choice(_ name: String, _ help: String, default fallback: Value) -> Parameter {
    let words = Value.allCases.map(\.rawValue)
    return Parameter(
      name, help, allowed: "one of " + words.joined(separator: ", "), .words(words, default: fallback.rawValue)
    ) { Value(rawValue: $0) }
  }
}

extension Parameter<Bool> {
  /// A Boolean; the name alone means true.
  static func flag(_ name: String, _ help: String) -> Parameter {
    let values: [String: Bool] = ["": true, "true": true, "1": true, "false": false, "0": false]
    return Parameter(name, help, allowed: "true or false", .words(["", "true", "1", "false", "0"])) { values[$0] }
  }
}
