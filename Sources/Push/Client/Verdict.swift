internal import AgentMetrics

/// What is to be done after a receiver's answer.
enum Verdict: Equatable {
  /// Why a receiver does not take samples that it could read.
  typealias Rejection = PushStatus.Gap.Reason

  /// It has taken them; `values` is how many, where it says so.
  case accepted(values: Int?)
  /// It does not know this version of the protocol.
  case unsupported(String)
  /// It may take the same later.
  case later(String, seconds: Double?)
  /// It will not before somebody mends the credentials or the URL.
  case refused(String)
  /// It may take less at a time.
  case tooLarge(String)
  /// It will never take this; `values` is how many it took all the same, where it says so.
  case rejected(String, Rejection, values: Int?)

  /// The verdict on an answer.
  ///
  /// - Parameters:
  ///   - needsReceipt: whether a receiver that knows the version would say how much it has written (remote write 2.0).
  ///   - now: POSIX time, for a `Retry-After` that is a date.
  init(_ answer: HTTPAnswer, needsReceipt: Bool, now: Double) {
    let written = answer.headers["x-prometheus-remote-write-samples-written"].flatMap { Int($0) }
    let line = Self.line(answer)
    switch answer.status {
    case 200..<300:
      // One that knows only 1.0 reads nothing in the message, and says that all is well.
      self = needsReceipt && written == nil ? .unsupported(line) : .accepted(values: written)
    case 415: self = needsReceipt ? .unsupported(line) : .rejected(line, .rejected, values: nil)
    case 413: self = .tooLarge(line)
    case 401, 403, 407, 300..<400: self = .refused(line)
    case 408, 425, 429, 500...:
      self = .later(line, seconds: answer.headers["retry-after"].flatMap { Self.seconds(retryAfter: $0, now: now) })
    default: self = .rejected(line, Self.rejection(answer.text), values: written)
    }
  }

  private static func line(_ answer: HTTPAnswer) -> String {
    let text = answer.text.prefix(300).map { $0.isNewline || $0.isWhitespace ? " " : $0 }
    let isPlain = text.allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
    let words = String(text).split(separator: " ").joined(separator: " ")
    return "HTTP \(answer.status)" + (words.isEmpty || !isPlain ? "" : ": " + words)
  }

  /// By the words of Prometheus' storage/interface.go, which others have taken over.
  private static func rejection(_ text: String) -> Rejection {
    let text = text.lowercased()
    if text.contains("out of bounds") || text.contains("too old") || text.contains("too-old") { return .tooOld }
    if text.contains("out of order") || text.contains("out-of-order") || text.contains("duplicate sample") {
      return .outOfOrder
    }
    return .rejected
  }

  /// Seconds, or a date (RFC 9110 §10.2.3, §5.6.7); nil where it is neither.
  static func seconds(retryAfter text: String, now: Double) -> Double? {
    if !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return Double(text) }
    // "Sun, 06 Nov 1994 08:49:37 GMT".
    let parts = text.split(separator: " ")
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard parts.count == 6, let month = months.firstIndex(of: String(parts[2])), parts[5] == "GMT" else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z").map { max(0, $0.seconds - now) }
  }
}
