import AgentMetrics
import Testing

@testable import CollectLinux

/// The I/O of ended children is not that of the process that waited for them.
@Suite struct ReapedIOTests {
  private static func process(
    _ pid: Int32, parent: Int32, written: UInt64, start: UInt64 = 1, ioAge: Float = 0
  ) -> ProcessReading {
    var process = ProcessReading(pid: pid)
    (process.parent, process.start, process.ioAge) = (parent, start, ioAge)
    (process.readBytes, process.writtenBytes) = (0, written)
    return process
  }

  private static func exit(_ pid: Int32, parent: Int32, written: UInt64) -> TaskExit {
    var exit = TaskExit()
    (exit.pid, exit.process, exit.parent, exit.writtenBytes) = (pid, pid, parent, written)
    return exit
  }

  private static func written(
    _ reaped: inout ReapedIO, _ before: [ProcessReading], _ now: [ProcessReading], exits: [TaskExit] = []
  ) -> [UInt64?] {
    reaped.add(exits, from: before, to: now)
    var now = now
    reaped.subtract(from: &now)
    return now.map(\.writtenBytes)
  }

  @Test func aShellThatWaitsWritesNothing() {
    var reaped = ReapedIO()
    let first = [Self.process(5, parent: 1, written: 10), Self.process(9, parent: 5, written: 400)]
    // Its command wrote another 100 bytes, which only the event of its end counts; a second one was never scanned.
    let second = [Self.process(5, parent: 1, written: 10 + 500 + 70)]
    let exits = [Self.exit(9, parent: 5, written: 500), Self.exit(11, parent: 5, written: 70)]
    #expect(Self.written(&reaped, first, second, exits: exits) == [10])
    // Its own writes count.
    #expect(Self.written(&reaped, second, [Self.process(5, parent: 1, written: 600)]) == [30])
  }

  @Test func withoutEventsTheLastScanCounts() {
    var reaped = ReapedIO()
    let first = [Self.process(5, parent: 1, written: 10), Self.process(9, parent: 5, written: 400)]
    let second = [Self.process(5, parent: 1, written: 510)]
    #expect(Self.written(&reaped, first, second) == [110])
  }

  @Test func aChainThatEndsIsTheNearestRunningAncestors() {
    var reaped = ReapedIO()
    let first = [
      Self.process(2, parent: 1, written: 7), Self.process(5, parent: 2, written: 300),
      Self.process(9, parent: 5, written: 400),
    ]
    let second = [Self.process(2, parent: 1, written: 707)]
    #expect(Self.written(&reaped, first, second) == [7])
  }

  @Test func countersThatAreReadLaterAreCorrectedThen() {
    var reaped = ReapedIO()
    let first = [Self.process(5, parent: 1, written: 10), Self.process(9, parent: 5, written: 400)]
    let idle = [Self.process(5, parent: 1, written: 10, ioAge: 1)]
    #expect(Self.written(&reaped, first, idle) == [10])
    // The first reading may be older than the end; after the second, nothing more is awaited.
    let early = [Self.process(5, parent: 1, written: 15)]
    #expect(Self.written(&reaped, idle, early) == [10])
    let late = [Self.process(5, parent: 1, written: 420)]
    #expect(Self.written(&reaped, early, late) == [20])
    #expect(Self.written(&reaped, late, [Self.process(5, parent: 1, written: 500)]) == [100])
  }

  @Test func anotherProcessOfTheParentsNumberIsNotCorrected() {
    var reaped = ReapedIO()
    let first = [Self.process(5, parent: 1, written: 10), Self.process(9, parent: 5, written: 400)]
    #expect(Self.written(&reaped, first, [Self.process(5, parent: 1, written: 410)]) == [10])
    let other = [Self.process(5, parent: 1, written: 900, start: 8)]
    #expect(Self.written(&reaped, [Self.process(5, parent: 1, written: 410)], other) == [900])
  }

  @Test func aChildThatStillRunsIsLeftAlone() {
    var reaped = ReapedIO()
    let first = [Self.process(5, parent: 1, written: 10), Self.process(9, parent: 5, written: 400)]
    // The event of its end came before the scan, which still lists it: it is not waited for yet.
    let second = [Self.process(5, parent: 1, written: 30), Self.process(9, parent: 5, written: 450)]
    #expect(Self.written(&reaped, first, second, exits: [Self.exit(9, parent: 5, written: 450)]) == [30, 450])
    #expect(Self.written(&reaped, second, [Self.process(5, parent: 1, written: 490)]) == [40])
  }
}
