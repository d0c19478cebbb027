import AgentMetrics
import Outbox
import Synchronization

/// A sink without a network: answers each request by a script.
struct ScriptedSink: Sink {
  /// Requests and stored samples, as their times.
  final class Record: Sendable {
    fileprivate struct State {
      var requests: [[Double]] = []
      var stored: [Double] = []
      var ends: [Double] = []
      var isClosed = false
    }

    fileprivate let state = Mutex(State())
    var requests: [[Double]] { state.withLock { $0.requests } }
    var stored: [Double] { state.withLock { $0.stored } }
    var ends: [Double] { state.withLock { $0.ends } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
  }

  let name = "scripted"
  let format = "test"
  let record: Record
  /// The outcome of a request, by its number and its samples' times; nil accepts it.
  let answer: @Sendable (Int, [Double]) -> Delivery?

  mutating func send(_ samples: [Sample]) async -> Delivery {
    let times = samples.map(\.timestamp.seconds)
    let number = record.state.withLock { state in
      state.requests.append(times)
      return state.requests.count - 1
    }
    if let delivery = answer(number, times) { return delivery }
    record.state.withLock { $0.stored += times }
    return Delivery(.accepted(values: times.count, bytes: 8 * times.count))
  }

  func end(after time: Timestamp) async {
    record.state.withLock { $0.ends.append(time.seconds) }
  }

  func close() {
    record.state.withLock { $0.isClosed = true }
  }
}
