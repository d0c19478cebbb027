package import AgentMetrics
internal import SystemIO

/// The agent's own cost: CPU time and resident memory.
///
/// Always of this process, whatever root the other collectors read.
package final class OwnCostCollector: Collector {
  /// Reads the resident memory in bytes; nil where it is unknown.
  package typealias ResidentMemory = () throws(CollectorError) -> UInt64?

  package let name = "agent"

  private let version: String
  private let resident: ResidentMemory?

  /// - Parameters:
  ///   - version: the agent's version.
  ///   - resident: reads the resident memory; nil where the system has no such number.
  package init(version: String, resident: ResidentMemory?) {
    self.version = version
    self.resident = resident
  }

  /// Writes `reading.agent`, except for its sources.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.agent.version = version
    reading.agent.cpuNanoseconds = Clock.processCPUNanoseconds
    reading.agent.resident = nil
    reading.agent.resident = try resident?()
  }
}
