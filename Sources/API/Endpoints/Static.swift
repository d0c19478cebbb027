internal import History

extension Route {
  static let health = Route(
    path: "/health", summary: "Health of the agent, its sampler, archive and push targets",
    parameters: [strict.definition],
    contents: [
      .json(
        .object([
          .init(name: "status", schema: .constant("ok"), help: "The agent answers", isRequired: true),
          .init(
            name: "sample_age_sec", schema: .number,
            help: "Age of the newest sample; absent before the first one"),
          .init(name: "interval_sec", schema: .integer(), help: "Seconds between two samples", isRequired: true),
          .init(name: "archive", schema: ArchiveHealthJSON.schema),
          .init(name: "push", schema: pushHealth),
        ]))
    ], errors: [.serviceUnavailable], isPublic: true
  ) { (api, context) throws(APIError) in
    let isStrict = try context.query.value(strict) ?? false
    let (age, archive) = (api.history.sampleAge, api.history.archive?.health)
    if isStrict {
      // A sampler that is busy once is late by less than two intervals.
      if let age, age > 3 * Double(api.history.interval) {
        throw APIError(
          .serviceUnavailable, "the newest sample is \(Int(age)) s old; the interval is \(api.history.interval) s")
      }
      if api.history.latest == nil { throw APIError(.serviceUnavailable, "no sample yet") }
      if let failure = archive?.failure { throw APIError(.serviceUnavailable, "the archive fails: \(failure)") }
    }
    let writer = JSONWriter()
    writer.beginObject()
    writer.member("status", "ok")
    if let archive { ArchiveHealthJSON.write(archive, to: writer) }
    if let age { writer.number("sample_age_sec", age, decimals: 3) }
    writer.member("interval_sec", api.history.interval)
    let push = api.settings.pushStatus()
    if !push.isEmpty {
      let failing = push.count { ["failing", "refused"].contains($0.state) }
      writer.beginObject("push")
      writer.member("status", failing == 0 ? "ok" : "failing")
      writer.member("targets", push.count)
      writer.member("failing", failing)
      writer.endObject()
    }
    writer.endObject()
    return .json(writer.bytes)
  }

  private static let strict = Parameter<Bool>.flag(
    "strict", "Answers 503 if the newest sample is older than three intervals or the archive fails")

  private static let pushHealth = JSONSchema.object([
    .init(name: "status", schema: .words(["ok", "failing"]), isRequired: true),
    .init(name: "targets", schema: .integer(minimum: 0), help: "Receivers", isRequired: true),
    .init(
      name: "failing", schema: .integer(minimum: 0), help: "Receivers that currently fail", isRequired: true),
  ])

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
    path: "/catalog", summary: "All metrics: unit, kind, help, source, labels",
    contents: [.json(CatalogJSON.schema)], isRevalidated: true
  ) { (_, context) async throws(APIError) in
    try await .validated(CatalogJSON.validator, for: context.request) { () throws(APIError) in .json(CatalogJSON.bytes)
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
