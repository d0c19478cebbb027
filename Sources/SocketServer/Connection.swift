internal import API
internal import CSockets
internal import Logging
internal import ServerCore
internal import SystemIO

/// One client's connection: its requests and their responses, one after the other.
final class Connection {
  private enum Phase {
    /// Waits for a request, or reads one.
    case reading
    case responding
    /// All is sent; waits for the client to close.
    case lingering
  }

  let socket: Int64
  let id: Int
  let client: ClientAddress
  /// Index in the list of ``Connections``, which manages it.
  var position = 0
  /// Whether the connection is above the limit and only gets a 503.
  var isRefused = false
  /// Bytes reserved for the response.
  var heldBytes = 0
  /// Whether the connection is broken or complete and must be removed.
  private(set) var isClosed = false
  /// Rank among the idle connections, by the time since when they are idle.
  private(set) var idleOrder = 0
  /// Time since when the client has not read all that was sent; infinity while it reads.
  private(set) var stalledSince = Double.infinity
  private unowned let loop: EventLoop
  private var phase = Phase.reading
  /// Time at which a connection is closed that waits for a request or lingers.
  private var deadline: Double
  private var bodyDeadline = Double.infinity
  private var input: [UInt8] = []
  private var scanner = HeaderScanner()
  /// Bytes of a body that are still to be discarded.
  private var bodyBytes = 0
  private var isInputEnded = false
  private var output: [UInt8] = []
  private var sentBytes = 0
  private var isLast = false
  /// Whether `output` contains the end of the response.
  private var isComplete = false
  private var task: Task<Void, Never>?
  private var events: EventStream?
  /// The responder that waits until `output` is sent.
  private var writer: CheckedContinuation<Bool, Never>?

  init(_ socket: Int64, client: ClientAddress, loop: EventLoop, _ now: Double) {
    self.socket = socket
    self.client = client
    self.loop = loop
    id = loop.connections.newID()
    deadline = now + loop.limits.header.time.seconds
    idleOrder = loop.connections.nextIdleOrder()
  }

  var isIdle: Bool { phase == .reading }

  /// Events to wait for.
  var wanted: Int32 {
    (wantsInput ? Int32(CSOCKETS_READ) : 0) | (sentBytes < output.count ? Int32(CSOCKETS_WRITE) : 0)
  }

  /// While a response is sent, further requests are read up to a header's size; then the system's buffer fills.
  private var wantsInput: Bool { !isInputEnded && (phase != .responding || input.count <= loop.limits.header.bytes) }

  /// Frees the connection's resources, once, after its removal.
  func end() {
    isClosed = true
    task?.cancel()
    events?.end()
    writer?.resume(returning: false)
    writer = nil
    releaseMemory()
    csockets_close(socket)
  }

  private func releaseMemory() {
    loop.connections.release(heldBytes)
    heldBytes = 0
  }

  /// Whether a deadline has passed.
  func isOverdue(at now: Double) -> Bool {
    if stalledSince + loop.limits.stalled.seconds <= now {
      loop.connections.logger.debug("closing a connection whose client does not read")
      return true
    }
    guard phase != .responding, sentBytes == output.count, deadline <= now else { return false }
    if phase == .reading { loop.connections.logger.debug("closing a connection without a request in time") }
    return true
  }

  // MARK: Input

  func handle(_ events: Int32) {
    if events & Int32(CSOCKETS_READ | CSOCKETS_GONE) != 0 {
      if wantsInput {
        receive()
      } else if events & Int32(CSOCKETS_GONE) != 0 {
        isClosed = true
      }
    }
    if !isClosed, events & Int32(CSOCKETS_WRITE) != 0 { flush() }
  }

  private func receive() {
    // A few reads per event, so that a fast sender does not hold up other connections.
    for _ in 0..<4 where wantsInput && !isClosed {
      let capacity = loop.buffer.count
      let count = Int(csockets_receive(socket, &loop.buffer, Int64(capacity)))
      if count == CSOCKETS_WOULD_BLOCK { break }
      if count < 0 {
        isClosed = true
      } else if count == 0 {
        isInputEnded = true
        events?.end()
        if phase == .lingering { isClosed = true }
      } else if phase != .lingering {
        input.append(contentsOf: loop.buffer[..<count])
      }
      if count < capacity, count > 0 { break }
    }
    if phase == .reading, !isClosed { readRequest() }
  }

