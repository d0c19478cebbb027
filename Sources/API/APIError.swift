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
      case .badRequest: "A parameter is wrong or unknown, or the request is malformed"
      case .unauthorized: "The token is missing or not right"
      case .forbidden: "The agent does not answer for this host"
      case .notFound: "There is no such thing"
      case .methodNotAllowed: "Only GET, HEAD and OPTIONS are allowed"
      case .serviceUnavailable: "Not now"
      }
    }
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

  /// A value that is not allowed, and what would be.
  init(parameter: String, value: String, allowed: String) {
    self.init(
      .badRequest, "\(parameter): \"\(Self.shown(value))\" is not allowed; allowed is \(allowed)", parameter: parameter)
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

  /// `{"error":{"code":400,"message":"…","parameter":"seconds"}}`.
  var response: API.Response {
    let writer = JSONWriter()
    writer.beginObject()
    writer.beginObject("error")
    writer.member("code", status.rawValue)
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
  static let schema = Schema.object([
    .init(
      name: "error",
      schema: .object([
        .init(name: "code", schema: .integer(), help: "The status", isRequired: true),
        .init(name: "message", schema: .text, help: "One line for people", isRequired: true),
        .init(name: "parameter", schema: .text, help: "The parameter that is at fault"),
      ]), isRequired: true)
  ])
}

extension API {
  /// The answer to what is no request as RFC 9112 has it, or one whose header passes the server's limits.
  public static let malformedRequest = APIError(
    .badRequest, "this is no well-formed HTTP request, or its header is too great"
  ).response
}
