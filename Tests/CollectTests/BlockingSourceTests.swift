import Collect
import Synchronization
import SystemIO
import TestSupport
import Testing

@Suite(.ownThreads) struct BlockingSourceTests {
  private struct Refused: Error, CustomStringConvertible {
    let description = "refused"
  }

  @Test func answersAreKept() {
    let source = BlockingSource { 42 }
    #expect(source.answer(waiting: 0).answer == nil)
    source.ask()
    let latest = source.answer(waiting: 60)
    #expect(latest.answer == 42)
    #expect(latest.error == nil)
  }

  @Test func aFailureKeepsTheLastGoodAnswer() {
    let asked = Mutex(0)
    let source = BlockingSource {
      let count = asked.withLock { count in
        count += 1
        return count
      }
      if count == 2 { throw Refused() }
      return count
    }
    source.ask()
    let first = source.answer(waiting: 60)
    source.ask()
    let second = source.answer(waiting: 60)
    #expect(second.answer == 1)
    #expect(second.instant == first.instant, "the good answer's age goes on")
    #expect(second.error == "refused")
    source.ask()
    let third = source.answer(waiting: 60)
    #expect(third.answer == 3)
    #expect(third.error == nil)
  }

  @Test func aHangingQuestionHoldsNobodyUpAndIsAskedOnce() {
    let gate = Condition(false)
    let asked = Mutex(0)
    let source = BlockingSource {
      asked.withLock { $0 += 1 }
      _ = gate.wait { $0 ? true : nil }
      return 1
    }
    source.ask()
    for _ in 0..<100 { source.ask() }
    #expect(source.answer(waiting: 0).answer == nil)
    #expect(source.asking != nil)
    gate.update { $0 = true }
    #expect(source.answer(waiting: 60).answer == 1)
    #expect(asked.withLock { $0 } == 1)
    #expect(source.asking == nil)
  }
}
