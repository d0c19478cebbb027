import AgentMetrics
import History
import Testing

@testable import Dashboard

@Suite struct GraphTests {
  private func rows(_ values: [Double], _ kind: Glyphs.Kind, width: Int, height: Int, hangs: Bool = false) -> [String] {
    var grid = Grid(Size(width: width, height: height), isASCII: kind == .ascii)
    Graph(values: values, maximum: 1, color: .user, hangs: hangs).draw(on: &grid, in: grid.bounds, Glyphs(kind))
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

  @Test func lateTicksKeepTheirColumnAndMissingOnesAreGaps() {
    let entries = history([(100, 0.1), (101.02, 0.2), (101.98, 0.3), (105.0, 0.5), (105.4, 0.7)])
    let values = Timeline(entries, interval: 1).values(in: 7, Glyphs(.blocks)) { $0.cpu.usage }
    #expect(same(values, [.nan, 0.1, 0.2, 0.3, .nan, .nan, 0.6]))
  }

  /// From tick to tick every cell either stays what it was or moves by a whole column of the screen.
  @Test(arguments: [Glyphs.Kind.braille, .blocks, .console, .ascii]) func picturesOnlyScroll(_ kind: Glyphs.Kind) {
    let width = 20
    var random = SplitMix(state: 7)
    let ticks = (0..<200).map { (seconds: 1_770_273_900 + Double($0) + random.unit * 0.04, usage: random.unit) }
    let all = history(ticks)
    var last: Grid?
    for count in 100..<140 {
      var grid = Grid(Size(width: width, height: 3))
      let values = Timeline(Array(all[..<count]), interval: 1).values(in: width, Glyphs(kind)) { $0.cpu.usage }
      Graph(values: values, maximum: 1, color: .user).draw(on: &grid, in: grid.bounds, Glyphs(kind))
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
    let values = Timeline(entries, interval: 0).values(in: 4, Glyphs(.braille)) { $0.cpu.usage }
    #expect(values.count == 8 && values.contains(0.6))
    let none = Timeline([], interval: 5).values(in: 2, Glyphs(.ascii)) { $0.cpu.usage }
    #expect(none.count == 2 && none.allSatisfy { $0.isNaN })
  }
}
