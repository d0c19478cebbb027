import Synchronization
import SystemIO
import Testing

@Suite struct RunningPartsTests {
  /// Parts that take time by a clock of the test.
  private final class Record: Sendable {
    struct State {
      var time = 100.0
      var events: [String] = []
    }

    let state = Mutex(State())
    var events: [String] { state.withLock { $0.events } }
  }

  private struct Part: ServicePart {
    let name: String
    let record: Record
    var seconds = 0.0
    var failure: UnavailableThing?

    func start() throws {
      if let failure { throw failure }
      record.state.withLock { $0.events.append("start " + name) }
    }

    func stop(atMost seconds: Double) {
      record.state.withLock { state in
        state.events.append("stop \(name) \((seconds * 100).rounded() / 100)")
        state.time += self.seconds
      }
    }
  }

  private struct UnavailableThing: UserError {
    var description: String { "the thing:\n in use" }
  }

  @Test func partsEndInReverseOrderWithinOneBudget() throws {
    let record = Record()
    var parts = RunningParts(now: { record.state.withLock { $0.time } })
    try parts.start(Part(name: "archive", record: record), share: 0.5)
    try parts.start(Part(name: "push", record: record, seconds: 2), share: 0.4)
    try parts.start(Part(name: "server", record: record, seconds: 0.1), share: 0.6)
    parts.stop()
    parts.stop()
    // Unused time goes to the next part; a part that exceeds its time does not take that of others.
    #expect(
      record.events == [
        "start archive", "start push", "start server", "stop server 0.6", "stop push 0.9", "stop archive 0.5",
      ])
  }

  @Test func aPartThatCannotStartIsNotStopped() throws {
    let record = Record()
    var parts = RunningParts()
    try parts.start(Part(name: "archive", record: record), share: 1)
    #expect(throws: UnavailableThing.self) {
      try parts.start(Part(name: "server", record: record, failure: UnavailableThing()), share: 1)
    }
    parts.stop()
    #expect(record.events == ["start archive", "stop archive 1.0"])
  }

  @Test func anErrorIsOneLine() {
    #expect(UnavailableThing().line == "the thing:  in use")
    #expect(UnavailableThing().exitStatus == 69)
  }
}
