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

  @Test(
    "A limit reads as it was given, and a value has as many digits as differ from it",
    arguments: [
      (0.26, 0.25, Unit.cores, "0.25", "0.3", "0.25"), (0.3004, 0.3, .cores, "0.3", "0.3004", "0.3"),
      (0.34, 0.32, .cores, "0.32", "0.34", "0.32"), (0.97, 0.95, .cores, "95%", "1", "95%"),
      (0.96, 0.95, .ratio, "95%", "96%", "95%"), (0.9504, 0.95, .ratio, "0.95", "95.04%", "95%"),
      (0.000002, 0.000001, .ratio, "0.0001%", "0.0002%", "0.0001%"), (0.95, 0.95, .ratio, "95%", "95%", "95%"),
      (0.9512, 0.9512, .ratio, "95.12%", "95.12%", "95.12%"), (0.5, 0.95, .ratio, "0.950", "50%", "95%"),
      (100 * 1_048_576, 128 * 1_048_576, .mebibytes, "128", "100 MiB", "128 MiB"),
      (8.4e9, 8e9, .bytes, "8e9", "8.4 GB", "8 GB"), (9e9, 8_589_934_592, .bytes, "8589934592", "8.4 GiB", "8 GiB"),
      (2e9, 1_234_567_891, .bytes, "1234567891", "1.9 GiB", "1234567891 B"),
      (130, 125, .seconds, "125", "2.2 min", "125 s"), (301, 300, .seconds, "300", "5.02 min", "5 min"),
      (194, 149, .count, "149", "194", "149"), (1_000.4, 1_000, .perSecond, "1000", "1000.4/s", "1000/s"),
      (86, 85, .celsius, "85", "86 °C", "85 °C"), (-3, 0, .celsius, "0", "-3 °C", "0 °C"),
    ] as [(Double, Double, Unit, String, String, String)])
  func givenLimits(value: Double, limit: Double, unit: Unit, given: String, text: String, shown: String) {
    let texts = ComparedText(value, limit, unit, given: given)
    #expect(texts.value == text && texts.limit == shown, "\(texts)")
  }

  @Test func aMeasuredLimitHasAsManyDigitsToo() {
    let texts = ComparedText(90.04, 89.98, .celsius)
    #expect(texts.value == "90.04 °C" && texts.limit == "89.98 °C")
    #expect(ComparedText(91, 90, .celsius).limit == "90 °C")
    #expect(ComparedText(.nan, 90, .celsius).value == "absent")
  }
}
