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
