public import AgentMetrics
public import History

/// The HTTP JSON API and the web page: from a request to its response, with no server in it.
public struct API: Sendable {
  private let history: History
  private let processes: @Sendable () async throws -> (Timestamp, [Process])

  /// An API over a history.
  ///
  /// - Parameter processes: reads the whole table of processes, and the moment of it, when somebody asks for it.
  public init(history: History, processes: @escaping @Sendable () async throws -> (Timestamp, [Process])) {
    self.history = history
    self.processes = processes
  }

  /// The bytes of `/metrics/latest` for a sample.
  public static func latestBody(of sample: Sample) -> String {
    String(decoding: SampleJSON.encode(sample), as: UTF8.self)
  }

  /// Answers a request; waits for the first sample where there is none yet.
  public func respond(to request: Request) async -> Response {
    let response: Response
    do {
      response = try await answer(request)
    } catch {
      response = error.response
    }
    return request.method == "HEAD" ? response.withoutBody : response
  }

  private enum Resource {
    case health, latest, history, catalog, processes
    case redirect(to: String)
    case file(WebFiles.File)
  }

  private static let methods = "GET, HEAD, OPTIONS"

  private func answer(_ request: Request) async throws(APIError) -> Response {
    // OPTIONS * asks about the server as a whole (RFC 9110 §9.3.7).
    if request.method == "OPTIONS", request.target == "*" { return .noContent(allow: Self.methods) }
    let target = try RequestTarget(request.target)
    guard let resource = Self.resource(at: target.path) else {
      throw APIError(.notFound, "there is nothing at \(target.shownPath)")
    }
    switch request.method {
    case "GET", "HEAD": break
    case "OPTIONS": return .noContent(allow: Self.methods)
    default:
      throw APIError(.methodNotAllowed, "\(request.method) is not allowed; allowed are \(Self.methods)")
        .allowing(Self.methods)
    }
    switch resource {
    case .health:
      try target.query.checkNames([])
      return .json(Array(#"{"status":"ok"}"#.utf8))
    case .latest:
      try target.query.checkNames([])
      return .json(SampleJSON.bytes(of: await history.first()))
    case .history:
      return try await historyResponse(target.query)
    case .catalog:
      try target.query.checkNames([])
      return .json(CatalogJSON.bytes)
    case .processes:
      return try await processesResponse(target.query)
    case .redirect(let location):
      return .redirect(to: location)
    case .file(let file):
      return .file(file, ifNoneMatch: request.ifNoneMatch)
    }
  }

  /// What is at a path; one trailing slash makes no difference, but empty and dot segments name nothing.
  private static func resource(at path: [String]) -> Resource? {
    if path.first == "ui" {
      switch path.count {
      case 1: return .redirect(to: "/ui/")
      case 2: return WebFiles.shared[path[1].isEmpty ? "index.html" : path[1]].map { .file($0) }
      default: return nil
      }
    }
    if path == [""] { return .redirect(to: "/ui/") }
    var path = path
    if path.last == "" { path.removeLast() }
    switch path {
    case ["health"]: return .health
    case ["metrics", "latest"]: return .latest
    case ["metrics", "history"]: return .history
    case ["catalog"]: return .catalog
    case ["processes"]: return .processes
    default: return nil
    }
  }

  private func historyResponse(_ query: Query) async throws(APIError) -> Response {
    try query.checkNames(["seconds"])
    let seconds = try query.positiveInteger("seconds") ?? 300
    // The first sample is a fraction of a second away; an empty answer at start would be true but of no use.
    _ = await history.first()
    var pieces: [[UInt8]] = [Array(#"{"interval_sec":\#(history.interval),"samples":["#.utf8)]
    for entry in history.last(seconds: Double(seconds)) {
      // Encoding a day of samples takes a while; a server that ends does not wait for it.
      if Task.isCancelled { throw APIError(.serviceUnavailable, "the server is ending") }
      if pieces.count > 1 { pieces.append(Self.comma) }
      pieces.append(SampleJSON.bytes(of: entry))
    }
    pieces.append(Array("]}".utf8))
    return .json(pieces: pieces)
  }

  private static let comma = [UInt8(ascii: ",")]

  private func processesResponse(_ query: Query) async throws(APIError) -> Response {
    try query.checkNames(["sort", "limit"])
    let order = try query.choice("sort", of: ProcessOrder.self) ?? .cpu
    let limit = try query.positiveInteger("limit") ?? .max
    let table: (Timestamp, [Process])
    do {
      table = try await processes()
    } catch {
      throw APIError(.serviceUnavailable, "the processes cannot be read: \(error)")
    }
    return .json(ProcessesJSON.encode(table.0, order.sorted(table.1).prefix(limit)))
  }
}
