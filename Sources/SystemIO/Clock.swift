/// The system's clocks, in seconds.
package enum Clock {
  /// Time since 1970 (CLOCK_REALTIME); steps when the clock is set.
  package static var realtime: Double { seconds(CLOCK_REALTIME) }

  /// Time that never steps and stops while suspended (CLOCK_MONOTONIC).
  package static var monotonic: Double { seconds(CLOCK_MONOTONIC) }

  /// Time that never steps and counts suspended time (CLOCK_BOOTTIME; CLOCK_MONOTONIC on Darwin).
  package static var boottime: Double {
    #if os(Linux)
      seconds(CLOCK_BOOTTIME)
    #else
      seconds(CLOCK_MONOTONIC)
    #endif
  }

  /// CPU time of this process in nanoseconds.
  package static var processCPUNanoseconds: UInt64 {
    var time = timespec()
    guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }

  /// CPU time of the calling thread (CLOCK_THREAD_CPUTIME_ID).
  package static var threadCPU: Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return .nan }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
