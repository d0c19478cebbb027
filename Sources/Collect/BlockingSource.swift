internal import SystemIO

/// A question that may take for ever, asked on a thread of its own, with its last answer and that answer's age.
///
/// ``ask()`` starts the question unless one is under way; ``answer(waiting:)`` gives what is there. A call that hangs
/// (a dead NFS server, a hung driver) keeps its thread, and nobody waits for it: until it returns, the last good answer
/// grows old. There is never more than one thread to a source, and none while nobody asks.
package final class BlockingSource<Answer: Sendable>: Sendable {
  /// What a source last said.
  package struct Latest: Sendable {
    /// The last good answer; nil before the first.
    package var answer: Answer?
    /// When it came, by Clock.boottime.
    package var instant = Double.nan
    /// What went wrong since; nil when the last question was answered well.
    package var error: String?
  }

  private struct State: Sendable {
    var latest = Latest()
    var askedAt = Double.nan
    var isAsking = false
  }

  private let state = Condition(State())
  private let question: @Sendable () throws -> Answer

  /// A source whose answer `question` fetches.
  package init(_ question: @escaping @Sendable () throws -> Answer) {
    self.question = question
  }

  /// Asks, unless a question is still under way.
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

  /// The latest answer, after waiting at most `seconds` for a question that is under way.
  ///
  /// While one hangs, `error` says since when.
  package func answer(waiting seconds: Double) -> Latest {
    let done = state.wait(atMost: seconds) { state in state.isAsking ? nil : state.latest }
    if let done { return done }
    return state.withState { state in
      var latest = state.latest
      let waited = Clock.boottime - state.askedAt
      // A question still within a usual time is not yet an error.
      if waited > 1 { latest.error = "no answer for \(Int(waited)) s" }
      return latest
    }
  }

  /// Seconds since the question that is under way was asked; nil when none is.
  package var asking: Double? {
    state.withState { $0.isAsking ? Clock.boottime - $0.askedAt : nil }
  }
}
