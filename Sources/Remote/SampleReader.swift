package import AgentMetrics
package import SystemIO

/// The figures of a domain as an agent's JSON has them.
package struct SampleReader: FieldReader {
  let value: JSONValue

  /// Those of an object.
  package init(value: JSONValue) {
    self.value = value
  }

  package func number(_ definition: Definition, at field: Int) -> Double? {
    value[definition.name]?.number.map { $0 * definition.unit.factor }
  }

  package func text(_ definition: Definition, at field: Int) -> String? {
    value[definition.name]?.text
  }

  package func flag(_ definition: Definition, at field: Int) -> Bool? {
    value[definition.name]?.bool
  }

  package func part(_ name: String, at field: Int) -> (any FieldReader)? {
    guard let part = value[name], case .object = part else { return nil }
    return SampleReader(value: part)
  }

  package func items(_ name: String, at field: Int) -> [any FieldReader]? {
    guard let list = value[name], case .array(let items) = list else { return nil }
    return items.map { SampleReader(value: $0) }
  }
}

extension Sample {
  /// A sample from the JSON of `/metrics/latest`; nil where it is none, or has no moment.
  ///
  /// Its boot-time clock is its wall clock: another machine's clocks say nothing here but in which order samples come.
  ///
  /// - Parameter elapsed: seconds that its rates are means over.
  init?(json bytes: Span<UInt8>, elapsed: Double = .nan) {
    guard let value = JSONValue(bytes), let text = value["timestamp"]?.text, let timestamp = Timestamp(rfc3339: text)
    else { return nil }
    self.init(at: timestamp, from: SampleReader(value: value), elapsed: elapsed)
    boottime = timestamp.seconds
  }
}
