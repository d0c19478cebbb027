internal import API
internal import AgentMetrics
internal import ServerCore
internal import SystemIO

/// Creates the response to one request and passes it to the event loop piece by piece.
struct Responder: Sendable {
  let api: API
  let queue: LoopQueue
  let limits: ConnectionLimits
  /// Number of the connection.
  let connection: Int
  /// Whether the request is HTTP/1.0, which has no chunks.
  let isOld: Bool
  /// Whether the connection ends after the response.
  let isLast: Bool

  func respond(to request: API.Request) async {
    var response = await api.respond(to: request)
    if let events = response.events { return await send(events, of: response) }
    // Its memory: the buffers, and bytes that no other response shares.
    let held = min(response.count, ConnectionLimits.wholeResponse) + response.ownBytes
    if held > ConnectionLimits.smallResponse, await !hold(held) { response = API.noMemory }
    // The response to HEAD for an endless body: its length is unknown, so the next response could not be found.
    let isLast = isLast || response.status == 200 && response[header: "Content-Length"] == nil
    var bytes = ResponseHead.bytes(response, isOld: isOld, isLast: isLast)
    let isWhole = response.count <= ConnectionLimits.wholeResponse
    if let pieces = response.pieces {
      for piece in pieces {
        var rest = piece[...]
        while !rest.isEmpty {
          let part = isWhole ? rest : rest.prefix(max(0, ConnectionLimits.chunk - bytes.count))
          bytes += part
          rest = rest.dropFirst(part.count)
          guard !isWhole, bytes.count >= ConnectionLimits.chunk else { continue }
          // The rest is created once the client has taken these.
          if await !write(bytes) { return }
          bytes.removeAll(keepingCapacity: true)
        }
      }
    }
    finish(bytes, isLast: isLast)
  }

  /// Sends events until the client or the server ends.
  ///
  /// A write waits while the client does not read, and the next event is fetched only after it: a slow client lags by
  /// one event, plus the earlier ones in the system's buffer.
  private func send(_ events: EventStream, of response: API.Response) async {
    let (id, head) = (connection, ResponseHead.bytes(response, isOld: isOld, isLast: true))
    queue.submit { $0?.withConnection(id) { $0.begin(events) } }
    if await !write(head) { return }
    for await event in events {
      let count = event.reduce(0) { $0 + $1.count }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count + 16)
      // A chunk (RFC 9112 §7.1).
      if !isOld { bytes += Array((String(count, radix: 16) + "\r\n").utf8) }
      for piece in event { bytes += piece }
      if !isOld { bytes += [0x0D, 0x0A] }
      if await !write(bytes) { return }
    }
    finish(isOld ? [] : Array("0\r\n\r\n".utf8), isLast: true)
  }

  /// Sends bytes and waits until the system has taken them; false if the connection is gone.
  private func write(_ bytes: [UInt8]) async -> Bool {
    let id = connection
    return await withCheckedContinuation { continuation in
      queue.submit { loop in
        let isOpen = loop?.withConnection(id) { $0.write(bytes, continuation) } ?? false
        if !isOpen { continuation.resume(returning: false) }
      }
    }
  }

  private func finish(_ bytes: [UInt8], isLast: Bool) {
    let id = connection
    queue.submit { $0?.withConnection(id) { $0.finish(bytes, isLast: isLast) } }
  }

  /// Reserves memory for a response; fast clients release memory soon, so it retries for a while.
  private func hold(_ bytes: Int) async -> Bool {
    let id = connection
    let deadline = Clock.monotonic + limits.memoryWait.seconds
    while true {
      if await queue.result(ended: true, { $0.connections.hold(bytes, for: id) }) { return true }
      if Clock.monotonic >= deadline || Task.isCancelled { return false }
      try? await Task.pause(seconds: 0.1)
    }
  }
}

/// Status line and header fields of a response.
enum ResponseHead {
  static func bytes(_ response: API.Response, isOld: Bool, isLast: Bool) -> [UInt8] {
    let isStream = response.events != nil
    var text = "HTTP/1.\(isStream && isOld ? 0 : 1) \(response.status) \(reason(response.status))\r\n"
    for (name, value) in response.headers { text += "\(name): \(value)\r\n" }
    text += "Date: \(HTTPDate.text(ofPOSIXTime: Clock.realtime))\r\n"
    if isStream, !isOld { text += "Transfer-Encoding: chunked\r\n" }
    if isLast { text += "Connection: close\r\n" } else if isOld { text += "Connection: keep-alive\r\n" }
    return Array((text + "\r\n").utf8)
  }

  /// Reason phrase (RFC 9110 §15), which clients ignore and may be empty.
  private static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 204: "No Content"
    case 302: "Found"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 503: "Service Unavailable"
    default: ""
    }
  }
}
