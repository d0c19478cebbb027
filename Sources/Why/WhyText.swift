internal import AgentMetrics

/// Values in the sentences of findings.
enum WhyText {
  static func percent(_ ratio: Double) -> String {
    let value = ratio * 100
    return (value < 9.95 ? tenths(value) : String(Int(min(value, 1e6).rounded()))) + "%"
  }

  static func bytes(_ bytes: Double) -> String { scaled(bytes, 1_024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]) }

  static func rate(_ bytes: Double) -> String { scaled(bytes, 1_000, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"]) }

  /// "8 ms", "1.2 s".
  static func time(_ seconds: Double) -> String {
    if seconds < 1 { return tenths(seconds * 1_000) + " ms" }
    return seconds < 120 ? tenths(seconds) + " s" : String(Int(min(seconds / 60, 1e9))) + " min"
  }

  static func tenths(_ value: Double) -> String {
    let rounded = (min(value, 1e12) * 10).rounded() / 10
    return rounded == rounded.rounded() ? String(Int(rounded)) : "\(rounded)"
  }

  private static func scaled(_ value: Double, _ step: Double, _ units: [String]) -> String {
    var (value, index) = (value, 0)
    while index < units.count - 1, value >= step * 0.9995 {
      value /= step
      index += 1
    }
    return (value < 99.95 ? tenths(value) : String(Int(min(value, 1e12).rounded()))) + " " + units[index]
  }
}
