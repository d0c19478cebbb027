import Logging
import SystemIO
import Testing

@testable import agent

@Suite struct LogSinkTests {
  private static let values = ["reason": "no \"route\"\nto it", "receiver": "http://a/b"]

  @Test func aJSONLineHasTheMessageAndItsValues() throws {
    let sink = LogSink(isJournal: false)
    sink.format = .json
    let line = sink.line(.warning, "push: failed", Self.values, "")
    #expect(!line.contains("\n"))
    let parsed = JSONValue(Array(line.utf8).span)
    let object = try #require(parsed)
    #expect(object["level"] == .string("warning") && object["message"] == .string("push: failed"))
    for (name, value) in Self.values { #expect(object[name] == .string(value)) }
    guard case .string(let time) = object["time"] else { throw CancellationError() }
    #expect(time.hasSuffix("Z"))
    let journal = LogSink(isJournal: true)
    journal.format = .json
    #expect(journal.line(.error, "a", [:], "a").hasPrefix("<3>{"))
  }

  @Test func aTextLineIsForPeople() {
    let sink = LogSink(isJournal: false)
    #expect(sink.line(.info, "a", ["b": "c"], "a: b=c").hasSuffix(" info: a: b=c"))
    #expect(LogSink(isJournal: true).line(.info, "a", [:], "a") == "<6>a")
  }
}
