import Testing

@testable import Outbox

@Suite struct LogThrottleTests {
  @Test func aReceiverThatFailsNowAndThenIsLogged() {
    var throttle = LogThrottle()
    for failure in 0..<50 {
      let time = Double(failure) * 60
      let line = throttle.begins(at: time)
      let isLogged = throttle.works(at: time + 5)
      #expect(line == .failure && isLogged)
    }
  }

  @Test func oneThatAlternatesIsSilencedUntilItIsQuiet() {
    var throttle = LogThrottle()
    var lines: [LogThrottle.Line] = []
    var ends = 0
    for failure in 0..<40 {
      lines.append(throttle.begins(at: Double(failure) * 3))
      if throttle.works(at: Double(failure) * 3 + 1) { ends += 1 }
    }
    #expect(
      lines.prefix(9) == [.failure, .failure, .failure, .failure, .failure, .failure, .failure, .failure, .lastFailure])
    #expect(lines.dropFirst(9).allSatisfy { $0 == .none })
    #expect(ends == LogThrottle.limit && throttle.isSilent)
    let isEarly = throttle.works(at: 117 + 299)
    let isLate = throttle.works(at: 117 + 301)
    #expect(!isEarly && isLate && !throttle.isSilent)
    let next = throttle.begins(at: 500)
    #expect(next == .failure)
  }
}
