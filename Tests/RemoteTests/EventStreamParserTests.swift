import SystemIO
import TestSupport
import Testing

@testable import Remote

@Suite struct EventStreamParserTests {
  private func events(_ text: String, piece: Int = .max) -> [EventStreamParser.ServerSentEvent]? {
    var parser = EventStreamParser()
    var events: [EventStreamParser.ServerSentEvent] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(piece))
      rest = rest.dropFirst(piece)
      guard let new = parser.add(part.span) else { return nil }
      events += new
    }
    return events
  }

  private func event(_ id: String, _ data: String) -> EventStreamParser.ServerSentEvent {
    EventStreamParser.ServerSentEvent(id: id, data: Array(data.utf8))
  }

  @Test(arguments: [1, 2, 3, 7, 1_000]) func eventsInPieces(piece: Int) {
    let text =
      "retry: 1000\n\n: word\n\nid: 1\ndata: {\"a\":1}\n\nid:2\r\ndata:one\r\ndata\r\ndata: two\r\n\r\ndata: 3\r\r"
    #expect(
      events(text, piece: piece) == [event("1", "{\"a\":1}"), event("2", "one\n\ntwo"), event("2", "3")])
  }

  @Test func whatHasNotEndedIsNoEvent() {
    #expect(events("id: 1\ndata: cut off") == [])
    #expect(events("id: 1\ndata: cut off\n") == [])
    #expect(events("") == [])
  }

  @Test func fieldsThatAreUnknownArePassedOver() {
    #expect(events("event: x\nnonsense\nid: a\u{0}b\nid: 7\nretry: soon\ndata: y\n\n") == [event("7", "y")])
  }

  @Test func endlessEventsEnd() {
    #expect(events("data: " + String(repeating: "x", count: EventStreamParser.limit), piece: 65_536) == nil)
    #expect(events(String(repeating: "data: " + String(repeating: "x", count: 999) + "\n", count: 17_000)) == nil)
  }

  @Test func itSurvivesAnything() {
    surviveTruncationAndMutation(of: Array("id: 1\ndata: {}\n\n:x\n\ndata:b\r\n\r\n".utf8), mutations: 20_000) {
      bytes in
      var parser = EventStreamParser()
      _ = parser.add(bytes)
    }
  }
}
