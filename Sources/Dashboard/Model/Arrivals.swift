internal import SampleStore

/// When the newest sample of each host arrived, by a clock without steps: another machine's wall clock may differ.
struct Arrivals {
  private var newest: [Int: (entry: ObjectIdentifier, time: Double)] = [:]

  /// Seconds without a sample after which values are stale.
  static func limit(interval: Int) -> Double { 3 * Double(max(1, interval)) }

  /// Returns the seconds since the newest sample of a host arrived; nil before the first.
  mutating func silence(of host: Int, _ entry: History.Entry?, now: Double) -> Double? {
    guard let entry else { return nil }
    let key = ObjectIdentifier(entry)
    if let known = newest[host], known.entry == key { return max(0, now - known.time) }
    newest[host] = (key, now)
    return 0
  }
}

/// The newest log message, for the seconds or until the key after which the footer shows the keys again.
struct ShownMessage {
  static let seconds = 10.0

  private var text: String?
  private var since = 0.0

  /// Returns the message to show.
  ///
  /// - Parameter new: a message that was logged since the last call.
  mutating func current(_ new: String?, now: Double) -> String? {
    if let new { (text, since) = (new, now) }
    if now - since >= Self.seconds { text = nil }
    return text
  }

  /// Removes the message; false without one.
  mutating func dismiss() -> Bool {
    defer { text = nil }
    return text != nil
  }
}
