import Testing

@testable import Dashboard

@Suite struct InputDecoderTests {
  private func decode(_ text: String, isOver: Bool = true) -> [InputDecoder.Token] {
    var decoder = InputDecoder()
    decoder.feed(text.utf8)
    var tokens: [InputDecoder.Token] = []
    while let token = decoder.next(isOver: isOver) { tokens.append(token) }
    return tokens
  }

  private static let keys: [(String, KeyPress)] = [
    ("a", .character("a")), ("日", .character("日")), ("😀", .character("😀")), ("\r", .enter), ("\n", .enter),
    ("\t", .tab), ("\u{7F}", .backspace), ("\u{8}", .backspace), ("\u{3}", .character("\u{3}")),
    ("\u{1B}", .escape), ("\u{1B}[A", .up), ("\u{1B}OB", .down), ("\u{1B}[C", .right), ("\u{1B}OD", .left),
    ("\u{1B}[H", .home), ("\u{1B}OF", .end), ("\u{1B}[1~", .home), ("\u{1B}[4~", .end), ("\u{1B}[7~", .home),
    ("\u{1B}[8~", .end), ("\u{1B}[5~", .pageUp), ("\u{1B}[6~", .pageDown), ("\u{1B}[3~", .delete),
    ("\u{1B}[2~", .insert), ("\u{1B}[Z", .backTab), ("\u{1B}OP", .function(1)), ("\u{1B}[11~", .function(1)),
    ("\u{1B}[[A", .function(1)), ("\u{1B}OQ", .function(2)), ("\u{1B}[[B", .function(2)), ("\u{1B}[20~", .function(9)),
    ("\u{1B}[1;5C", .right), ("\u{1B}[5;2~", .shiftPageUp), ("\u{1B}[6;5~", .shiftPageDown),
    ("\u{1B}[6;6~", .shiftPageDown), ("\u{1B}[5;3~", .pageUp), ("\u{1B}[1;2H", .shiftHome), ("\u{1B}[1;5F", .shiftEnd),
    ("\u{1B}[5$", .shiftPageUp), ("\u{1B}[6^", .shiftPageDown), ("\u{1B}[7@", .shiftHome), ("\u{1B}[8^", .shiftEnd),
    ("\u{1B}[99~", .other), ("\u{1B}x", .other), ("\u{1B}[", .other),
  ]

  @Test(arguments: keys) func keysOfAllTerminals(_ bytes: String, _ key: KeyPress) {
    #expect(decode(bytes) == [.event(.key(key))])
  }

  @Test func sequencesMayComeInPieces() {
    for (text, key) in InputDecoderTests.keys where text != "\u{1B}" && text != "\u{1B}[" {
      var decoder = InputDecoder()
      let bytes = Array(text.utf8)
      for byte in bytes.dropLast() {
        decoder.feed([byte])
        #expect(decoder.next(isOver: false) == nil, "\(key)")
        #expect(decoder.isPending)
      }
      decoder.feed([bytes[bytes.count - 1]])
      #expect(decoder.next(isOver: false) == .event(.key(key)))
      #expect(!decoder.isPending)
    }
  }

  @Test func mouseFocusAndAnswers() {
    #expect(
      decode("\u{1B}[<0;12;3M\u{1B}[<0;12;3m\u{1B}[<32;1;1M\u{1B}[<64;5;6M\u{1B}[<65;5;6M") == [
        .event(.mouse(MouseEvent(kind: .press, x: 11, y: 2))), .event(.mouse(MouseEvent(kind: .release, x: 11, y: 2))),
        .event(.mouse(MouseEvent(kind: .drag, x: 0, y: 0))), .event(.mouse(MouseEvent(kind: .wheelUp, x: 4, y: 5))),
        .event(.mouse(MouseEvent(kind: .wheelDown, x: 4, y: 5))),
      ])
    #expect(decode("\u{1B}[I\u{1B}[O") == [.event(.focus(true)), .event(.focus(false))])
    #expect(decode("\u{1B}[0nq") == [.ready, .event(.key(.character("q")))])
    // Replies without a query, and malformed sequences, are skipped whole.
    #expect(decode("\u{1B}[201~\u{1B}[?1;2c\u{1B}[24;80R\u{1B}[<9M\u{1B}[<0;0;0M\u{1B}[?2004;1$y").isEmpty)
    #expect(decode("\u{1B}[3n").isEmpty)
  }

  /// Texts with all possible contents of a paste: line ends, control characters, sequences, the start of its own end.
  private static let pastes = [
    "", "k\ry", "kill -9 1\n", "q\u{3}\u{1A}\u{1C}", "\u{1B}[A\u{1B}OPk\u{1B}", "a\u{1B}[20", "\u{1B}\u{1B}[201",
    "日本\u{1B}[200~",
    "\u{1B}[<0;1;1M", "\u{1B}[5n",
  ]

  @Test(arguments: pastes) func pastedTextIsOneEventAndNoKey(_ text: String) {
    let bytes = Array(("\u{1B}[200~" + text + "\u{1B}[201~x").utf8)
    let wanted: [InputDecoder.Token] = [
      .event(.paste(Paste(text: text, isBracketed: true))), .event(.key(.character("x"))),
    ]
    // With any division into reads.
    for size in [1, 2, 3, 5, 7, bytes.count] {
      var decoder = InputDecoder()
      var tokens: [InputDecoder.Token] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        decoder.feed(bytes[start..<min(bytes.count, start + size)])
        while let token = decoder.next(isOver: false) { tokens.append(token) }
      }
      #expect(tokens == wanted, "in pieces of \(size)")
    }
  }

  @Test func aPasteWithoutAnEndIsBoundedAndEndedByItsReader() {
    var decoder = InputDecoder()
    decoder.feed("\u{1B}[200~".utf8)
    for _ in 0..<2_000 {
      decoder.feed(Array(repeating: UInt8(ascii: "k"), count: 100))
      // Silence does not end the paste here: its rest may be late.
      #expect(decoder.next(isOver: true) == nil && decoder.isPasting && !decoder.isPending)
    }
    let text = String(repeating: "k", count: InputDecoder.pasteLimit)
    #expect(decoder.endPaste() == .event(.paste(Paste(text: text, isBracketed: true))))
    #expect(decoder.endPaste() == nil && !decoder.isPasting)
    decoder.feed("\u{1B}[201~q".utf8)
    #expect(decoder.next(isOver: false) == .event(.key(.character("q"))))
  }

  @Test func anyBytesEndAndDoNotTrap() {
    var random = SplitMix(state: 11)
    for _ in 0..<400 {
      var decoder = InputDecoder()
      var count = 0
      for _ in 0..<40 {
        let byte =
          random.next() % 3 == 0
          ? [0x1B, 0x5B, 0x3C, 0x3B, 0x4D, 0x7E, 0xE6][Int(random.next() % 7)] : UInt8(random.next() & 0xFF)
        decoder.feed([UInt8(byte)])
        while decoder.next(isOver: false) != nil { count += 1 }
      }
      while decoder.next(isOver: true) != nil { count += 1 }
      if decoder.endPaste() != nil { count += 1 }
      #expect(!decoder.isPending && count <= 40)
    }
  }
}
