internal import NIOCore
internal import NIOHTTP1

/// Removes 1xx responses before an answer, and closes a connection that sends too many: each would cost a wake-up.
final class InformationalHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias InboundOut = HTTPClientResponsePart

  /// An answer that never comes.
  struct TooMany: Error, CustomStringConvertible {
    let description = "more than \(limit) informational responses"
  }

  private static let limit = 16
  private var count = 0
  private var isInside = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      let code = head.status.code
      // 101 is an answer: it ends HTTP.
      isInside = (100..<200).contains(code) && code != 101
      guard isInside else {
        count = 0
        break
      }
      count += 1
      if count > Self.limit {
        context.fireErrorCaught(TooMany())
        context.close(promise: nil)
      }
      return
    case .body, .end:
      if isInside { return }
    }
    context.fireChannelRead(data)
  }
}

extension ChannelPipeline.SynchronousOperations {
  /// Adds a client's handlers of HTTP/1.1, with a limit on informational responses.
  func addLimitedHTTPClientHandlers() throws {
    let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)
    try addHandlers([
      HTTPRequestEncoder(), ByteToMessageHandler(decoder), NIOHTTPRequestHeadersValidator(), InformationalHandler(),
    ])
  }
}
