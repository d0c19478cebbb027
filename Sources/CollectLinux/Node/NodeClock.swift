internal import CSystemIO
internal import PrometheusExport
internal import SystemIO

/// The wall clock and its synchronization: adjtimex(2), which needs no privileges for reading.
enum NodeClock {
  static func write(to exposition: inout Exposition) {
    exposition.family("node_time_seconds", .gauge, "POSIX time of the machine")
    exposition.sample()
    exposition.value(Clock.realtime)
    var clock = csystemio_clock_discipline()
    let state = csystemio_read_clock_discipline(&clock)
    guard state >= 0 else { return }
    func gauge(_ name: StaticString, _ help: StaticString, _ value: Double) {
      exposition.family(name, .gauge, help)
      exposition.sample()
      exposition.value(value)
    }
    func counter(_ name: StaticString, _ help: StaticString, _ value: Int) {
      exposition.family(name, .counter, help)
      exposition.sample()
      exposition.value(Int64(value))
    }
    // STA_NANO of timex.h: nanoseconds instead of microseconds.
    let fine = clock.status & 0x2000 != 0 ? 1e9 : 1e6
    // Frequencies are parts per million with a 16-bit fraction.
    let ppm = 65_536e6
    gauge("node_timex_offset_seconds", "Offset of the clock from its source", Double(clock.offset) / fine)
    gauge(
      "node_timex_frequency_adjustment_ratio", "Frequency adjustment of the clock", 1 + Double(clock.frequency) / ppm)
    gauge("node_timex_maxerror_seconds", "Maximum error of the clock", Double(clock.maximum_error) / 1e6)
    gauge("node_timex_estimated_error_seconds", "Estimated error of the clock", Double(clock.estimated_error) / 1e6)
    gauge("node_timex_status", "Bits of the clock's status (timex.h)", Double(clock.status))
    gauge("node_timex_loop_time_constant", "Time constant of the phase-locked loop", Double(clock.constant))
    gauge("node_timex_tick_seconds", "Time between two ticks of the kernel", Double(clock.tick) / 1e6)
    gauge("node_timex_tai_offset_seconds", "Offset of international atomic time", Double(clock.tai))
    // TIME_ERROR of timex.h.
    gauge("node_timex_sync_status", "Whether the clock is synchronized", state == 5 ? 0 : 1)
    gauge("node_timex_pps_frequency_hertz", "Frequency of the pulse per second", Double(clock.pps_frequency) / ppm)
    gauge("node_timex_pps_jitter_seconds", "Jitter of the pulse per second", Double(clock.pps_jitter) / fine)
    gauge("node_timex_pps_shift_seconds", "Interval of the pulse per second", Double(clock.pps_shift))
    gauge("node_timex_pps_stability_hertz", "Stability of the pulse per second", Double(clock.pps_stability) / ppm)
    counter("node_timex_pps_jitter_total", "Times that the jitter exceeded its limit", clock.pps_jitter_count)
    counter("node_timex_pps_calibration_total", "Intervals of calibration", clock.pps_calibrations)
    counter("node_timex_pps_error_total", "Errors of calibration", clock.pps_errors)
    counter(
      "node_timex_pps_stability_exceeded_total", "Times that the frequency exceeded its stability limit",
      clock.pps_unstable)
  }
}
