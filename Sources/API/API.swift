package import AgentMetrics
package import History
package import PrometheusExport

/// The HTTP JSON API and the web page: from a request to its response, with no server in it.
package struct API: Sendable {
  /// What an operator decides.
  package struct APISettings: Sendable {
    /// The program's version.
    package var version = ""
    /// Returns the token that clients must send as `Authorization: Bearer …`; nil where none is needed.
    package var token: @Sendable () -> String? = { nil }
    /// Origins whose pages may read answers, `https://grafana.example.org`.
    package var corsOrigins: [String] = []
    /// Names under which the agent may be asked for, besides addresses, `localhost` and the machine's own.
    package var allowedHosts: [String] = []
    /// Streams at a time, half of them for one client; fewer than the server's connections.
    package var streams = 256

    /// Whose names a scrape tells besides the agent's own.
    package var prometheus = PrometheusCompatibility.node

    /// How sending samples to other places is going.
    package var pushStatus: @Sendable () -> [PushReport] = { [] }

    /// Nothing but the defaults.
    package init() {}
  }

  let history: History
  let settings: APISettings
  let processes: @Sendable () async throws -> ProcessSnapshot
  let scrapeSource: (any ScrapeSource)?
  let streams: Semaphore
  let latest = ResponseCache()
  /// Responses to scrapes of one Reading.
  let scrapes = ResponseCache()
  let cpuTimes = SteadyCPUTimes()

  /// An API over a history.
  ///
  /// - Parameters:
  ///   - scrapeSource: reads what samples lack when Prometheus scrapes; nil where there is no more.
  ///   - processes: the table of processes as it is now; the newest sample's few where none is given.
  package init(
    history: History, settings: APISettings = APISettings(), scrapeSource: (any ScrapeSource)? = nil,
    processes: (@Sendable () async throws -> ProcessSnapshot)? = nil
  ) {
    self.history = history
    self.settings = settings
    self.processes =
      processes ?? {
        let sample = await history.first().sample
        return ProcessSnapshot(timestamp: sample.timestamp, processes: sample.processes?.top ?? [])
      }
    self.scrapeSource = scrapeSource
    streams = Semaphore(settings.streams)
  }

  /// The bytes of `/metrics/latest` for a sample.
  package static func latestBody(of sample: Sample) -> String {
    String(decoding: SampleJSON.encode(sample), as: UTF8.self) + "\n"
  }

  static let methods = "GET, HEAD, OPTIONS"

  /// Answers a request; waits for the first sample where there is none yet.
  package func respond(to request: Request) async -> Response {
    var response: Response
    do {
      response = try await answer(request)
    } catch {
      response = error.response
    }
    if response.identity == nil { response = finished(response, for: request) }
    addCORS(to: &response, for: request)
    return request.method == "HEAD" ? response.withoutBody : response
  }

  /// The response with everything that is the same for all routes.
  func finished(_ response: Response, for request: Request) -> Response {
    var response = response.coded(for: request)
    response.headers.append(("X-Content-Type-Options", "nosniff"))
    // No other site's page may take it in as an image or a script; those that may read it use CORS.
    response.headers.append(("Cross-Origin-Resource-Policy", "same-origin"))
    return response
  }

  private func answer(_ request: Request) async throws(APIError) -> Response {
    try checkHost(of: request)
    // OPTIONS * asks about the server as a whole (RFC 9110 §9.3.7).
    if request.method == "OPTIONS", request.target == "*" { return .noContent(allow: Self.methods) }
    let target = try RequestTarget(request.target)
    let found = Route.find(target.path)
    // A preflight has no way to show a token; and what needs one tells nobody else whether it exists.
    if found?.route.isPublic != true, request.method != "OPTIONS" { try checkToken(of: request) }
    guard let (route, values) = found else {
      throw APIError(.notFound, "no such endpoint: \(target.shownPath)")
    }
    switch request.method {
    case "GET", "HEAD": break
    case "OPTIONS": return .noContent(allow: Self.methods)
    default:
      throw APIError(
        .methodNotAllowed, "method \(APIError.shown(request.method)) is not allowed; allowed: \(Self.methods)"
      )
      .adding("Allow", Self.methods)
    }
    // A bookmark of the page may bring parameters of its own.
    if route.status != 302 {
      try target.query.check(route.parameters, ignoringOthers: route.ignoresOtherParameters)
    }
    return try await route.answer(
      self, RequestContext(request: request, query: target.query, pathValues: values, shownPath: target.shownPath))
  }
}
