import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

@Suite struct GraphTests {
  private func rows(_ values: [Double], _ kind: Glyphs.GraphGlyphs, width: Int, height: Int, hangs: Bool = false)
    -> [String]
  {
    var grid = Grid(Size(width: width, height: height), isASCII: kind == .ascii)
    Graph(values: values, maximum: 1, gradient: .load, hangs: hangs).draw(on: &grid, in: grid.bounds, Glyphs(kind))
    return grid.rows
  }

  @Test func brailleFillsFromBelowAndFromAbove() {
    #expect(rows([0.25, 0.5, 0.75, 1], .braille, width: 2, height: 1) == ["⣠⣾"])
    #expect(rows([0.25, 0.5, 0.75, 1], .braille, width: 2, height: 1, hangs: true) == ["⠙⢿"])
    #expect(rows([0.5, 1], .braille, width: 1, height: 2) == ["⢸", "⣿"])
  }

  @Test func blocksConsoleAndASCII() {
    #expect(rows([0, 0.5, 1], .blocks, width: 3, height: 1) == ["▁▄█"])
    #expect(rows([0, 0.5, 1], .console, width: 3, height: 2) == ["  █", "▄██"])
    #expect(rows([0, 0.5, 1], .ascii, width: 3, height: 2) == ["  |", ".||"])
  }

  @Test func gapsStayEmptyAndZeroDoesNot() {
    #expect(rows([0, .nan, .nan, 0], .braille, width: 2, height: 1) == ["⡀⢀"])
    #expect(rows([.infinity, -.infinity, -3, 7], .braille, width: 2, height: 1) == [" ⣸"])
    #expect(rows([1], .braille, width: 3, height: 1) == ["  ⢸"])
    #expect(rows([], .braille, width: 3, height: 1) == [""])
  }

  @Test func scaleIsRoundAndCoversEverything() {
    #expect(Graph.niceMaximum([]) == 1024)
    #expect(Graph.niceMaximum([.nan, 1025, -5], [.infinity]) == 2048)
    #expect(Graph.niceMaximum([1e300]).isFinite)
  }

  // MARK: Timeline

  private func history(_ ticks: [(seconds: Double, usage: Double)], interval: Int = 1) -> [History.Entry] {
    let history = History(capacity: 1000, interval: interval)
    for tick in ticks {
      var reading = Reading()
      reading.timestamp = Timestamp(seconds: tick.seconds)
      reading.boottime = tick.seconds
      var sample = Sample(from: nil, to: reading)
      sample.cpu.usage = tick.usage
      history.append(sample)
    }
    return history.all
  }

  private func same(_ left: [Double], _ right: [Double]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
  }

  private func timeline(_ entries: [History.Entry], step: Double = 1, interval: Int = 1) -> Timeline {
    let end = entries.last?.sample.timestamp.seconds ?? 0
    return Timeline(entries, axis: TimeAxis(step: step, end: end.isFinite ? end : 0), interval: interval)
  }

  @Test func lateTicksKeepTheirColumnAndMissingOnesAreGaps() {
    let entries = history([(100, 0.1), (101.02, 0.2), (101.98, 0.3), (105.0, 0.5)])
    let values = timeline(entries).values(in: 7, Glyphs(.blocks)) { $0.cpu.usage }
    #expect(same(values.map { ($0 * 100).rounded() / 100 }, [.nan, 0.1, 0.2, 0.3, .nan, .nan, 0.5]))
  }

  @Test func aSampleStandsForTheTimeThatItIsAMeanOver() {
    // Half a minute at 0.5, then three seconds one by one, as in a watched history of INTERVAL_SEC 30.
    var entries = history([(90, 0.5), (91, 0.1), (92, 0.2), (93, 0.3)])
    var sample = entries[0].sample
    sample.elapsed = 30
    let ring = History(capacity: 10, interval: 30)
    ring.append(sample)
    for entry in entries.dropFirst() {
      var sample = entry.sample
      sample.elapsed = 1
      ring.append(sample)
    }
    entries = ring.all
    let fine = timeline(entries, interval: 30).columns(in: 36, Glyphs(.blocks)) { $0.cpu.usage }
    #expect(fine.map(\.mean).prefix(3).allSatisfy { $0.isNaN })
    #expect(same(Array(fine.map(\.mean)[3..<33]), [Double](repeating: 0.5, count: 30)))
    #expect(same(Array(fine.map(\.mean)[33...]), [0.1, 0.2, 0.3]))
    // With columns of ten seconds, the last one holds three samples and their range.
    let coarse = timeline(entries, step: 10, interval: 30).columns(in: 4, Glyphs(.blocks)) { $0.cpu.usage }
    #expect(coarse[3].count == 3 && coarse[3].low == 0.1 && coarse[3].high == 0.3)
    #expect(abs(coarse[3].mean - 0.2) < 1e-9 && coarse[2].mean == 0.5 && coarse[0].mean == 0.5)
  }

