internal import AgentMetrics
internal import SampleStore

/// Access control of browsers: the host name of a request, and CORS.
extension API {
  /// Prevents DNS rebinding: rejects loopback requests whose Host is not an address, localhost or an allowed name.
  ///
  /// A page of a malicious site can resolve its own name to the loopback address in a browser on this machine.
  func checkHost(of request: Request) throws(APIError) {
    guard request.isLocal || !settings.allowedHosts.isEmpty, !isOwnHost(of: request) else { return }
    let host = APIError.shown(request[header: "Host"] ?? "")
    throw APIError(.forbidden, "host \"\(host)\" is not allowed; add it with --allowed-host")
  }

  /// Whether the Host of a request is an address, localhost, this machine's name or an allowed one, or absent.
  func isOwnHost(of request: Request) -> Bool {
    guard let host = request[header: "Host"] else { return true }
    let name = Self.name(ofHost: host)
    if name.isEmpty || Self.isAddress(name) || name == "localhost" || name.hasSuffix(".localhost") { return true }
    if settings.allowedHosts.contains(where: { $0.lowercased() == name }) { return true }
    return name == (history.latest ?? history.preview)?.sample.host.hostname?.lowercased()
  }

  /// The name in a Host header, in lower case, without port and trailing dot.
  private static func name(ofHost host: String) -> String {
    var name = host.lowercased()[...]
    if name.first == "[" { return String(name.prefix { $0 != "]" }) }
    if let colon = name.lastIndex(of: ":") { name = name[..<colon] }
    if name.last == "." { name.removeLast() }
    return String(name)
  }

  /// Whether a name is an IPv4 address, or an IPv6 address with its bracket; host names do not end in a number.
  private static func isAddress(_ name: String) -> Bool {
    if name.first == "[" { return true }
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        (1...3).contains(part.count) && part.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      }
  }

  /// Allows pages of the configured origins to read the response (WHATWG Fetch §3.2).
  func addCORS(to response: inout Response, for request: Request) {
    guard !settings.corsOrigins.isEmpty else { return }
    response.identity = nil
    response = response.adding(vary: "Origin")
    guard let origin = request[header: "Origin"], settings.corsOrigins.contains(origin) else { return }
    response.headers.append(("Access-Control-Allow-Origin", origin))
    guard request.method == "OPTIONS", request[header: "Access-Control-Request-Method"] != nil else {
      response.headers.append(("Access-Control-Expose-Headers", "ETag, Last-Modified, Date"))
      return
    }
    response.headers += [
      ("Access-Control-Allow-Methods", Self.methods),
      ("Access-Control-Allow-Headers", "Authorization, Last-Event-ID, If-None-Match, If-Modified-Since"),
      ("Access-Control-Max-Age", "600"),
    ]
  }
}
