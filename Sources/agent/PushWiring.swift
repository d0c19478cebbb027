import API
import AgentMetrics
import Collect
import Outbox
import Synchronization

/// Holds the `Push` instance for collectors and routes that are created before it.
final class PushReference: Sendable {
  private let push = Mutex<Push?>(nil)

  func set(_ push: Push?) {
    self.push.withLock { $0 = push }
  }

  /// Status of each receiver, in their order.
  var status: [PushStatus] { push.withLock { $0 }?.status ?? [] }
}

/// Adds the agent's push status to readings, so that all outputs include it.
final class PushCollector: Collector {
  let name = "push"
  private let board: PushReference

  init(_ board: PushReference) {
    self.board = board
  }

  func read(into reading: inout Reading) throws(CollectorError) {
    reading.agent.push = board.status.map { status in
      var metrics = PushReading(target: status.url)
      metrics.isWorking = status.state == .live || status.state == .catchingUp
      metrics.lag = status.lag
      metrics.pending = Double(status.pending)
      metrics.samples = Double(status.sentSamples)
      metrics.values = Double(status.sentValues)
      metrics.bytes = Double(status.sentBytes)
      metrics.failed = Double(status.failed)
      metrics.dropped = Double(status.dropped)
      metrics.lost = Double(status.lost)
      return metrics
    }
  }
}

extension PushReport {
  /// Converts a status for `/push/status`.
  init(_ status: PushStatus) {
    self.init()
    url = status.url
    format = status.format
    state = status.state.rawValue
    cursor = status.cursor
    lag = status.lag
    pending = status.pending
    sentSamples = status.sentSamples
    sentValues = status.sentValues
    sentBytes = status.sentBytes
    failed = status.failed
    dropped = status.dropped
    lost = status.lost
    lastSuccess = status.lastSuccess
    lastError = status.lastError
    lastErrorTime = status.lastErrorTime
    gaps = status.gaps.map { gap in
      ReportedGap(from: gap.from, to: gap.to, samples: gap.samples, reason: gap.reason.rawValue)
    }
  }
}
