internal import API
internal import HTTPTypes
internal import NIOCore
internal import Synchronization

/// Responses that are given out again and again, as the sockets want them: header fields checked, the body in a buffer.
final class PreparedResponses: Sendable {
  private struct Prepared {
    let identity: API.Identity
    let head: HTTPResponse
    let body: ByteBuffer
  }

  /// The newest sample plain and compressed, a scrape likewise, and the same while they are replaced.
  private static let limit = 8

  private let kept = Mutex<[Prepared]>([])

  /// That of an identity, without its date; nil where it is not kept.
  func response(_ identity: API.Identity?) -> (head: HTTPResponse, body: ByteBuffer)? {
    guard let identity else { return nil }
    return kept.withLock { kept in kept.first { $0.identity === identity }.map { ($0.head, $0.body) } }
  }

  func keep(_ head: HTTPResponse, _ body: ByteBuffer, as identity: API.Identity) {
    kept.withLock { kept in
      if kept.count == Self.limit { kept.removeFirst() }
      kept.append(Prepared(identity: identity, head: head, body: body))
    }
  }
}
