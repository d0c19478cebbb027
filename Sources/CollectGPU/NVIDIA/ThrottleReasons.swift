/// Reasons for reduced clocks (nvmlClocksEventReasons, nvmlClocksThrottleReasons).
enum ThrottleReasons {
  /// Bits and names, without idleness (0x01), which reduces no clock under load, and unknown bits.
  private static let names: [(bit: UInt64, name: String)] = [
    (0x02, "applications_clocks_setting"), (0x04, "power_cap"), (0x08, "hw_slowdown"), (0x10, "sync_boost"),
    (0x20, "sw_thermal"), (0x40, "hw_thermal"), (0x80, "power_brake"), (0x100, "display_clock_setting"),
  ]

  /// Names of the reasons, joined by commas.
  static func text(_ bits: UInt64) -> String {
    names.filter { bits & $0.bit != 0 }.map(\.name).joined(separator: ",")
  }
}
