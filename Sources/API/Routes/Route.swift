/// A resource: where it is, what it takes, what it gives.
///
/// Requests are checked by it, and the OpenAPI document is made from it.
struct Route: Sendable {
  /// A body that it may answer with.
  struct ContentType: Sendable {
    let type: String
    /// The schema; nil for a stream, whose events have a form of their own.
    let schema: JSONSchema?
  }

  /// Answers a request whose parameters' names are known to be right.
  typealias Handler = @Sendable (API, RequestContext) async throws(APIError) -> API.Response

  /// Its path, `/metrics/latest`; a segment in braces is a path parameter.
  let path: String
  let summary: String
  var parameters: [ParameterDefinition] = []
  /// Its status when all is well.
  var status = 200
  let contents: [ContentType]
  /// Its errors, besides those that any route may have.
  var errors: [APIError.Status] = []
  /// Whether it answers without a token where one is set.
  var isPublic = false
  /// Whether a client may ask if what it has still holds.
  var isRevalidated = false
  /// Whether parameters that it does not know are ignored rather than refused.
  var ignoresOtherParameters = false
  let answer: Handler

  /// Its errors in order: its own, a token or a host that is not right, parameters that are wrong or unknown.
  var allErrors: [APIError.Status] {
    let general: [APIError.Status] = (status == 302 ? [] : [.badRequest]) + (isPublic ? [] : [.unauthorized])
    return (general + [.forbidden] + errors).sorted { $0.rawValue < $1.rawValue }
  }

  private var segments: [Substring] { path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) }

  /// What stands in its place for each path parameter; nil where it is not the route for the path.
  func match(_ path: [String]) -> [String]? {
    let segments = segments
    guard segments.count == path.count else { return nil }
    var values: [String] = []
    for (segment, part) in zip(segments, path) {
      if segment.first == "{" { values.append(part) } else if segment != part { return nil }
    }
    return values
  }

  /// The route for a path, and the values of its path parameters; one trailing slash makes no difference, but empty and
  /// dot segments name nothing.
  static func find(_ path: [String]) -> (route: Route, values: [String])? {
    if let found = exactly(path) { return found }
    guard path.count > 1, path.last == "", path[path.count - 2] != "", path.first != "ui" else { return nil }
    return exactly(path.dropLast())
  }

  private static func exactly(_ path: [String]) -> (route: Route, values: [String])? {
    for route in all {
      if let values = route.match(path) { return (route, values) }
    }
    return nil
  }
}

/// A request with what was found out about it.
struct RequestContext: Sendable {
  let request: API.Request
  let query: Query
  /// The values of the path's parameters.
  let pathValues: [String]
  /// The path as it came, short enough to be shown.
  let shownPath: String
}
