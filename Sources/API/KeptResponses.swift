internal import History
internal import Synchronization

/// The responses of `/metrics/latest`, plain and compressed, while their sample is the newest: they are asked for again
/// and again.
final class LatestResponse: Sendable {
  private struct Kept {
    var entry: History.Entry?
    var plain: API.Response?
    var packed: API.Response?
  }

  private let kept = Mutex(Kept())

  /// That of a sample; nil where it is not kept.
  func response(for entry: History.Entry, isPacked: Bool) -> API.Response? {
    kept.withLock { kept in
      guard kept.entry === entry else { return nil }
      return isPacked ? kept.packed : kept.plain
    }
  }

  /// Keeps one, which from now on has an identity.
  func keep(_ response: API.Response, for entry: History.Entry, isPacked: Bool) -> API.Response {
    var response = response
    response.identity = API.Identity()
    kept.withLock { kept in
      if kept.entry !== entry { kept = Kept(entry: entry) }
      if isPacked { kept.packed = response } else { kept.plain = response }
    }
    return response
  }
}
