package import AgentMetrics
package import SampleStore
internal import Synchronization
package import SystemIO

/// Persistent history: writes the samples of a History to an SQLite file, and serves the time before memory begins.
///
/// Runs on its own writer thread. On any file error the agent continues from memory: the archive reports the error
/// once, queues samples while there is room, and retries. It never deletes the file; a damaged one is renamed.
///
/// Each sample is committed when it is taken, so that a killed process loses at most the one of the current tick. A power
/// failure can also lose the last commits, but never damages the file.
package final class Archive: ServicePart {
  /// Settings that tests change.
  struct ArchiveTiming: Sendable {
    /// Seconds that samples may wait to be written together.
    var flush = 0.0
    /// Seconds that the first try waits for an agent that is ending, as in a restart.
    var lock = ArchiveLock.patience
    /// Seconds between two tries at first, and at most.
    var firstRetry = 1.0
    var longestRetry = 60.0
    /// Minimum seconds between two reported reasons of one failure.
    var reasonPause = 60.0
    /// Seconds between two runs of pruning.
    var prune = 600.0
  }

  /// Seconds in which a sample is certainly written.
  static let writeSeconds = 10.0

  struct Inbox {
    var waiting: [History.Entry] = []
    /// When the oldest of them came, by the monotonic clock.
    var since = Double.nan
    /// A caller waits until the queue is written.
    var isUrgent = false
    var isStopping = false
    var hasEnded = false
    var hasOpened = false
    /// Number of times that another agent had the lock in the first try.
    var locked = 0
    /// A viewer found a writer: it never writes.
    var isReader = false
    /// Number of times that the file was opened beside a writer.
    var reads = 0
    /// A query has found the file damaged.
    var isSuspect = false
  }

  let path: String
  let history: History
  private let retention: Retention
  private let sizeLimit: Int64?
  let timing: ArchiveTiming
  /// Whether a file that another agent writes to is only read until this agent ends.
  private let isViewer: Bool
  let report: @Sendable (LogNotice) -> Void
  let inbox = Condition(Inbox())
  let state: Mutex<ArchiveStatus>
  private let observer = Mutex<Int?>(nil)
  private let lastSample = Mutex<Sample?>(nil)
  /// The last reported failure, and when it was reported by the monotonic clock.
  let reported = Mutex<(kind: String, time: Double)>(("", -.infinity))
  /// By the boot-time clock, when this archive was made.
  private let begin = Clock.boottime
  let queries: ArchiveQueries
  /// Whether the log has the file's exposure to other users.
  private let isExposureReported = Mutex(false)

  /// Creates an archive that is not started.
  ///
  /// - Parameters:
  ///   - sizeLimit: maximum file size in bytes; nil when only retention limits it.
  ///   - isPatient: whether the first try waits for an agent that is ending; a screen should not.
  ///   - isViewer: whether this agent leaves a file to another one that writes to it, also after that one has ended: a
  ///     service that restarts would find a screen writing to its file.
  ///   - report: receives one line when an operation begins to fail and when it works again.
  package convenience init(
    path: String, history: History, retention: Retention = Retention(), sizeLimit: Int64? = nil, isPatient: Bool = true,
    isViewer: Bool = false, report: @escaping @Sendable (LogNotice) -> Void
  ) {
    var timing = ArchiveTiming()
    if !isPatient { timing.lock = 0 }
    self.init(
      path: path, history: history, retention: retention, sizeLimit: sizeLimit, timing: timing, isViewer: isViewer,
      report: report)
  }

  init(
    path: String, history: History, retention: Retention, sizeLimit: Int64?, timing: ArchiveTiming,
    isViewer: Bool = false, report: @escaping @Sendable (LogNotice) -> Void
  ) {
    self.path = path
    self.history = history
    self.retention = retention
    self.sizeLimit = sizeLimit
    self.timing = timing
    self.isViewer = isViewer
    self.report = report
    state = Mutex(ArchiveStatus())
    queries = ArchiveQueries(path: path)
  }

  deinit {
    queries.stop()
  }

  /// Opens the file, fills the History with its newest samples, and then writes every new sample.
  ///
  /// Call before the
  /// sampler starts.
  ///
  /// Returns when the History is filled, or after 5 s.
  package func start() {
    let started = Thread.start("archive", stackSize: 2 << 20) { [self] in
      run()
      inbox.update { $0.hasEnded = true }
    }
    guard started else {
      fail(ArchiveFailure(path, "there is no thread to write on", .reopen))
      return inbox.update { $0.hasEnded = true }
    }
    _ = inbox.wait(atMost: 5) { $0.hasOpened || $0.hasEnded ? true : nil }
    history.archive = self
    let number = history.observe { [weak self] entry in self?.take(entry) }
    observer.withLock { $0 = number }
  }

  /// Writes what waits, closes the file and ends the thread; at most `seconds`.
  package func stop(atMost seconds: Double = 2) {
    if let number = observer.withLock({ $0 }) { history.remove(number) }
    history.archive = nil
    inbox.update { $0.isStopping = true }
    _ = inbox.wait(atMost: seconds) { $0.hasEnded ? true : nil }
    queries.stop()
  }

  /// Waits until all that came before is written; false where it is not after `seconds`.
  @discardableResult
  package func flush(atMost seconds: Double) -> Bool {
    inbox.update { $0.isUrgent = true }
    return inbox.wait(atMost: seconds) { $0.waiting.isEmpty || $0.hasEnded ? $0.waiting.isEmpty : nil } ?? false
  }

  /// On the sampler's thread.
  private func take(_ entry: History.Entry) {
    // A simulated machine starts with a past, which the file may already have.
    if entry.sample.boottime < begin, entry.sample.timestamp.seconds <= state.withLock({ $0.newest }) { return }
    let capacity = max(history.capacity, 64)
    let isFull = inbox.update { inbox in
      if inbox.isReader { return false }
      if inbox.waiting.isEmpty { inbox.since = Clock.monotonic }
      inbox.waiting.append(entry)
      guard inbox.waiting.count > capacity else { return false }
      inbox.waiting.removeFirst()
      return true
    }
    if isFull { state.withLock { $0.lost += 1 } }
  }

  /// The newest sample that the file had when it was opened for writing, of whatever age; nil where it had none.
  package var newestAtStart: Sample? { lastSample.withLock { $0 } }

  // MARK: The thread

  /// Open resources; used on the writer thread only.
  private struct Open {
    let file: ArchiveFile
    let lock: ArchiveLock?
    let identity: FileIdentity
    /// The file and its journal when they were last written; nil before.
    var written: Written?
    /// Time of the last sync to the disk, by the monotonic clock.
    var synced = -Double.infinity
    /// When old data was last looked for, and damage that a query had found, by the monotonic clock.
    var pruned = -Double.infinity
    var examined = -Double.infinity
  }

  /// Sizes that only this process changes: SQLite would go on writing to a file or a journal that another one empties or
  /// removes.
  private struct Written {
    let size: Int64
    let journalSize: Int64
    let journal: FileIdentity?

    init(_ path: String) {
      size = Files.size(path) ?? 0
      journalSize = Files.size(path + "-wal") ?? 0
      journal = FileIdentity(path + "-wal")
    }

    /// Whether the file, which only this process writes, has lost something since.
    func isLost(in now: Written) -> Bool {
      now.size < size || now.journalSize < journalSize || journal != nil && now.journal != journal
    }
  }

  private func run() {
    var open: Open?
    /// The file that could not be reached any more.
    var former: FileIdentity?
    var isFirst = true
    var retry = timing.firstRetry
    // Whether this is the last attempt.
    var isEnding = false
    while true {
      do throws(ArchiveFailure) {
        if open == nil {
          open = try openFile(restoring: isFirst)
          isFirst = false
          inbox.update { $0.hasOpened = true }
          if let open {
            try check(open)
            // A new file gets the samples that are in memory; one that is back has most of them. A new one may have the
            // number of the deleted one.
            if let former, former != open.identity || state.withLock({ $0.newest.isNaN }) {
              inbox.update { $0.waiting = history.all }
            }
            former = nil
          }
        }
        guard var current = open else { continue }
        defer { if open != nil { open = current } }
        try checkIsWhole(current)
        try checkIfSuspect(&current)
        try step(&current)
        works()
        retry = timing.firstRetry
        if inbox.withState({ $0.isStopping && $0.waiting.isEmpty }) {
          current.file.close()
          return
        }
      } catch {
        isFirst = false
        inbox.update { $0.hasOpened = true }
        fail(error)
        switch error.remedy {
        case .wait: break
        case .reopen:
          former = open?.identity ?? former
          open?.file.database.close()
          open = nil
        case .moveAside:
          open?.file.database.close()
          open = nil
          moveAside()
          continue
        }
        if isEnding { return reportUnwritten() }
        // What failed before may work now.
        isEnding = inbox.wait(atMost: retry, { $0.isStopping ? true : nil }) == true
        retry = min(retry * 2, timing.longestRetry)
      }
    }
  }

  private func reportUnwritten() {
    let count = inbox.withState { $0.isReader ? 0 : $0.waiting.count }
    if count > 0 { report(LogNotice("archive: lost at the end", ["file": path, "samples": String(count)])) }
  }

  /// Waits for samples and writes them, and lets old ones go.
  private func step(_ open: inout Open) throws(ArchiveFailure) {
    let batch = timing.flush
    let interval = Double(history.interval)
    let waiting: [History.Entry]? = inbox.wait(atMost: 30) { inbox in
      if inbox.waiting.isEmpty { return inbox.isStopping ? [] : nil }
      // What fills the time of a flush, or has waited for so long.
      let isDue =
        interval >= batch || Double(inbox.waiting.count) * interval >= batch || inbox.isStopping || inbox.isUrgent
        || Clock.monotonic - inbox.since >= batch
      return isDue ? inbox.waiting : nil
    }
    let now = Clock.monotonic
    let isPruning = now - open.pruned >= timing.prune
    let due = waiting ?? []
    guard isPruning || !due.isEmpty else { return }
    // It may have been lost during the wait.
    try checkIsWhole(open)
    if isPruning {
      open.pruned = now
      try checked { () throws(SQLiteError) in try open.file.prune(now: Int64(Clock.realtime * 1_000)) }
    }
    if !due.isEmpty {
      let syncs = Self.isSyncDue(at: now, after: open.synced, interval: interval)
      try checked { () throws(SQLiteError) in try open.file.write(due.map(\.sample), syncs: syncs) }
      if syncs { open.synced = now }
    }
    open.written = Written(path)
    noteExtent(of: open.file)
    guard let last = due.last else { return }
    inbox.update { inbox in
      // Meanwhile newer ones may have come, and the oldest may have been given up.
      if let index = inbox.waiting.lastIndex(where: { $0 === last }) { inbox.waiting.removeSubrange(...index) }
      inbox.since = Clock.monotonic
      if inbox.waiting.isEmpty { inbox.isUrgent = false }
    }
    // A block is made of some hundred samples: 25 MB that the heap would keep.
    if open.file.hasClosedBlock {
      open.file.hasClosedBlock = false
      ProcessSettings.trimHeap()
    }
  }

  /// Seconds of samples that a power failure may cost.
  static let syncSeconds = 10.0

  /// Whether a write at `now` has to sync: the next one would come too late.
  static func isSyncDue(at now: Double, after last: Double, interval: Double) -> Bool {
    now + interval > last + syncSeconds
  }

  /// Whether the file is the one that was opened, and has what was written to it.
  private func checkIsWhole(_ open: Open) throws(ArchiveFailure) {
    if FileIdentity(path) != open.identity { throw ArchiveFailure(missing: path) }
    if let written = open.written, written.isLost(in: Written(path)) {
      throw ArchiveFailure(path, "it or its journal was truncated or deleted", .reopen)
    }
  }

  private func noteExtent(of file: ArchiveFile) {
    noteExtent(of: file.database)
  }

  /// Reads the first and last time of each tier.
  func noteExtent(of database: Database) {
    let reader = ArchiveReader(database)
    let newest = ((try? reader.extent(of: .raw)) ?? nil).map { Double($0.upperBound) / 1_000 }
    var first: Int64?
    for tier in Tier.all {
      guard let end = ((try? reader.extent(of: tier)) ?? nil)?.lowerBound else { continue }
      // A rollup step that a finer tier starts in has no data from before that tier.
      if let known = first, known > end - tier.step, known <= end { continue }
      first = min(first ?? .max, end - tier.step)
    }
    let oldest = first.map { Double($0) / 1_000 }
    let bytes = (try? database.integer("PRAGMA page_count")) ?? 0
    let size = (try? database.integer("PRAGMA page_size")) ?? 0
    state.withLock { state in
      state.newest = newest ?? .nan
      state.oldest = oldest ?? .nan
      state.bytes = Int(clamping: bytes &* size)
    }
  }

  private func openFile(restoring: Bool) throws(ArchiveFailure) -> Open {
    if inbox.withState({ $0.isReader }) {
      readBesideWriter(restoring: restoring)
      throw ArchiveFailure(path, ArchiveFailure.viewed, .reopen)
    }
    let lock: ArchiveLock?
    do throws(SystemError) {
      lock = try ArchiveLock(besides: path, atMost: restoring ? timing.lock : 0) { seconds in
        inbox.update { $0.locked += 1 }
        return inbox.wait(atMost: seconds) { $0.isStopping ? true : nil } == nil
      }
    } catch {
      guard error.code == ErrorCode.wouldBlock else {
        // Without the lock, another agent could write at the same time.
        if let file = try? Files.resolved(path), Files.link(file + "-lock") != nil {
          throw ArchiveFailure(path, "its lock is a link", .reopen)
        }
        if [ErrorCode.notRegular, ErrorCode.planted, ErrorCode.isFolder].contains(error.code) {
          throw ArchiveFailure(path, error.description, .reopen)
        }
        // Where not even that can be written, SQLite says better why.
        lock = nil
        return try openFile(lock: nil, restoring: restoring)
      }
      readBesideWriter(restoring: restoring)
      guard isViewer else { throw ArchiveFailure(path, ArchiveFailure.locked, .reopen) }
      inbox.update { inbox in
        inbox.isReader = true
        inbox.waiting = []
      }
      throw ArchiveFailure(path, ArchiveFailure.viewed, .reopen)
    }
    return try openFile(lock: lock, restoring: restoring)
  }

  /// Reads a file that another agent writes to: its samples come into memory, and queries see the older ones.
  private func readBesideWriter(restoring: Bool) {
    guard let database = try? Database(path: path, mode: .readOnly, busyTimeout: 5_000) else { return }
    defer { database.close() }
    guard case .ours? = try? ArchiveSchema.look(at: database) else { return }
    if restoring { _ = try? restore(from: ArchiveReader(database)) }
    noteExtent(of: database)
    queries.reopen()
    inbox.update { $0.reads += 1 }
  }

  private func openFile(lock: ArchiveLock?, restoring: Bool) throws(ArchiveFailure) -> Open {
    let (database, finding) = try checked { () throws(SQLiteError) in
      let database = try Database(path: path, mode: .readWrite)
      return (database, try ArchiveSchema.look(at: database))
    }
    switch finding {
    case .newer(let version):
      throw ArchiveFailure(path, "it was made by a newer agent (schema \(version))", .reopen)
    case .foreign: throw ArchiveFailure(path, "it is another program's database", .reopen)
    case .empty, .ours: break
    }
    let file = try checked { () throws(SQLiteError) in
      try ArchiveSchema.configure(database)
      if case .empty = finding { try ArchiveSchema.create(in: database) }
      return try ArchiveFile(database, interval: history.interval, retention: retention, sizeLimit: sizeLimit)
    }
    guard let identity = FileIdentity(path) else { throw ArchiveFailure(path, "it was deleted", .reopen) }
    if restoring {
      let newest = try checked { () throws(SQLiteError) in try restore(from: ArchiveReader(file.database)) }
      lastSample.withLock { $0 = newest }
    }
    noteExtent(of: file)
    queries.reopen()
    if let notice = ArchiveExposure(path)?.notice(path),
      !isExposureReported.withLock({ reported in
        defer { reported = true }
        return reported
      })
    {
      report(notice)
    }
    return Open(file: file, lock: lock, identity: identity)
  }

  /// Runs `body` and says of its failure which file it was.
  private func checked<Result>(_ body: () throws(SQLiteError) -> Result) throws(ArchiveFailure) -> Result {
    do {
      return try body()
    } catch {
      throw ArchiveFailure(path, error)
    }
  }

  /// After an end that was none, whether the file is sound.
  private func check(_ open: Open) throws(ArchiveFailure) {
    let database = open.file.database
    let finding = try checked { () throws(SQLiteError) -> String? in
      if try database.integer("SELECT value FROM meta WHERE name = 'clean'") == 1 { return nil }
      return try database.text("PRAGMA quick_check(1)")
    }
    try throwIfDamaged(finding)
    try checked { () throws(SQLiteError) in try database.run("INSERT OR REPLACE INTO meta VALUES('clean', 0)") }
  }

  private func throwIfDamaged(_ finding: String?) throws(ArchiveFailure) {
    if let finding, finding != "ok" { throw ArchiveFailure(path, "it is damaged (\(finding))", .moveAside) }
  }

  /// After a query that found damage, whether the file is sound; the whole file is read, so only rarely.
  private func checkIfSuspect(_ open: inout Open) throws(ArchiveFailure) {
    let isSuspect = inbox.update { inbox in
      defer { inbox.isSuspect = false }
      return inbox.isSuspect
    }
    let now = Clock.monotonic
    guard isSuspect, now - open.examined >= timing.prune else { return }
    open.examined = now
    let database = open.file.database
    // Pages in this connection's memory may be from before the damage.
    try checked { () throws(SQLiteError) in try database.execute("PRAGMA shrink_memory") }
    try throwIfDamaged(try checked { () throws(SQLiteError) in try database.text("PRAGMA quick_check(1)") })
  }
}
