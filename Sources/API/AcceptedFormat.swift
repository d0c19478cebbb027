internal import PrometheusExport

extension ExpositionFormat {
  /// Selects the format by a client's Accept header (RFC 9110 §12.5.1); the text format by default.
  ///
  /// An unsupported version of OpenMetrics does not count, nor does an unversioned range stand for another version.
  static func accepted(_ header: String?) -> ExpositionFormat {
    guard let header else { return .text }
    let ranges = header.split(separator: ",").compactMap { MediaRange($0) }
    func weight(_ format: ExpositionFormat) -> Double {
      let matching = ranges.filter { $0.matches(format) }
      // The most specific range has the weight.
      let specific = matching.map(\.specificity).max()
      return matching.filter { $0.specificity == specific }.map(\.weight).max() ?? 0
    }
    let open = weight(.openMetrics)
    // A client that accepts anything gets the most widely supported format.
    let isNamed = ranges.contains { $0.type == "application" && $0.subtype == "openmetrics-text" && $0.weight > 0 }
    return isNamed && open > 0 && open >= weight(.text) ? .openMetrics : .text
  }
}

/// One element of an Accept header.
private struct MediaRange {
  let type: String
  let subtype: String
  let version: String?
  let weight: Double

  init?(_ element: Substring) {
    let parts = element.split(separator: ";", omittingEmptySubsequences: false).map { String($0.trimmed).lowercased() }
    let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    guard names.count == 2 else { return nil }
    (type, subtype) = (String(names[0]), String(names[1]))
    var (version, weight): (String?, Double) = (nil, 1)
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmed }
      guard pair.count == 2 else { continue }
      let value = pair[1].filter { $0 != "\"" }
      if pair[0] == "version" { version = value }
      if pair[0] == "q" {
        let given = Double(value) ?? 0
        // NaN fails every comparison.
        weight = given >= 0 ? min(given, 1) : 0
      }
    }
    self.version = version
    self.weight = weight
  }

  func matches(_ format: ExpositionFormat) -> Bool {
    if type == "*" { return subtype == "*" }
    switch format {
    case .text: return type == "text" && (subtype == "*" || subtype == "plain" && (version ?? "0.0.4") == "0.0.4")
    case .openMetrics:
      guard type == "application" else { return false }
      return subtype == "*" || subtype == "openmetrics-text" && (version ?? "1.0.0") == "1.0.0"
    }
  }

  var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : version == nil ? 2 : 3 }
}
