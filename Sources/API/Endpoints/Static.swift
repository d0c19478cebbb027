internal import History

extension Route {
  static let health = Route(
    path: "/health", summary: "Whether the agent answers",
    contents: [
      .json(
        .object([
          .init(name: "status", schema: .constant("ok"), isRequired: true),
          .init(name: "archive", schema: ArchiveHealthJSON.schema),
        ]))
    ], isPublic: true
  ) { (api, _) throws(APIError) in
    let writer = JSONWriter()
    writer.beginObject()
    writer.member("status", "ok")
    if let archive = api.history.archive { ArchiveHealthJSON.write(archive.health, to: writer) }
    writer.endObject()
    return .json(writer.bytes)
  }

  static let version = Route(
    path: "/version", summary: "The agent's version",
    contents: [.json(.object([.init(name: "version", schema: .text, isRequired: true)]))]
  ) { (api, _) throws(APIError) in
    let writer = JSONWriter()
    writer.beginObject()
    writer.member("version", api.settings.version)
    writer.endObject()
    return .json(writer.bytes)
  }

  static let catalog = Route(
    path: "/catalog", summary: "What every figure means: unit, kind, help, source, labels",
    contents: [.json(CatalogJSON.schema)], isRevalidated: true
  ) { (_, exchange) async throws(APIError) in
    try await .validated(CatalogJSON.validator, for: exchange.request) { () throws(APIError) in .json(CatalogJSON.bytes)
    }
  }

  static let openAPI = Route(
    path: "/openapi.json", summary: "This description", contents: [.json(.map(.any))], isRevalidated: true
  ) { (_, exchange) async throws(APIError) in
    try await .validated(OpenAPI.validator, for: exchange.request) { () throws(APIError) in .json(OpenAPI.bytes) }
  }

  /// The web page and what leads to it.
  static let webPage: [Route] =
    ["/", "/ui"].map { path in
      Route(path: path, summary: "Leads to the web page", status: 302, contents: [], isPublic: true) {
        (_, _) throws(APIError) in .redirect(to: "/ui/")
      }
    } + [
      Route(
        path: "/ui/{file}", summary: "A file of the web page; the page itself where the name is empty",
        parameters: [fileName.definition],
        contents: WebFiles.shared.types.map { Content(type: $0, schema: .text) }, errors: [.notFound], isPublic: true,
        isRevalidated: true
      ) { (_, exchange) async throws(APIError) in
        let name = exchange.pathValues.first ?? ""
        guard let file = WebFiles.shared[name.isEmpty ? "index.html" : name] else {
          throw APIError(.notFound, "there is nothing at \(exchange.shownPath)")
        }
        return try await .validated(Validator(tag: file.entityTag), for: exchange.request) { () throws(APIError) in
          .file(file)
        }
      }
    ]

  private static let fileName = Parameter<String>(
    "file", in: .path, "Name of the file", allowed: "a name", .text
  ) { $0 }
}

extension WebFiles {
  /// The media types of its files, without their parameters.
  var types: [String] {
    Set(names.compactMap { name in self[name].map { String($0.type.prefix { $0 != ";" }) } }).sorted()
  }
}

extension Route.Content {
  static func json(_ schema: Schema) -> Route.Content {
    Route.Content(type: "application/json", schema: schema)
  }
}
