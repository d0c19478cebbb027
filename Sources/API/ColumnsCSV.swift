internal import AgentMetrics
internal import Query

/// Columns as comma-separated values (RFC 4180): a line per time, in RFC 3339; empty fields in a gap.
enum ColumnsCSV {
  static func encode(_ columns: Columns, _ statistics: Set<Statistic>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(64 + columns.timestamps.count * (columns.series.count * 6 + 24))
    let wanted = Statistic.allCases.filter { statistics.contains($0) }
    text += "timestamp".utf8
    for series in columns.series {
      for statistic in wanted {
        text.append(UInt8(ascii: ","))
        append(field: statistic == .mean ? series.key : series.key + " " + statistic.rawValue, to: &text)
      }
    }
    text += "\r\n".utf8
    for (row, timestamp) in columns.timestamps.enumerated() {
      text += Timestamp(seconds: timestamp).rfc3339.utf8
      for series in columns.series {
        let unit = series.metric.definition.unit
        for statistic in wanted {
          text.append(UInt8(ascii: ","))
          let value = series[statistic][row] / unit.factor
          if value.isFinite { text.append(decimal: value, digits: unit.decimals) }
        }
      }
      text += "\r\n".utf8
    }
    return text
  }

  /// Appends a field, in quotation marks if it contains one, a comma or a line break.
  private static func append(field: String, to text: inout [UInt8]) {
    let special: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    guard field.utf8.contains(where: special.contains) else {
      text += field.utf8
      return
    }
    text.append(UInt8(ascii: "\""))
    for byte in field.utf8 {
      if byte == UInt8(ascii: "\"") { text.append(byte) }
      text.append(byte)
    }
    text.append(UInt8(ascii: "\""))
  }
}
