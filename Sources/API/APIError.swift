/// Why a request gets no answer, as its JSON tells it.
struct APIError: Error {
  enum Status: Int, Sendable {
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case serviceUnavailable = 503

    /// What it means here.
    var help: String {
      switch self {
      case .badRequest: "Invalid or unknown parameter, or malformed request"
      case .unauthorized: "Missing or invalid token"
      case .forbidden: "Host not allowed"
      case .notFound: "Not found"
      case .methodNotAllowed: "Only GET, HEAD and OPTIONS are allowed"
      case .serviceUnavailable: "Temporarily unavailable"
      }
    }

    /// The word for programs; it stays while messages change.
    var code: String {
      switch self {
      case .badRequest: "bad_request"
      case .unauthorized: "unauthorized"
      case .forbidden: "forbidden"
      case .notFound: "not_found"
      case .methodNotAllowed: "method_not_allowed"
      case .serviceUnavailable: "service_unavailable"
      }
    }

    static let all: [Status] = [
      .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .serviceUnavailable,
    ]
  }

  let status: Status
  let message: String
  /// The query parameter that is at fault; nil where it is none.
  let parameter: String?
  private var headers: [(name: String, value: String)] = []

  init(_ status: Status, _ message: String, parameter: String? = nil) {
    self.status = status
    self.message = message
    self.parameter = parameter
  }

  /// Creates the error of a value that is not allowed.
  init(parameter: String, value: String, allowed: String) {
    self.init(.badRequest, "\(parameter): must be \(allowed), not \"\(Self.shown(value))\"", parameter: parameter)
  }

  /// The same with a header field that tells more: Allow, which 405 must have (RFC 9110 §15.5.6).
  func adding(_ name: String, _ value: String) -> APIError {
    var error = self
    error.headers.append((name, value))
    return error
  }

  /// A text of the client's, short enough to be sent back.
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
  /// As ``response`` tells it.
  static let schema = JSONSchema.object([
    .init(
      name: "error",
      schema: .object([
        .init(
          name: "code", schema: .words(Status.all.map(\.code)), help: "A word for programs, one for each status",
          isRequired: true),
        .init(name: "message", schema: .text, help: "One line for people", isRequired: true),
        .init(name: "parameter", schema: .text, help: "The invalid parameter"),
      ]), isRequired: true)
  ])
}

extension API {
  /// The answer to what is no request as RFC 9112 has it, or one whose header passes the server's limits.
  package static let malformedRequest = APIError(
    .badRequest, "malformed HTTP request, or its header is too large"
  ).response

  /// The answer to a connection for which the server has no room.
  package static let noConnection = APIError(
    .serviceUnavailable, "all of the server's connections are in use"
  ).adding("Retry-After", "5").response

  /// The answer to a request whose own answer would take too much memory beside those that are being sent.
  package static let noMemory = APIError(
    .serviceUnavailable, "too many large answers are being sent"
  ).adding("Retry-After", "5").response
}
