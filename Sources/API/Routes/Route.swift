/// A resource: its path, parameters and contents.
///
/// Validates requests, and is the source of the OpenAPI document.
struct Route: Sendable {
  /// A possible body of its responses.
  struct ContentType: Sendable {
    let type: String
    /// The schema; nil for a stream, whose events have a format of their own.
    let schema: JSONSchema?
  }

  /// Responds to a request with valid parameter names.
  typealias Handler = @Sendable (API, RequestContext) async throws(APIError) -> API.Response

  /// Path such as `/metrics/latest`; a segment in braces is a path parameter.
  let path: String
  let summary: String
  var parameters: [ParameterDefinition] = []
  /// Status of success.
  var status = 200
  let contents: [ContentType]
  /// Errors besides those of all routes.
  var errors: [APIError.Status] = []
  /// Whether it needs no token.
  var isPublic = false
  /// Whether it supports conditional requests.
  var isRevalidated = false
  /// Whether unknown parameters are ignored rather than rejected.
  var ignoresOtherParameters = false
  let answer: Handler

  /// All errors in order: its own, those of token and host, and those of invalid parameters.
  var allErrors: [APIError.Status] {
    let general: [APIError.Status] =
      (status == 302 ? [] : [.badRequest]) + (isPublic ? [] : [.unauthorized, .tooManyRequests])
    return (general + [.forbidden] + errors).sorted { $0.rawValue < $1.rawValue }
  }

  private var segments: [Substring] { path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) }

  /// Values of the path parameters; nil if the path does not match.
  func match(_ path: [String]) -> [String]? {
    let segments = segments
    guard segments.count == path.count else { return nil }
    var values: [String] = []
    for (segment, part) in zip(segments, path) {
      if segment.first == "{" { values.append(part) } else if segment != part { return nil }
    }
    return values
  }

  /// Finds the route of a path, and the values of its path parameters.
  ///
  /// A trailing slash is ignored, but empty and dot segments do not match.
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

/// A request with its route's parsed values.
struct RequestContext: Sendable {
  let request: API.Request
  let query: URLQuery
  /// Values of the path parameters.
  let pathValues: [String]
  /// The path as received, truncated for messages.
  let shownPath: String
}
