import Testing

@testable import Dashboard

/// Pastes of terminals without bracketed paste.
@Suite struct BurstGuardTests {
  private func keys(_ text: String) -> [TerminalEvent] {
    text.unicodeScalars.map { .key($0 == "\r" ? .enter : .character($0)) }
  }

  private func paste(_ text: String) -> TerminalEvent { .paste(Paste(text: text, isBracketed: false)) }

  @Test func aReadOfManyCharactersIsAPaste() {
    var guardian = BurstGuard()
    #expect(guardian.events(keys("kill\r"), at: 1, waited: 1) == [paste("kill\n")])
    // Escape sequences in a paste are not keys either; other events stay.
    #expect(
      guardian.events([.key(.up), .focus(true)] + keys("aaaa") + [.key(.escape)], at: 2, waited: 1) == [
        .focus(true), paste("aaaa"),
      ])
  }

  @Test func aPasteGoesOnInTheNextReads() {
    var guardian = BurstGuard()
    _ = guardian.events(keys("kill -9 1"), at: 1, waited: 1)
    // A frame was drawn between the reads, but the rest was available already.
    #expect(guardian.events(keys("y"), at: 1.4, waited: 0.001) == [paste("y")])
    #expect(guardian.events(keys("y"), at: 1.402, waited: 0.002) == [paste("y")])
    #expect(guardian.events(keys("y"), at: 1.6, waited: 0.19) == keys("y"))
  }

  @Test func aSlowLineBringsAPasteCharacterByCharacter() {
    var guardian = BurstGuard()
    var events: [TerminalEvent] = []
    for (index, key) in keys("lTq4\ry").enumerated() {
      events += guardian.events([key], at: 1 + 0.002 * Double(index), waited: 0.002)
    }
    #expect(
      events == [
        .key(.character("l")), .burst(.character("T")), .burst(.character("q")), paste("4"), paste("\n"), paste("y"),
      ])
  }

  @Test func typedKeysStayKeys() {
    var guardian = BurstGuard()
    var now = 1.0
    for key in keys("kjlq\ry/") {
      now += 0.06
      #expect(guardian.events([key], at: now, waited: 0.06) == [key])
    }
    // A held key, and arrow keys over a lagging line.
    for _ in 0..<20 {
      now += 0.015
      #expect(guardian.events(keys("+"), at: now, waited: 0.015) == keys("+"))
    }
    let arrows: [TerminalEvent] = Array(repeating: .key(.down), count: 9)
    #expect(guardian.events(arrows, at: now + 1, waited: 1) == arrows)
    #expect(
      guardian.events([.key(.down)] + keys("k\r"), at: now + 2, waited: 1) == [
        .key(.down), .burst(.character("k")), .burst(.enter),
      ])
  }
}
