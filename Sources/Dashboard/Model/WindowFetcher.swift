internal import AgentMetrics
internal import Query
internal import SampleStore
internal import Synchronization
internal import SystemIO

/// A computation over the samples of a window, for an overlay.
enum WindowRequest: Hashable {
  case comparison(host: Int, Double, Double)
  case waste(host: Int, start: Double, end: Double, WasteGrouping)
  case ranking(host: Int, start: Double, end: Double, CulpritGrouping)

  /// The request of the open overlay, if it has one: a ranking of samples in memory is computed when it is drawn.
  init?(_ state: ScreenState, _ frameContext: FrameContext) {
    switch state.overlay {
    case .ranking(let choice) where frameContext.isArchived(choice.start):
      self = .ranking(host: state.host, start: choice.start, end: choice.end, choice.grouping)
    case .comparison(let choice): self = .comparison(host: state.host, choice.first, choice.second)
    case .waste(let choice):
      self = .waste(host: state.host, start: choice.start, end: choice.end, choice.grouping)
    default: return nil
    }
  }
}

/// The answer to a ``WindowRequest``.
enum WindowAnswer: Sendable {
  /// nil if a time has no samples.
  case comparison(Comparison?)
  case waste(WasteReport)
  case ranking(WindowRanking)
  case failure(String)
}

/// Computes the contents of overlays from samples in memory and in the archive, in the background.
final class WindowFetcher: Sendable {
  private let fetcher = Fetcher<WindowAnswer>()
  private let hasNews = Mutex(false)

  /// Maximum number of entries of an answer.
  private static let limit = 200

  /// Returns the answer to a request; nil while it is pending.
  func answer(_ request: WindowRequest) -> WindowAnswer? { fetcher.value(key: request.hashValue) }

  /// Returns whether an answer has arrived since the last call.
  func takeNews() -> Bool {
    hasNews.withLock { hasNews in
      defer { hasNews = false }
      return hasNews
    }
  }

  /// Asks for an answer, unless it is known or on its way; `wake` is called when it arrives.
  func ask(
    _ request: WindowRequest, of history: History, _ entries: [History.Entry], _ wake: @escaping @Sendable () -> Void
  ) {
    let key = request.hashValue
    guard fetcher.value(key: key) == nil, fetcher.begin(key: key, interval: 1, now: Clock.monotonic) else { return }
    Task.detached { [self] in
      let start = Clock.monotonic
      let answer: WindowAnswer
      do {
        answer = try await Self.answer(request, history, entries)
      } catch {
        answer = .failure("too many samples in the window; mark a shorter one")
      }
      fetcher.end(key: key, answer, duration: Clock.monotonic - start)
      hasNews.withLock { $0 = true }
      wake()
    }
  }

  private static func answer(
    _ request: WindowRequest, _ history: History, _ entries: [History.Entry]
  ) async throws(Columns.TooLarge) -> WindowAnswer {
    switch request {
    case .comparison(_, let first, let second):
      let window = min(Comparison.defaultWindow, abs(second - first))
      let memory = entries.first?.sample.timestamp.seconds ?? .infinity
      // The samples on the screen may be closer than those of the history.
      if min(first, second) - window / 2 >= memory || history.archive == nil {
        let samples = entries.lazy.map(\.sample)
        guard let before = WindowMeans(samples, around: first, window: window),
          let after = WindowMeans(samples, around: second, window: window)
        else { return .comparison(nil) }
        return .comparison(Comparison(before, at: first, after, at: second, window: window))
      }
      return .comparison(try await history.comparison(first, second, window: window))
    case .waste(_, let start, let end, let grouping):
      return .waste(try await history.waste(from: start, to: end, by: grouping, limit: limit))
    case .ranking(_, let start, let end, let grouping):
      var sum = WindowSum(from: start, to: end, by: grouping)
      // The samples on the screen may be closer than those of the history.
      let memory = (entries.first?.sample.timestamp.seconds ?? .infinity) - 0.001
      try await history.visitSamples(in: SampleWindow(from: start, to: min(end, memory))) { sum.add($0) }
      for entry in entries { sum.add(entry.sample) }
      return .ranking(sum.ranking)
    }
  }
}
