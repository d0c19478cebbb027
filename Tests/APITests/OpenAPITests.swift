import AgentMetrics
import SampleStore
import SystemIO
import Testing

@testable import API

/// Compares the OpenAPI document with the routes, and each documented error with a request that provokes it.
///
/// scripts/check-api validates real responses against it.
@Suite struct OpenAPITests {
  struct Failure: Error {}

  /// A request that provokes an error of a route: its target, its headers, and its preconditions.
  struct Provocation: Sendable {
    let path: String
    let status: Int
    let target: String
    var headers: [(name: String, value: String)] = []
    var streams = 224
    var token: String?
    var samples = 3
    /// Number of wrong tokens before it.
    var attempts = 0
  }

  private static let wrongToken = [(name: "Authorization", value: "Bearer wrong")]

  static let provocations: [Provocation] = Route.all.flatMap { route -> [Provocation] in
    let target = route.path == "/ui/{file}" ? "/ui/" : route.path
    return route.allErrors.map { error in
      let path = route.path
      return switch (error, path) {
      case (.badRequest, "/metrics"): Provocation(path: path, status: 400, target: "/metrics?collect[]=x")
      case (.notFound, "/metrics/history"): Provocation(path: path, status: 404, target: target + "?from=2&to=1")
      case (.serviceUnavailable, "/health"):
        Provocation(path: path, status: 503, target: "/health?strict", samples: 0)
      case (.badRequest, _): Provocation(path: path, status: 400, target: target + "?no-such-parameter=1")
      case (.unauthorized, "/health"):
        Provocation(path: path, status: 401, target: target, headers: wrongToken, token: "s3cret")
      case (.tooManyRequests, _):
        Provocation(path: path, status: 429, target: target, headers: wrongToken, token: "s3cret", attempts: 20)
      case (.unauthorized, _): Provocation(path: path, status: 401, target: target, token: "s3cret")
      case (.forbidden, _): Provocation(path: path, status: 403, target: target, headers: [("Host", "evil.example")])
      case (.notFound, "/metrics/at"): Provocation(path: path, status: 404, target: "/metrics/at?time=1")
      case (.notFound, "/why"): Provocation(path: path, status: 404, target: "/why?time=1")
      case (.notFound, "/processes/memory"): Provocation(path: path, status: 404, target: target + "?pids=1")
      case (.serviceUnavailable, "/processes/memory"):
        Provocation(path: path, status: 503, target: target + "?pids=1", streams: 0)
      case (.notFound, "/processes"): Provocation(path: path, status: 404, target: "/processes?at=1")
      case (.notFound, "/workloads"): Provocation(path: path, status: 404, target: "/workloads?at=1")
      case (.notFound, "/events"): Provocation(path: path, status: 404, target: "/events?from=2&to=1")
      case (.notFound, "/culprits"): Provocation(path: path, status: 404, target: "/culprits?from=2&to=1")
      case (.notFound, "/waste"): Provocation(path: path, status: 404, target: "/waste?from=2&to=1")
      case (.notFound, "/compare"): Provocation(path: path, status: 404, target: "/compare?a=1&b=2")
      case (.notFound, "/ui/{file}"): Provocation(path: path, status: 404, target: "/ui/nothing")
      case (.serviceUnavailable, "/metrics/stream"): Provocation(path: path, status: 503, target: target, streams: 0)
      default: Provocation(path: path, status: error.rawValue, target: target)
      }
    }
  }

  @Test(arguments: provocations) func everyDocumentedError(provocation: Provocation) async {
    var settings = API.APISettings()
    settings.streams = provocation.streams
    settings.tokens = { provocation.token.map { [AccessToken($0)] } ?? [] }
    let api = API(history: MadeUpSample.history(samples: provocation.samples), settings: settings) { throw Failure() }
    let request = API.Request(target: provocation.target, headers: provocation.headers, isLocal: true, client: "4:1")
    let permits = provocation.streams == 0 ? (0..<api.memoryReads.limit).map { _ in try? api.memoryReads.take() } : []
    defer { withExtendedLifetime(permits) {} }
    // In the future, so that a slow machine forgives none.
    for _ in 0..<provocation.attempts { api.failedLogins.add("4:1", at: 1e12) }
    // A server that shuts down aborts a history.
    let task = Task {
      if provocation.path == "/metrics/history", provocation.status == 503 { withUnsafeCurrentTask { $0?.cancel() } }
      return await api.respond(to: request)
    }
    let response = await task.value
    #expect(response.status == provocation.status, "\(provocation.target)")
    let code = APIError.Status(rawValue: provocation.status)?.code ?? ""
    #expect(json(response.body).hasPrefix(#"{"error":{"code":"\#(code)","message":""#))
  }

  @Test func everyRouteAndParameterIsInIt() async {
    let api = API(history: MadeUpSample.history(samples: 1))
    let text = String(decoding: await api.respond(to: API.Request(target: "/openapi.json")).body, as: UTF8.self)
    #expect(text.hasPrefix(#"{"openapi":"3.1.0","info":{"title":"Worker Monitoring Agent","#))
    let paths = text.split(separator: #""components":"#)[0]
    var last = paths.startIndex
    for route in Route.all {
      guard let place = paths.range(of: "\"\(route.path)\":{\"get\":{") else {
        Issue.record("\(route.path) is not in it")
        continue
      }
      #expect(place.lowerBound > last, "in the order of the routes")
      last = place.lowerBound
      let description = paths[place.upperBound...].prefix(20_000)
      for parameter in route.parameters {
        #expect(description.contains("{\"name\":\"\(parameter.name)\",\"in\":\"\(parameter.place.rawValue)\""))
      }
    }
    for metric in Catalog.shared.metrics {
      let name = metric.id.split(separator: ".").last ?? ""
      #expect(text.contains("\"\(name)\":{\"description\":\""), "\(metric.id)")
    }
  }

  /// Members of an empty sample are those that are always present.
  @Test func requiredMembersAreAlwaysPresent() {
    var sample = Sample(from: nil, to: Reading())
    sample.gpus = [GPU(index: 0, vendor: "amd")]
    sample.disks = [Disk()]
    sample.filesystems = [Filesystem()]
    sample.networks = [Network()]
    sample.temperatures = [Temperature()]
    sample.fans = [Fan()]
    sample.powers = [Power()]
    sample.processes = Processes()
    sample.processes?.top = [Process()]
    var workloads = Workloads()
    workloads.top = [Workload()]
    workloads.rest = WorkloadRest()
    sample.workloads = workloads
    sample.cgroup = Cgroup()
    let text = API.latestBody(of: sample)
    var required = 0
    func check(_ numbers: [Int]) {
      for number in numbers {
        let node = Catalog.shared.nodes[number]
        let name = node.definition.name
        if node.isRequired {
          required += 1
          #expect(text.contains("\"\(name)\":"), "\(node.id)")
        }
        let start = node.kind == .list ? "[{" : "{"
        if node.kind != .value, text.contains("\"\(name)\":\(start)") { check(Catalog.shared.children(of: number)) }
      }
    }
    check(Catalog.shared.children(of: nil))
    #expect(required > 20)
  }

  @Test func pathsAreFoundByTheirRoute() {
    for route in Route.all {
      let path = route.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      #expect(Route.find(path)?.route.path == route.path)
    }
    #expect(Set(Route.all.map(\.path)).count == Route.all.count)
  }
}

extension Substring {
  fileprivate func range(of text: String) -> Range<Index>? { ranges(of: text).first }
}
