import TestSupport
import Testing

@testable import SystemIO

@Suite struct JSONValueTests {
  private func parse(_ text: String) -> JSONValue? { JSONValue(Array(text.utf8).span) }

  @Test func values() throws {
    let value = try #require(
      parse(#" {"a": [1, -2.5e1, true, false, null, NaN], "b": {"c": "x\n\u00e4\ud83d\ude00\/"}, "": []} "#))
    #expect(value["a"] == .array([.number(1), .number(-25), .bool(true), .bool(false), .null, .null]))
    #expect(value["b"]?["c"]?.text == "x\nä😀/")
    #expect(value[""]?.elements.isEmpty == true)
    #expect(value["a"]?["c"] == nil && value["none"] == nil)
    #expect(parse(#""half \ud83d pair""#) == .string("half \u{FFFD} pair"))
    #expect(parse(#""\ud83d\u0041""#) == .string("\u{FFFD}A"))
  }

  @Test(arguments: [
    "", "{", "}", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}", "tru", "\"a", "\"\\q\"", "\"\\u12\"", "1 2", "-",
    "+1",
    ".5", "1e999", "\"a\nb\"", "[", "Infinity",
  ])
  func whatIsNoJSON(text: String) {
    #expect(parse(text) == nil, "\(text)")
  }

  @Test func depthIsLimited() {
    let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(parse(nested(JSONValue.maximumDepth)) != nil)
    #expect(parse(nested(JSONValue.maximumDepth + 2)) == nil)
    #expect(parse(nested(100_000)) == nil)
    #expect(parse("[" + String(repeating: "0,", count: JSONValue.maximumValues) + "0]") == nil)
  }

  @Test func mutations() {
    let text =
      #"{"gpu_data": [{"gpu": 0, "power": {"socket_power": {"value": 41.5, "unit": "W"}}, "n": "\u00e4\n", "x": null}]}"#
    surviveTruncationAndMutation(of: Array(text.utf8), mutations: 3_000) { bytes in _ = JSONValue(bytes) }
  }

  @Test func aLongStringIsCutAndTheRestRead() {
    let text = Array(#"{"name":"abcdef\u00e9gh","next":1}"#.utf8)
    let value = JSONValue(text.span, longestString: 4)
    #expect(value?["name"]?.text == "abcd" && value?["next"]?.number == 1)
  }

  /// Short numbers are converted without the C library, to the same bits.
  @Test func shortNumbersAreExact() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      let digits = String(Int.random(in: 0..<1_000_000_000_000_000_000, using: &generator))
      let text = String(digits.prefix(Int.random(in: 1...18, using: &generator)))
      let point = Int.random(in: 0..<text.count, using: &generator)
      let sign = Bool.random(using: &generator) ? "-" : ""
      let number = sign + (point == 0 ? text : String(text.prefix(point)) + "." + String(text.dropFirst(point)))
      #expect(parse(number)?.number?.bitPattern == Double(number)?.bitPattern, "\(number)")
    }
    #expect(parse("-0")?.number?.sign == .minus)
  }
}
