import Testing

@testable import Dashboard

@Suite struct BarTests {
  private func row(_ bar: Bar, width: Int, _ glyphs: Glyphs) -> String {
    var grid = Grid(Size(width: width, height: 1), isASCII: glyphs.isASCII)
    bar.draw(on: &grid, x: 0, y: 0, width: width, glyphs)
    return grid.rows[0]
  }

  static let ratios: [(Double, String)] = [
    (0.0, "──────────"), (0.05, "╸─────────"), (0.5, "━━━━━─────"), (0.55, "━━━━━╸────"), (1.0, "━━━━━━━━━━"),
    (7.0, "━━━━━━━━━━"), (-1.0, "──────────"), (.nan, "──────────"), (.infinity, "──────────"),
  ]

  @Test(arguments: ratios) func halves(_ ratio: Double, _ text: String) {
    #expect(row(Bar(ratio, .user), width: 10, Glyphs(.braille)) == text)
  }

  @Test func segmentsFollowEachOtherAndNeverLeaveTheBar() {
    let bar = Bar([
      Bar.Segment(ratio: 0.5, color: .user, pattern: .first), Bar.Segment(ratio: .nan, color: .steal, pattern: .fourth),
      Bar.Segment(ratio: 0.3, color: .system, pattern: .second),
      Bar.Segment(ratio: 0.9, color: .iowait, pattern: .third),
    ])
    #expect(row(bar, width: 12, Glyphs(.ascii)) == "[|||||###~~]")
    #expect(row(bar, width: 10, Glyphs(.braille, isMono: true)) == "━━━━━═══┅┅")
    #expect(row(bar, width: 10, Glyphs(.console, isMono: true)) == "█████▓▓▓▒▒")
  }

  @Test func everyWidth() {
    for kind in Glyphs.GraphGlyphs.allCases {
      for width in -1...6 {
        var grid = Grid(Size(width: 8, height: 1), isASCII: kind == .ascii)
        Bar(0.7, .user).draw(on: &grid, x: 1, y: 0, width: width, Glyphs(kind))
        #expect(grid[0, 0] == .blank && grid[max(0, width) + 1, 0] == .blank)
      }
    }
  }

  @Test func withoutColoursThePartsDifferInShape() {
    for glyphs in [Glyphs(.ascii), Glyphs(.console, isMono: true), Glyphs(.braille, isMono: true)] {
      let all: [Bar.Pattern] = [.first, .second, .third, .fourth, .fifth]
      #expect(Set(all.map { $0.glyph(glyphs) }).count == all.count)
    }
  }
}
