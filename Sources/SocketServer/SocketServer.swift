package import API
internal import CSockets
package import Logging
package import ServerCore
internal import SystemIO

/// Serves the API over TCP without NIO: HTTP/1.1 on one thread, for systems whose sockets NIO does not support.
package struct SocketServer: APIServer {
  let api: API
  private let host: String
  private let port: Int
  let logger: Logger
  package var limits = ConnectionLimits()
  package let usage = ConnectionUsage()

  package init(api: API, host: String, port: Int, logger: Logger) {
    self.api = api
    self.host = host
    self.port = port
    self.logger = logger
  }

  package func run(_ listening: @escaping @Sendable (String) -> Void) async throws {
    guard let queue = LoopQueue() else { throw error("cannot listen: no socket for the event loop") }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let isStarted = Thread.start("http") {
          continuation.resume(with: Result { try serve(queue, listening) })
        }
        if !isStarted {
          queue.close()
          continuation.resume(throwing: error("cannot listen: no thread"))
        }
      }
    } onCancel: {
      queue.submit { $0?.end() }
    }
  }

  /// Listens and answers on the calling thread, which resolves the host too.
  private func serve(_ queue: LoopQueue, _ listening: (String) -> Void) throws {
    defer { queue.close() }
    var failure: Int32 = 0
    let listener = csockets_listen(host, Int32(port), Int32(ConnectionLimits.backlog), &failure)
    guard listener >= 0 else { throw error(Self.reason(Int(failure))) }
    var address = csockets_address()
    var text = [CChar](repeating: 0, count: 46)
    guard csockets_local_address(listener, &address) == 0,
      csockets_address_text(&address, &text, Int32(text.count)) == 0
    else {
      csockets_close(listener)
      throw error("cannot listen: the address is unknown")
    }
    let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let isLocal = ClientAddress(address) == .loopback
    let loop = EventLoop(self, listener: listener, isLocal: isLocal, queue: queue)
    listening("http://" + Authority.text(name, Int(address.port)))
    loop.run()
  }

  private func error(_ reason: String) -> ListenError {
    ListenError(host: host, port: port, reason: reason)
  }

  private static func reason(_ failure: Int) -> String {
    switch failure {
    case CSOCKETS_UNKNOWN_HOST: "the host is not found"
    case CSOCKETS_IN_USE: "the port is in use"
    case CSOCKETS_NOT_PERMITTED: "not permitted to listen on this port"
    case CSOCKETS_NO_ADDRESS: "not an address of this machine"
    case CSOCKETS_NO_FAMILY: "this machine has no addresses of this family"
    default: "cannot listen"
    }
  }
}

extension ClientAddress {
  init(_ address: csockets_address) {
    // A tuple of 16 bytes; the first `count` are set.
    self.init(withUnsafeBytes(of: address.bytes) { Array($0.prefix(Int(address.count))) })
  }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
