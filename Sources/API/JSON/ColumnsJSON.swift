internal import AgentMetrics
internal import Query

/// Columns as the JSON of `/metrics/history?metrics=…`.
enum ColumnsJSON {
  static func encode(
    _ columns: Columns, _ query: HistoryQuery, _ statistics: Set<Statistic>, interval: Int, from: Timestamp?,
    to: Timestamp?
  ) -> [UInt8] {
    let writer = JSONWriter(capacity: 64 + columns.timestamps.count * (columns.series.count + 2) * 6)
    writer.beginObject()
    writer.member("interval_sec", interval)
    if let step = query.step { writer.member("step_sec", step) }
    if let from { writer.member("from", from.rfc3339) }
    if let to { writer.member("to", to.rfc3339) }
    writer.beginArray("timestamps")
    for timestamp in columns.timestamps { writer.element(timestamp, digits: 3) }
    writer.endArray()
    // The mean is named "series", because clients that did not request statistics expect that name.
    for (statistic, name) in [(Statistic.mean, "series"), (.min, "min"), (.max, "max")]
    where statistics.contains(statistic) {
      writer.beginObject(name)
      for series in columns.series {
        let unit = series.metric.definition.unit
        writer.beginArray(series.key)
        for value in series[statistic] { writer.element(value / unit.factor, digits: unit.decimals) }
        writer.endArray()
      }
      writer.endObject()
    }
    writer.endObject()
    return writer.bytes
  }

  static let schema = JSONSchema.object([
    .init(
      name: "interval_sec", schema: .integer(), help: "Seconds between two samples of the history", isRequired: true),
    .init(name: "step_sec", schema: .integer(), help: "The requested step, if any"),
    .init(name: "from", schema: .timestamp, help: "Begin of the range"),
    .init(name: "to", schema: .timestamp, help: "End of the range"),
    .init(
      name: "timestamps", schema: .list(.number),
      help: "Seconds since 1970: each step's end, or the newest sample's time in an incomplete step",
      isRequired: true),
    .init(
      name: "series", schema: .map(.list(.numberOrNull)),
      help: "By series, a value for each timestamp in the unit of the catalog; null in a gap"),
    .init(name: "min", schema: .map(.list(.numberOrNull)), help: "Minimum of each step"),
    .init(name: "max", schema: .map(.list(.numberOrNull)), help: "Maximum of each step"),
  ])
}

extension Columns.Series {
  subscript(statistic: Statistic) -> [Double] {
    switch statistic {
    case .mean: values
    case .min: minima
    case .max: maxima
    }
  }
}
