import Testing

@testable import Dashboard

@Suite struct FormatTests {
  private let glyphs = Glyphs(.braille)
  private let odd: [Double] = [
    .nan, .infinity, -.infinity, 0, -0.0, -1, 1e300, -1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 9.2e18,
    1e19, 0.5, 999.4, 999.5, 1023, 1024,
  ]

  static let amounts: [(Double, String)] = [
    (0, "0 B"), (512, "512 B"), (999, "999 B"), (1000, "1.0 KiB"), (1024, "1.0 KiB"), (10_240, "10 KiB"),
    (10_380_902, "9.9 MiB"), (10_443_817, "10 MiB"), (1_047_527_424, "999 MiB"), (1e18, "888 PiB"), (1e21, "867 EiB"),
  ]

  @Test(arguments: amounts) func bytes(_ value: Double, _ text: String) {
    #expect(TextFormat.bytes(value, glyphs) == text)
    #expect(TextFormat.rate(value, glyphs) == text + "/s")
  }

  @Test func bytesTakeThreeDigitsAtMost() {
    var value = 1.0
    while value < 1e20 {
      let text = TextFormat.bytes(value, glyphs)
      #expect(text.prefix { $0 != " " }.count <= 3, "\(value): \(text)")
      #expect(TextFormat.compact(value, glyphs).count <= 5)
      value *= 1.37
    }
  }

  static let shares: [(Double, Double, String)] = [
    (3.1, 15.6, "3.1/15.6 GiB"), (0.02, 1, "0.02/1.00 GiB"), (0.02, 16, "0.02/16.0 GiB"), (381, 768, "381/768 GiB"),
    (0, 16, "0.0/16.0 GiB"), (.nan, 16, "–/16.0 GiB"), (483, 1024, "0.47/1.00 TiB"),
  ]

  @Test(arguments: shares) func pairs(_ part: Double, _ whole: Double, _ text: String) {
    #expect(TextFormat.pair(part * 0x1p30, of: whole * 0x1p30, glyphs) == text)
  }

  @Test func pairWithoutAWhole() {
    #expect(TextFormat.pair(1024, of: .nan, glyphs) == "1.0 KiB")
    #expect(TextFormat.pair(.nan, of: .nan, glyphs) == "–")
  }

  @Test func percentages() {
    #expect(
      [0, 0.004, 0.005, 0.07, 0.996, 1, 1.004].map { TextFormat.percent($0, glyphs) }
        == ["0%", "0%", "1%", "7%", "100%", "100%", "100%"])
    #expect(
      [0, 0.073, 0.9994, 0.9996, 16].map { TextFormat.fine($0, glyphs) } == ["0.0", "7.3", "99.9", "100", "1600"])
    #expect(TextFormat.percent(.nan, glyphs) == "–" && TextFormat.percent(.nan, Glyphs(.ascii)) == "-")
  }

  @Test func clocksWithTheirHighest() {
    let glyphs = Glyphs(.ascii)
    #expect(TextFormat.frequency(1.755e9, of: 1.98e9, glyphs) == "1.76/1.98 GHz")
    #expect(TextFormat.frequency(135e6, of: 800e6, glyphs) == "135/800 MHz")
    #expect(TextFormat.frequency(.nan, of: 2e9, glyphs) == "-/2.00 GHz")
  }

  @Test func otherUnits() {
    #expect(TextFormat.frequency(8e8, glyphs) == "800 MHz")
    #expect(TextFormat.frequency(3.4e9, glyphs) == "3.40 GHz")
    #expect(TextFormat.frequency(999.6e6, glyphs) == "1.00 GHz")
    #expect([1.25e8, 3.125e8, 1.25e7, 5e10].map(TextFormat.link) == ["1 Gb/s", "2.5 Gb/s", "100 Mb/s", "400 Gb/s"])
    #expect([42, 312, 14_700, 273_840].map(TextFormat.duration) == ["42s", "5m 12s", "4h 05m", "3d 04h"])
    #expect(
      [0, 512, 999.5, 12_340, 1.2e6, 3e9].map { TextFormat.count($0, glyphs) }
        == ["0", "512", "1.0k", "12k", "1.2M", "3.0G"])
    #expect([0, 86_399.9, 24_307, -1].map(TextFormat.clock) == ["00:00:00", "23:59:59", "06:45:07", "23:59:59"])
    #expect(
      TextFormat.fixed(-0.5, 1) == "-0.5" && TextFormat.fixed(2.005, 2) == "2.01" && TextFormat.fixed(1.04, 1) == "1.0")
  }

  @Test func oddValuesNeverTrapAndStayShort() {
    for value in odd {
      let texts = [
        TextFormat.percent(value, glyphs), TextFormat.fine(value, glyphs), TextFormat.bytes(value, glyphs),
        TextFormat.compact(value, glyphs), TextFormat.rate(value, glyphs), TextFormat.frequency(value, glyphs),
        TextFormat.link(value),
        TextFormat.duration(value), TextFormat.count(value, glyphs), TextFormat.clock(value),
        TextFormat.fixed(value, 2),
        TextFormat.pair(value, of: value, glyphs),
      ]
      for text in texts { #expect(text.count <= 48, "\(value): \(text)") }
    }
  }
}
