internal import AgentMetrics
internal import Logging
internal import ServerCore
internal import SystemIO

/// The open connections of one server, used only on its event loop.
///
/// Every connection is accepted. At the limit, the connection that has been idle longest is closed in favor of the new
/// one; without an idle one, the new one is answered with 503. So clients that only hold connections cannot lock others
/// out.
final class Connections {
  enum Admission {
    case accepted
    /// Answer with 503.
    case refused
    /// Close without an answer: too many refusals are being answered already.
    case dropped
  }

  let limits: ConnectionLimits
  let logger: Logger
  private let usage: ConnectionUsage
  /// All connections, also refused ones whose 503 is still being sent.
  private(set) var list: [Connection] = []
  private var byID: [Int: Connection] = [:]
  private var counts: [ClientAddress: Int] = [:]
  private var refusals = 0
  private var lastID = 0
  private var idleOrder = 0
  /// Refusals since the limit was logged; nil below the limit.
  private var refusedWhileFull: Int?
  /// Time of the last refusal or accept failure.
  private var lastTrouble = -Double.infinity
  /// Bytes reserved for responses being sent.
  private var heldBytes = 0

  init(limits: ConnectionLimits, usage: ConnectionUsage, logger: Logger) {
    self.limits = limits
    self.usage = usage
    self.logger = logger
  }

  private var openCount: Int { list.count - refusals }

  subscript(id: Int) -> Connection? { byID[id] }

  func newID() -> Int {
    lastID += 1
    return lastID
  }

  /// Position of a connection that becomes idle now among the idle ones.
  func nextIdleOrder() -> Int {
    idleOrder += 1
    return idleOrder
  }

  // MARK: Admission

  /// Admits a new connection, closing an idle one if needed.
  func admit(_ client: ClientAddress, _ now: Double) -> Admission {
    if client != .loopback, counts[client, default: 0] >= limits.connectionsPerClient, !closeOldestIdle(of: client) {
      return refuse(isFull: false, now)
    }
    if openCount >= limits.connections, !closeOldestIdle(of: nil) { return refuse(isFull: true, now) }
    if openCount < limits.connections * 3 / 4, let refused = refusedWhileFull,
      now - lastTrouble > limits.calm.seconds
    {
      refusedWhileFull = nil
      logger.notice("connections are accepted again", metadata: ["refused": "\(refused)"])
    }
    return .accepted
  }

  private func refuse(isFull: Bool, _ now: Double) -> Admission {
    usage.update { $0.refused += 1 }
    if isFull {
      lastTrouble = now
      if refusedWhileFull == nil {
        logger.warning(
          "all connections are in use and none is idle; new ones are refused",
          metadata: ["connections": "\(limits.connections)"])
      }
      refusedWhileFull = (refusedWhileFull ?? 0) + 1
    }
    return refusals < limits.refusals ? .refused : .dropped
  }

  /// Closes idle connections after accept has run out of descriptors or memory; false where none is idle.
  func makeRoom(_ now: Double) -> Bool {
    lastTrouble = now
    if refusedWhileFull == nil {
      refusedWhileFull = 0
      logger.warning("cannot accept connections: too few descriptors or too little memory; idle ones are closed")
    }
    var closed = 0
    while closed < 8, closeOldestIdle(of: nil) { closed += 1 }
    return closed > 0
  }

  /// Closes the connection that has been idle longest, of one client or of all; false where none is idle.
  private func closeOldestIdle(of client: ClientAddress?) -> Bool {
    let idle = list.lazy.filter { $0.isIdle && (client == nil || $0.client == client) }
    guard let connection = idle.min(by: { $0.idleOrder < $1.idleOrder }) else { return false }
    usage.update { $0.evicted += 1 }
    remove(connection)
    return true
  }

  // MARK: Life of a connection

  func add(_ connection: Connection, isRefused: Bool) {
    connection.position = list.count
    connection.isRefused = isRefused
    list.append(connection)
    byID[connection.id] = connection
    if isRefused { refusals += 1 } else { counts[connection.client, default: 0] += 1 }
    usage.update { $0.connections = openCount }
  }

  /// Closes a connection; a removed one stays removed.
  func remove(_ connection: Connection) {
    guard byID.removeValue(forKey: connection.id) != nil else { return }
    let last = list.removeLast()
    if last !== connection {
      list[connection.position] = last
      last.position = connection.position
    }
    if connection.isRefused {
      refusals -= 1
    } else {
      let left = counts[connection.client, default: 1] - 1
      counts[connection.client] = left > 0 ? left : nil
    }
    connection.end()
    usage.update { $0.connections = openCount }
  }

  // MARK: Memory

  /// Reserves memory for a connection's response; false where other responses hold too much.
  ///
  /// Responses that have stalled for a while are aborted for it.
  func hold(_ bytes: Int, for id: Int) -> Bool {
    // A closed connection needs no memory; its write fails.
    guard let connection = byID[id] else { return true }
    // A response larger than the whole limit is sent alone.
    if heldBytes > 0, heldBytes + bytes > limits.heldBytes {
      let limit = Clock.monotonic - limits.stalledForOthers.seconds
      let stalled = list.filter { $0.stalledSince <= limit }.sorted { $0.stalledSince < $1.stalledSince }
      for other in stalled where heldBytes > 0 && heldBytes + bytes > limits.heldBytes { remove(other) }
      guard heldBytes == 0 || heldBytes + bytes <= limits.heldBytes else { return false }
    }
    heldBytes += bytes
    connection.heldBytes += bytes
    return true
  }

  func release(_ bytes: Int) {
    heldBytes -= bytes
  }
}
