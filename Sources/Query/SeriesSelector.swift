package import AgentMetrics

/// Selects series: an id of the catalog (`gpus.util`), a series with its labels (`gpus.util{index="0"}`), or either
/// with `*` for any characters (`gpus.*`, `*`).
package struct SeriesSelector: Sendable, Hashable {
  /// Part of a metric's series that is selected.
  package enum Match {
    case all, none
    /// Depends on the labels.
    case some
  }

  package let text: String
  private let pattern: [UInt8]

  /// Creates a selector; ``isKnown`` checks whether it can select anything.
  package init(_ text: String) {
    self.text = text
    pattern = Array(text.utf8)
  }

  /// Parses selectors separated by commas; commas between braces belong to labels.
  package static func list(_ text: String) -> [SeriesSelector] {
    var parts: [[UInt8]] = [[]]
    var isInBraces = false
    var isQuoted = false
    var isEscaped = false
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: ",") where !isInBraces:
        parts.append([])
        continue
      case UInt8(ascii: "\"") where isInBraces && !isEscaped: isQuoted.toggle()
      case UInt8(ascii: "{") where !isQuoted: isInBraces = true
      case UInt8(ascii: "}") where !isQuoted: isInBraces = false
      default: break
      }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
      parts[parts.count - 1].append(byte)
    }
    return parts.map { SeriesSelector(String(decoding: $0, as: UTF8.self)) }
  }

  /// Whether the catalog has a metric that the selector may match; labels are not checked, as series come and go.
  package var isKnown: Bool {
    let id = pattern.prefix { $0 != UInt8(ascii: "{") }
    // A pattern that starts with a wildcard may consist of labels only.
    if id.first == UInt8(ascii: "*"), pattern.contains(UInt8(ascii: "\"")) { return true }
    return Catalog.shared.metrics.contains { $0.isColumn && Self.matches(id, Array($0.id.utf8)[...]) }
  }

  /// The part of a metric's series that is selected.
  package func match(_ metric: Catalog.Metric) -> Match {
    let id = Array(metric.id.utf8)[...]
    if Self.matches(pattern[...], id) { return .all }
    guard !metric.labels.isEmpty else { return .none }
    // The text before the first star or brace is part of the id.
    let fixed = pattern.prefix { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "{") }
    return id.starts(with: fixed) ? .some : .none
  }

  /// Whether a series, as ``Catalog/Metric/key(_:)`` names it, is selected.
  package func matches(key: String) -> Bool {
    Self.matches(pattern[...], Array(key.utf8)[...])
  }

  /// Matches a pattern with stars, in quadratic time at worst.
  private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var (place, next) = (pattern.startIndex, text.startIndex)
    /// Position after the last star, and the first byte of the text not covered by it.
    var resume: (place: Int, next: Int)?
    while next < text.endIndex {
      if place < pattern.endIndex, pattern[place] == UInt8(ascii: "*") {
        place += 1
        resume = (place, next)
      } else if place < pattern.endIndex, pattern[place] == text[next] {
        place += 1
        next += 1
      } else if let star = resume {
        // The star covers one more byte.
        resume = (star.place, star.next + 1)
        (place, next) = (star.place, star.next + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

extension Catalog.Metric {
  /// Whether its values can be shown as columns: numbers of long-lived series.
  package var isColumn: Bool { isSeries && definition.kind != .info }

  /// Returns the name of a series, `gpus.util{index="0"}`: the id, and labels in Prometheus' notation.
  package func key(_ values: [String]) -> String {
    guard !labels.isEmpty else { return id }
    var key = id + "{"
    for (label, value) in zip(labels, values) {
      if key.utf8.last != UInt8(ascii: "{") { key += "," }
      key += label + "=\"" + value.escapedLabel + "\""
    }
    return key + "}"
  }
}
