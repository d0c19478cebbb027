package import AgentMetrics
package import Alerts
package import Collect
package import Events
package import SampleStore
package import NodeMetrics
package import PrometheusExport
package import SystemIO

/// The HTTP JSON API and the web page: maps requests to responses, independent of the server.
package struct API: Sendable {
  /// Rules for requests that may change while the server runs.
  package struct Admission: Sendable {
    /// Origins whose pages may read responses, such as `https://grafana.example.org`.
    package var corsOrigins: [String]
    /// Allowed host names, besides addresses, `localhost` and the machine's own.
    package var allowedHosts: [String]

    package init(corsOrigins: [String] = [], allowedHosts: [String] = []) {
      self.corsOrigins = corsOrigins
      self.allowedHosts = allowedHosts
    }
  }

  /// Settings of the operator.
  package struct APISettings: Sendable {
    /// The program's version.
    package var version = ""
    /// Returns the tokens of which clients must send one; none for no authentication.
    package var tokens: @Sendable () -> [AccessToken] = { [] }
    /// Logs that a client sends wrong tokens, once a minute at most.
    package var report: @Sendable (String) -> Void = { _ in }
    /// Returns the current rules for origins and host names.
    package var admission: @Sendable () -> Admission = { Admission() }
    /// Sets constant rules for origins.
    package var corsOrigins: [String] {
      get { admission().corsOrigins }
      set {
        let rules = Admission(corsOrigins: newValue, allowedHosts: allowedHosts)
        admission = { rules }
      }
    }
    /// Sets constant rules for host names.
    package var allowedHosts: [String] {
      get { admission().allowedHosts }
      set {
        let rules = Admission(corsOrigins: corsOrigins, allowedHosts: newValue)
        admission = { rules }
      }
    }
    /// Maximum number of streams, half of them per client; below the server's connections.
    package var streams = 256

    /// Origins of the metrics on this platform.
    package var sources = SourceTexts.rows

    /// Metric names of a scrape besides the agent's own.
    package var prometheus = PrometheusCompatibility.node
    /// Maximum number of workloads in a scrape; the others are one.
    package var workloadSeries = 100

    /// Events of the machine; nil where none are detected.
    package var events: EventBoard?

    /// Reads parts of the memory of processes that scans do not read; nil where the system has none.
    package var processMemory: ProcessMemory.Read?

    /// Returns the state of each receiver of samples.
    package var pushStatus: @Sendable () -> [PushStatus] = { [] }

    /// Rules and alerts; nil without any.
    package var alerts: AlertBoard?

    /// Creates the default settings.
    package init() {}
  }

  let history: History
  let demand: SamplingDemand
  let plainTexts: PlainTextCache
  let settings: APISettings
  let processes: @Sendable () async throws -> ProcessSnapshot
  let scrapeSource: (any ScrapeSource)?
  let catalog: CatalogJSON
  let streams: Semaphore
  /// When the agent began to serve, by a clock that counts suspended time.
  let start = ContinuousClock.now
  let failedLogins = FailureLimit()
  /// Reads of processes' memory that run at a time.
  let memoryReads = Semaphore(4)
  let latest = ResponseCache()
  /// Responses to scrapes of one `Reading`.
  let scrapes = ResponseCache()
  let cpuTimes = SteadyCPUTimes()
  let workloadSeries: WorkloadSeries

  /// Creates an API for a history.
  ///
  /// - Parameters:
  ///   - demand: receives the requests to the sampler; by default of a history without one.
  ///   - scrapeSource: reads values for Prometheus that samples do not have; nil for none.
  ///   - processes: the current table of processes; by default the newest sample's top processes.
  package init(
    history: History, demand: SamplingDemand? = nil, settings: APISettings = APISettings(),
    scrapeSource: (any ScrapeSource)? = nil,
    processes: (@Sendable () async throws -> ProcessSnapshot)? = nil
  ) {
    self.history = history
    self.demand = demand ?? SamplingDemand(history)
    plainTexts = PlainTextCache(history)
    self.settings = settings
    self.processes =
      processes ?? {
        let sample = await history.first().sample
        return ProcessSnapshot(timestamp: sample.timestamp, processes: sample.processes?.top ?? [])
      }
    self.scrapeSource = scrapeSource
    catalog = CatalogJSON(sources: settings.sources)
    streams = Semaphore(settings.streams)
    workloadSeries = WorkloadSeries(limit: settings.workloadSeries)
  }

  /// The body of `/metrics/latest` for a sample.
  package static func latestBody(of sample: Sample) -> String {
    String(decoding: SampleJSON.encode(sample), as: UTF8.self) + "\n"
  }

  /// Compresses bytes to a gzip file.
  package static func gzip(_ bytes: [UInt8]) -> [UInt8] { Gzip.stream(of: [.bytes(bytes)]) }

  static let methods = "GET, HEAD, OPTIONS"

  /// Responds to a request; before the first sample, waits for it.
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

  /// Adds the headers common to all routes.
  func finished(_ response: Response, for request: Request) -> Response {
    var response = response.coded(for: request)
    response.headers.append(("X-Content-Type-Options", "nosniff"))
    // Prevents other sites' pages from embedding it as an image or a script; pages with permission use CORS.
    response.headers.append(("Cross-Origin-Resource-Policy", "same-origin"))
    return response
  }

  private func answer(_ request: Request) async throws(APIError) -> Response {
    try checkHost(of: request)
    // OPTIONS * concerns the server as a whole (RFC 9110 §9.3.7).
    if request.method == "OPTIONS", request.target == "*" { return .noContent(allow: Self.methods) }
    let target = try RequestTarget(request.target)
    let found = Route.find(target.path)
    // A preflight cannot carry a token. Without a valid one, existing and missing paths are indistinguishable.
    if found?.route.isPublic != true, request.method != "OPTIONS" {
      try await authorize(request, for: found?.route)
    }
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
    // A bookmark of the page may have parameters of its own.
    if route.status != 302 {
      try target.query.check(route.parameters, ignoringOthers: route.ignoresOtherParameters)
    }
    return try await route.answer(
      self, RequestContext(request: request, query: target.query, pathValues: values, shownPath: target.shownPath))
  }
}
