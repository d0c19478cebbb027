import SystemIO
import TestSupport
import Testing

@testable import Remote

@Suite struct ObjectSplitterTests {
  private func split(_ text: String, piece: Int = .max) -> (objects: [String], rest: String)? {
    var splitter = ObjectSplitter(array: "samples")
    var objects: [String] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(piece))
      rest = rest.dropFirst(piece)
      guard splitter.add(part.span, { objects.append(String(decoding: $0, as: UTF8.self)) }) else { return nil }
    }
    return (objects, String(decoding: splitter.rest, as: UTF8.self))
  }

  @Test(arguments: [1, 2, 5, 1_000]) func objectsInPieces(piece: Int) throws {
    let text = #"{"interval_sec":30,"samples":[{"a":"]}\"{"},{"b":[{"samples":[1]}]}, {}],"x":{"samples":[{"no":1}]}}"#
    let (objects, rest) = try #require(split(text, piece: piece))
    #expect(objects == [#"{"a":"]}\"{"}"#, #"{"b":[{"samples":[1]}]}"#, "{}"])
    #expect(rest == #"{"interval_sec":30,"samples":[],"x":{"samples":[{"no":1}]}}"#)
  }

  @Test func noArrayNoObjects() throws {
    for text in [
      "", "{}", "[]", #"{"samples":{"a":1}}"#, #"{"a":["samples",{"b":1}]}"#, #"{"samples":7}"#, "]]]]{", "\"\\",
    ] {
      #expect(try #require(split(text)).objects.isEmpty, "\(text)")
    }
  }

  @Test func endlessObjectsEnd() {
    #expect(split(#"{"samples":[{"a":""# + String(repeating: "x", count: ObjectSplitter.limit)) == nil)
    #expect(split(String(repeating: " ", count: 70_000)) == nil)
  }

  @Test func itSurvivesAnything() {
    surviveTruncationAndMutation(of: Array(#"{"samples":[{"a":"]}\"{"},{"b":[1]}],"c":2}"#.utf8), mutations: 20_000) {
      var splitter = ObjectSplitter(array: "samples")
      _ = splitter.add($0) { _ in }
    }
  }
}
