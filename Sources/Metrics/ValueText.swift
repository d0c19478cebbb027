/// Values in sentences: of reasons, alerts and events.
package enum ValueText {
  package static func percent(_ ratio: Double) -> String { value(ratio, .ratio) }

  package static func bytes(_ bytes: Double) -> String { value(bytes, .bytes) }

  package static func rate(_ bytes: Double) -> String { value(bytes, .bytesPerSecond) }

  /// "8 ms", "1.2 s", "2.5 min".
  package static func time(_ seconds: Double) -> String { value(seconds, .seconds) }

  /// With one decimal place at most.
  package static func tenths(_ value: Double) -> String { value.isFinite ? value.fixed(1, trimmed: true) : "absent" }

  /// A value in base units with its unit.
  package static func value(_ value: Double, _ unit: Unit) -> String {
    guard value.isFinite else { return "absent" }
    let scale = ValueScale(of: value, unit)
    return scale.text(value, scale.decimals)
  }
}
