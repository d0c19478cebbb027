package import ClientHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression

/// The client of Linux and macOS.
package struct NIOTransport: ClientTransport {
  package init() {}

  package func poster(to target: PostTarget, onDisconnect: @escaping @Sendable () -> Void) -> any Poster {
    NIOPoster(target, onDisconnect: onDisconnect)
  }

  package func hasAuthorities(_ path: String) -> Bool { (try? ClientTLS(authorities: path)) != nil }

  package func get(
    _ request: GetRequest, head: (ResponseHead) throws -> Void, body: ([UInt8]) async throws -> Void
  ) async throws {
    let failure = TLSFailure()
    do {
      let channel = try await Self.connect(request, failure)
      try await channel.executeThenClose { inbound, outbound in
        var fields = HTTPHeaders(request.fields.map { ($0.name, $0.value) })
        if request.limits.compression > 0 { fields.add(name: "Accept-Encoding", value: "gzip") }
        let start = HTTPRequestHead(version: .http1_1, method: .GET, uri: request.target, headers: fields)
        // In one write: a server that answers and closes in between would make a second write fail.
        try await outbound.write(contentsOf: [.head(start), .end(nil)])
        var isAnswered = false
        for try await part in inbound {
          switch part {
          case .head(let start):
            try Passed.through { try head(ResponseHead(start)) }
            isAnswered = true
          case .body(let buffer):
            do { try await body(Array(buffer.readableBytesView)) } catch { throw Passed(error: error) }
          case .end:
            return
          }
        }
        try Task.checkCancellation()
        if isAnswered { throw ClientFailure("the connection was cut") }
        // As a server of https does.
        let isPlain = !request.server.isSecure && request.server.socket == nil
        throw ClientFailure("the connection was closed without an answer" + (isPlain ? "; is it https://?" : ""))
      }
    } catch let passed as Passed {
      throw passed.error
    } catch let error as CancellationError {
      throw error
    } catch {
      throw failure.failure ?? ClientFailure(Self.line(of: error, connect: request.limits.connect))
    }
  }

  /// An error of the caller's closures, among those of NIO.
  private struct Passed: Error {
    let error: any Error

    static func through(_ body: () throws -> Void) throws(Passed) {
      do { try body() } catch { throw Passed(error: error) }
    }
  }

  private static func connect(
    _ request: GetRequest, _ failure: TLSFailure
  ) async throws -> NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart> {
    let (limits, isStream) = (request.limits, request.isStream)
    let tls =
      request.server.isSecure
      ? try ClientTLS(
        authorities: request.authorities, certificate: request.certificate, option: request.authorityOption) : nil
    return try await ClientConnection.open(
      to: request.server, tls: tls, failure: failure, limit: limits.connect, purpose: isStream ? .stream : .request
    ) { channel in
      let pipeline = channel.pipeline.syncOperations
      let window = TimeAmount.milliseconds(Int64(limits.window * 1_000))
      try pipeline.addHandler(ProgressHandler(window: window, minimum: limits.progress))
      try pipeline.addLimitedHTTPClientHandlers()
      try pipeline.addHandler(AnswerHandler(seconds: limits.answer))
      if limits.compression > 0 {
        try pipeline.addHandler(NIOHTTPResponseDecompressor(limit: .ratio(limits.compression)))
      }
      return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }
  }

  /// Describes an error in one line.
  private static func line(of error: any Error, connect: Double) -> String {
    switch error {
    case let error as ClientFailure: error.description
    case let error as TooSlow: error.description
    case is NIOHTTPDecompression.DecompressionError: "a malformed compressed answer, or one that grows too much"
    default: ClientConnection.line(of: error, limit: connect)
    }
  }
}

extension ResponseHead {
  fileprivate init(_ head: HTTPResponseHead) {
    self.init(
      status: Int(head.status.code), reason: head.status.reasonPhrase,
      coding: head.headers.first(name: "Content-Encoding"))
  }
}
