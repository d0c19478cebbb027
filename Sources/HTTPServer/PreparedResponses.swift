internal import API
internal import HTTPTypes
internal import NIOCore
internal import Synchronization

/// Cache of repeated responses, ready to send: checked header fields, and the body in a buffer.
final class PreparedResponses: Sendable {
  private struct Prepared {
    let identity: API.Identity
    let head: HTTPResponse
    let body: ByteBuffer
  }

  /// The newest sample plain and compressed, a scrape likewise, and their successors during a change.
  private static let limit = 8

  private let kept = Mutex<[Prepared]>([])

  /// Returns the response of an identity, without a date; nil where it is not cached.
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
