internal import NodeMetrics

/// Writes the wall clock and its discipline under node_exporter's names.
enum NodeClockWriter {
  static func write(_ clock: NodeReading.ClockState, to exposition: inout Exposition) {
    exposition.gauge("node_time_seconds", "POSIX time of the machine", clock.time)
    guard let clock = clock.discipline else { return }
    func gauge(_ name: StaticString, _ help: StaticString, _ value: Double) { exposition.gauge(name, help, value) }
    func counter(_ name: StaticString, _ help: StaticString, _ value: Int) {
      exposition.family(name, .counter, help)
      exposition.sample()
      exposition.value(Int64(value))
    }
    gauge("node_timex_offset_seconds", "Offset of the clock from its source", clock.offset)
    gauge("node_timex_frequency_adjustment_ratio", "Frequency adjustment of the clock", clock.frequencyRatio)
    gauge("node_timex_maxerror_seconds", "Maximum error of the clock", clock.maximumError)
    gauge("node_timex_estimated_error_seconds", "Estimated error of the clock", clock.estimatedError)
    gauge("node_timex_status", "Bits of the clock's status (timex.h)", Double(clock.status))
    gauge("node_timex_loop_time_constant", "Time constant of the phase-locked loop", Double(clock.timeConstant))
    gauge("node_timex_tick_seconds", "Time between two ticks of the kernel", clock.tick)
    gauge("node_timex_tai_offset_seconds", "Offset of international atomic time", Double(clock.taiOffset))
    gauge("node_timex_sync_status", "Whether the clock is synchronized", clock.isSynchronized ? 1 : 0)
    gauge("node_timex_pps_frequency_hertz", "Frequency of the pulse per second", clock.ppsFrequency)
    gauge("node_timex_pps_jitter_seconds", "Jitter of the pulse per second", clock.ppsJitter)
    gauge("node_timex_pps_shift_seconds", "Interval of the pulse per second", clock.ppsInterval)
    gauge("node_timex_pps_stability_hertz", "Stability of the pulse per second", clock.ppsStability)
    counter("node_timex_pps_jitter_total", "Times that the jitter exceeded its limit", clock.ppsJitterCount)
    counter("node_timex_pps_calibration_total", "Intervals of calibration", clock.ppsCalibrations)
    counter("node_timex_pps_error_total", "Errors of calibration", clock.ppsErrors)
    counter(
      "node_timex_pps_stability_exceeded_total", "Times that the frequency exceeded its stability limit",
      clock.ppsUnstable)
  }
}
