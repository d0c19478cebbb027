import AgentMetrics
import Testing

@Suite struct ValueTextTests {
  @Test(
    arguments: [
      (0.966, Unit.ratio, "97%"), (0.004, .ratio, "0.4%"), (1_288_490_189, .bytes, "1.2 GiB"),
      (536_870_912, .mebibytes, "512 MiB"), (2_500_000, .bytesPerSecond, "2.5 MB/s"), (0.0412, .seconds, "41.2 ms"),
      (90, .milliseconds, "90 s"), (125_000_000, .megabitsPerSecond, "1000 Mbit/s"), (86.26, .celsius, "86.3 °C"),
      (1.41e9, .megahertz, "1410 MHz"), (-12.34, .watts, "-12.3 W"), (1e300, .count, 1e300.fixed(0)),
      (.nan, .watts, "absent"), (3, .count, "3"), (1_234.5, .perSecond, "1235/s"),
    ] as [(Double, Unit, String)]) func valuesWithTheirUnits(value: Double, unit: Unit, text: String)
  {
    #expect(ValueText.value(value, unit) == text)
  }
}
