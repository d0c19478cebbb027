internal import SystemIO

/// A query that may block forever, on a thread of its own, with its last answer and that answer's age.
///
/// ``ask()`` starts the query unless one is in progress; ``answer(waiting:)`` returns the latest result. A call that
/// hangs (a dead NFS server, a hung driver) keeps its thread without blocking callers, while the last good answer ages.
/// A source has at most one thread, and none between queries.
package final class BlockingSource<Answer: Sendable>: Sendable {
  /// Latest result of a source.
  package struct Latest: Sendable {
    /// The last good answer; nil before the first.
    package var answer: Answer?
    /// Time of the answer, by Clock.boottime.
    package var instant = Double.nan
    /// Error since then; nil when the last query succeeded.
    package var error: String?
  }

  private struct State: Sendable {
    var latest = Latest()
    var askedAt = Double.nan
    var isAsking = false
  }

  private let state = Condition(State())
  private let question: @Sendable () throws -> Answer

  package init(_ question: @escaping @Sendable () throws -> Answer) {
    self.question = question
  }

  /// Starts a query, unless one is in progress.
  package func ask() {
    let begins = state.withState { state in
      if state.isAsking { return false }
      state.isAsking = true
      state.askedAt = Clock.boottime
      return true
    }
    guard begins else { return }
    let started = Thread.start("source") { [self] in
      let result = Result { try question() }
      let now = Clock.boottime
      state.update { state in
        state.isAsking = false
        switch result {
        case .success(let answer):
          state.latest = Latest(answer: answer, instant: now, error: nil)
        case .failure(let error):
          state.latest.error = String(describing: error)
        }
      }
    }
    if !started {
      state.update { state in
        state.isAsking = false
        state.latest.error = "no thread to ask on"
      }
    }
  }

  /// Returns the latest answer, after waiting at most `seconds` for a query in progress.
  ///
  /// While a query hangs, `error` gives the time since its start.
  package func answer(waiting seconds: Double) -> Latest {
    let done = state.wait(atMost: seconds) { state in state.isAsking ? nil : state.latest }
    if let done { return done }
    return state.withState { state in
      var latest = state.latest
      let waited = Clock.boottime - state.askedAt
      // A query within the usual time is not an error yet.
      if waited > 1 { latest.error = "no answer for \(Int(waited)) s" }
      return latest
    }
  }

  /// Seconds since the start of the query in progress; nil when idle.
  package var asking: Double? {
    state.withState { $0.isAsking ? Clock.boottime - $0.askedAt : nil }
  }
}
