internal import History
internal import Synchronization

/// The response of `/metrics/latest` while its sample is the newest: the one that is asked for again and again.
final class LatestResponse: Sendable {
  private let kept = Mutex<(entry: History.Entry, response: API.Response)?>(nil)

  /// That of a sample; nil where it is not kept.
  func response(for entry: History.Entry) -> API.Response? {
    kept.withLock { $0?.entry === entry ? $0?.response : nil }
  }

  func keep(_ response: API.Response, for entry: History.Entry) {
    kept.withLock { $0 = (entry, response) }
  }
}
