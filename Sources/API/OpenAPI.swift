internal import AgentMetrics
internal import Query

/// The API's OpenAPI 3.1 document, generated from the routes and the catalog.
enum OpenAPI {
  /// Encoded once: both are part of the program.
  static let bytes: [UInt8] = {
    let writer = JSONWriter(capacity: 131_072)
    writer.beginObject()
    writer.member("openapi", "3.1.0")
    writer.beginObject("info")
    writer.member("title", "Worker Monitoring Agent")
    writer.member("version", "1")
    writer.member(
      "description",
      "CPU, memory, GPU, disk, network and process metrics of one machine. Every path answers HEAD like GET without a"
        + " body, and OPTIONS with Allow. Absent values are omitted, never 0.")
    writer.beginObject("license")
    writer.member("name", "MIT")
    writer.member("identifier", "MIT")
    writer.endObject()
    writer.endObject()
    writer.beginArray("servers")
    writer.beginObject()
    writer.member("url", "/")
    writer.endObject()
    writer.endArray()
    writer.beginObject("paths")
    for route in Route.all { write(route, to: writer) }
    writer.endObject()
    writer.beginObject("components")
    writer.beginObject("schemas")
    for (name, schema) in components { schema.write(name, to: writer) }
    writer.endObject()
    writer.beginObject("securitySchemes")
    writer.beginObject("token")
    writer.member("type", "http")
    writer.member("scheme", "bearer")
    writer.member("description", "Required if the agent runs with --token-file")
    writer.endObject()
    writer.beginObject("password")
    writer.member("type", "http")
    writer.member("scheme", "basic")
    writer.member("description", "The token as the password of any user")
    writer.endObject()
    writer.endObject()
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }()

  static let validator = Validator(contents: bytes)

  private static let components: [(String, JSONSchema)] = [
    ("Sample", sample),
    (
      "History",
      .object([
        .init(name: "interval_sec", schema: .integer(), help: "Seconds between two samples", isRequired: true),
        .init(name: "step_sec", schema: .integer(), help: "The requested step, if any"),
        .init(name: "samples", schema: .list(.component("Sample")), help: "Oldest first", isRequired: true),
      ])
    ),
    ("Columns", ColumnsJSON.schema), ("Process", process), ("Workload", JSONSchema(Workload.table)),
    ("Culprits", JSONSchema(CulpritRanking.table)), ("Comparison", JSONSchema(Comparison.table)),
    ("Waste", JSONSchema(WasteReport.table)), ("Events", JSONSchema(EventHistory.table)),
    ("Error", APIError.schema),
  ]

  private static func write(_ route: Route, to writer: JSONWriter) {
    writer.beginObject(route.path)
    writer.beginObject("get")
    writer.member("summary", route.summary)
    let words = route.path.split { "/{}.".contains($0) }
    writer.member("operationId", "get" + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined())
    if !route.parameters.isEmpty {
      writer.beginArray("parameters")
      for parameter in route.parameters { write(parameter, to: writer) }
      writer.endArray()
    }
    writer.beginArray("security")
    // With a token, or without if none is configured; public routes never require one.
    writer.beginObject()
    writer.endObject()
    for scheme in route.isPublic ? [] : ["token", "password"] {
      writer.beginObject()
      writer.beginArray(scheme)
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.beginObject("responses")
    writer.beginObject(String(route.status))
    writer.member("description", route.summary)
    writeContents(of: route, to: writer)
    writer.endObject()
    if route.isRevalidated {
      writer.beginObject("304")
      writer.member("description", "The client's copy is current")
      writer.endObject()
    }
    for error in route.allErrors {
      writer.beginObject(String(error.rawValue))
      writer.member("description", error.help)
      writer.beginObject("content")
      writer.beginObject("application/json")
      JSONSchema.component("Error").write("schema", to: writer)
      writer.endObject()
      writer.endObject()
      writer.endObject()
    }
    writer.endObject()
    writer.endObject()
    writer.endObject()
  }

  private static func writeContents(of route: Route, to writer: JSONWriter) {
    guard !route.contents.isEmpty else { return }
    writer.beginObject("content")
    var seen: Set<String> = []
    for content in route.contents where seen.insert(content.type).inserted {
      writer.beginObject(content.type)
      let schemas = route.contents.filter { $0.type == content.type }.compactMap(\.schema)
      if !schemas.isEmpty { (schemas.count == 1 ? schemas[0] : .oneOf(schemas)).write("schema", to: writer) }
      writer.endObject()
    }
    writer.endObject()
  }

  private static func write(_ parameter: ParameterDefinition, to writer: JSONWriter) {
    writer.beginObject()
    writer.member("name", parameter.name)
    writer.member("in", parameter.place.rawValue)
    writer.member("description", "\(parameter.help). Allowed: \(parameter.allowed).")
    if parameter.place == .path || parameter.isRequired { writer.member("required", true) }
    (parameter.isRepeatable ? .list(parameter.schema) : parameter.schema).write("schema", to: writer)
    writer.endObject()
  }

  // MARK: Schemas from the catalog

  private static let sample: JSONSchema = {
    // Members that every sample has.
    let time = JSONSchema.Member(name: "timestamp", schema: .timestamp, help: "Time of the sample", isRequired: true)
    return .object([time] + JSONSchema.members(Catalog.shared.nodes))
  }()

  private static let process: JSONSchema = {
    let list = Catalog.shared.nodes.firstIndex { $0.id == "processes.top" }
    return .object(JSONSchema.members(Catalog.shared.nodes, in: list) + ProcessesJSON.gpuMembers)
  }()
}
