import AgentMetrics
import Collect
import Synchronization

/// Reads the state of the agent's own parts (push, archive, server), which are created after the collectors.
final class ServiceCollector: Collector, Sendable {
  let name = "service"
  private let parts = Mutex<[@Sendable (inout AgentReading) -> Void]>([])

  /// Adds a part that writes its state into each reading.
  func add(_ part: @escaping @Sendable (inout AgentReading) -> Void) {
    parts.withLock { $0.append(part) }
  }

  func read(into reading: inout Reading) throws(CollectorError) {
    for part in parts.withLock({ $0 }) { part(&reading.agent) }
  }
}
