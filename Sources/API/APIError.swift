internal import AgentMetrics

/// Reason of a failed request, with its JSON.
struct APIError: Error {
  enum Status: Int, Sendable {
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case tooManyRequests = 429
    case serviceUnavailable = 503

    /// Its meaning in this API.
    var help: String {
      switch self {
      case .badRequest: "Invalid or unknown parameter, or malformed request"
      case .unauthorized: "Missing or invalid token"
      case .forbidden: "Host not allowed, or a token that opens /metrics only"
      case .notFound: "Not found"
      case .methodNotAllowed: "Only GET, HEAD and OPTIONS are allowed"
      case .tooManyRequests: "Too many wrong tokens from this address"
      case .serviceUnavailable: "Temporarily unavailable"
      }
    }

    /// Machine-readable code, which stays the same when messages change.
    var code: String {
      switch self {
      case .badRequest: "bad_request"
      case .unauthorized: "unauthorized"
      case .forbidden: "forbidden"
      case .notFound: "not_found"
      case .methodNotAllowed: "method_not_allowed"
      case .tooManyRequests: "too_many_requests"
      case .serviceUnavailable: "service_unavailable"
      }
    }

    static let all: [Status] = [
      .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .tooManyRequests, .serviceUnavailable,
    ]
  }

  let status: Status
  let message: String
  /// The invalid query parameter, if any.
  let parameter: String?
  private var headers: [(name: String, value: String)] = []

  init(_ status: Status, _ message: String, parameter: String? = nil) {
    self.status = status
    self.message = message
    self.parameter = parameter
  }

  /// Creates the error of a window that ends before it begins.
  ///
  /// Not 400: values that are valid by the schema are never a bad request.
  init(_ from: Timestamp, isLaterThan to: Timestamp) {
    self.init(.notFound, "from is later than to: \(from.rfc3339) and \(to.rfc3339)", parameter: "from")
  }

  /// Creates the error of a value that is not allowed.
  init(parameter: String, value: String, allowed: String) {
    self.init(.badRequest, "\(parameter): must be \(allowed), not \"\(Self.shown(value))\"", parameter: parameter)
  }

  /// Returns the error with a header field, such as Allow, which 405 requires (RFC 9110 §15.5.6).
  func adding(_ name: String, _ value: String) -> APIError {
    var error = self
    error.headers.append((name, value))
    return error
  }

  /// A client's text, truncated for the response.
  static func shown(_ text: String) -> String {
    text.unicodeScalars.count <= 80 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(80))) + "…"
  }

  /// `{"error":{"code":"bad_request","message":"…","parameter":"seconds"}}`.
  var response: API.Response {
    let writer = JSONWriter()
    writer.beginObject()
    writer.beginObject("error")
    writer.member("code", status.code)
    writer.member("message", message)
    if let parameter { writer.member("parameter", Self.shown(parameter)) }
    writer.endObject()
    writer.endObject()
    var response = API.Response.json(writer.bytes, status: status.rawValue)
    response.headers += headers
    return response
  }
}

extension APIError {
  /// Schema of ``response``.
  static let schema = JSONSchema.object([
    .init(
      name: "error",
      schema: .object([
        .init(
          name: "code", schema: .words(Status.all.map(\.code)), help: "Machine-readable code, one per status",
          isRequired: true),
        .init(name: "message", schema: .text, help: "Message in one line", isRequired: true),
        .init(name: "parameter", schema: .text, help: "The invalid parameter"),
      ]), isRequired: true)
  ])
}

extension API {
  /// Response to a request that is malformed (RFC 9112), or whose header exceeds the server's limits.
  package static let malformedRequest = APIError(
    .badRequest, "malformed HTTP request, or its header is too large"
  ).response

  /// Response to a connection above the server's limit.
  package static let noConnection = APIError(
    .serviceUnavailable, "all of the server's connections are in use"
  ).adding("Retry-After", "5").response

  /// Response to a request whose response would take too much memory beside those being sent.
  package static let noMemory = APIError(
    .serviceUnavailable, "too many large responses are being sent"
  ).adding("Retry-After", "5").response
}
