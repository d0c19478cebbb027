internal import CWindows
internal import Collect
internal import SystemIO

/// Names of the services in each process, from the service control manager.
///
/// The manager is another process that may hang, so it is asked on a thread of its own: at most every five seconds, and
/// only after new processes have started, else every minute.
final class ServiceNames {
  private static let shortRest = 5.0
  private static let longRest = 60.0
  /// Seconds that the first scan waits.
  private static let firstPatience = 0.05
  /// Services named of one process; a svchost.exe may hold dozens.
  private static let maxNames = 3

  private let source = BlockingSource { names() }
  private var askedAt = -Double.infinity
  private(set) var names: [UInt32: String] = [:]

  /// Updates ``names``.
  ///
  /// - Parameters:
  ///   - hasNew: whether processes have started since the last call.
  ///   - now: the boot-time clock.
  func refresh(hasNew: Bool, at now: Double) {
    let isFirst = askedAt == -.infinity
    if now - askedAt >= (hasNew ? Self.shortRest : Self.longRest) {
      askedAt = now
      source.ask()
    }
    if let answer = source.answer(waiting: isFirst ? Self.firstPatience : 0).answer { names = answer }
  }

  private static func names() -> [UInt32: String] {
    var list = CList(cwindows_service(), capacity: 512, limit: 8_192)
    guard list.read({ cwindows_services($0, $1) }) else { return [:] }
    var byProcess: [UInt32: [String]] = [:]
    for index in 0..<list.count where list[index].pid > 0 {
      byProcess[list[index].pid, default: []].append(text(list[index].name))
    }
    return byProcess.mapValues { names in
      let more = names.count > maxNames ? " +\(names.count - maxNames)" : ""
      return names.prefix(maxNames).joined(separator: ", ") + more
    }
  }
}
