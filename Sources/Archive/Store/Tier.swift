/// A resolution of the archive: raw samples, or aggregates per step.
struct Tier: Hashable {
  /// 0 for the samples themselves; also its number in the file.
  let number: Int
  /// Milliseconds of a step; 0 for the samples themselves.
  let step: Int64
  /// Rows after which its journal is rewritten as a block.
  let blockLength: Int

  static let raw = Tier(number: 0, step: 0, blockLength: 256)
  static let minute = Tier(number: 1, step: 60_000, blockLength: 256)
  static let quarter = Tier(number: 2, step: 900_000, blockLength: 256)
  static let rollups = [minute, quarter]
  static let all = [raw, minute, quarter]

  /// The end of the step that contains a time.
  ///
  /// A step excludes its start, since a sample covers the time before it.
  func end(_ time: Int64) -> Int64 {
    guard step > 0 else { return time }
    let rest = time % step
    return rest > 0 ? time - rest + step : time - rest
  }
}

/// How long each tier's data is kept.
package struct Retention: Sendable, Hashable, CustomStringConvertible {
  /// Seconds that samples are kept.
  package var raw: Double
  /// Seconds that steps of a minute are kept.
  package var minutes: Double
  /// Seconds that steps of a quarter of an hour are kept.
  package var quarters: Double

  /// A week of samples, 90 days of minutes, two years of quarters of an hour.
  package init() {
    raw = 7 * 86_400
    minutes = 90 * 86_400
    quarters = 2 * 365 * 86_400
  }

  /// Parses three durations separated by commas, `7d,90d,2y`: s, m, h, d, w and y (365 days); nil for malformed input.
  ///
  /// Each must be at least as long as the one before, else the coarser tier would be useless.
  package init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(Self.seconds)
    guard parts.count == 3, let raw = parts[0], let minutes = parts[1], let quarters = parts[2], raw <= minutes,
      minutes <= quarters, raw > 0
    else { return nil }
    self.raw = raw
    self.minutes = minutes
    self.quarters = quarters
  }

  private static func seconds(_ text: Substring) -> Double? {
    let units: [Character: Double] = [
      "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400,
    ]
    guard let last = text.last, let unit = units[last], let count = Int(text.dropLast()), text.first != "+",
      (0...1_000_000).contains(count)
    else { return nil }
    return min(Double(count) * unit, 1e10)
  }

  /// As it is written in an option.
  package var description: String {
    func shown(_ seconds: Double) -> String {
      for (unit, length) in [("y", 365 * 86_400.0), ("d", 86_400), ("h", 3_600), ("m", 60)]
      where seconds.truncatingRemainder(dividingBy: length) == 0 {
        return "\(Int(seconds / length))\(unit)"
      }
      return "\(Int(seconds))s"
    }
    return [raw, minutes, quarters].map(shown).joined(separator: ",")
  }

  /// Milliseconds that a tier is kept.
  ///
  /// Where a tier is not written, the samples are kept as long in its place.
  func milliseconds(of tier: Tier, interval: Int) -> Int64 {
    let lengths = [raw, minutes, quarters]
    var length = lengths[tier.number]
    if tier.number == 0 {
      for rollup in Tier.rollups where !rollup.isWritten(interval: interval) {
        length = max(length, lengths[rollup.number])
      }
    }
    return Int64(length * 1_000)
  }
}

extension Tier {
  /// Whether the tier saves space: a step stores minimum, maximum and sum, so a step of fewer than four samples takes
  /// as much room as the samples.
  func isWritten(interval: Int) -> Bool {
    step == 0 || step >= Int64(interval) * 4_000
  }
}

/// Parses a size in bytes, `500M`, `2G`: K, M, G and T are powers of 1024; nil for malformed input.
package func parseSize(_ text: String) -> Int64? {
  let units: [Character: Int64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
  guard let last = text.last, let unit = units[last], text.first != "+", let count = Int64(text.dropLast()), count > 0
  else { return nil }
  let (bytes, overflows) = count.multipliedReportingOverflow(by: unit)
  return overflows ? nil : bytes
}
