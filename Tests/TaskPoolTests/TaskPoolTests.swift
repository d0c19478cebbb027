import CTaskPool
import Synchronization
import SystemIO
import Testing

/// Jobs are numbers that stand for themselves as pointers; what they do lies in shared state.
@Suite struct TaskPoolTests {
  private static let run = Condition([Int]())
  private static let gate = Condition((waiting: 0, isOpen: false))

  private static func job(_ number: Int) -> UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: number) }

  @Test func runsEachJobOnce() throws {
    let pool = try #require(
      ctaskpool_create(4) { job in TaskPoolTests.run.update { $0.append(Int(bitPattern: job)) } })
    // More than its first ring holds.
    for number in 1...1_000 { #expect(ctaskpool_add(pool, Self.job(number)) == 0) }
    let finished = Self.run.wait(atMost: 30) { $0.count >= 1_000 ? $0 : nil }
    #expect(finished?.sorted() == Array(1...1_000))
    #expect((1...4).contains(ctaskpool_threads(pool)))
  }

  @Test func jobsThatWaitGetThreadsUpToTheLimit() throws {
    let pool = try #require(
      ctaskpool_create(3) { _ in
        TaskPoolTests.gate.update { $0.waiting += 1 }
        _ = TaskPoolTests.gate.wait(atMost: 30) { $0.isOpen ? true : nil }
      })
    #expect(ctaskpool_threads(pool) == 0)
    for number in 1...5 { #expect(ctaskpool_add(pool, Self.job(number)) == 0) }
    let three = Self.gate.wait(atMost: 30) { $0.waiting == 3 ? true : nil }
    #expect(three == true, "three jobs wait at the same time")
    #expect(ctaskpool_threads(pool) == 3)
    Self.gate.update { $0.isOpen = true }
    let all = Self.gate.wait(atMost: 30) { $0.waiting == 5 ? true : nil }
    #expect(all == true, "the others run afterwards")
  }
}
