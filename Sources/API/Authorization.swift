internal import SystemIO

/// Authentication: tokens as bearer or basic credentials, and their roles.
extension API {
  /// Rejects a request without a token that opens its route, if tokens are required.
  func authorize(_ request: Request, for route: Route?) async throws(APIError) {
    guard !request.isTrusted, let tokens = requiredTokens else { return }
    guard let role = try await role(of: request, tokens) else {
      throw Self.unauthorized("authentication required: Authorization: Bearer TOKEN")
    }
    guard role == .read || route?.path == Route.prometheus.path else {
      throw APIError(.forbidden, "this token opens /metrics only")
    }
  }

  /// Whether a client may read details of the agent's state on a public route.
  func mayReadDetails(_ request: Request) async throws(APIError) -> Bool {
    guard !request.isTrusted, let tokens = requiredTokens else { return true }
    return try await role(of: request, tokens) == .read
  }

  /// Whether a client may read command lines: with a token, or from this machine.
  ///
  /// A request through a reverse proxy on this machine may come from any other, and so may a page that a browser on this
  /// machine shows by a name of its own.
  func mayReadCommands(_ request: Request) -> Bool {
    if requiredTokens != nil { return true }
    return request.client == nil && isOwnHost(of: request) && !request.headers.contains { Self.isOfProxy($0.name) }
  }

  /// Whether a header field is one that proxies add, in general use or of a vendor.
  private static func isOfProxy(_ field: String) -> Bool {
    let name = field.lowercased()
    return name.contains("forwarded") || name.hasSuffix("-ip") || ["via", "x-request-start"].contains(name)
      || ["x-real-", "x-original-", "x-envoy-", "x-azure-", "x-amzn-", "cf-"].contains { name.hasPrefix($0) }
  }

  /// Checks during a long response whether its client may still read, since tokens can be removed.
  func permission(of request: Request) -> @Sendable () -> Bool {
    if request.isTrusted { return { true } }
    let given = Self.credentials(in: request[header: "Authorization"] ?? "")
    return { [settings] in
      let tokens = settings.tokens()
      guard !tokens.isEmpty else { return true }
      guard let given else { return false }
      return tokens.contains { $0.role == .read && Self.isEqual(given, $0.text) }
    }
  }

  private var requiredTokens: [AccessToken]? {
    let tokens = settings.tokens()
    return tokens.isEmpty ? nil : tokens
  }

  /// The role of a request's token; nil for a request without credentials.
  ///
  /// - Throws: 401 for a wrong token, 429 after too many of them from the client's address.
  private func role(of request: Request, _ tokens: [AccessToken]) async throws(APIError) -> AccessToken.Role? {
    guard let given = Self.credentials(in: request[header: "Authorization"] ?? "") else { return nil }
    let now = Clock.monotonic
    let isLimited = failedLogins.isReached(by: request.client, at: now)
    // Loopback may represent many clients behind a proxy; a right token of one of them is accepted.
    if isLimited, request.client != nil {
      throw APIError(.tooManyRequests, "too many wrong tokens from this address").adding("Retry-After", "1")
    }
    var role: AccessToken.Role?
    // All are compared, so that the time does not depend on which one is right.
    for token in tokens where Self.isEqual(given, token.text) { role = role == .read ? .read : token.role }
    if let role { return role }
    if failedLogins.add(request.client, at: now) {
      settings.report("too many wrong tokens from \(request.client ?? "this machine"): one a second is accepted")
    }
    if isLimited { try? await Task.pause(seconds: 1) }
    throw Self.unauthorized("invalid token", #", error="invalid_token""#)
  }

  private static func unauthorized(_ message: String, _ parameter: String = "") -> APIError {
    APIError(.unauthorized, message)
      .adding("WWW-Authenticate", #"Bearer realm="agent""# + parameter)
      .adding("WWW-Authenticate", #"Basic realm="agent", charset="UTF-8""#)
  }

  /// The token of an Authorization header, as a bearer token (RFC 6750) or as the password of any user (RFC 7617); nil
  /// without one.
  private static func credentials(in header: String) -> [UInt8]? {
    let bytes = Array(header.utf8)
    let scheme = bytes.prefix { $0 != 0x20 }
    let value = bytes[scheme.endIndex...].drop { $0.isBlank }
    let end = value.lastIndex { !$0.isBlank }.map { $0 + 1 } ?? value.startIndex
    switch String(decoding: scheme, as: UTF8.self).lowercased() {
    case "bearer": return Array(value[..<end])
    case "basic":
      guard let user = base64Decoded(value[..<end]), let colon = user.firstIndex(of: UInt8(ascii: ":")) else {
        return []
      }
      return Array(user[(colon + 1)...])
    default: return nil
    }
  }

  /// Decodes base64 (RFC 4648 §4), with or without padding; nil if it is malformed.
  static func base64Decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var (bits, count) = (UInt32(0), 0)
    for byte in text.prefix(while: { $0 != UInt8(ascii: "=") }) {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): digit = 62
      case UInt8(ascii: "/"): digit = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(digit)
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return result
  }

  /// Whether two texts are equal, compared in constant time.
  private static func isEqual(_ given: [UInt8], _ wanted: String) -> Bool {
    let wanted = Array(wanted.utf8)
    var difference = given.count ^ wanted.count
    for index in given.indices {
      difference |= Int(given[index] ^ wanted[index % max(1, wanted.count)])
    }
    return difference == 0 && !wanted.isEmpty
  }
}
