import AgentMetrics
import Query
import SampleStore
import Testing

/// Series selected by a text.
@Suite struct SelectorTests {
  /// A machine with two GPUs, one of them with a temperature, and a filesystem with an odd name.
  private static func keys(_ text: String) throws -> [String] {
    var reading = Reading()
    reading.gpus = [GPU(index: 0, vendor: "nvidia"), GPU(index: 1, vendor: "amd")]
    reading.gpus[0].util = 0.5
    reading.gpus[1].util = 0.25
    reading.gpus[1].temperature = 50
    reading.filesystems = [Filesystem(mountpoint: "/a, \"b\"\\\n", device: "/dev/a", fstype: "ext4", isReadOnly: false)]
    reading.filesystems[0].total = 100
    reading.temperatures = [
      Temperature(chip: "k10temp", sensor: "Tctl", celsius: 60), Temperature(chip: "nvme", sensor: "Tctl", celsius: 40),
    ]
    let history = History(capacity: 1, interval: 1)
    history.append(Sample(from: nil, to: reading))
    return try history.columns(HistoryQuery(.last(seconds: 10)), SeriesSelector.list(text)).series.map(\.key)
  }

  @Test(arguments: [
    ("gpus.util", [#"gpus.util{index="0"}"#, #"gpus.util{index="1"}"#]),
    (
      "gpus.util,gpus.temperature_c",
      [#"gpus.util{index="0"}"#, #"gpus.util{index="1"}"#, #"gpus.temperature_c{index="1"}"#]
    ),
    (#"gpus.util{index="1"}"#, [#"gpus.util{index="1"}"#]),
    (#"gpus.util{index="7"}"#, []),
    (#"gpus.util{index="*"}"#, [#"gpus.util{index="0"}"#, #"gpus.util{index="1"}"#]),
    (#"gpus.t*{index="1"}"#, [#"gpus.temperature_c{index="1"}"#]),
    ("gpus.t*", [#"gpus.temperature_c{index="1"}"#]), ("gpu.temp*,*.nothing*", []),
    (#"*index="0"*"#, [#"gpus.util{index="0"}"#, #"gpus.index{index="0"}"#, #"gpus.age_seconds{index="0"}"#]),
    (#"temperatures.celsius{chip="nvme",sensor="Tctl"}"#, [#"temperatures.celsius{chip="nvme",sensor="Tctl"}"#]),
    (
      #"temperatures.celsius{chip="*",sensor="Tctl"},gpus.util{index="0"}"#,
      [
        #"gpus.util{index="0"}"#, #"temperatures.celsius{chip="k10temp",sensor="Tctl"}"#,
        #"temperatures.celsius{chip="nvme",sensor="Tctl"}"#,
      ]
    ),
    (#"filesystems.total_mb{mountpoint="/a, \"b\"\\\n"}"#, [#"filesystems.total_mb{mountpoint="/a, \"b\"\\\n"}"#]),
    ("", []), ("gpus.UTIL", []), ("gpus.util{", []),
  ]) func selects(text: String, keys: [String]) throws {
    #expect(try Self.keys(text) == keys)
  }

  @Test func theStarSelectsEverythingThatHasASeries() throws {
    let keys = try Self.keys("*")
    #expect(keys.contains("cpu.threads") == false && keys.contains(#"gpus.util{index="0"}"#))
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { !$0.hasPrefix("processes.top") })
  }

  @Test(arguments: [
    ("cpu.usage", true), ("*", true), ("cpu.*", true), ("*usage", true), (#"gpus.util{index="99"}"#, true),
    ("gpus.*{", true), (#"*"x"*"#, true),
    ("cpu.usag", false), ("", false), ("nix", false), ("nix.*", false), (#"nix{a="b"}"#, false), ("*nix", false),
    // Texts, and short-lived entries.
    ("cpu.model", false), ("processes.top.cpu", false), ("processes.top.*", false),
  ]) func known(text: String, isKnown: Bool) {
    #expect(SeriesSelector(text).isKnown == isKnown)
  }

  @Test func aPatternOfManyStarsTakesNoLongTime() {
    let pattern = SeriesSelector(String(repeating: "*a", count: 2_000) + "b")
    #expect(!pattern.isKnown)
  }
}
