internal import AgentMetrics
internal import SampleStore
internal import Synchronization
internal import SystemIO

/// Reports of failures, and the end of damaged files.
extension Archive {
  /// Renames a damaged file and its journal, so that it can be examined later.
  func moveAside() {
    queries.reopen()
    let time = Timestamp(seconds: Clock.realtime).rfc3339.filter { $0 != "-" && $0 != ":" }
    var name = "\(path).damaged-\(time)"
    var count = 1
    while Files.exists(name) {
      count += 1
      name = "\(path).damaged-\(time)-\(count)"
    }
    do throws(SystemError) {
      try Files.rename(path, to: name)
    } catch {
      return fail(ArchiveFailure(path, "it is damaged and cannot be moved aside", .reopen))
    }
    // They may be absent.
    for suffix in ["-wal", "-shm"] { try? Files.rename(path + suffix, to: name + suffix) }
    report(LogNotice("archive: the damaged database was renamed; a new one is begun", ["file": path, "now": name]))
    inbox.update { $0.waiting = history.all }
  }

  /// Reports a failure when it begins, and a new reason of it, but not more than one a minute.
  func fail(_ failure: ArchiveFailure) {
    let now = Clock.monotonic
    let wasWorking = state.withLock { state in
      defer { state.failure = failure.reason }
      return state.failure == nil
    }
    let isReported = reported.withLock { reported in
      guard wasWorking || reported.kind != failure.kind && now - reported.time >= timing.reasonPause else {
        return false
      }
      reported = (failure.kind, now)
      return true
    }
    guard isReported else { return }
    let values = ["reason": failure.description]
    report(
      failure.isLocked ? LogNotice("archive: read only", values) : LogNotice("archive: not written", values))
  }

  func works() {
    let didFail = state.withLock { state in
      defer { state.failure = nil }
      return state.failure != nil
    }
    if didFail { report(LogNotice("archive: works again", ["file": path])) }
  }
}
