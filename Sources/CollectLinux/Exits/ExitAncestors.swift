internal import AgentMetrics

/// Finds running ancestors of processes that ended.
struct ExitAncestors {
  private let before: [ProcessReading]
  private let now: [ProcessReading]
  /// Parents of the ended processes: a build's compilers are children of shells that have ended, too.
  private var parents: [Int32: Int32]

  init(_ exits: [TaskExit], _ before: [ProcessReading], _ now: [ProcessReading]) {
    (self.before, self.now) = (before, now)
    parents = [Int32: Int32](minimumCapacity: exits.count)
    for exit in exits where exit.pid == exit.process { parents[exit.pid] = exit.parent }
  }

  /// The nearest ancestor that a scan has seen; nil where all of them began after this scan's listing, or have ended.
  func nearest(of exit: TaskExit) -> ProcessReading? {
    var pid = exit.parent
    for _ in 0..<16 {
      if let process = before.process(pid: pid) ?? now.process(pid: pid) { return process }
      guard let parent = parents[pid] else { return nil }
      pid = parent
    }
    return nil
  }

  /// Whether the next scan may say more of it: neither it nor an ancestor was seen yet.
  func isEarly(_ exit: TaskExit) -> Bool {
    exit.pid == exit.process && before.process(pid: exit.pid) == nil && now.process(pid: exit.pid) == nil
      && nearest(of: exit) == nil
  }
}
