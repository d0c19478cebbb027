import Collect
import Testing

/// When an expensive scan is due.
@Suite struct ScanPacingTests {
  /// A pacing whose last scan, at 100, took 0.05 s.
  private func pacing(oomKills: UInt64? = nil) -> ScanPacing {
    var pacing = ScanPacing(rest: 200)
    for time in [99.0, 100] { pacing.count(at: time, cost: 0.05, oomKills: oomKills) }
    return pacing
  }

  @Test func theBudgetIsAShareOfOneCPU() {
    #expect(!pacing().isDue(at: 109) && pacing().isDue(at: 110))
    #expect(!pacing().isDue(at: 100.4, isWatched: true) && pacing().isDue(at: 100.5, isWatched: true))
  }

  /// The traces of a killed process go soon.
  @Test func anOOMKillMakesItDueEarlier() {
    #expect(!pacing(oomKills: 3).isDue(at: 101, oomKills: 3) && pacing(oomKills: 3).isDue(at: 101, oomKills: 4))
    #expect(!pacing(oomKills: 3).isDue(at: 100.4, oomKills: 4))
    // Unknown before or after it.
    #expect(!pacing(oomKills: 3).isDue(at: 101) && !pacing().isDue(at: 101, oomKills: 4))
  }

  @Test func theFirstTwoAreAlwaysDue() {
    var pacing = ScanPacing()
    #expect(pacing.isDue(at: 0))
    pacing.count(at: 0, cost: 10)
    #expect(pacing.isDue(at: 0.1))
    pacing.count(at: 0.1, cost: 10)
    #expect(!pacing.isDue(at: 29) && pacing.isDue(at: 31))
  }
}
