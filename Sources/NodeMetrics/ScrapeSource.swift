/// Values that are read only for a scrape.
package protocol ScrapeSource: Sendable {
  /// Reads the agent's own usage; nil if it is not exposed.
  func processUsage() -> ProcessUsage?

  /// Reads what node_exporter exposes and a Reading lacks; nil for a machine without such values.
  ///
  /// Blocks for a few milliseconds at most.
  func nodeReading() -> NodeReading?
}

/// Usage of this very process.
package struct ProcessUsage: Sendable {
  /// CPU time in microseconds.
  package var cpuMicroseconds: UInt64 = 0
  /// Bytes that are mapped.
  package var virtualBytes: UInt64?
  /// Bytes that are resident.
  package var residentBytes: UInt64?
  /// POSIX time of the start.
  package var startTime: Double?
  /// Open descriptors.
  package var openDescriptors: UInt64?
  /// Limit of open descriptors.
  package var descriptorLimit: UInt64?
  /// Limit of mapped bytes.
  package var virtualLimit: UInt64?

  /// Creates a value without usage.
  package init() {}
}
