package import SystemIO

/// Single JSON answers of an agent.
package struct RemoteDocument: Sendable {
  /// A missing or refused answer, in one line.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
    /// Status of an answer other than 200; nil without an answer.
    package let status: Int?
  }

  private let address: RemoteAddress
  private let token: String?

  /// - Parameter token: of an agent with `--token-file`.
  package init(of address: RemoteAddress, token: String?) {
    self.address = address
    self.token = token
  }

  /// Fetches and parses the answer of a route.
  package func get(_ target: String) async throws(Failure) -> JSONValue {
    var request = RemoteRequest(url: address.url, target: target)
    if let token { request.headers = [("Authorization", "Bearer " + token)] }
    let body: [UInt8]
    do {
      body = try await request.body(atMost: RemoteLimits.sample)
    } catch {
      throw Failure(description: RemoteRequest.line(of: error), status: (error as? RemoteFailure)?.status)
    }
    guard let value = JSONValue(body.span, longestString: RemoteLimits.string) else {
      throw Failure(description: "the answer to \(target) is not JSON", status: nil)
    }
    return value
  }
}
