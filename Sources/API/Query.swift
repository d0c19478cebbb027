/// The parameters of a query: names with their values, each allowed once.
struct Query {
  private let parameters: [(name: String, value: String)]

  /// Takes `name=value&…` apart; empty parts are passed over, a name without `=` has the empty value.
  init(_ bytes: ArraySlice<UInt8>) throws(APIError) {
    var parameters: [(name: String, value: String)] = []
    for part in bytes.split(separator: UInt8(ascii: "&")) {
      let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      guard let name = RequestTarget.decoded(part[..<end]),
        let value = RequestTarget.decoded(end < part.endIndex ? part[(end + 1)...] : [])
      else {
        throw APIError(.badRequest, "the query holds a malformed percent-encoding")
      }
      parameters.append((name, value))
    }
    self.parameters = parameters
  }

  /// Refuses parameters that are unknown, which would do nothing silently, and ones that say two things at once.
  func checkNames(_ allowed: [String]) throws(APIError) {
    for (index, parameter) in parameters.enumerated() {
      let name = parameter.name
      guard allowed.contains(name) else {
        let known = allowed.isEmpty ? "none" : allowed.joined(separator: ", ")
        throw APIError(
          .badRequest, "the parameter \"\(APIError.shown(name))\" is unknown; allowed here: \(known)", parameter: name)
      }
      guard !parameters[..<index].contains(where: { $0.name == name }) else {
        throw APIError(
          .badRequest, "\(name): \"\(APIError.shown(parameter.value))\" is a second value; allowed is one",
          parameter: name)
      }
    }
  }

  /// An integer of at least 1; nil where it is not given.
  ///
  /// One beyond Int is as good as Int's greatest.
  func positiveInteger(_ name: String) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    let digits = value.utf8.drop { $0 == UInt8(ascii: "0") }
    guard !digits.isEmpty, value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      throw APIError(parameter: name, value: value, allowed: "an integer of at least 1")
    }
    return Int(value) ?? .max
  }

  /// One of a few words; nil where it is not given.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type
  ) throws(APIError) -> Choice? {
    guard let value = self[name] else { return nil }
    guard let choice = Choice(rawValue: value) else {
      throw APIError(
        parameter: name, value: value, allowed: Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  private subscript(name: String) -> String? {
    parameters.first { $0.name == name }?.value
  }
}
