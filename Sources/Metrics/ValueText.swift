/// Values in sentences: of reasons, alerts and events.
package enum ValueText {
  package static func percent(_ ratio: Double) -> String {
    let value = ratio * 100
    return (value < 9.95 ? tenths(value) : String(Int(min(value, 1e6).rounded()))) + "%"
  }

  package static func bytes(_ bytes: Double) -> String {
    scaled(bytes, 1_024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
  }

  package static func rate(_ bytes: Double) -> String { scaled(bytes, 1_000, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"]) }

  /// "8 ms", "1.2 s".
  package static func time(_ seconds: Double) -> String {
    if seconds < 1 { return tenths(seconds * 1_000) + " ms" }
    return seconds < 120 ? tenths(seconds) + " s" : String(Int(min(seconds / 60, 1e9))) + " min"
  }

  package static func tenths(_ value: Double) -> String {
    let rounded = (max(-1e12, min(value, 1e12)) * 10).rounded() / 10
    return rounded == rounded.rounded() ? String(Int(rounded)) : "\(rounded)"
  }

  /// A value in base units with its unit.
  package static func value(_ value: Double, _ unit: Unit) -> String {
    guard value.isFinite else { return "absent" }
    let scaled = value / unit.factor
    return switch unit {
    case .ratio: percent(value)
    case .bytes, .mebibytes: bytes(value)
    case .bytesPerSecond: rate(value)
    case .seconds, .milliseconds: time(value)
    case .megabitsPerSecond: short(scaled) + " Mbit/s"
    case .celsius: short(scaled) + " °C"
    case .megahertz: short(scaled) + " MHz"
    case .watts: short(scaled) + " W"
    case .joules: short(scaled) + " J"
    case .rpm: short(scaled) + " rpm"
    case .perSecond: short(scaled) + "/s"
    case .cores, .count, .none: short(scaled)
    }
  }

  /// Up to one decimal place, none from 100 on.
  private static func short(_ value: Double) -> String {
    abs(value) < 99.95 ? tenths(value) : value.rounded().fixed(0)
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
