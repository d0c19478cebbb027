import AgentMetrics
import Testing

@testable import API

/// JSON of samples, texts and absent values.
@Suite struct JSONTests {
  private struct Inner: MetricGroup {
    var count = Double.nan
  }
  private struct Outer: MetricGroup {
    var name: String? = "a \"b\"\n"
    var size = 1_048_576.0 * 12_345
    var isOn: Bool? = true
    var part: Inner? = Inner(count: 1.25)
    var list: [Inner]? = [Inner(count: 1), Inner(count: .nan)]
    var total: Double { part?.count ?? .nan }
  }
  private static let inner = Table<Inner>([.gauge("count", .count, "", \.count).fractional])
  private static let outer = Table<Outer>([
    .text("name", "", \.name),
    .gauge("size_mb", .mebibytes, "", \.size),
    .flag("on", "", \.isOn),
    .part("part", inner, \.part),
    .list("list", keys: [], inner, \.list),
    .counter("total", .count, "", \.total).fractional,
  ])

  private static func object(_ outer: Outer) -> String {
    let writer = JSONWriter()
    writer.beginObject()
    Self.outer.visit(outer, writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func tablesBecomeObjects() {
    #expect(
      Self.object(Outer())
        == #"{"name":"a \"b\"\n","size_mb":12345,"on":true,"part":{"count":1.25},"list":[{"count":1},{}],"total":1.25}"#
    )
  }

  @Test func absentValuesAreOmitted() {
    #expect(Self.object(Outer(name: nil, size: .nan, isOn: nil, part: nil, list: nil)) == "{}")
    #expect(Self.object(Outer(name: nil, size: .nan, isOn: false, part: nil, list: [])) == #"{"on":false,"list":[]}"#)
  }

  @Test func timestampComesFirst() {
    #expect(
      API.latestBody(of: MadeUpSample.sample()).hasPrefix(
        #"{"timestamp":"2026-02-05T06:45:00Z","cpu":{"model":"Intel Core i7-9700K","cores":8,"threads":1,"usage":0.45,"#
      ))
  }

  @Test func withoutGPUThereIsNoMember() {
    let text = API.latestBody(of: Sample(from: nil, to: Reading()))
    #expect(!text.contains("gpu"))
    #expect(text.hasPrefix(#"{"timestamp":"1970-01-01T00:00:00Z","cpu":{"per_core":[]},"ram":{},"#))
  }

  private static func quoted(_ text: String) -> String {
    let writer = JSONWriter()
    writer.member(nil, text)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func textsAreEscaped() {
    #expect(Self.quoted("plain äöü 数据 🧭") == "\"plain äöü 数据 🧭\"")
    #expect(Self.quoted("\"\\/") == #""\"\\/""#)
    #expect(Self.quoted("\u{8}\t\n\u{C}\r") == #""\b\t\n\f\r""#)
    #expect(Self.quoted("\u{0}\u{1B}[31m\u{1F}\u{7F}") == #""\u0000\u001b[31m\u001f\u007f""#)
    #expect(Self.quoted("") == "\"\"")
    // Invalid UTF-8 has become U+FFFD in the String.
    #expect(Self.quoted(String(decoding: [0x61, 0xFF, 0xC3] as [UInt8], as: UTF8.self)) == "\"a\u{FFFD}\u{FFFD}\"")
  }

  @Test func numbersAreInTheFieldsUnitAndNeverInfinite() {
    func written(_ unit: Unit, _ value: Double) -> String {
      struct One: MetricGroup { var value = Double.nan }
      let table = Table<One>([.gauge("x", unit, "", \.value)])
      let writer = JSONWriter()
      writer.beginObject()
      table.visit(One(value: value), writer)
      writer.endObject()
      return String(decoding: writer.bytes, as: UTF8.self)
    }
    #expect(written(.mebibytes, 1_048_576 * 3.4) == #"{"x":3}"#)
    #expect(written(.megahertz, 3_599_999_999) == #"{"x":3600}"#)
    #expect(written(.megabitsPerSecond, 125e6) == #"{"x":1000}"#)
    #expect(written(.milliseconds, 0.0012345) == #"{"x":1.234}"#)
    #expect(written(.ratio, 0.123456) == #"{"x":0.1235}"#)
    for value in [Double.nan, .infinity, -.infinity] { #expect(written(.ratio, value) == "{}") }
    // In milliseconds the largest number overflows.
    #expect(written(.milliseconds, .greatestFiniteMagnitude) == "{}")
  }

  @Test func wholeNumbersAreWhole() {
    struct Both: MetricGroup { var value = Double.nan }
    let table = Table<Both>([
      .gauge("tasks", .count, "", \.value), .gauge("queue", .count, "", \.value).fractional,
      .gauge("warm_c", .celsius, "", \.value), .gauge("hot_c", .celsius, "", \.value).whole,
    ])
    let writer = JSONWriter()
    writer.beginObject()
    table.visit(Both(value: 64.51), writer)
    writer.endObject()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self) == #"{"tasks":65,"queue":64.51,"warm_c":64.5,"hot_c":65}"#)
  }

  @Test func structureHasItsCommas() {
    let writer = JSONWriter()
    writer.beginObject()
    writer.beginArray("a")
    writer.endArray()
    writer.beginArray("b")
    writer.beginObject()
    writer.endObject()
    writer.member(nil, 1)
    writer.member(nil, true)
    writer.endArray()
    writer.member("c", "d")
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a":[],"b":[{},1,true],"c":"d"}"#)
  }

  @Test func datesOfHTTP() {
    #expect(HTTPDate.text(ofPOSIXTime: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.text(ofPOSIXTime: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(HTTPDate.text(ofPOSIXTime: 1_709_164_799.9) == "Wed, 28 Feb 2024 23:59:59 GMT")
    #expect(HTTPDate.text(ofPOSIXTime: .nan) == "Thu, 01 Jan 1970 00:00:00 GMT")
  }
}
