import SystemIO
import Testing

@Suite struct PrintableTextTests {
  @Test(
    "No text makes a terminal do anything but show characters",
    arguments: [
      ("plain 日本 é", "plain 日本 é"), ("\u{1B}]0;owned\u{7}", "?]0;owned?"), ("\u{9B}31m", "?31m"), ("a\nb\tc", "a?b?c"),
      ("evil\u{202E}gpj.exe", "evilgpj.exe"), ("\u{2066}a\u{2069}\u{200B}\u{FEFF}", "a"), ("\u{2028}\u{2029}", "??"),
      ("\u{7F}\u{0}", "??"), ("", ""), ("a\u{FFFE}b\u{FFFF}\u{1FFFF}", "a?b??"),
    ]) func printable(text: String, expected: String)
  {
    #expect(text.printable == expected)
    #expect(text[...].printable == expected)
  }
}
