internal import CSystemIO
internal import NodeMetrics
internal import SystemIO

/// The wall clock and its discipline: adjtimex(2), which needs no privilege to read.
enum NodeClock {
  static func read() -> NodeReading.ClockState {
    var state = NodeReading.ClockState()
    state.time = Clock.realtime
    state.discipline = discipline()
    return state
  }

  private static func discipline() -> NodeReading.ClockDiscipline? {
    var clock = csystemio_clock_discipline()
    let state = csystemio_clock_discipline_read(&clock)
    guard state >= 0 else { return nil }
    // STA_NANO of timex.h: nanoseconds instead of microseconds.
    let fine = clock.status & 0x2000 != 0 ? 1e9 : 1e6
    // Frequencies are parts per million with a 16-bit fraction.
    let ppm = 65_536e6
    var discipline = NodeReading.ClockDiscipline()
    // TIME_ERROR of timex.h.
    discipline.isSynchronized = state != 5
    discipline.offset = Double(clock.offset) / fine
    discipline.frequencyRatio = 1 + Double(clock.frequency) / ppm
    discipline.maximumError = Double(clock.maximum_error) / 1e6
    discipline.estimatedError = Double(clock.estimated_error) / 1e6
    discipline.status = Int(clock.status)
    discipline.timeConstant = Int(clock.constant)
    discipline.tick = Double(clock.tick) / 1e6
    discipline.taiOffset = Int(clock.tai)
    discipline.ppsFrequency = Double(clock.pps_frequency) / ppm
    discipline.ppsJitter = Double(clock.pps_jitter) / fine
    discipline.ppsInterval = Double(clock.pps_shift)
    discipline.ppsStability = Double(clock.pps_stability) / ppm
    discipline.ppsJitterCount = Int(clock.pps_jitter_count)
    discipline.ppsCalibrations = Int(clock.pps_calibrations)
    discipline.ppsErrors = Int(clock.pps_errors)
    discipline.ppsUnstable = Int(clock.pps_unstable)
    return discipline
  }
}
