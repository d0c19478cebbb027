internal import SampleStore
internal import PrometheusExport
internal import Synchronization

/// Cache of the responses for the newest reading, which is requested repeatedly.
final class ResponseCache: Sendable {
  /// Properties in which responses for the same reading differ.
  struct Variant: Hashable {
    /// Format of a scrape; nil for JSON.
    var format: ExpositionFormat?
    /// Time of a scrape's reading on the boot-time clock; 0 for JSON.
    var time = 0.0
    var isGzipped: Bool
  }

  private struct CachedResponse {
    var entry: History.Entry?
    var responses: [Variant: API.Response] = [:]
  }

  private let kept = Mutex(CachedResponse())

  /// The cached response for a reading, or nil.
  func response(for entry: History.Entry, _ variant: Variant) -> API.Response? {
    kept.withLock { kept in kept.entry === entry ? kept.responses[variant] : nil }
  }

  /// Caches a response and gives it an identity.
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
