internal import CWindows
package import ClientHTTP
internal import SystemIO

/// Windows' client: WinHTTP, with the system's proxy, and its certificates or those of a file.
package struct WindowsTransport: ClientTransport {
  package init() {}

  package func hasAuthorities(_ path: String) -> Bool { (try? Authorities.text(path)) != nil }

  package func poster(to target: PostTarget, onDisconnect: @escaping @Sendable () -> Void) -> any Poster {
    WindowsPoster(target: target)
  }

  package func get(
    _ request: GetRequest, head: (ResponseHead) throws -> Void, body: ([UInt8]) async throws -> Void
  ) async throws {
    if request.certificate != nil { throw ClientFailure("certificates cannot be compared on this system") }
    let limits = request.limits
    var call = WindowsExchange.Request(
      method: "GET", server: request.server, target: request.target, fields: request.fields.withoutHost,
      connect: limits.connect, answer: limits.answer, silence: limits.window)
    if request.server.isSecure { call.authorities = try request.authorities.map(Authorities.text) }
    let exchange = try await WindowsExchange.open(call)
    try await withTaskCancellationHandler {
      try Task.checkCancellation()
      let start = exchange.head
      try head(ResponseHead(status: start.status, reason: start.reason, coding: start.fields["content-encoding"]))
      var left = start.fields["content-length"].flatMap { Int($0) }
      var progress = Progress(limits)
      while true {
        let before = Clock.monotonic
        let bytes: [UInt8]
        do throws(ClientFailure) {
          bytes = try await exchange.read()
        } catch {
          try Task.checkCancellation()
          throw error
        }
        left = left.map { $0 - bytes.count }
        if bytes.isEmpty {
          if let left, left > 0 { throw ClientFailure("the connection was cut") }
          return
        }
        guard progress.add(bytes.count, seconds: Clock.monotonic - before) else {
          throw ClientFailure("data comes too slowly")
        }
        try await body(bytes)
      }
    } onCancel: {
      exchange.abort()
    }
  }

  /// Counts bytes in windows of waiting time; the caller's own time is not the server's.
  private struct Progress {
    private let limits: GetLimits
    private var bytes = 0
    private var waited = 0.0

    init(_ limits: GetLimits) {
      self.limits = limits
    }

    /// Returns false at the end of a window with too few bytes.
    mutating func add(_ count: Int, seconds: Double) -> Bool {
      bytes += count
      waited += seconds
      guard waited >= limits.window else { return true }
      defer { (bytes, waited) = (0, 0) }
      return bytes >= limits.progress
    }
  }
}

/// CA certificates in files.
private enum Authorities {
  /// Reads a file, which may change between requests.
  static func text(_ path: String) throws(ClientFailure) -> String {
    guard let bytes = try? Files.contents(ofNamed: path) else {
      throw ClientFailure("\(path): the CA certificates cannot be read")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard cwindows_http_authorities(text) > 0 else { throw ClientFailure("\(path) has no CA certificates") }
    return text
  }
}

/// Posts; WinHTTP keeps the connection open between two posts.
private struct WindowsPoster: Poster {
  let target: PostTarget

  func post(_ body: [UInt8], fields: [(String, String)]) async throws(ClientFailure) -> HTTPAnswer {
    let limits = target.limits
    let start = Clock.monotonic
    var request = WindowsExchange.Request(
      method: "POST", server: target.server, target: target.target, fields: fields.map { (name: $0, value: $1) },
      connect: limits.connect, answer: limits.time, silence: limits.time)
    request.body = body
    if target.server.isSecure, let path = target.authorities { request.authorities = try Authorities.text(path) }
    let exchange = try await WindowsExchange.open(request)
    var text: [UInt8] = []
    do {
      text = try await withTaskCancellationHandler {
        var (text, count): ([UInt8], Int) = ([], 0)
        while count <= limits.body, Clock.monotonic - start < limits.time {
          let bytes = try await exchange.read()
          if bytes.isEmpty { break }
          text += bytes.prefix(max(0, limits.text - text.count))
          count += bytes.count
        }
        return text
      } onCancel: {
        exchange.abort()
      }
    } catch {
      // The status is known, which is what counts, unless the task was cancelled.
      if Task.isCancelled { throw ClientFailure("it was given up") }
    }
    return HTTPAnswer(status: exchange.head.status, headers: exchange.head.fields, body: text)
  }

  func close() {}
}

extension [(name: String, value: String)] {
  /// WinHTTP adds Host itself.
  fileprivate var withoutHost: Self { filter { $0.name.lowercased() != "host" } }
}
