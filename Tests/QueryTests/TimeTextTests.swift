import AgentMetrics
import Query
import Testing

/// Times as people write them.
@Suite struct TimeTextTests {
  /// 2026-11-29 12:00:00 in Tokyo.
  private let now = Timestamp(rfc3339: "2026-11-29T03:00:00Z")?.seconds ?? 0

  private func shown(_ text: String) -> String? {
    TimeText(now: now) { _ in 9 * 3_600 }.time(text).map { Timestamp(seconds: $0).rfc3339 }
  }

  @Test(arguments: [
    ("now", "2026-11-29T03:00:00Z"), ("03:12", "2026-11-28T18:12:00Z"), ("3:12", "2026-11-28T18:12:00Z"),
    ("03:12:30", "2026-11-28T18:12:30Z"),
    // Later than now: yesterday's.
    ("14:00", "2026-11-28T05:00:00Z"), ("12:00", "2026-11-29T03:00:00Z"), ("00:00", "2026-11-28T15:00:00Z"),
    ("today 14:00", "2026-11-29T05:00:00Z"), ("yesterday 14:00", "2026-11-28T05:00:00Z"),
    ("Yesterday", "2026-11-27T15:00:00Z"), (" yesterday   3:05 ", "2026-11-27T18:05:00Z"),
    ("-2h", "2026-11-29T01:00:00Z"), ("-90m", "2026-11-29T01:30:00Z"), ("-1d12h", "2026-11-27T15:00:00Z"),
    ("-30s", "2026-11-29T02:59:30Z"), ("-2w", "2026-11-15T03:00:00Z"), ("-999999999w", "1970-01-01T00:00:00Z"),
    ("2026-11-28 14:00", "2026-11-28T05:00:00Z"), ("2026-11-28T14:00:07", "2026-11-28T05:00:07Z"),
    ("2026-11-28", "2026-11-27T15:00:00Z"), ("2026-11-28T14:00:00Z", "2026-11-28T14:00:00Z"),
    ("2026-11-28t14:00:00.5+01:00", "2026-11-28T13:00:00Z"), ("1770273900.5", "2026-02-05T06:45:00Z"),
    ("1000000000", "2001-09-09T01:46:40Z"), ("1985-04-12T23:20:50Z", "1985-04-12T23:20:50Z"),
  ]) func times(text: String, time: String) {
    #expect(shown(text) == time)
  }

  @Test(arguments: [
    "", " ", "-", "-h", "-2", "-2x", "-1.5h", "--2h", "+2h", "2h", "25:00", "24:00", "12:60", "12:0", "012:00", "1:2:3",
    "12:00:60", "tomorrow", "yesterday 25:00", "2026-13-01", "2026-02-30 10:00", "2026-11-28 14", "2026-11-28 14:00 x",
    "5", "0", "23.41", "1e3", "999999999", "1e400", "nan", "0x10", "\u{663}:00", "-\u{663}h",
    String(repeating: "-1h", count: 40),
  ]) func otherTexts(text: String) {
    #expect(shown(text) == nil)
  }

  @Test func aChangeOfTheOffsetAppliesFromItsTime() throws {
    // Central Europe: 2026-10-25 03:00 CEST is 02:00 CET.
    let change = try #require(Timestamp(rfc3339: "2026-10-25T01:00:00Z")?.seconds)
    let text = TimeText(now: now) { $0 < change ? 7_200 : 3_600 }
    func utc(_ local: String) -> String? { text.time(local).map { Timestamp(seconds: $0).rfc3339 } }
    #expect(utc("2026-10-25 00:30") == "2026-10-24T22:30:00Z")
    #expect(utc("2026-10-25 03:30") == "2026-10-25T02:30:00Z")
    #expect(utc("2026-10-24 12:00") == "2026-10-24T10:00:00Z")
  }

  /// Of each zone the offsets before and after a change, its time, and local times around it.
  @Test(
    arguments: [
      // Central Europe, New York and Lord Howe (half an hour, the day before UTC's), in spring and in autumn.
      (
        3_600, 7_200, "2026-03-29T01:00:00Z",
        [
          ("2026-03-29 01:59", "2026-03-29T00:59:00Z"), ("2026-03-29 02:00", "2026-03-29T01:00:00Z"),
          ("2026-03-29 02:30", "2026-03-29T01:30:00Z"), ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
        ]
      ),
      (
        -18_000, -14_400, "2026-03-08T07:00:00Z",
        [
          ("2026-03-08 01:59", "2026-03-08T06:59:00Z"), ("2026-03-08 02:00", "2026-03-08T07:00:00Z"),
          ("2026-03-08 02:30", "2026-03-08T07:30:00Z"), ("2026-03-08 03:00", "2026-03-08T07:00:00Z"),
        ]
      ),
      (
        37_800, 39_600, "2026-10-03T15:30:00Z",
        [("2026-10-04 01:59", "2026-10-03T15:29:00Z"), ("2026-10-04 02:15", "2026-10-03T15:45:00Z")]
      ),
      (
        7_200, 3_600, "2026-10-25T01:00:00Z",
        [
          ("2026-10-25 01:59", "2026-10-24T23:59:00Z"), ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
          ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
        ]
      ),
      (
        -14_400, -18_000, "2026-11-01T06:00:00Z",
        [
          ("2026-11-01 00:59", "2026-11-01T04:59:00Z"), ("2026-11-01 01:30", "2026-11-01T05:30:00Z"),
          ("2026-11-01 02:00", "2026-11-01T07:00:00Z"),
        ]
      ),
      (
        39_600, 37_800, "2026-04-04T15:00:00Z",
        [("2026-04-05 01:45", "2026-04-04T14:45:00Z"), ("2026-04-05 02:00", "2026-04-04T15:30:00Z")]
      ),
      // Samoa had no 30 December 2011.
      (-36_000, 50_400, "2011-12-30T10:00:00Z", [("2011-12-30 12:00", "2011-12-30T22:00:00Z")]),
    ] as [(Int, Int, String, [(String, String)])])
  func skippedAndDoubledTimes(before: Int, after: Int, change: String, times: [(String, String)]) throws {
    let change = try #require(Timestamp(rfc3339: change)?.seconds)
    let text = TimeText(now: now) { $0 < change ? before : after }
    for (local, utc) in times { #expect(text.time(local).map { Timestamp(seconds: $0).rfc3339 } == utc, "\(local)") }
  }

  /// Mutated texts are times or not; none ends the program.
  @Test func mutations() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("0123456789:-tTzZ .+dhmsw\u{663}xé".unicodeScalars)
    for _ in 0..<5_000 {
      var text = String.UnicodeScalarView("2026-11-28 14:00:07".unicodeScalars.prefix(Int.random(in: 0...19)))
      for _ in 0..<Int.random(in: 0...6, using: &generator) {
        text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
      }
      if let time = TimeText(now: now, utcOffset: { _ in 3_600 }).time(String(text)) { #expect(time.isFinite) }
    }
  }
}
