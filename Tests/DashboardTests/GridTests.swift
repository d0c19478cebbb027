import Testing

@testable import Dashboard

@Suite struct GridTests {
  private func grid(_ width: Int, _ height: Int = 1, isASCII: Bool = false) -> Grid {
    Grid(Size(width: width, height: height), isASCII: isASCII)
  }

  private func scalars(_ grid: Grid, row: Int = 0) -> [UInt32] {
    (0..<grid.width).map { grid[$0, row].scalar }
  }

  @Test func nothingIsDrawnOutside() {
    var grid = grid(4, 2)
    grid.put("abcdef", x: -2, y: 0)
    grid.put("xyz", x: 3, y: 1)
    grid.put("never", x: 0, y: -1)
    grid.put("never", x: 0, y: 2)
    grid.put("#", x: 4, y: 0)
    grid.fill("-", x: -5, y: 5, count: 100)
    #expect(grid.rows == ["cdef", "   x"])
  }

  @Test func aGridOfNoSizeTakesEverything() {
    for size in [Size(width: 0, height: 0), Size(width: 0, height: 3), Size(width: -4, height: 2)] {
      var grid = Grid(size)
      grid.put("text", x: 0, y: 0)
      grid.fill("#", x: 0, y: 0, count: 9)
      grid.clear(Rect(x: -1, y: -1, width: 9, height: 9))
      #expect(grid.cells.isEmpty)
    }
  }

  @Test func clipHoldsInAndIsGivenBack() {
    var grid = grid(8, 2)
    grid.within(Rect(x: 2, y: 0, width: 3, height: 1)) { grid in
      grid.put("abcdefgh", x: 0, y: 0)
      grid.put("below", x: 2, y: 1)
      grid.within(Rect(x: 0, y: 0, width: 3, height: 9)) { $0.fill("#", x: 0, y: 0, count: 8) }
    }
    grid.put("!", x: 7, y: 1)
    #expect(grid.rows == ["  #de", "       !"])
  }

  @Test func limitEndsBeforeAGraphemeThatDoesNotFit() {
    var grid = grid(10)
    #expect(grid.put("ab日本", x: 0, y: 0, limit: 5) == 4)
    #expect(grid.rows == ["ab日"])
  }

  @Test func aWideCharacterTakesTwoCellsAndIsNeverHalved() {
    var grid = grid(6)
    grid.put("日本", x: 0, y: 0)
    #expect(scalars(grid) == [0x65E5, Cell.tail, 0x672C, Cell.tail, 0x20, 0x20])
    // Over the right half of the first character and the left half of the second.
    grid.put("x", x: 1, y: 0)
    #expect(scalars(grid) == [0x20, 0x78, 0x672C, Cell.tail, 0x20, 0x20])
    grid.put("y", x: 2, y: 0)
    #expect(scalars(grid) == [0x20, 0x78, 0x79, 0x20, 0x20, 0x20])
    // Cut by the edge of the clip.
    grid.within(Rect(x: 3, y: 0, width: 2, height: 1)) { $0.put("a語", x: 3, y: 0) }
    #expect(scalars(grid) == [0x20, 0x78, 0x79, 0x61, 0x20, 0x20])
  }

  @Test func marksStandOnTheirCharacterAndTheThirdIsDropped() {
    var grid = grid(4)
    grid.put("e\u{301}\u{302}\u{303}x\u{301}", x: 0, y: 0)
    #expect(grid[0, 0].scalar == 0x65 && grid[0, 0].mark1 == 0x301 && grid[0, 0].mark2 == 0x302)
    #expect(grid[1, 0].scalar == 0x78 && grid[1, 0].mark1 == 0x301)
    #expect(Grid.columns(of: "e\u{301}\u{302}\u{303}x\u{301}") == 2)
  }

  @Test(arguments: [
    ("\u{1B}[31mred", "?[31mred"), ("a\nb\tc\r\n", "a?b?c??"), ("\u{7F}\u{85}\u{9B}m", "???m"),
    ("evil\u{202E}gpj.exe", "evilgpj.exe"), ("zero\u{200B}width\u{200D}", "zerowidth"), ("\u{2028}x\u{2029}", "?x?"),
    ("soft\u{AD}hyphen", "softhyphen"), ("\u{301}alone", "alone"), ("\u{FEFF}bom", "bom"),
  ]) func hostileTexts(_ text: String, _ shown: String) {
    var grid = grid(40)
    let end = grid.put(text, x: 0, y: 0)
    #expect(grid.rows == [shown])
    #expect(end == shown.unicodeScalars.count && Grid.columns(of: text) == end)
  }

  @Test func joinedEmojiAndFlagsKeepTheirColumns() {
    for (text, columns) in [("👩‍👩‍👧x", 3), ("🇩🇪x", 3), ("❤️x", 2), ("👍🏽x", 3)] {
      var grid = grid(10)
      #expect(grid.put(text, x: 0, y: 0) == columns, "\(text)")
      #expect(grid[columns - 1, 0].scalar == 0x78, "\(text)")
    }
  }

  /// Signs in the agent's own sentences.
  @Test func signsHaveASubstituteInASCII() {
    var grid = Grid(Size(width: 16, height: 1), isASCII: true)
    grid.put("a… ×3 · 2–4 é", x: 0, y: 0)
    #expect(grid.rows[0].hasPrefix("a~ x3 - 2-4 ?"))
  }

  @Test func withoutUTF8OnlyASCIIIsLeft() {
    var grid = grid(12, isASCII: true)
    grid.put("é日本─", x: 0, y: 0)
    grid.put("█", x: 8, y: 0)
    grid.putShortened("longer than this", x: 9, y: 0, limit: 3)
    #expect(grid.rows == ["????    ?lo~"])
  }

  @Test func shortenedTextsEndInAnEllipsisAndKeepTheLimit() {
    for limit in -1...12 {
      var grid = grid(20)
      let end = grid.putShortened("日本語プロセス", x: 2, y: 0, limit: limit)
      #expect(end <= 2 + max(0, limit))
      #expect(limit < 1 || grid.rows[0].hasSuffix("…"))
    }
    var grid = grid(20)
    grid.putShortened("fits", x: 0, y: 0, limit: 4)
    grid.putRight("right", end: 20, y: 0, limit: 3)
    #expect(grid.rows == ["fits             ri…"])
  }
}
