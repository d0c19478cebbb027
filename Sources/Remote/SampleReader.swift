package import AgentMetrics
package import SystemIO

/// The figures of a domain as an agent's JSON has them.
package struct SampleReader: FieldReader {
  /// Counts the entries of lists, which are bounded for a sample as a whole.
  final class Entries {
    private(set) var count = 0

    fileprivate func take(_ wanted: Int) -> Int {
      let granted = min(wanted, RemoteLimits.entries - count)
      count += granted
      return granted
    }
  }

  let value: JSONValue
  private let entries: Entries

  /// Those of an object.
  package init(value: JSONValue) {
    self.init(value: value, entries: Entries())
  }

  init(value: JSONValue, entries: Entries) {
    self.value = value
    self.entries = entries
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
    return SampleReader(value: part, entries: entries)
  }

  package func items(_ name: String, at field: Int) -> [any FieldReader]? {
    guard let list = value[name], case .array(let items) = list else { return nil }
    return items.prefix(entries.take(items.count)).map { SampleReader(value: $0, entries: entries) }
  }
}

extension Sample {
  /// A sample from the JSON of `/metrics/latest`; nil where it is none, or has no moment.
  ///
  /// Its boot-time clock is its wall clock: another machine's clocks say nothing here but in which order samples come.
  ///
  /// - Parameter elapsed: seconds that its rates are means over.
  init?(json bytes: Span<UInt8>, elapsed: Double = .nan) {
    self.init(json: bytes, elapsed: elapsed, entries: SampleReader.Entries())
  }

  init?(json bytes: Span<UInt8>, elapsed: Double = .nan, entries: SampleReader.Entries) {
    guard let value = JSONValue(bytes, longestString: RemoteLimits.string), let text = value["timestamp"]?.text,
      let timestamp = Timestamp(rfc3339: text)
    else { return nil }
    self.init(at: timestamp, from: SampleReader(value: value, entries: entries), elapsed: elapsed)
    boottime = timestamp.seconds
  }
}
