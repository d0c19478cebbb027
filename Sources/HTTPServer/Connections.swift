internal import AgentMetrics
internal import Logging
internal import NIOCore
internal import ServerCore
internal import SystemIO

/// The open connections of one server, used only on its event loop.
///
/// Every connection is accepted. At the limit, the connection that has been idle longest is closed in favor of the new
/// one; without an idle one, the new one is answered with 503. So clients that only hold connections cannot lock others
/// out.
final class Connections {
  /// The neighbors of a connection in the list of idle ones.
  struct Links {
    fileprivate var isListed = false
    fileprivate var older: OpenConnection?
    fileprivate var newer: OpenConnection?
  }

  let limits: ConnectionLimits
  private let logger: Logger
  private let loop: any EventLoop
  private let usage: ConnectionUsage
  private var open: [ObjectIdentifier: OpenConnection] = [:]
  private var counts: [ClientAddress: Int] = [:]
  /// Streams of HTTP/2, and their number by client.
  private var streams: [ObjectIdentifier: StreamGuard] = [:]
  private var streamCounts: [ClientAddress: Int] = [:]
  /// Where responses are sent: connections of HTTP/1.1, and streams of HTTP/2.
  private var responses: [ObjectIdentifier: ResponseChannel] = [:]
  private var oldestIdle: OpenConnection?
  private var newestIdle: OpenConnection?
  /// Refused connections whose 503 is still being sent.
  private var refusals = 0
  private var isSweeping = false
  /// Refusals since the limit was logged; nil below the limit.
  private var refusedWhileFull: Int?
  /// Time of the last refusal or accept failure.
  private var lastTrouble = NIODeadline.uptimeNanoseconds(0)
  /// Bytes reserved for responses being sent.
  private var heldBytes = 0
  /// Highest number of connections since the last trim.
  private var peak = 0
  /// Time of the next trim; nil where little memory can be returned.
  private var trimTime: NIODeadline?
  /// Latest time of the pending trim, however often it is postponed.
  private var trimDeadline = NIODeadline.distantFuture

  init(limits: ConnectionLimits, usage: ConnectionUsage, logger: Logger, loop: any EventLoop) {
    self.limits = limits
    self.usage = usage
    self.logger = logger
    self.loop = loop
  }

  // MARK: Admission

  enum Admission {
    case accepted
    /// Answer with 503.
    case refused
    /// Close without an answer: too many refusals are being answered already.
    case dropped
  }

  /// Admits a new connection, closing an idle one if needed.
  func admit(_ client: ClientAddress) -> Admission {
    if client != .loopback, counts[client, default: 0] >= limits.connectionsPerClient, !closeOldestIdle(of: client) {
      return refuse(isFull: false)
    }
    if open.count >= limits.connections, !closeOldestIdle(of: nil) { return refuse(isFull: true) }
    if open.count < limits.connections * 3 / 4, let refused = refusedWhileFull, lastTrouble + limits.calm < .now() {
      refusedWhileFull = nil
      logger.notice("connections are accepted again", metadata: ["refused": "\(refused)"])
    }
    return .accepted
  }

  private func refuse(isFull: Bool) -> Admission {
    usage.update { $0.refused += 1 }
    if isFull {
      lastTrouble = .now()
      if refusedWhileFull == nil {
        logger.warning(
          "all connections are in use and none is idle; new ones are refused",
          metadata: ["connections": "\(limits.connections)"])
      }
      refusedWhileFull = (refusedWhileFull ?? 0) + 1
    }
    guard refusals < limits.refusals else { return .dropped }
    refusals += 1
    return .refused
  }

  /// Records that a refused connection was closed.
  func endRefusal() {
    refusals -= 1
  }

  /// Closes idle connections after accept(2) ran out of descriptors or memory.
  func makeRoom(after error: IOError) {
    lastTrouble = .now()
    if refusedWhileFull == nil {
      refusedWhileFull = 0
      logger.warning(
        "cannot accept connections; idle ones are closed",
        metadata: ["reason": "\(SystemError.text(of: error.errnoCode))"])
    }
    for _ in 0..<8 { if !closeOldestIdle(of: nil) { break } }
  }

  /// Closes the connection that has been idle longest, of one client or of all; false where none is idle.
  private func closeOldestIdle(of client: ClientAddress?) -> Bool {
    var candidate = oldestIdle
    while let connection = candidate, let client, connection.client != client { candidate = connection.idleLinks.newer }
    guard let connection = candidate else { return false }
    remove(connection)
    usage.update { $0.evicted += 1 }
    connection.close()
    return true
  }

  // MARK: Life of a connection

  func add(_ connection: OpenConnection) {
    open[ObjectIdentifier(connection)] = connection
    counts[connection.client, default: 0] += 1
    usage.update { $0.connections = open.count }
    peak = max(peak, open.count)
    setIdle(connection)
    sweepLater()
  }

