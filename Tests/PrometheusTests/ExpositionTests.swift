import PrometheusExport
import Testing

/// The writer of both formats.
@Suite struct ExpositionTests {
  static func text(_ format: ExpositionFormat = .text, _ write: (inout Exposition) -> Void) -> String {
    var exposition = Exposition(format)
    write(&exposition)
    return String(decoding: exposition.finish(), as: UTF8.self)
  }

  @Test func textFormat() {
    let text = Self.text { exposition in
      exposition.family("a_bytes_total", .counter, "Some \"bytes\"", unit: "bytes")
      exposition.sample()
      exposition.label("x", "1")
      exposition.label("y", 2)
      exposition.value(7 as UInt64)
      exposition.family("b_info", .info, "B")
      exposition.sample()
      exposition.value(1 as UInt64)
      exposition.family("c", .unknown, "C")
      exposition.sample()
      exposition.value(-3 as Int64)
    }
    #expect(
      text == """
        # HELP a_bytes_total Some "bytes"
        # TYPE a_bytes_total counter
        a_bytes_total{x="1",y="2"} 7
        # HELP b_info B
        # TYPE b_info gauge
        b_info 1
        # HELP c C
        # TYPE c untyped
        c -3

        """)
  }

  @Test func openMetrics() {
    let text = Self.text(.openMetrics) { exposition in
      exposition.family("a_bytes_total", .counter, "Some \"bytes\"", unit: "bytes")
      exposition.sample()
      exposition.value(7 as UInt64)
      exposition.family(named: "b_info", .info, "B")
      exposition.sample()
      exposition.label(named: "n", "v")
      exposition.value(1 as UInt64)
      exposition.family("c", .unknown, "C")
      exposition.sample()
      exposition.value(0.5)
    }
    #expect(
      text == """
        # TYPE a_bytes counter
        # UNIT a_bytes bytes
        # HELP a_bytes Some \\"bytes\\"
        a_bytes_total 7
        # TYPE b info
        # HELP b B
        b_info{n="v"} 1
        # TYPE c unknown
        # HELP c C
        c 0.5
        # EOF

        """)
  }

  @Test func absentValuesWriteNoLine() {
    let text = Self.text { exposition in
      exposition.family("empty", .gauge, "Nothing")
      exposition.family("absent", .gauge, "Nothing")
      exposition.sample()
      exposition.label("x", "1")
      exposition.value(Double.nan)
      exposition.sample()
      exposition.value(Double.infinity)
      exposition.family("some", .gauge, "One")
      exposition.sample()
      exposition.label("x", "1")
      exposition.value(Double.nan)
      exposition.sample()
      exposition.label("x", "2")
      exposition.value(2.0)
      exposition.family("empty_again", .gauge, "Nothing")
    }
    #expect(text == "# HELP some One\n# TYPE some gauge\nsome{x=\"2\"} 2\n")
    #expect(Self.text(.openMetrics) { _ in } == "# EOF\n")
    #expect(Self.text { _ in } == "")
  }

  @Test func labelsAreEscaped() {
    let hostile = "a\\b\"c\nd\re\u{1F600}{},="
    let text = Self.text { exposition in
      exposition.family("m", .gauge, "Help with \\ and\na line")
      exposition.sample()
      exposition.label("s", hostile)
      exposition.value(1.0)
    }
    let escaped = "a\\\\b\\\"c\\nd\re\u{1F600}{},="
    #expect(
      text == "# HELP m Help with \\\\ and\\na line\n# TYPE m gauge\n"
        + "m{s=\"\(escaped)\"} 1\n")
  }

  @Test(arguments: [
    (UInt64(1_234), 2, "12.34"), (1_200, 2, "12"), (5, 2, "0.05"), (0, 2, "0"), (0, 0, "0"), (10, 0, "10"),
    (.max, 0, "18446744073709551615"), (.max, 9, "18446744073.709551615"), (1, 9, "0.000000001"), (100, 3, "0.1"),
    (.max, 19, "1.8446744073709551615"), (7, 25, "0.0000000000000000007"),
  ]) func wholeNumbersOfParts(value: UInt64, decimals: Int, text: String) {
    #expect(
      Self.text { exposition in
        exposition.family("m", .gauge, "M")
        exposition.sample()
        exposition.value(value, decimals: decimals)
      }.hasSuffix("\nm \(text)\n"))
  }

  @Test(arguments: [
    (0.0, "0"), (-0.0, "0"), (1e15, "1000000000000000"), (-7, "-7"), (0.1, "0.1"), (1.5e300, "1.5e+300"),
    (Double.leastNormalMagnitude, "2.2250738585072014e-308"), (1.8446744073709552e19, "1.8446744073709552e+19"),
    (1_795_530_106.476473, "1795530106.476473"),
  ]) func doubles(value: Double, text: String) {
    #expect(
      Self.text { exposition in
        exposition.family("m", .gauge, "M")
        exposition.sample()
        exposition.value(value)
      }.hasSuffix("\nm \(text)\n"))
  }

  @Test func wholeNumbersWithSigns() {
    let text = Self.text { exposition in
      exposition.family("m", .gauge, "M")
      for value in [Int64.min, -1, 0, .max] {
        exposition.sample()
        exposition.value(value)
      }
    }
    #expect(text.hasSuffix("\nm -9223372036854775808\nm -1\nm 0\nm 9223372036854775807\n"))
  }

  @Test func namesOfTheKernels() {
    let text = Self.text { exposition in
      for name in ["Active(anon)", "a-b c", "", "é"] {
        exposition.family("node_memory_", name, suffix: "_bytes", .gauge, "M")
        exposition.sample()
        exposition.value(1.0)
      }
    }
    let names = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      names == [
        "node_memory_Active_anon_bytes 1", "node_memory_a_b_c_bytes 1", "node_memory__bytes 1",
        "node_memory____bytes 1",
      ])
  }
}
