/// The figures that a device was asked for in vain, so that it is not asked for them at each pass.
///
/// What it refused twice running rests for ten minutes: a mode that was switched (MIG, ECC, persistence) or a permission
/// that was given may make it tell later.
struct NVMLMetrics {
  /// What can be asked for, each by its own function.
  enum NVMLMetric: Int, CaseIterable {
    case name, uuid, pci, slowdown, clockMaximum
    case utilization, samples, memorySamples, memoryV2, memory, fields, temperature, temperatureV
    case power, powerLimit, energy, clock, memoryClock, fan, linkGeneration, linkWidth
    case maximumLinkGeneration, maximumLinkWidth, chipToChip, encoder, decoder
    case throttleReasons, corrected, uncorrected, remappedRows, retiredPages, performanceState, migMode, migCount
    case compute, graphics, shared, processUtilization
  }

  /// Seconds for which a figure rests.
  static let rest = 600.0

  private var refusals = [UInt8](repeating: 0, count: NVMLMetric.allCases.count)
  private var restUntil = [Double](repeating: -.infinity, count: NVMLMetric.allCases.count)

  /// Whether there is any use in asking at an instant.
  func isWorthAsking(_ metric: NVMLMetric, at instant: Double) -> Bool {
    instant >= restUntil[metric.rawValue]
  }

  /// Takes note of an answer.
  mutating func note(_ metric: NVMLMetric, isRefused: Bool, at instant: Double) {
    let index = metric.rawValue
    guard isRefused else {
      refusals[index] = 0
      return
    }
    refusals[index] = min(2, refusals[index] + 1)
    if refusals[index] == 2 { restUntil[index] = instant + Self.rest }
  }

  /// Forgets all refusals.
  mutating func reset() {
    self = NVMLMetrics()
  }
}
