import AgentMetrics
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    (0.0, "1970-01-01T00:00:00Z"),
    (951_782_400, "2000-02-29T00:00:00Z"),
    (1_770_273_900.999, "2026-02-05T06:45:00Z"),
    (4_107_542_400, "2100-03-01T00:00:00Z"),
    (-1, "1969-12-31T23:59:59Z"),
    (253_402_300_799, "9999-12-31T23:59:59Z"),
    (1e300, "9999-12-31T23:59:59Z"),
    (.nan, "1970-01-01T00:00:00Z"),
  ]) func rfc3339(seconds: Double, text: String) {
    #expect(Timestamp(seconds: seconds).rfc3339 == text)
  }
}

@Suite struct RFC3339Tests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0.0), ("2026-02-05T06:45:00Z", 1_770_273_900),
    ("2026-02-05T15:45:00+09:00", 1_770_273_900),
    ("2026-02-05t06:45:00.25z", 1_770_273_900.25), ("2024-02-29T23:59:60Z", 1_709_251_200),
    ("1969-12-31T23:59:59Z", -1), ("0000-01-01T00:00:00Z", -62_167_219_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ("2026-02-05 06:45:00-00:30", 1_770_275_700),
  ])
  func isRead(_ text: String, _ seconds: Double) {
    #expect(Timestamp(rfc3339: text)?.seconds == seconds)
  }

  @Test(arguments: [
    "", "2026", "2026-02-05", "2026-02-05T06:45:00", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-05T24:00:00Z", "2026-02-05T06:60:00Z",
    "2026-02-05T06:45:61Z", "2026-02-05T06:45:00.Z", "2026-02-05T06:45:00Zx", "2026-02-05T06:45:00+9",
    "١٢٣٤-02-05T06:45:00Z",
    "2026-02-05T06:45:00+24:00", "-026-02-05T06:45:00Z",
  ])
  func isRefused(_ text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func whatIsWrittenIsRead() {
    var seconds = -62_167_219_200.0
    while seconds < 253_402_300_799 {
      #expect(Timestamp(rfc3339: Timestamp(seconds: seconds).rfc3339)?.seconds == seconds)
      seconds += 86_400 * 97 + 3_607
    }
  }
}
