internal import Logging
internal import NIOCore
internal import Synchronization
internal import SystemIO

/// The open connections of one server, used on its event loop alone.
///
/// Every connection is accepted. Where there is no room, the connection that has been idle longest is closed for the
/// new one; where none is idle, the new one is answered with 503. So clients that only hold connections lock nobody out.
final class Connections {
  /// The neighbors of a connection in the list of idle ones.
  struct Links {
    fileprivate var isListed = false
    fileprivate var older: ConnectionGuard?
    fileprivate var newer: ConnectionGuard?
  }

  let limits: HTTPServer.ConnectionLimits
  private let logger: Logger
  private let loop: any EventLoop
  private let usage: HTTPServer.Usage
  private var open: [ObjectIdentifier: ConnectionGuard] = [:]
  private var counts: [ClientAddress: Int] = [:]
  private var oldestIdle: ConnectionGuard?
  private var newestIdle: ConnectionGuard?
  /// Connections that were refused and wait for the clients to take the answer.
  private var refusals = 0
  private var isSweeping = false
  /// Refusals since the log said that there was no room; nil while there is.
  private var refusedWhileFull: Int?
  /// When there was no room last.
  private var lastTrouble = NIODeadline.uptimeNanoseconds(0)
  /// Bytes of memory that answers hold until they are sent.
  private var heldBytes = 0
  /// The most connections since memory was given back.
  private var peak = 0
  /// When memory is given back to the system; nil where there is little to give.
  private var trimTime: NIODeadline?
  /// Latest time of the pending trim, however often it is postponed.
  private var trimDeadline = NIODeadline.distantFuture

  init(limits: HTTPServer.ConnectionLimits, usage: HTTPServer.Usage, logger: Logger, loop: any EventLoop) {
    self.limits = limits
    self.usage = usage
    self.logger = logger
    self.loop = loop
  }

  // MARK: Admission

  enum Admission {
    case accepted
    /// To be answered with 503.
    case refused
    /// To be closed without an answer: too many refused ones are being answered already.
    case dropped
  }

  /// Makes room for a new connection where that is possible.
  func admit(_ client: ClientAddress) -> Admission {
    if client != .loopback, counts[client, default: 0] >= limits.connectionsPerClient, !closeOldestIdle(of: client) {
      return refuse(isFull: false)
    }
    if open.count >= limits.connections, !closeOldestIdle(of: nil) { return refuse(isFull: true) }
    if open.count < limits.connections * 3 / 4, let refused = refusedWhileFull, .now() - lastTrouble > .seconds(10) {
      refusedWhileFull = nil
      logger.notice("connections are accepted again; refused meanwhile: \(refused)")
    }
    return .accepted
  }

  private func refuse(isFull: Bool) -> Admission {
    usage.refused.add(1, ordering: .relaxed)
    if isFull {
      lastTrouble = .now()
      if refusedWhileFull == nil {
        logger.warning("all \(limits.connections) connections are in use and none is idle; new ones are refused")
      }
      refusedWhileFull = (refusedWhileFull ?? 0) + 1
    }
    guard refusals < max(1, limits.connections / 16) else { return .dropped }
    refusals += 1
    return .refused
  }

  /// A refused connection has been closed.
  func endRefusal() {
    refusals -= 1
  }

  /// Closes idle connections after accept(2) ran out of descriptors or memory.
  func makeRoom(after error: IOError) {
    lastTrouble = .now()
    if refusedWhileFull == nil {
      refusedWhileFull = 0
      logger.warning("cannot accept connections: \(SystemError.text(of: error.errnoCode)); idle ones are closed")
    }
    for _ in 0..<8 { if !closeOldestIdle(of: nil) { break } }
  }

