internal import AgentMetrics
internal import ClientHTTP
internal import SystemIO

/// The sink's next step after a receiver's response.
enum ResponseDisposition: Equatable {
  /// Reason that a receiver rejects samples.
  typealias Reason = PushStatus.Gap.Reason

  /// The samples are stored; `values` is their number if the receiver reports it.
  case accepted(values: Int?)
  /// The samples are stored except for some permanently rejected values.
  case partlyAccepted(String, rejected: Int)
  /// The receiver does not support this version of the protocol: use an older one.
  case unsupported(String)
  /// The receiver is unavailable: retry later.
  case later(String, seconds: Double?)
  /// The request itself is refused (URL, credentials, method), rather than the samples: retry with increasing back-off.
  case held(String, seconds: Double?)
  /// Send fewer samples per request.
  case tooLarge(String)
  /// The samples are permanently rejected; `values` is the number stored nonetheless, if the receiver reports it.
  case rejected(String, Reason, values: Int?)

  /// The meaning of a status code.
  enum Meaning: Equatable {
    case accepted, unsupportedFormat, unavailable, unauthorized, misdirected, tooLarge, rejected

    /// The only table of status codes.
    ///
    /// Samples are dropped only for 400, 409 and 422, and for 413 once a request contains a single sample; no other
    /// code concerns the samples themselves.
    init(status: Int) {
      self =
        switch status {
        case 200...299: .accepted
        case 400, 409, 422: .rejected
        case 413: .tooLarge
        case 415: .unsupportedFormat
        case 401, 403, 407, 511: .unauthorized
        case 408, 425, 429, 500...: .unavailable
        // Redirects, 404 of a receiver that is not enabled yet, 405, 410 …
        default: .misdirected
        }
    }
  }

  /// Creates the disposition that is common to all protocols.
  ///
  /// - Parameters:
  ///   - format: the protocol of the request.
  ///   - now: POSIX time, for a `Retry-After` with a date.
  init(_ answer: HTTPAnswer, format: String, now: Double) {
    let written = answer.headers["x-prometheus-remote-write-samples-written"].flatMap { Int($0) }
    let line = Self.line(answer)
    let seconds = answer.headers["retry-after"].flatMap { Self.seconds(retryAfter: $0, now: now) }
    switch Meaning(status: answer.status) {
    case .accepted: self = .accepted(values: written)
    case .unsupportedFormat: self = .held(line + " (the receiver does not take \(format))", seconds: seconds)
    case .unavailable: self = .later(line, seconds: seconds)
    case .unauthorized: self = .held(line + " (check the credentials)", seconds: seconds)
    case .misdirected: self = .held(line + Self.hint(answer), seconds: seconds)
    case .tooLarge: self = .tooLarge(line)
    case .rejected: self = .rejected(line, Self.rejection(answer.text), values: written)
    }
  }

  private static func hint(_ answer: HTTPAnswer) -> String {
    guard (300..<400).contains(answer.status), let location = answer.headers["location"] else {
      return " (check the URL of --push)"
    }
    // A query may contain a secret.
    return " (redirects are not followed; it points to \(words(String(location.prefix { $0 != "?" }))))"
  }

  static func line(_ answer: HTTPAnswer) -> String {
    let words = words(answer.text)
    return "HTTP \(answer.status)" + (words.isEmpty ? "" : ": " + words)
  }

  /// The beginning of a receiver's text as one line; empty if it contains control characters.
  static func words(_ text: String) -> String {
    let text = text.prefix(300).map { $0.isNewline || $0.isWhitespace ? " " : $0 }
    let isPlain = text.allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
    return isPlain ? String(text).split(separator: " ").joined(separator: " ") : ""
  }

  /// Matches the messages of Prometheus' storage/interface.go, which others have adopted.
  private static func rejection(_ text: String) -> Reason {
    let text = text.lowercased()
    if text.contains("out of bounds") || text.contains("too old") || text.contains("too-old") { return .tooOld }
    if text.contains("out of order") || text.contains("out-of-order") || text.contains("duplicate sample") {
      return .outOfOrder
    }
    return .rejected
  }

  /// Parses seconds or a date (RFC 9110 §10.2.3, §5.6.7), or nil.
  static func seconds(retryAfter text: String, now: Double) -> Double? {
    if !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return Double(text) }
    return HTTPDate(text).map { max(0, $0.seconds - now) }
  }
}
