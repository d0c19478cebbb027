import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct AMDToolsTests {
  private static let staticText = """
    [{"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "vendor_id": "0x1002", "asic_serial": "0x5B3C1E0F9D2A7711"},
      "bus": {"bdf": "0000:05:00.0"}, "driver": {"name": "amdgpu", "version": "6.10.5"},
      "limit": {"max_power": {"value": 750, "unit": "W"}, "socket_power": {"value": 750, "unit": "W"},
        "slowdown_edge_temperature": "N/A", "slowdown_hotspot_temperature": {"value": 100, "unit": "C"}}},
     {"gpu": 1, "asic": {"market_name": "N/A"}, "bus": {"bdf": "0000:26:00.0"}, "driver": {"version": "6.10.5"}}]
    """

  private static let entries = """
    [{"gpu": 0, "usage": {"gfx_activity": {"value": 97, "unit": "%"}, "umc_activity": {"value": 33, "unit": "%"}},
      "power": {"socket_power": {"value": 512, "unit": "W"}},
      "clock": {"gfx_0": {"clk": {"value": 2101, "unit": "MHz"}, "max_clk": {"value": 2100, "unit": "MHz"}},
        "mem_0": {"clk": {"value": 1300, "unit": "MHz"}}},
      "temperature": {"edge": "N/A", "hotspot": {"value": 71, "unit": "C"}, "mem": {"value": 65, "unit": "C"}},
      "pcie": {"width": 16, "speed": {"value": 32, "unit": "GT/s"}},
      "ecc": {"total_correctable_count": 4, "total_uncorrectable_count": 0},
      "fan": {"speed": "N/A", "max": "N/A", "rpm": "N/A", "usage": "N/A"},
      "energy": {"total_energy_consumption": {"value": 123456.5, "unit": "J"}},
      "mem_usage": {"total_vram": {"value": 196592, "unit": "MB"}, "used_vram": {"value": 98304, "unit": "MB"},
        "used_gtt": {"value": 14, "unit": "MB"}}},
     {"gpu": 1, "usage": "N/A", "power": "N/A", "mem_usage": "N/A"}]
    """

  private static let rocm = """
    WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status

    {"card1": {"Card series": "N/A", "GPU use (%)": "N/A", "VRAM Total Memory (B)": "0"},
     "card0": {"Card Series": "Radeon RX 7900 XTX", "Unique ID": "0x5b3c1e0f9d2a7711", "PCI Bus": "0000:03:00.0",
      "Temperature (Sensor edge) (C)": "47.0", "Temperature (Sensor junction) (C)": "55.0",
      "Temperature (Sensor memory) (C)": "60.0", "Fan speed (%)": "40", "Fan RPM": "1250",
      "sclk clock speed:": "(2371Mhz)", "mclk clock speed:": "(1249Mhz)", "sclk clock level:": "1",
      "Max Graphics Package Power (W)": "303.0", "Average Graphics Package Power (W)": "121.0", "GPU use (%)": "37",
      "GPU Memory Allocated (VRAM%)": "8", "GPU Memory Read/Write Activity (%)": "12",
      "VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "2147483648",
      "GTT Total Used Memory (B)": "67108864"},
     "system": {"Driver version": "6.8.5"}}
    """

  private func metric(_ text: String, fixed: [Int: GPU] = [:]) -> [GPU]? {
    AMDTools.parseMetric(Array(text.utf8).span, fixed: fixed)
  }

  private func rocm(_ text: String) -> [GPU]? { AMDTools.parseROCm(Array(text.utf8).span) }

  @Test(arguments: [false, true]) func amdsmi(isWrapped: Bool) throws {
    let text = isWrapped ? #"{"gpu_data": "# + Self.entries + "}" : Self.entries
    let fixed = AMDTools.parseStatic(Array(Self.staticText.utf8).span)
    let gpus = try #require(metric(text, fixed: fixed))
    #expect(gpus.map(\.pciAddress) == ["0000:05:00.0", "0000:26:00.0"])
    let gpu = gpus[0]
    #expect(gpu.model == "AMD Instinct MI300X" && gpu.uuid == "5B3C1E0F9D2A7711" && gpu.driver == "amdgpu 6.10.5")
    #expect(gpu.util == 0.97 && gpu.memoryUtil == 0.33 && gpu.power == 512 && gpu.powerLimit == 750)
    // No edge sensor: the hotspot's value stands in.
    #expect(gpu.temperature == 71 && gpu.hotspotTemperature == 71 && gpu.memoryTemperature == 65)
    #expect(gpu.slowdownTemperature == 100)
    #expect(gpu.clock == 2.101e9 && gpu.clockMaximum == 2.1e9 && gpu.memoryClock == 1.3e9)
    #expect(gpu.pcieGeneration == 5 && gpu.pcieWidth == 16)
    #expect(gpu.vramTotal == 206_141_652_992 && gpu.vramUsed == 103_079_215_104 && gpu.sharedUsed == 14_680_064)
    #expect(gpu.eccCorrected == 4 && gpu.eccUncorrected == 0 && gpu.energy == 123_456.5 && gpu.fan.isNaN)
    #expect(gpus[1].model == nil && gpus[1].util.isNaN && gpus[1].vramTotal.isNaN && gpus[1].power.isNaN)
  }

  @Test func rocmsmi() throws {
    let gpus = try #require(rocm(Self.rocm))
    #expect(gpus.count == 2)
    let gpu = gpus[0]
    #expect(gpu.model == "AMD Radeon RX 7900 XTX" && gpu.uuid == "5b3c1e0f9d2a7711" && gpu.driver == "amdgpu 6.8.5")
    #expect(gpu.pciAddress == "0000:03:00.0" && gpu.util == 0.37 && gpu.memoryUtil == 0.12)
    #expect(gpu.temperature == 47 && gpu.hotspotTemperature == 55 && gpu.memoryTemperature == 60)
    #expect(gpu.power == 121 && gpu.powerLimit == 303 && gpu.fan == 0.4 && gpu.fanSpeed == 1_250)
    #expect(gpu.clock == 2.371e9 && gpu.memoryClock == 1.249e9)
    #expect(gpu.vramTotal == 25_753_026_560 && gpu.vramUsed == 2_147_483_648 && gpu.sharedUsed == 67_108_864)
    #expect(gpus[1].model == nil && gpus[1].util.isNaN && gpus[1].vramTotal.isNaN)
  }

  @Test func malformedOutput() {
    for text in ["", "ERROR: no AMD GPU", "[]", "{}", "[WARNING] x\n"] {
      #expect(metric(text)?.isEmpty ?? true, "\(text)")
      #expect(rocm(text)?.isEmpty ?? true, "\(text)")
    }
  }

  @Test func textAroundTheJSONIsIgnored() throws {
    let around = "WARNING: low-power state\n[WARNING] {odd\n" + Self.rocm + "\nWARNING: One or more commands failed\n"
    #expect(rocm(around)?.map(\.util.isNaN) == [false, true])
    // Preceded by an object with an error.
    #expect(rocm("{\"error\": \"a } in a text\"}\n" + Self.rocm)?.count == 2)
    let groups = "WARNING: User is missing the following required groups: render, video.\n" + Self.entries + "\ndone\n"
    #expect(metric(groups)?.count == 2)
    #expect(metric("{\"code\": -2}\n" + Self.entries)?.count == 2)
    // Truncated.
    #expect(rocm(String(Self.rocm.dropLast(4))) == nil)
  }

  @Test func rocmsmiOfOtherVersions() throws {
    // 5.x: other spellings, and a card without some of the values.
    let old = """
      {"card0": {"GPU use (%)": "97", "GPU memory use (%)": "61", "Not supported": "None", "Card series": "MI210",
        "Temperature (Sensor edge) (C)": "N/A", "Temperature (Sensor junction) (C)": "unsupported",
        "Temperature (Sensor HBM 0) (C)": "52.0", "Average Graphics Package Power (W)": "N/A",
        "Current Socket Graphics Package Power (W)": "212.0", "Fan Speed (%)": "", "Card Series": "N/A"}}
      """
    let gpu = try #require(rocm(old)?.first)
    #expect(gpu.util == 0.97 && gpu.memoryUtil == 0.61 && gpu.memoryTemperature == 52 && gpu.power == 212)
    #expect(gpu.model == "AMD MI210" && gpu.temperature.isNaN && gpu.fan.isNaN)
    // Comma-separated lines.
    let table = """
      WARNING: something
      device,Temperature (Sensor edge) (C),GPU use (%),VRAM Total Memory (B),VRAM Total Used Memory (B)
      card0,41.0,97,68702699520,41908646707
      card1,N/A,3,68702699520,1
      system,

      """
    let gpus = try #require(rocm(table))
    #expect(gpus.map(\.util) == [0.97, 0.03] && gpus[0].temperature == 41 && gpus[1].temperature.isNaN)
    #expect(gpus[0].vramUsed == 41_908_646_707)
  }

  @Test func amdsmiOfOtherVersions() throws {
    // 5.7 and 6.0: numbers as texts with their units.
    let gpu = try #require(
      metric(
        """
        [{"gpu": 0, "usage": {"gfx_usage": "97 %", "mem_activity": "12 %"}, "power": {"current_power": "212 W"},
          "temperature": {"edge_temperature": "41 C", "junction_temperature": "55 C", "vram_temperature": "52 C"},
          "clock": {"gfx": {"cur_clk": "1700 MHz", "max_clk": "1700 MHz"}}, "fan": {"rpm": "65535", "usage": "255 %"},
          "fb_usage": {"total_vram": "65520 MB", "used_vram": "1 GB"}, "pcie": {"current_lanes": 0},
          "ecc": {"total_correctable_count": 18446744073709551615}}]
        """)?.first)
    #expect(gpu.util == 0.97 && gpu.memoryUtil == 0.12 && gpu.power == 212 && gpu.clock == 1.7e9)
    #expect(gpu.temperature == 41 && gpu.hotspotTemperature == 55 && gpu.memoryTemperature == 52)
    #expect(gpu.vramTotal == 65_520 * 0x1p20 && gpu.vramUsed == 0x1p30)
    #expect(gpu.fanSpeed.isNaN && gpu.fan.isNaN && gpu.pcieWidth.isNaN && gpu.eccCorrected.isNaN)
  }

  @Test func mutations() {
    surviveTruncationAndMutation(of: Array(Self.rocm.utf8), mutations: 500) { bytes in _ = AMDTools.parseROCm(bytes) }
    surviveTruncationAndMutation(of: Array(Self.entries.utf8), mutations: 500) { bytes in
      for gpu in AMDTools.parseMetric(bytes, fixed: [:]) ?? [] {
        #expect(!(gpu.util > 1) && !(gpu.vramUsed > gpu.vramTotal))
      }
    }
    let table = Array("x\ndevice,GPU use (%),a\ncard0,97,\ncard1,3,4\n".utf8)
    surviveTruncationAndMutation(of: table, mutations: 500) { bytes in _ = AMDTools.parseROCm(bytes) }
    surviveTruncationAndMutation(of: Array(Self.staticText.utf8), mutations: 500) { bytes in
      _ = AMDTools.parseStatic(bytes)
    }
  }

  // MARK: Runs

  /// A machine with a device and the named tools, and their output.
  private struct Bench {
    let fixture: Fixture
    let environment: GPUEnvironment
    var runs: [String] = []

    init(tools: [String], device: String? = "dev/kfd") throws {
      var files = ["etc/hostname": "x\n"]
      if let device { files[device] = "" }
      for tool in tools { files["tools/" + tool] = "" }
      fixture = try Fixture(files: files)
      for tool in tools { chmod(fixture.root + "/tools/" + tool, 0o755) }
      environment = GPUEnvironment(root: fixture.root, asksDrivers: true, toolPath: [fixture.root + "/tools"])
    }
  }

  @Test func theNewToolIsAskedFirstAndItsNamesOnce() throws {
    let bench = try Bench(tools: ["amd-smi", "rocm-smi"])
    var runs: [[String]] = []
    let tools = AMDTools(bench.environment) { path, arguments throws(CollectorError) in
      runs.append([path.split(separator: "/").last.map(String.init) ?? ""] + arguments)
      return Tool.Output(Array((arguments.first == "static" ? Self.staticText : Self.entries).utf8))
    }
    let answer = try #require(try tools.read(at: 1_000))
    #expect(answer.gpus.count == 2 && answer.rest >= AMDTools.period)
    _ = try tools.read(at: 1_010)
    #expect(
      runs == [["amd-smi", "static", "--json"], ["amd-smi", "metric", "--json"], ["amd-smi", "metric", "--json"]])
  }

  @Test func theOldToolStandsIn() throws {
    let bench = try Bench(tools: ["amd-smi", "rocm-smi"])
    let tools = AMDTools(bench.environment) { path, _ throws(CollectorError) in
      if path.hasSuffix("amd-smi") { throw CollectorError("amd-smi: exit status 255") }
      return Tool.Output(Array(Self.rocm.utf8))
    }
    #expect(try tools.read(at: 1_000)?.gpus.first?.model == "AMD Radeon RX 7900 XTX")
  }

  @Test(arguments: [1, 2, 255]) func aWholeAnswerCountsWhateverTheStatus(status: Int) throws {
    let failure = CollectorError("exit status \(status)")
    let old = AMDTools(try Bench(tools: ["rocm-smi"]).environment) { _, _ throws(CollectorError) in
      Tool.Output(Array(Self.rocm.utf8), failure: failure)
    }
    let answer = try #require(try old.read(at: 1_000))
    #expect(answer.gpus.first?.util == 0.37 && answer.failure == nil)
    // Without names, since it does not support that command.
    let new = AMDTools(try Bench(tools: ["amd-smi"]).environment) { _, arguments throws(CollectorError) in
      if arguments.first == "static" { return Tool.Output([], failure: failure) }
      return Tool.Output(Array(Self.entries.utf8), failure: failure)
    }
    #expect(try new.read(at: 1_000)?.gpus.first?.util == 0.97)
  }

  @Test func outputWithoutValuesIsReported() throws {
    let hollow = #"[{"gpu": 0, "usage": "N/A", "power": "N/A"}]"#
    let both = AMDTools(try Bench(tools: ["amd-smi", "rocm-smi"]).environment) { path, _ throws(CollectorError) in
      Tool.Output(Array((path.hasSuffix("amd-smi") ? hollow : Self.rocm).utf8))
    }
    #expect(try both.read(at: 1_000)?.gpus.first?.util == 0.37)
    let one = AMDTools(try Bench(tools: ["amd-smi"]).environment) { _, _ throws(CollectorError) in
      Tool.Output(Array(hollow.utf8))
    }
    let answer = try #require(try one.read(at: 1_000))
    #expect(answer.gpus.count == 1 && answer.failure == "amd-smi: no values in the output")
  }

  private static let failures: [(Tool.Output, String)] = [
    (
      Tool.Output([], failure: CollectorError("rocm-smi: exit status 1: no permission")),
      "rocm-smi: exit status 1: no permission"
    ),
    (Tool.Output([], failure: CollectorError("rocm-smi: no answer in time")), "rocm-smi: no answer in time"),
    (Tool.Output(Array("No AMD GPU\n".utf8)), "rocm-smi: the output is not JSON: No AMD GPU"),
    (Tool.Output(Array("{\"card0\": {".utf8)), "rocm-smi: the output is not JSON"),
    (Tool.Output(Array("{}".utf8)), "rocm-smi: no GPU in the output"),
    (
      Tool.Output(Array("WARNING: No JSON data to report\n".utf8)),
      "rocm-smi: the output is not JSON: WARNING: No JSON data to report"
    ),
  ]

  /// The compute driver's device exists, so such a failure is reported.
  @Test(arguments: failures.indices) func aToolsFailureIsReported(index: Int) throws {
    let (output, message) = Self.failures[index]
    let bench = try Bench(tools: ["rocm-smi"])
    var runs = 0
    let tools = AMDTools(bench.environment) { _, _ throws(CollectorError) in
      runs += 1
      return output
    }
    let answer = try #require(try tools.read(at: 1_000))
    #expect(answer.gpus.isEmpty && answer.failure == message && answer.rest == 60)
    #expect(try tools.read(at: 1_059)?.failure == message)
    #expect(runs == 1)
    #expect(try tools.read(at: 1_060)?.failure == message)
    #expect(runs == 2)
  }

  @Test func bothToolsFailuresAreReported() throws {
    let tools = AMDTools(try Bench(tools: ["amd-smi", "rocm-smi"]).environment) { path, _ throws(CollectorError) in
      throw CollectorError((path.hasSuffix("amd-smi") ? "amd" : "rocm") + "-smi: no answer in time")
    }
    #expect(try tools.read(at: 1)?.failure == "amd-smi: no answer in time; rocm-smi: no answer in time")
  }

  /// Leftover tools on a machine with another vendor's GPU or without one.
  @Test(arguments: ["0x8086", "0x10de"]) func toolsWithoutSuchAGPUAreNoErrorAndRest(vendor: String) throws {
    let bench = try Bench(tools: ["amd-smi"])
    try bench.fixture.write(vendor + "\n", to: "sys/bus/pci/devices/0000:00:02.0/vendor")
    try bench.fixture.write("0x030000\n", to: "sys/bus/pci/devices/0000:00:02.0/class")
    var runs = 0
    let tools = AMDTools(bench.environment) { _, _ throws(CollectorError) in
      runs += 1
      // Not run again when it hangs.
      return Tool.Output([], failure: CollectorError("amd-smi: no answer in time"), isLate: true)
    }
    #expect(try tools.read(at: 1_000) == nil)
    #expect(try tools.read(at: 1_299) == nil)
    #expect(runs == 1)
    #expect(try tools.read(at: 1_301) == nil)
    #expect(runs == 2)
    // A GPU bound to the driver.
    try bench.fixture.write("0x1002\n", to: "sys/bus/pci/devices/0000:03:00.0/vendor")
    try bench.fixture.write("0x038000\n", to: "sys/bus/pci/devices/0000:03:00.0/class")
    try bench.fixture.link("sys/bus/pci/devices/0000:03:00.0/driver", to: "../../../bus/pci/drivers/amdgpu")
    #expect(try tools.read(at: 1_302)?.failure == "amd-smi: no answer in time")
  }

  @Test func toolsThatFailLaterAreAnErrorAndTriedEverMoreRarely() throws {
    let bench = try Bench(tools: ["rocm-smi"])
    var fails = false
    var runs = 0
    let tools = AMDTools(bench.environment) { _, _ throws(CollectorError) in
      runs += 1
      if fails { throw CollectorError("rocm-smi: no answer within 5 s") }
      return Tool.Output(Array(Self.rocm.utf8))
    }
    _ = try tools.read(at: 1_000)
    fails = true
    #expect(throws: CollectorError("rocm-smi: no answer within 5 s")) { try tools.read(at: 1_010) }
    #expect(throws: CollectorError.self) { try tools.read(at: 1_039) }
    #expect(runs == 2)
    #expect(throws: CollectorError.self) { try tools.read(at: 1_040) }
    #expect(throws: CollectorError.self) { try tools.read(at: 1_099) }
    #expect(runs == 3)
    fails = false
    #expect(try tools.read(at: 1_100)?.gpus.count == 2)
  }

  @Test func withoutADeviceNoToolIsRun() throws {
    let run: AMDTools.RunTool = { _, _ throws(CollectorError) in
      Issue.record("a tool was run")
      return Tool.Output([])
    }
    #expect(try AMDTools(try Bench(tools: ["amd-smi"], device: nil).environment, run: run).read(at: 1) == nil)
    #expect(try AMDTools(try Bench(tools: [], device: "dev/dri/renderD128").environment, run: run).read(at: 1) == nil)
    let reported = try #require(try AMDTools(try Bench(tools: []).environment, run: run).read(at: 1))
    #expect(reported.failure == "/dev/kfd exists, but there is no card in sysfs and no amd-smi or rocm-smi")
  }
}
