/// Parameters of a query: names with their values.
struct URLQuery {
  private let parameters: [(name: String, value: String)]

  /// Parses `name=value&…`; empty parts are skipped, a name without `=` has the empty value.
  init(_ bytes: ArraySlice<UInt8>) throws(APIError) {
    var parameters: [(name: String, value: String)] = []
    for part in bytes.split(separator: UInt8(ascii: "&")) {
      let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      guard let name = RequestTarget.decoded(part[..<end]),
        let value = RequestTarget.decoded(end < part.endIndex ? part[(end + 1)...] : [])
      else {
        throw APIError(.badRequest, "the query contains a malformed percent-encoding")
      }
      parameters.append((name, value))
    }
    self.parameters = parameters
  }

  /// Rejects unknown parameters, which would silently have no effect, and repeated ones.
  ///
  /// - Parameter ignoringOthers: whether unknown parameters are ignored, as scrapers expect of an exporter.
  func check(_ allowed: [ParameterDefinition], ignoringOthers: Bool = false) throws(APIError) {
    for (index, parameter) in parameters.enumerated() {
      let name = parameter.name
      guard let definition = allowed.first(where: { $0.name == name && $0.place == .query }) else {
        if ignoringOthers { continue }
        let names = allowed.filter { $0.place == .query }.map(\.name)
        let known = names.isEmpty ? "none" : names.joined(separator: ", ")
        throw APIError(
          .badRequest, "unknown parameter \"\(APIError.shown(name))\"; allowed: \(known)", parameter: name)
      }
      guard definition.isRepeatable || !parameters[..<index].contains(where: { $0.name == name }) else {
        throw APIError(.badRequest, "\(APIError.shown(name)): given more than once", parameter: name)
      }
    }
  }

  /// Parses the value of a parameter; nil if it is not given.
  func value<Value>(_ parameter: Parameter<Value>) throws(APIError) -> Value? {
    try values(parameter).first
  }

  /// Parses the values of a repeatable parameter.
  func values<Value>(_ parameter: Parameter<Value>) throws(APIError) -> [Value] {
    var values: [Value] = []
    for (name, value) in parameters where name == parameter.definition.name {
      values.append(try parameter.value(value))
    }
    return values
  }
}
