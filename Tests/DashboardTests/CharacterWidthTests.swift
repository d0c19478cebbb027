import Glibc
import Testing

@testable import Dashboard
@testable import NcursesTerminal

@Suite struct CharacterWidthTests {
  static let some: [(Unicode.Scalar, Int)] = [
    ("a", 1), ("~", 1), ("é", 1), ("─", 1), ("⣿", 1), ("█", 1), ("°", 1), ("…", 1), ("日", 2), ("한", 2), ("Ａ", 2),
    ("😀", 2), ("🦀", 2), ("\u{301}", 0), ("\u{200D}", 0), ("\u{202E}", 0), ("\u{FE0F}", 0), ("\u{1160}", 0),
    ("\u{0}", -1), ("\u{1B}", -1), ("\u{7F}", -1), ("\u{9B}", -1), ("\u{2028}", -1),
  ]

  @Test(arguments: some) func known(_ scalar: Unicode.Scalar, _ width: Int) {
    #expect(CharacterWidth.of(scalar) == width)
  }

  /// Compares with the C library on letters and signs, where a difference would make ncurses misplace the text after
  /// it.
  ///
  /// The C library has another version of Unicode, and counts formatting characters as 0 or 1.
  @Test func agreesWithTheCLibraryOnLettersAndSigns() throws {
    let locale = try #require(newlocale(LC_CTYPE_MASK, "C.UTF-8", nil))
    let before = uselocale(locale)
    defer {
      uselocale(before)
      freelocale(locale)
    }
    var compared = 0
    var different: [String] = []
    for value: UInt32 in 0x20...0x3FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      switch scalar.properties.generalCategory {
      case .unassigned, .privateUse, .format, .control, .nonspacingMark, .enclosingMark, .spacingMark, .lineSeparator,
        .paragraphSeparator:
        continue
      default: break
      }
      let other = NcursesTerminal.columns(of: value)
      // Newer than the C library's tables.
      if other < 0 { continue }
      compared += 1
      if other != CharacterWidth.of(scalar) {
        different.append("U+\(String(value, radix: 16)) \(other) \(CharacterWidth.of(scalar))")
      }
    }
    #expect(compared > 100_000)
    // Versions of Unicode have changed the width of a few dozen signs.
    #expect(different.count <= 120, "\(different.prefix(200))")
  }
}
