internal import Synchronization
internal import SystemIO

/// Reads the archive's file on a thread of its own, with a connection of its own.
final class ArchiveQueries: Sendable {
  typealias Job = @Sendable (Result<ArchiveReader, ArchiveFailure>) -> Void

  private struct State {
    var jobs: [Job] = []
    var hasThread = false
    var isStopping = false
    /// The file is another one than before.
    var isStale = false
  }

  private let path: String
  private let state = Condition(State())
  private let damage = Mutex(0)

  init(path: String) {
    self.path = path
  }

  /// Number of chunks that could not be read.
  var damaged: Int { damage.withLock { $0 } }

  func noteDamage() { damage.withLock { $0 += 1 } }

  /// Makes the next job reopen the file.
  func reopen() {
    state.update { $0.isStale = true }
  }

  func stop() {
    state.update { $0.isStopping = true }
  }

  /// Runs `body` with a reader on the thread.
  func run<Value: Sendable>(
    _ body: @escaping @Sendable (ArchiveReader) throws(SQLiteError) -> Value
  ) async throws(ArchiveFailure) -> Value {
    let path = path
    let result: Result<Value, ArchiveFailure> = await withCheckedContinuation { continuation in
      let job: Job = { reader in
        switch reader {
        case .failure(let failure): continuation.resume(returning: .failure(failure))
        case .success(let reader):
          do throws(SQLiteError) {
            continuation.resume(returning: .success(try body(reader)))
          } catch {
            continuation.resume(returning: .failure(ArchiveFailure(path, error)))
          }
        }
      }
      submit(job)
    }
    return try result.get()
  }

  private func submit(_ job: @escaping Job) {
    enum JobAdmission { case queued, start, refused }
    let answer: JobAdmission = state.update { state in
      if state.isStopping { return .refused }
      state.jobs.append(job)
      defer { state.hasThread = true }
      return state.hasThread ? .queued : .start
    }
    switch answer {
    case .queued: break
    case .refused: job(.failure(ArchiveFailure(path, "the archive is closed", .reopen)))
    case .start:
      let started = Thread.start("archive-reader", stackSize: 2 << 20) { [state, path] in Self.work(state, path) }
      if !started {
        let jobs = state.update { state in
          state.hasThread = false
          defer { state.jobs = [] }
          return state.jobs
        }
        for job in jobs { job(.failure(ArchiveFailure(path, "there is no thread to read on", .reopen))) }
      }
    }
  }

  private enum QueryStep {
    case job(Job, isStale: Bool)
    /// No job came for a while.
    case trim
    case end
  }

  /// Seconds without a job after which the heap is trimmed: a query of the past decodes tens of megabytes.
  private static let trimDelay = 2.0

  private static func work(_ state: Condition<State>, _ path: String) {
    var database: Database?
    // Whether a job decoded blocks since the heap was trimmed.
    var hasWorked = false
    while true {
      let step: QueryStep =
        state.wait(atMost: hasWorked ? trimDelay : .infinity) { state in
          if !state.jobs.isEmpty {
            defer { state.isStale = false }
            return .job(state.jobs.removeFirst(), isStale: state.isStale)
          }
          return state.isStopping ? .end : nil
        } ?? .trim
      guard case .job(let job, let isStale) = step else {
        if case .end = step { break }
        ProcessSettings.trimHeap()
        hasWorked = false
        continue
      }
      hasWorked = true
      if isStale { database = nil }
      do throws(SQLiteError) {
        if database == nil {
          let opened = try Database(path: path, mode: .readOnly, busyTimeout: 1_000)
          guard case .ours = try ArchiveSchema.look(at: opened) else {
            job(.failure(ArchiveFailure(path, "it cannot be read", .reopen)))
            continue
          }
          try opened.execute("PRAGMA cache_size=-2048")
          database = opened
        }
        if let database { job(.success(ArchiveReader(database))) }
      } catch {
        job(.failure(ArchiveFailure(path, error)))
      }
    }
    database?.close()
  }
}