  private func readRequest() {
    discardBody()
    guard bodyBytes == 0 else { return closeAfterInput() }
    let limits = loop.limits.header
    do {
      guard let end = try scanner.end(of: &input) else {
        if input.count > limits.bytes { throw RequestHead.ParseError() }
        return closeAfterInput()
      }
      if end > limits.bytes { throw RequestHead.ParseError() }
      let head = try RequestHead(input.span.extracting(0..<end), maxFields: limits.fields)
      input.removeFirst(end)
      scanner = HeaderScanner()
      respond(to: head)
    } catch {
      refuse(with: API.malformedRequest)
    }
  }

  /// Closes a connection whose client has finished sending, where it waits for more.
  private func closeAfterInput() {
    if isInputEnded { isClosed = true }
  }

  private func discardBody() {
    guard bodyBytes > 0 else { return }
    let count = min(bodyBytes, input.count)
    input.removeFirst(count)
    bodyBytes -= count
    if bodyBytes == 0 { deadline = Clock.monotonic + loop.limits.idle.seconds }
  }

  private func respond(to head: RequestHead) {
    phase = .responding
    switch head.body {
    case .bytes(let count) where count <= loop.limits.body.bytes:
      bodyBytes = count
      isLast = !head.keepsAlive
    default:
      // Not read to its end.
      isLast = true
    }
    bodyDeadline = Clock.monotonic + loop.limits.body.time.seconds
    let responder = Responder(
      api: loop.api, queue: loop.queue, limits: loop.limits, connection: id, isOld: head.isOld, isLast: isLast)
    let request = API.Request(
      method: head.method, target: head.target, headers: head.fields, isLocal: loop.isLocal, client: client.key)
    task = loop.start(responder, request)
  }

  /// Answers with an error and ends the connection.
  func refuse(with response: API.Response) {
    phase = .responding
    finish(ResponseHead.bytes(response, isOld: false, isLast: true) + response.body, isLast: true)
  }

  // MARK: Output

  /// Begins a response without an end.
  func begin(_ events: EventStream) {
    self.events = events
    csockets_limit_unsent(socket, Int32(ConnectionLimits.unsentBytes))
    if isInputEnded || loop.endsStreams { events.end() }
  }

  func endStream() {
    events?.end()
  }

  /// Sends a part of the response; `writer` continues once it is sent.
  func write(_ bytes: [UInt8], _ writer: CheckedContinuation<Bool, Never>) {
    self.writer = writer
    append(bytes)
    flush()
  }

  /// Sends the last part of the response.
  func finish(_ bytes: [UInt8], isLast: Bool) {
    self.isLast = isLast
    isComplete = true
    append(bytes)
    flush()
  }

  private func append(_ bytes: [UInt8]) {
    if output.isEmpty { output = bytes } else { output += bytes }
  }

  private func flush() {
    while sentBytes < output.count {
      // The pointer is used within the closure only.
      let count = output.withUnsafeBytes { bytes in
        Int(csockets_send(socket, bytes.baseAddress.map { $0 + sentBytes }, Int64(bytes.count - sentBytes)))
      }
      if count == CSOCKETS_WOULD_BLOCK {
        if stalledSince == .infinity { stalledSince = Clock.monotonic }
        return
      }
      guard count > 0 else {
        isClosed = true
        return
      }
      sentBytes += count
    }
    output = []
    sentBytes = 0
    stalledSince = .infinity
    if let writer {
      self.writer = nil
      writer.resume(returning: true)
    }
    if isComplete { completeResponse() }
  }

  private func completeResponse() {
    isComplete = false
    task = nil
    events = nil
    releaseMemory()
    let now = Clock.monotonic
    guard !isLast else {
      // Only the sending half at first: closing with unread bytes would reset the connection before the response is
      // read (RFC 9112 §9.6).
      csockets_finish(socket)
      phase = .lingering
      input = []
      deadline = now + loop.limits.linger.seconds
      if isInputEnded { isClosed = true }
      return
    }
    phase = .reading
    idleOrder = loop.connections.nextIdleOrder()
    // The body may still arrive after the response.
    deadline = bodyBytes > 0 ? bodyDeadline : now + loop.limits.idle.seconds
    readRequest()
  }
}
