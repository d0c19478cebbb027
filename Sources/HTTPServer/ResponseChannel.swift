internal import NIOCore
internal import ServerCore
internal import SystemIO

/// Client of a response: an HTTP/1.1 connection, or a stream of HTTP/2; used only on its event loop.
final class ResponseChannel {
  let channel: any Channel
  private let connections: Connections
  /// Time at which the client stopped reading; nil while it reads.
  private(set) var stalledSince: NIODeadline?
  /// Bytes reserved for the response being written; released at its end.
  private var heldBytes = 0
  /// Whether the client has finished sending, which ends an endless response of HTTP/1.1.
  private var isInputClosed = false
  private var onEnd: (@Sendable () -> Void)?

  init(_ channel: any Channel, _ connections: Connections) {
    self.channel = channel
    self.connections = connections
  }

  /// The one of a channel, which must be called on its event loop; nil after the channel was closed.
  private static func of(_ channel: any Channel) -> ResponseChannel? {
    let operations = channel.pipeline.syncOperations
    if let handler = try? operations.handler(type: ConnectionGuard.self) { return handler.response }
    return (try? operations.handler(type: StreamGuard.self))?.response
  }

  // MARK: Clients that go away or do not read

  /// Calls `body` once the client has disconnected or finished sending; immediately if it already has.
  static func onEnd(of channel: any Channel, _ body: @escaping @Sendable () -> Void) {
    channel.closeFuture.whenComplete { _ in body() }
    channel.eventLoop.execute {
      guard let response = of(channel) else { return }
      if response.isInputClosed { body() } else { response.onEnd = body }
    }
  }

  /// Records that the client has finished sending.
  func closeInput() {
    isInputClosed = true
    onEnd?()
    onEnd = nil
  }

  /// Records whether the client reads.
  func updateWritability() {
    stalledSince = channel.isWritable ? nil : .now()
  }

  // MARK: Memory

  /// Reserves memory for a response; false where other responses hold too much.
  ///
  /// Must be called off the event loop. Fast clients release memory soon, so it retries until `wait` is over.
  static func hold(_ bytes: Int, for channel: any Channel, atMost wait: Duration) async throws -> Bool {
    let deadline = NIODeadline.now() + wait
    while true {
      let isHeld = try await channel.eventLoop.submit {
        // A closed connection would never release it; its write fails.
        guard channel.isActive, let response = of(channel) else { return true }
        guard response.connections.hold(bytes) else { return false }
        response.heldBytes += bytes
        return true
      }.get()
      if isHeld { return true }
      if .now() >= deadline { return false }
      try await Task.pause(seconds: 0.1)
    }
  }

  /// Returns the memory reserved for a response that will not be completed, and clears it.
  func takeHeldBytes() -> Int {
    defer { heldBytes = 0 }
    return heldBytes
  }

  /// Creates a promise that releases the memory at the end of a response, whether sent or failed.
  func releasing(_ promise: EventLoopPromise<Void>?) -> EventLoopPromise<Void>? {
    guard heldBytes > 0 else { return promise }
    let promise = promise ?? channel.eventLoop.makePromise()
    let (bytes, connections) = (heldBytes, NIOLoopBound(connections, eventLoop: channel.eventLoop))
    heldBytes = 0
    promise.futureResult.whenComplete { _ in connections.value.release(bytes) }
    return promise
  }
}
