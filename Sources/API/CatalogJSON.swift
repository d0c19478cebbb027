internal import AgentMetrics

/// The catalog as the JSON of `/catalog`: what every figure means.
enum CatalogJSON {
  /// Made once: the catalog is part of the program.
  static let bytes: [UInt8] = {
    let writer = JSONWriter(capacity: 65_536)
    writer.beginObject()
    writer.beginArray("metrics")
    for metric in Catalog.shared.metrics {
      writer.beginObject()
      writer.member("id", metric.id)
      writer.member("unit", metric.definition.unit.rawValue)
      writer.member("type", metric.definition.kind.rawValue)
      writer.member("help", metric.definition.help)
      writer.member("source", metric.definition.source)
      writer.beginArray("labels")
      for label in metric.labels { writer.member(nil, label) }
      writer.endArray()
      writer.member("series", metric.isSeries)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }()
}
