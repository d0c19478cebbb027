extension Route {
  static let version = Route(
    path: "/version", summary: "The agent's version, time of service and viewers",
    contents: [
      .json(
        .object([
          .init(name: "version", schema: .text, isRequired: true),
          .init(
            name: "uptime_sec", schema: .integer(minimum: 0), help: "Seconds since the agent began to serve",
            isRequired: true),
          .init(name: "streams", schema: .integer(minimum: 0), help: "Open event streams", isRequired: true),
        ]))
    ]
  ) { (api, _) throws(APIError) in
    let writer = JSONWriter()
    writer.beginObject()
    writer.member("version", api.settings.version)
    writer.member("uptime_sec", Int((ContinuousClock.now - api.start).components.seconds))
    writer.member("streams", api.streams.used)
    writer.endObject()
    return .json(writer.bytes)
  }

  static let catalog = Route(
    path: "/catalog", summary: "All metrics: unit, kind, help, source, labels",
    contents: [.json(CatalogJSON.schema)], isRevalidated: true
  ) { (api, context) async throws(APIError) in
    let document = api.catalog.document
    return try await .validated(document.validator, for: context.request) { () throws(APIError) in
      .json(document.bytes)
    }
  }

  static let openAPI = Route(
    path: "/openapi.json", summary: "This document", contents: [.json(.map(.any))], isRevalidated: true
  ) { (_, context) async throws(APIError) in
    try await .validated(OpenAPI.validator, for: context.request) { () throws(APIError) in .json(OpenAPI.bytes) }
  }

  /// The web page and its redirects.
  static let webPage: [Route] =
    ["/", "/ui"].map { path in
      Route(path: path, summary: "Redirects to the web page", status: 302, contents: [], isPublic: true) {
        (_, _) throws(APIError) in .redirect(to: "/ui/")
      }
    } + [
      Route(
        path: "/ui/{file}", summary: "A file of the web page; the page itself for an empty name",
        parameters: [fileName.definition],
        contents: WebFiles.shared.types.map { ContentType(type: $0, schema: .text) }, errors: [.notFound],
        isPublic: true,
        isRevalidated: true
      ) { (_, context) async throws(APIError) in
        let name = context.pathValues.first ?? ""
        guard let file = WebFiles.shared[name.isEmpty ? "index.html" : name] else {
          throw APIError(.notFound, "no such endpoint: \(context.shownPath)")
        }
        return try await .validated(Validator(tag: file.entityTag), for: context.request) { () throws(APIError) in
          .file(file)
        }
      }
    ]

  private static let fileName = Parameter<String>(
    "file", in: .path, "Name of the file", allowed: "a file's name", .words(WebFiles.shared.names)
  ) { $0 }
}

extension WebFiles {
  /// The media types of its files, without their parameters.
  var types: [String] {
    Set(names.compactMap { name in self[name].map { String($0.type.prefix { $0 != ";" }) } }).sorted()
  }
}

extension Route.ContentType {
  static func json(_ schema: JSONSchema) -> Route.ContentType {
    Route.ContentType(type: "application/json", schema: schema)
  }
}