  @Test func theRangeOfManySamplesIsShown() {
    let column = Timeline.TimeColumn(mean: 0.5, low: 0.25, high: 1, count: 10)
    var grid = Grid(Size(width: 1, height: 4))
    Graph([column, column], maximum: 1, gradient: .load).draw(on: &grid, in: grid.bounds, Glyphs(.braille))
    #expect(grid.rows == ["⣿", "⣿", "⣿", "⣿"])
    // From the top: the range up to the maximum, the mean, the minimum as a line.
    #expect((0..<4).map { grid[0, $0].style } == [.faint, .faint, Style(Color.Gradient.load.color(0.375)), .faint])
    let few = Timeline.TimeColumn(mean: 0.5, low: 0.25, high: 1, count: 2)
    grid = Grid(Size(width: 1, height: 4))
    Graph([few, few], maximum: 1, gradient: .load).draw(on: &grid, in: grid.bounds, Glyphs(.braille))
    #expect(grid.rows == ["", "", "⣿", "⣿"])
  }

  @Test func cellsAndMomentsOfAnAxisAgree() {
    for glyphs in [Glyphs(.braille), Glyphs(.ascii)] {
      for step in [0.5, 1, 2, 30, 3_600] {
        let axis = TimeAxis(step: step, end: 1_770_273_907)
        for cell in 0..<40 {
          #expect(axis.cell(of: axis.time(cell: cell, width: 40, glyphs), width: 40, glyphs) == cell)
        }
        #expect(axis.cell(of: axis.end, width: 40, glyphs) == 39)
        #expect(axis.cell(of: axis.end + 3 * step, width: 40, glyphs) == nil)
        #expect(axis.cell(of: 0, width: 40, glyphs) == nil)
      }
    }
  }

  /// From tick to tick every cell either stays the same or moves by a whole column of the screen.
  @Test(arguments: [Glyphs.GraphGlyphs.braille, .blocks, .console, .ascii]) func picturesOnlyScroll(
    _ kind: Glyphs.GraphGlyphs
  ) {
    let width = 20
    var random = SplitMix(state: 7)
    let ticks = (0..<200).map { (seconds: 1_770_273_900 + Double($0) + random.unit * 0.04, usage: random.unit) }
    let all = history(ticks)
    var last: Grid?
    for count in 100..<140 {
      var grid = Grid(Size(width: width, height: 3))
      let values = timeline(Array(all[..<count])).values(in: width, Glyphs(kind)) { $0.cpu.usage }
      Graph(values: values, maximum: 1, gradient: .load).draw(on: &grid, in: grid.bounds, Glyphs(kind))
      if let last {
        func isSame(shift: Int, except edge: Int) -> Bool {
          (0..<3).allSatisfy { y in
            (0..<width - shift - edge).allSatisfy { grid[$0, y].scalar == last[$0 + shift, y].scalar }
          }
        }
        #expect(isSame(shift: 1, except: 0) || kind == .braille && isSame(shift: 0, except: 1))
      }
      last = grid
    }
  }

  @Test func clocksThatStepBackAndOddTimesDoNotTrap() {
    let entries = history([(500, 0.1), (100, 0.2), (.nan, 0.3), (.infinity, 0.4), (-1e300, 0.5), (101, 0.6)])
    let values = timeline(entries).values(in: 4, Glyphs(.braille)) { $0.cpu.usage }
    #expect(values.count == 8 && values.contains(0.6))
    let none = timeline([]).values(in: 2, Glyphs(.ascii)) { $0.cpu.usage }
    #expect(none.count == 2 && none.allSatisfy { $0.isNaN })
  }
}
