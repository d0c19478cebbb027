package import AgentMetrics
package import SystemIO

/// Reads the values of a metric group from an agent's JSON.
package struct SampleReader: FieldReader {
  /// Counts list entries, which are bounded per sample.
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
  /// Parses the JSON of `/metrics/latest`; nil where it is malformed or lacks a timestamp.
  ///
  /// The wall clock serves as the boot-time clock: another machine's clocks only give the order of samples.
  ///
  /// - Parameter elapsed: seconds that the rates are averaged over.
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
