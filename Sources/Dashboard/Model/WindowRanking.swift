internal import AgentMetrics
internal import Query
internal import Why

/// Who used the machine in a window, by each measure, and why it was slow.
struct WindowRanking: Sendable {
  var rankings: [CulpritMeasure: CulpritRanking] = [:]
  var reasons: [WindowReasons.WindowReason] = []
}

/// Sums the samples of a window, and those beside it.
struct WindowSum {
  private let end: Double
  private var culprits: CulpritSum
  private(set) var slowness: WindowReasons
  /// Time of the last sample.
  private var last = -Double.infinity

  /// Maximum number of entries of a ranking.
  private static let limit = 200

  init(from start: Double, to end: Double, by grouping: CulpritGrouping) {
    let window = SampleWindow(from: start, to: end)
    self.end = end
    culprits = CulpritSum(by: grouping, in: window)
    slowness = WindowReasons(in: window)
  }

  /// Adds the next sample, unless it was added already, or one after the window's end was.
  mutating func add(_ sample: Sample) {
    let time = sample.timestamp.seconds
    guard time > last + 0.001, last <= end else { return }
    last = time
    culprits.add(sample)
    slowness.add(sample)
  }

  func ranking(of measure: CulpritMeasure) -> CulpritRanking { culprits.ranking(of: measure, limit: Self.limit) }

  /// The rankings by all measures.
  var ranking: WindowRanking {
    var window = WindowRanking(reasons: slowness.reasons)
    for measure in CulpritMeasure.allCases { window.rankings[measure] = ranking(of: measure) }
    return window
  }
}