  func remove(_ connection: OpenConnection) {
    guard open.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    setBusy(connection)
    let left = counts[connection.client, default: 1] - 1
    counts[connection.client] = left > 0 ? left : nil
    usage.update { $0.connections = open.count }
    if peak >= Self.manyConnections, open.count <= peak / 2 {
      peak = open.count
      trimLater()
    }
  }

  /// Registers a place where responses are sent.
  func add(_ response: ResponseChannel) {
    responses[ObjectIdentifier(response)] = response
  }

  func remove(_ response: ResponseChannel) {
    responses[ObjectIdentifier(response)] = nil
    release(response.takeHeldBytes())
  }

  /// Admits a new stream of HTTP/2; false beyond the limits, which are those of connections.
  func admitStream(_ stream: StreamGuard, of client: ClientAddress) -> Bool {
    let count = streamCounts[client, default: 0]
    guard streams.count < limits.connections, client == .loopback || count < limits.connectionsPerClient else {
      usage.update { $0.refused += 1 }
      return false
    }
    streams[ObjectIdentifier(stream)] = stream
    streamCounts[client] = count + 1
    return true
  }

  func removeStream(_ stream: StreamGuard, of client: ClientAddress) {
    guard streams.removeValue(forKey: ObjectIdentifier(stream)) != nil else { return }
    let left = streamCounts[client, default: 1] - 1
    streamCounts[client] = left > 0 ? left : nil
  }

  /// Appends a connection to the idle ones; an idle one keeps its place.
  func setIdle(_ connection: OpenConnection) {
    guard !connection.idleLinks.isListed, open[ObjectIdentifier(connection)] != nil else { return }
    connection.idleLinks = Links(isListed: true, older: newestIdle)
    newestIdle?.idleLinks.newer = connection
    newestIdle = connection
    if oldestIdle == nil { oldestIdle = connection }
  }

  func setBusy(_ connection: OpenConnection) {
    guard connection.idleLinks.isListed else { return }
    let links = connection.idleLinks
    // Clear both links, or neighbors would retain each other forever.
    connection.idleLinks = Links()
    if let older = links.older { older.idleLinks.newer = links.newer } else { oldestIdle = links.newer }
    if let newer = links.newer { newer.idleLinks.older = links.older } else { newestIdle = links.older }
  }

  /// Checks all deadlines periodically while there are connections: a timer per connection would cost a search in the
  /// event loop's list with every request.
  private func sweepLater() {
    guard !isSweeping, !open.isEmpty || trimTime != nil else { return }
    isSweeping = true
    let connections = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: TimeAmount(limits.sweep)) {
      let connections = connections.value
      connections.isSweeping = false
      let now = NIODeadline.now()
      connections.closeOverdue(at: now)
      connections.trim(at: now)
      connections.sweepLater()
    }
  }

  private func closeOverdue(at now: NIODeadline) {
    for connection in Array(open.values) where connection.deadline.map({ $0 <= now }) == true {
      logger.debug(
        connection.isStalled
          ? "closing a connection whose client does not read" : "closing a connection without a request in time")
      connection.close()
    }
    for stream in Array(streams.values) where stream.deadline.map({ $0 <= now }) == true {
      logger.debug(
        stream.isStalled
          ? "closing a stream whose client does not read" : "closing a stream without a request in time")
      stream.close()
    }
  }

  // MARK: Memory

  /// Reserves memory for a response; false where too much is reserved already.
  ///
  /// Responses that have stalled for a while are aborted for it.
  func hold(_ bytes: Int) -> Bool {
    // A response larger than the whole limit is sent alone.
    if heldBytes > 0, heldBytes + bytes > limits.heldBytes {
      let limit = NIODeadline.now() - TimeAmount(limits.stalledForOthers)
      let stalled = responses.values.filter { response in response.stalledSince.map { $0 <= limit } ?? false }
      for response in stalled.sorted(by: { ($0.stalledSince ?? limit) < ($1.stalledSince ?? limit) }) {
        remove(response)
        response.channel.close(promise: nil)
        if heldBytes + bytes <= limits.heldBytes { break }
      }
      guard heldBytes == 0 || heldBytes + bytes <= limits.heldBytes else { return false }
    }
    heldBytes += bytes
    if heldBytes >= Self.largeAnswers { trimLater() }
    return true
  }

  func release(_ bytes: Int) {
    heldBytes -= bytes
  }

  /// Connections, and bytes of responses, after which a trim is worth its milliseconds.
  private static let (manyConnections, largeAnswers) = (32, 1 << 20)

  /// Returns free memory to the system after clients have left: malloc(3) keeps pages between blocks in use.
  ///
  /// Each further wave of clients postpones a pending trim, which would otherwise run while they are connected.
  private func trimLater() {
    let now = NIODeadline.now()
    if trimTime == nil { trimDeadline = now + TimeAmount(limits.trim * 4) }
    trimTime = min(now + limits.trim, trimDeadline)
    sweepLater()
  }

  private func trim(at now: NIODeadline) {
    guard let time = trimTime, time <= now else { return }
    trimTime = nil
    // Off the event loop, which it would block.
    Thread.start("trim") { ProcessSettings.trimHeap() }
  }
}
