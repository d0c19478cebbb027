/// A numeric type that a metric group stores; every output converts it to `Double`.
package protocol MetricValue: Sendable {
  /// The value as a double; NaN when absent.
  var doubleValue: Double { get }
  /// Creates a value from a double; nil when the type cannot represent it.
  init?(doubleValue: Double)
  /// Whether the type has no absent value.
  static var isAlwaysPresent: Bool { get }
}

extension MetricValue {
  package static var isAlwaysPresent: Bool { false }
}

extension Double: MetricValue {
  package var doubleValue: Double { self }

  package init?(doubleValue: Double) { self = doubleValue }
}

extension Float: MetricValue {
  package var doubleValue: Double { Double(self) }

  package init?(doubleValue: Double) { self = Float(doubleValue) }
}

extension Int: MetricValue {
  package static var isAlwaysPresent: Bool { true }

  package var doubleValue: Double { Double(self) }

  package init?(doubleValue: Double) { self.init(exactly: doubleValue.rounded()) }
}

extension Int32: MetricValue {
  package static var isAlwaysPresent: Bool { true }

  package var doubleValue: Double { Double(self) }

  package init?(doubleValue: Double) { self.init(exactly: doubleValue.rounded()) }
}
