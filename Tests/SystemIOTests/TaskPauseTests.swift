import SystemIO
import Testing

@Suite struct TaskPauseTests {
  @Test func endsNotBeforeItsTime() async throws {
    let start = Clock.monotonic
    try await Task.pause(seconds: 0.02)
    #expect(Clock.monotonic - start >= 0.02)
    try await Task.pause(.milliseconds(20))
    #expect(Clock.monotonic - start >= 0.04)
  }

  @Test func aLaterStartWithAnEarlierTimeEndsFirst() async throws {
    let ended = Condition([String]())
    // Its end is not awaited: it would take an hour.
    let long = Task {
      try? await Task.pause(seconds: 3_600)
      ended.update { $0.append("long") }
    }
    try await Task.pause(seconds: 0.01)
    ended.update { $0.append("short") }
    long.cancel()
    await long.value
    #expect(ended.withState { $0 } == ["short", "long"])
  }

  @Test func cancellationEndsIt() async {
    let task = Task { try await Task.pause(seconds: 3_600) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // Cancelled before it begins.
    let late = Task {
      while !Task.isCancelled { await Task.yield() }
      try await Task.pause(seconds: 3_600)
    }
    late.cancel()
    await #expect(throws: CancellationError.self) { try await late.value }
  }

  @Test(arguments: [0, -1, Double.nan]) func noTimeIsNoPause(seconds: Double) async throws {
    try await Task.pause(seconds: seconds)
  }

  @Test func manyEndInAnyOrder() async throws {
    let count = 2_000
    let done = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<count {
        group.addTask {
          try await Task.pause(seconds: Double(number * 7_919 % count) * 2e-5)
          return 1
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(done == count)
  }
}
