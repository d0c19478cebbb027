internal import AgentMetrics
internal import Synchronization

/// The catalog as the JSON of `/catalog`: the definition of every metric.
final class CatalogJSON: Sendable {
  /// The bytes and their validator.
  struct Document: Sendable {
    let bytes: [UInt8]
    let validator: Validator
  }

  private let sources: SourceTexts
  private let encoded = Mutex<Document?>(nil)

  /// - Parameter sources: origins of the metrics on this platform.
  init(sources: SourceTexts) {
    self.sources = sources
  }

  /// The document, encoded at the first request: the catalog is part of the program.
  var document: Document {
    encoded.withLock { encoded in
      if let encoded { return encoded }
      let bytes = encode()
      let document = Document(bytes: bytes, validator: Validator(contents: bytes))
      encoded = document
      return document
    }
  }

  private func encode() -> [UInt8] {
    let writer = JSONWriter(capacity: 65_536)
    writer.beginObject()
    writer.beginArray("metrics")
    for metric in Catalog.shared.metrics {
      writer.beginObject()
      writer.member("id", metric.id)
      writer.member("unit", metric.definition.unit.rawValue)
      writer.member("type", metric.definition.kind.rawValue)
      writer.member("title", metric.definition.title)
      if let title = metric.definition.japaneseTitle { writer.member("title_ja", title) }
      writer.member("help", metric.definition.help)
      writer.member("source", sources.text(of: metric))
      writer.beginArray("labels")
      for label in metric.labels { writer.member(nil, label) }
      writer.endArray()
      writer.member("series", metric.isSeries)
      writer.endObject()
    }
    writer.endArray()
    writer.beginArray("counters")
    for counter in Counter.all {
      writer.beginObject()
      writer.member("name", counter.name)
      writer.member("unit", counter.unit.rawValue)
      writer.member("help", counter.help)
      writer.member("source", sources.text(of: counter))
      writer.beginArray("labels")
      for label in counter.labels { writer.member(nil, label.description) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  static let schema = JSONSchema.object([
    .init(
      name: "metrics",
      schema: .list(
        .object([
          .init(name: "id", schema: .text, help: "Its path in a sample", isRequired: true),
          .init(name: "unit", schema: .words(Unit.allCases.map(\.rawValue)), isRequired: true),
          .init(name: "type", schema: .words(["gauge", "counter", "info", "flag"]), isRequired: true),
          .init(name: "title", schema: .text, help: "Short label, or the help text", isRequired: true),
          .init(name: "title_ja", schema: .text, help: "The label in Japanese"),
          .init(name: "help", schema: .text, isRequired: true),
          .init(name: "source", schema: .text, isRequired: true),
          .init(name: "labels", schema: .list(.text), help: "Labels that identify its series", isRequired: true),
          .init(name: "series", schema: .truth, help: "Whether it has time series", isRequired: true),
        ])), isRequired: true),
    .init(
      name: "counters",
      schema: .list(
        .object([
          .init(name: "name", schema: .text, help: "Its name in /metrics", isRequired: true),
          .init(name: "unit", schema: .words(Unit.allCases.map(\.rawValue)), isRequired: true),
          .init(name: "help", schema: .text, isRequired: true),
          .init(name: "source", schema: .text, isRequired: true),
          .init(name: "labels", schema: .list(.text), isRequired: true),
        ])), help: "Totals that only /metrics exports", isRequired: true),
  ])
}
