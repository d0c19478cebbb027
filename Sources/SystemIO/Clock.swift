internal import CSystemIO

/// The system's clocks, in seconds.
package enum Clock {
  /// Time since 1970 (CLOCK_REALTIME); steps when the clock is set.
  package static var realtime: Double { seconds(CSYSTEMIO_REALTIME) }

  /// Time that never steps and stops while suspended (CLOCK_MONOTONIC).
  package static var monotonic: Double { seconds(CSYSTEMIO_MONOTONIC) }

  /// Time that never steps and counts suspended time (CLOCK_BOOTTIME; CLOCK_MONOTONIC on Darwin).
  package static var boottime: Double { seconds(CSYSTEMIO_BOOTTIME) }

  /// CPU time of this process in nanoseconds.
  package static var processCPUNanoseconds: UInt64 {
    UInt64(clamping: csystemio_clock_read(Int32(CSYSTEMIO_PROCESS_CPU)))
  }

  /// CPU time of the calling thread (CLOCK_THREAD_CPUTIME_ID).
  package static var threadCPU: Double { seconds(CSYSTEMIO_THREAD_CPU) }

  /// Offset of local time from UTC in seconds, at a time since 1970.
  package static func utcOffset(at seconds: Double) -> Int {
    Int(csystemio_utc_offset(Int64(seconds)))
  }

  /// Whether the wall clock is kept in step with others, as by NTP; nil if unknown.
  package static var isSynchronized: Bool? {
    var discipline = csystemio_clock_discipline()
    let state = csystemio_clock_discipline_read(&discipline)
    // TIME_ERROR of timex.h.
    return state < 0 ? nil : state != 5
  }

  private static func seconds(_ clock: Int) -> Double {
    let time = csystemio_clock_read(Int32(clock))
    guard time >= 0 else { return .nan }
    let (whole, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    return Double(whole) + Double(rest) * 1e-9
  }
}