  /// Closes the connection that has been idle longest, of one client or of all; false where none is idle.
  private func closeOldestIdle(of client: ClientAddress?) -> Bool {
    var candidate = oldestIdle
    while let connection = candidate, let client, connection.client != client { candidate = connection.idleLinks.newer }
    guard let connection = candidate else { return false }
    remove(connection)
    usage.evicted.add(1, ordering: .relaxed)
    connection.channel.close(promise: nil)
    return true
  }

  // MARK: Life of a connection

  func add(_ connection: ConnectionGuard) {
    open[ObjectIdentifier(connection)] = connection
    counts[connection.client, default: 0] += 1
    usage.connections.store(open.count, ordering: .relaxed)
    peak = max(peak, open.count)
    setIdle(connection)
    sweepLater()
  }

  func remove(_ connection: ConnectionGuard) {
    guard open.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    setBusy(connection)
    release(connection.takeHeldBytes())
    let left = counts[connection.client, default: 1] - 1
    counts[connection.client] = left > 0 ? left : nil
    usage.connections.store(open.count, ordering: .relaxed)
    if peak >= Self.manyConnections, open.count <= peak / 2 {
      peak = open.count
      trimLater()
    }
  }

  /// Appends a connection to the idle ones; one that is idle keeps its place.
  func setIdle(_ connection: ConnectionGuard) {
    guard !connection.idleLinks.isListed, open[ObjectIdentifier(connection)] != nil else { return }
    connection.idleLinks = Links(isListed: true, older: newestIdle)
    newestIdle?.idleLinks.newer = connection
    newestIdle = connection
    if oldestIdle == nil { oldestIdle = connection }
  }

  func setBusy(_ connection: ConnectionGuard) {
    guard connection.idleLinks.isListed else { return }
    let links = connection.idleLinks
    // Both links go, or neighbors would keep each other for ever.
    connection.idleLinks = Links()
    if let older = links.older { older.idleLinks.newer = links.newer } else { oldestIdle = links.newer }
    if let newer = links.newer { newer.idleLinks.older = links.older } else { newestIdle = links.older }
  }

  /// Checks all deadlines periodically while there are connections: a timer for each would cost a search in the event loop's
  /// list with every request.
  private func sweepLater() {
    guard !isSweeping, !open.isEmpty || trimTime != nil else { return }
    isSweeping = true
    let connections = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: limits.sweep) {
      let connections = connections.value
      connections.isSweeping = false
      let now = NIODeadline.now()
      for connection in Array(connections.open.values) { connection.closeIfOverdue(at: now) }
      connections.trim(at: now)
      connections.sweepLater()
    }
  }

  // MARK: Memory

  /// Reserves memory for an answer; false where too much is held already.
  ///
  /// Answers that stalled for a second are given up for it.
  func hold(_ bytes: Int) -> Bool {
    // One that is larger than all of the room has it alone.
    if heldBytes > 0, heldBytes + bytes > limits.heldBytes {
      let limit = NIODeadline.now() - .seconds(1)
      let stalled = open.values.filter { connection in connection.stalledSince.map { $0 <= limit } ?? false }
      for connection in stalled.sorted(by: { ($0.stalledSince ?? limit) < ($1.stalledSince ?? limit) }) {
        remove(connection)
        connection.channel.close(promise: nil)
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

  /// Connections, and bytes of answers, after which a trim is worth its milliseconds.
  private static let (manyConnections, largeAnswers) = (32, 1 << 20)

  /// Gives free memory back to the system once the clients have gone: malloc(3) keeps pages that lie between blocks in use.
  ///
  /// Each further wave of clients postpones a pending trim, which would otherwise run before that wave has gone.
  private func trimLater() {
    let now = NIODeadline.now()
    if trimTime == nil { trimDeadline = now + limits.trim * 4 }
    trimTime = min(now + limits.trim, trimDeadline)
    sweepLater()
  }

  private func trim(at now: NIODeadline) {
    guard let time = trimTime, time <= now else { return }
    trimTime = nil
    // Not on the event loop, which would answer no request meanwhile.
    Thread.start("trim") { ProcessSettings.trimHeap() }
  }
}
