/// Keeps a receiver that fails and works in turn from filling the log.
struct LogThrottle {
  enum Line {
    case failure
    /// The failure, and that further ones are not logged.
    case lastFailure
    case none
  }

  /// Failures that are logged within `window` seconds.
  static let limit = 8
  static let window = 300.0

  private var times: [Double] = []
  private(set) var isSilent = false

  /// The line for a failure that begins now.
  mutating func begins(at now: Double) -> Line {
    times.removeAll { now - $0 > Self.window }
    if times.count > Self.limit { times.removeFirst() }
    times.append(now)
    if isSilent { return .none }
    isSilent = times.count > Self.limit
    return isSilent ? .lastFailure : .failure
  }

  /// Whether the end of a failure is logged: not while further ones are likely.
  mutating func works(at now: Double) -> Bool {
    if isSilent, now - (times.last ?? -.infinity) <= Self.window { return false }
    isSilent = false
    return true
  }
}
