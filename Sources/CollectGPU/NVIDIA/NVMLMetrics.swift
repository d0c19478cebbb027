/// Metrics that a device refused, so that they are not read at each pass.
///
/// A metric refused twice in a row is skipped for ten minutes: a mode that was switched (MIG, ECC, persistence) or a
/// permission that was granted may make it available later.
struct NVMLMetrics {
  /// Metrics with a function of their own.
  enum NVMLMetric: Int, CaseIterable {
    case name, uuid, pci, slowdown, clockMaximum
    case utilization, samples, memorySamples, memoryV2, memory, fields, temperature, temperatureV
    case power, powerLimit, energy, clock, memoryClock, fan, linkGeneration, linkWidth
    case maximumLinkGeneration, maximumLinkWidth, chipToChip, encoder, decoder
    case throttleReasons, corrected, uncorrected, remappedRows, retiredPages, performanceState, migMode, migCount
    case compute, graphics, shared, processUtilization
  }

  /// Seconds for which a metric is skipped.
  static let rest = 600.0

  private var refusals = [UInt8](repeating: 0, count: NVMLMetric.allCases.count)
  private var restUntil = [Double](repeating: -.infinity, count: NVMLMetric.allCases.count)

  /// Whether to read a metric at an instant.
  func isWorthAsking(_ metric: NVMLMetric, at instant: Double) -> Bool {
    instant >= restUntil[metric.rawValue]
  }

  /// Records a result.
  mutating func note(_ metric: NVMLMetric, isRefused: Bool, at instant: Double) {
    let index = metric.rawValue
    guard isRefused else {
      refusals[index] = 0
      return
    }
    refusals[index] = min(2, refusals[index] + 1)
    if refusals[index] == 2 { restUntil[index] = instant + Self.rest }
  }

  mutating func reset() {
    self = NVMLMetrics()
  }
}
