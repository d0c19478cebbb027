internal import History
internal import PrometheusExport
internal import Synchronization

/// The responses that a look at the machine has led to, while no newer look has led to one: they are asked for again and
/// again.
final class ResponseCache: Sendable {
  /// What was asked for, by which responses to the same look differ.
  struct Variant: Hashable {
    /// Of a scrape; nil where it is JSON.
    var format: ExpositionFormat?
    /// Of a scrape, when the machine was read (by the clock that never stops); 0 where it is JSON.
    var time = 0.0
    var isGzipped: Bool
  }

  private struct CachedResponse {
    var entry: History.Entry?
    var responses: [Variant: API.Response] = [:]
  }

  private let kept = Mutex(CachedResponse())

  /// That of a look; nil where it is not kept.
  func response(for entry: History.Entry, _ variant: Variant) -> API.Response? {
    kept.withLock { kept in kept.entry === entry ? kept.responses[variant] : nil }
  }

  /// Keeps one, which from now on has an identity.
  func keep(_ response: API.Response, for entry: History.Entry, _ variant: Variant) -> API.Response {
    var response = response
    response.identity = API.Identity()
    kept.withLock { kept in
      if kept.entry !== entry || kept.responses.keys.contains(where: { $0.time != variant.time }) {
        kept = CachedResponse(entry: entry)
      }
      kept.responses[variant] = response
    }
    return response
  }
}
