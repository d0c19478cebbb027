internal import API
internal import CSockets
internal import Logging
internal import ServerCore
internal import SystemIO

/// The server's thread: waits for its sockets and handles their events.
final class EventLoop {
  let api: API
  let limits: ConnectionLimits
  let queue: LoopQueue
  /// Whether only this machine can connect.
  let isLocal: Bool
  let connections: Connections
  /// Tasks that create responses; the loop ends after all of them.
  var runningTasks = 0
  /// Received bytes, before a connection takes them.
  var buffer = [UInt8](repeating: 0, count: 16 * 1_024)
  private var listener: Int64
  private var interests: [csockets_interest] = []
  private var isEnding = false
  /// Time at which responses under way are aborted.
  private var endTime = Double.infinity
  private var sweepTime = 0.0
  /// Time of the next accept, after accept has failed.
  private var acceptTime = 0.0

  /// Maximum connections that are accepted before other events are handled.
  private static let acceptedPerRound = 32

  init(_ server: SocketServer, listener: Int64, isLocal: Bool, queue: LoopQueue) {
    api = server.api
    limits = server.limits
    connections = Connections(limits: server.limits, usage: server.usage, logger: server.logger)
    self.listener = listener
    self.isLocal = isLocal
    self.queue = queue
  }

  func run() {
    var now = Clock.monotonic
    while !isEnding || !connections.list.isEmpty || runningTasks > 0 {
      let polled = connections.list
      wait(for: polled, now)
      now = Clock.monotonic
      if interests[0].events != 0 { for job in queue.take() { job(self) } }
      for (connection, interest) in zip(polled, interests.dropFirst(2)) where interest.events != 0 {
        use(connection) { $0.handle(interest.events) }
      }
      if interests[1].events != 0 { accept(now) }
      if isEnding { abortResponses(now) }
      if sweepTime <= now {
        sweepTime = now + limits.sweep.seconds
        for connection in connections.list where connection.isOverdue(at: now) { connections.remove(connection) }
      }
    }
  }

  /// Waits for an event or for the next deadline check.
  ///
  /// Interests: the queue, the listener, the connections.
  private func wait(for list: [Connection], _ now: Double) {
    let accepts = listener >= 0 && acceptTime <= now
    interests.removeAll(keepingCapacity: true)
    interests.append(csockets_interest(socket: queue.wakeup, wanted: Int32(CSOCKETS_READ), events: 0))
    interests.append(csockets_interest(socket: listener, wanted: accepts ? Int32(CSOCKETS_READ) : 0, events: 0))
    for connection in list {
      interests.append(csockets_interest(socket: connection.socket, wanted: connection.wanted, events: 0))
    }
    var deadline = list.isEmpty ? Double.infinity : sweepTime
    if isEnding, endTime > now { deadline = min(deadline, endTime) }
    if !accepts, listener >= 0 { deadline = min(deadline, acceptTime) }
    let milliseconds = deadline.isFinite ? Int32(max(0, min(60_000, ((deadline - now) * 1_000).rounded(.up)))) : -1
    _ = csockets_wait(&interests, Int32(interests.count), milliseconds)
  }

  /// Runs `body` with a connection and removes the connection if that closed it.
  private func use(_ connection: Connection, _ body: (Connection) -> Void) {
    if !connection.isClosed { body(connection) }
    if connection.isClosed { connections.remove(connection) }
  }

  /// Runs `body` with the connection of a number; false if it is gone.
  @discardableResult
  func withConnection(_ id: Int, _ body: (Connection) -> Void) -> Bool {
    guard let connection = connections[id] else { return false }
    use(connection, body)
    return true
  }

  // MARK: Accepting

  private func accept(_ now: Double) {
    for _ in 0..<Self.acceptedPerRound {
      var address = csockets_address()
      let socket = csockets_accept(listener, &address)
      if socket == Int64(CSOCKETS_FAILED) {
        // Without an idle connection to close, poll would report the listener again immediately.
        if !connections.makeRoom(now) { acceptTime = now + limits.acceptPause.seconds }
        return
      }
      guard socket >= 0 else { return }
      let client = ClientAddress(address)
      let admission = connections.admit(client, now)
      guard admission != .dropped else {
        csockets_close(socket)
        continue
      }
      let connection = Connection(socket, client: client, loop: self, now)
      connections.add(connection, isRefused: admission == .refused)
      if admission == .refused { use(connection) { $0.refuse(with: API.noConnection) } }
    }
  }

  // MARK: End

  /// Closes idle connections, ends streams, and lets other responses finish for a while.
  func end() {
    guard !isEnding else { return }
    isEnding = true
    endTime = Clock.monotonic + limits.end.seconds
    csockets_close(listener)
    listener = -1
    for connection in connections.list { use(connection) { $0.endStream() } }
  }

  private func abortResponses(_ now: Double) {
    for connection in connections.list where connection.isIdle || now >= endTime { connections.remove(connection) }
  }

  /// Starts a task that creates the response to a request.
  func start(_ responder: Responder, _ request: API.Request) -> Task<Void, Never> {
    runningTasks += 1
    return Task.detached {
      await responder.respond(to: request)
      responder.queue.submit { $0?.runningTasks -= 1 }
    }
  }

  /// Whether streams that begin now must end.
  var endsStreams: Bool { isEnding }
}
