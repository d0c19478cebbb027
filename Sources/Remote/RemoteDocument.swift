package import ClientHTTP
package import SystemIO

/// Single JSON answers of an agent.
package struct RemoteDocument: Sendable {
  /// A missing or refused answer, in one line.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
    /// Status of an answer other than 200; nil without an answer.
    package let status: Int?
    /// Whether a server was reached, but not over TLS.
    package var isTLS = false
  }

  private let agent: RemoteAgent

  /// - Parameters:
  ///   - transport: the system's client.
  ///   - token: of an agent with `--token-file`.
  package init(of address: RemoteAddress, by transport: any ClientTransport, token: String?) {
    agent = RemoteAgent(url: address.url, transport: transport, token: { token })
  }

  /// Fetches and parses the answer of a route.
  package func get(_ target: String) async throws(Failure) -> JSONValue {
    var request = agent.request(target)
    request.isCompressible = false
    let body: [UInt8]
    do {
      body = try await request.body(atMost: RemoteLimits.sample)
    } catch {
      throw Failure(
        description: RemoteRequest.line(of: error), status: (error as? RemoteFailure)?.status,
        isTLS: (error as? ClientFailure)?.isTLS == true)
    }
    guard let value = JSONValue(body.span, longestString: RemoteLimits.string) else {
      throw Failure(description: "the answer to \(target) is not JSON", status: nil)
    }
    return value
  }
}
