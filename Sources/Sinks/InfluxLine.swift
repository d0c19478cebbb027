internal import AgentMetrics

/// InfluxDB's line protocol: `measurement,tag=value field=1.5 1700000000000000000` (time in nanoseconds).
///
/// A metric's first word is the measurement and the rest the field, so `agent_cpu_usage_ratio` is the field
/// `cpu_usage_ratio` of `agent`; receivers that store Prometheus series (VictoriaMetrics) join both again. Series of
/// equal labels share lines. The protocol has no stale marker, so ended series just end.
struct InfluxLine: WireFormat {
  let name = "influx"
  let headers = [("Content-Type", "text/plain; charset=utf-8")]

  func body(_ batch: PushBatch, _ labels: SeriesLabels) -> [UInt8] {
    var lines: [String: [(time: Int64, fields: String)]] = [:]
    var order: [String] = []
    for series in batch.series {
      var tags = labels.labels(of: series.key)
      guard let place = tags.firstIndex(where: { $0.name == "__name__" }) else { continue }
      let (measurement, field) = Self.split(tags.remove(at: place).value)
      let head = Self.head(measurement, tags)
      if lines[head] == nil { order.append(head) }
      for point in series.points {
        let value = Double(bitPattern: point.bits)
        guard value.isFinite else { continue }
        let text = Self.escaped(field, in: ",= ") + "=\(value)"
        if let line = lines[head]?.firstIndex(where: { $0.time == point.milliseconds }) {
          lines[head]?[line].fields += "," + text
        } else {
          lines[head, default: []].append((point.milliseconds, text))
        }
      }
    }
    var body: [UInt8] = []
    for head in order {
      for line in lines[head] ?? [] { body += "\(head) \(line.fields) \(line.time)000000\n".utf8 }
    }
    return body
  }

  /// Splits a metric's name behind its first word.
  static func split(_ name: String) -> (measurement: String, field: String) {
    let parts = name.split(separator: "_", maxSplits: 1)
    return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (name, "value")
  }

  private static func head(_ measurement: String, _ tags: [(name: String, value: String)]) -> String {
    tags.reduce(into: escaped(measurement, in: ", ")) { head, tag in
      // Receivers refuse empty values.
      if !tag.value.isEmpty { head += "," + escaped(tag.name, in: ",= ") + "=" + escaped(tag.value, in: ",= ") }
    }
  }

  /// Escapes the given characters; line breaks, which cannot be escaped, become blanks, and backslashes, which receivers
  /// read differently before a separator, become slashes.
  private static func escaped(_ text: String, in special: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      let safe: Unicode.Scalar = scalar == "\\" ? "/" : scalar.value < 0x20 ? " " : scalar
      if special.unicodeScalars.contains(safe) { escaped += "\\" }
      escaped.unicodeScalars.append(safe)
    }
    return escaped
  }
}
