import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite(.ownThreads) struct NvidiaSMITests {
  private static let mebibyte = 1_048_576.0
  private static let line =
    "GPU-aaa, 00000000:3B:00.0, 550.54.15, 61, 87, 24564, 20311, 40, 301.22, 450.00, 2520, 10501, 3105, 44, 4, 16, P2, "
    + "3, 0, [N/A], Disabled, 0x0000000000000044, 11, 12, NVIDIA GeForce RTX 4090, Founders\n"

  private func gpus(_ text: String, _ fields: [String] = NvidiaSMIParser.questions[1]) -> [GPU] {
    let bytes = Array(text.utf8)
    return NvidiaSMIParser.gpus(bytes.span, fields: fields)
  }

  // MARK: Query output

  @Test func everyField() throws {
    let gpu = try #require(gpus(Self.line).first)
    #expect(gpu.uuid == "GPU-aaa" && gpu.pciAddress == "0000:3b:00.0" && gpu.driver == "550.54.15")
    // A name with a comma.
    #expect(gpu.model == "NVIDIA GeForce RTX 4090, Founders")
    #expect(gpu.temperature == 61 && gpu.memoryTemperature.isNaN)
    #expect(gpu.util == 0.87 && gpu.memoryUtil == 0.4 && gpu.fan == 0.44)
    #expect(gpu.encoder == 0.11 && gpu.decoder == 0.12)
    #expect(gpu.vramTotal == 24_564 * Self.mebibyte && gpu.vramUsed == 20_311 * Self.mebibyte)
    #expect(gpu.power == 301.22 && gpu.powerLimit == 450)
    #expect(gpu.clock == 2_520e6 && gpu.memoryClock == 10_501e6 && gpu.clockMaximum == 3_105e6)
    #expect(gpu.pcieGeneration == 4 && gpu.pcieWidth == 16 && gpu.performanceState == "P2")
    #expect(gpu.eccCorrected == 3 && gpu.eccUncorrected == 0)
    #expect(gpu.throttleReasons == "power_cap,hw_thermal")
    #expect(gpu.instances == nil)
  }

  @Test func missingValuesAreAbsent() throws {
    let words = ["[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "ERR!", "[Insufficient Permissions]", "", "nan"]
    for fields in NvidiaSMIParser.questions {
      for word in words {
        let line = (["GPU-b"] + Array(repeating: word, count: fields.count - 1)).joined(separator: ", ")
        let gpu = try #require(gpus(line, fields).first)
        #expect(gpu.util.isNaN && gpu.power.isNaN && gpu.vramTotal.isNaN && gpu.temperature.isNaN, "\(word)")
        #expect(!gpu.hasUnifiedMemory && gpu.recoveryAction == nil)
        #expect(gpu.state == .active && gpu.throttleReasons == nil && gpu.pciAddress == nil)
      }
      let lost = (["GPU-b"] + Array(repeating: "[GPU is lost]", count: fields.count - 1)).joined(separator: ", ")
      #expect(gpus(lost, fields).first?.state == .lost)
    }
    #expect(
      gpus("Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost.\n\nNo devices were found\n")
        .isEmpty)
    // More than 100 % is not a share, and 0 bytes is no memory.
    let absurd = "GPU-b, 00000000:3B:00.0, 1, 511, 4000000000, 0, 0, x\n"
    let gpu = try #require(gpus(absurd, NvidiaSMIParser.questions[4]).first)
    #expect(gpu.temperature.isNaN && gpu.util.isNaN && gpu.vramTotal.isNaN)
  }

  @Test func processesOfEachGPU() {
    let bytes = Array("GPU-a, 100, 512\nGPU-b, 7, [N/A]\nGPU-a, 101, 1024\nNo running processes\nGPU-b, 8, 1\n".utf8)
    func processes() -> [String: [GPUProcess]] { NvidiaSMIParser.processes(bytes.span) }
    #expect(processes()["GPU-a"]?.map(\.pid) == [101, 100])
    #expect(processes()["GPU-a"]?.last?.vram == 536_870_912)
    #expect(processes()["GPU-b"]?.map(\.pid) == [8, 7] && processes()["GPU-b"]?.last?.vram.isNaN == true)
  }

  @Test func addressesAsSysfsHasThem() {
    #expect(PCIAddress.text("00000000:3B:00.0") == "0000:3b:00.0" && PCIAddress.text("0001:01:1F.0") == "0001:01:1f.0")
    #expect(PCIAddress.text("00010000:01:00.0") == "10000:01:00.0")
    for text in ["", "3B:00.0", "0:0:0", "zz:00:00.0", "0000:00:00.1", "[N/A]"] {
      #expect(PCIAddress.text(text) == nil)
    }
  }

  /// A GPU of the longest query, with placeholders for all other fields.
  private func newest(_ values: [String: String]) throws -> GPU {
    let fields = NvidiaSMIParser.questions[0]
    let line = fields.map { values[$0] ?? ($0 == "uuid" ? "GPU-n" : "[N/A]") }.joined(separator: ", ")
    return try #require(gpus(line, fields).first)
  }

  @Test(
    arguments: [
      ("None", nil), ("Reset", "Reset"), ("Reboot", "Reboot"), ("Drain P2P", "Drain P2P"),
      ("Drain and Reset", "Drain and Reset"), ("[N/A]", nil), ("N/A", nil), ("[GPU requires reset]", "Reset"),
    ] as [(String, String?)])
  func theRecoveryAction(printed: String, action: String?) throws {
    #expect(try newest(["gpu_recovery_action": printed, "utilization.gpu": "9"]).recoveryAction == action)
  }

  @Test func memoryThatDoesNotApplyIsTheMachines() throws {
    // GB10, and Jetson's wording; but neither a card without any values nor a partitioned one.
    #expect(try newest(["utilization.gpu": "96"]).hasUnifiedMemory)
    #expect(try newest(["temperature.gpu": "50", "memory.total": "[Not Supported]"]).hasUnifiedMemory)
    #expect(try newest(["name": "NVIDIA GB10", "memory.total": "1"]).hasUnifiedMemory)
    #expect(try !newest([:]).hasUnifiedMemory)
    #expect(try !newest(["utilization.gpu": "96", "memory.total": "[Insufficient Permissions]"]).hasUnifiedMemory)
    #expect(try !newest(["temperature.gpu": "40", "mig.mode.current": "Enabled"]).hasUnifiedMemory)
    // Memory of its own, though its processor can access it.
    let hopper = try newest([
      "name": "NVIDIA GH200 480GB", "memory.total": "97871", "memory.used": "1000", "utilization.gpu": "5",
    ])
    #expect(!hopper.hasUnifiedMemory && hopper.vramTotal == 97_871 * Self.mebibyte)
  }

  @Test func aPlaceholderLinkIsOmitted() throws {
    func link(_ values: [String]) throws -> GPU {
      let names = ["pcie.link.gen.current", "pcie.link.width.current", "pcie.link.gen.max", "pcie.link.width.max"]
      return try newest(Dictionary(uniqueKeysWithValues: zip(names, values)))
    }
    #expect(try link(["1", "1", "1", "1"]).pcieGeneration.isNaN)
    #expect(try link(["0", "0", "4", "16"]).pcieWidth.isNaN)
    // A card in a riser, and one in a power saving state.
    #expect(try link(["1", "1", "3", "16"]).pcieWidth == 1)
    #expect(try link(["1", "16", "5", "16"]).pcieGeneration == 1)
  }

  @Test func valuesThatNoChipHas() throws {
    let gpu = try newest([
      "temperature.gpu": "127", "temperature.memory": "255", "utilization.gpu": "4294967295", "fan.speed": "65535",
      "memory.total": "8192", "memory.used": "9000", "power.draw": "4294967.29",
      "clocks.current.graphics": "4294967295",
      "clocks.current.memory": "65535", "ecc.errors.corrected.volatile.total": "18446744073709551615",
    ])
    #expect(gpu.temperature.isNaN && gpu.memoryTemperature.isNaN && gpu.util.isNaN && gpu.fan.isNaN)
    #expect(gpu.vramTotal == 8_192 * Self.mebibyte && gpu.vramUsed.isNaN && gpu.power.isNaN)
    #expect(gpu.clock.isNaN && gpu.memoryClock.isNaN && gpu.eccCorrected.isNaN)
  }

  @Test(arguments: [
    "Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost.  Reboot the system to recover this GPU",
    "Unable to determine the device handle for GPU0000:02:00.0: Unknown Error",
    "Unable to determine the device handle for GPU0: 0000:02:00.0: Unknown Error", "GPU 00000000:02:00.0: GPU is lost",
  ])
  func gpusThatAMessageSaysAreLost(line: String) {
    let bytes = Array((Self.line + line + "\n").utf8)
    let lost = NvidiaSMIParser.lost(bytes.span)
    #expect(lost == ["0000:02:00.0"])
  }

  // MARK: Reports

  /// Format of drivers since 535.
  private static let report = """
    <?xml version="1.0" ?>
    <!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
    <nvidia_smi_log>
    \t<timestamp>Tue Mar  5 10:00:00 2024</timestamp>
    \t<driver_version>550.54.15</driver_version>
    \t<cuda_version>12.4</cuda_version>
    \t<attached_gpus>2</attached_gpus>
    \t<gpu id="00000000:3B:00.0">
    \t\t<product_name>NVIDIA GeForce RTX 4090, Founders</product_name>
    \t\t<mig_mode><current_mig>N/A</current_mig><pending_mig>N/A</pending_mig></mig_mode>
    \t\t<mig_devices>None</mig_devices>
    \t\t<uuid>GPU-aaa</uuid>
    \t\t<pci><pci_bus_id>00000000:3B:00.0</pci_bus_id><pci_gpu_link_info>
    \t\t\t<pcie_gen><max_link_gen>4</max_link_gen><current_link_gen>3</current_link_gen></pcie_gen>
    \t\t\t<link_widths><current_link_width>16x</current_link_width></link_widths></pci_gpu_link_info>
    \t\t\t<tx_util>1500 KB/s</tx_util><rx_util>2500 KB/s</rx_util></pci>
    \t\t<fan_speed>44 %</fan_speed>
    \t\t<performance_state>P2</performance_state>
    \t\t<clocks_event_reasons>
    \t\t\t<clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
    \t\t\t<clocks_event_reason_sw_power_cap>Active</clocks_event_reason_sw_power_cap>
    \t\t\t<clocks_event_reason_hw_thermal_slowdown>Not Active</clocks_event_reason_hw_thermal_slowdown>
    \t\t</clocks_event_reasons>
    \t\t<fb_memory_usage><total>24564 MiB</total><reserved>350 MiB</reserved><used>20311 MiB</used></fb_memory_usage>
    \t\t<utilization><gpu_util>87 %</gpu_util><memory_util>40 %</memory_util><encoder_util>11 %</encoder_util>
    \t\t\t<decoder_util>12 %</decoder_util></utilization>
    \t\t<ecc_errors><volatile><sram_correctable>2</sram_correctable><sram_uncorrectable>1</sram_uncorrectable>
    \t\t\t<dram_correctable>3</dram_correctable><dram_uncorrectable>N/A</dram_uncorrectable></volatile></ecc_errors>
    \t\t<retired_pages><multiple_single_bit_retirement><retired_count>N/A</retired_count>
    \t\t\t</multiple_single_bit_retirement></retired_pages>
    \t\t<remapped_rows><remapped_row_corr>2</remapped_row_corr><remapped_row_unc>1</remapped_row_unc></remapped_rows>
    \t\t<temperature><gpu_temp>61 C</gpu_temp><gpu_temp_slow_threshold>92 C</gpu_temp_slow_threshold>
    \t\t\t<memory_temp>N/A</memory_temp></temperature>
    \t\t<gpu_power_readings><power_state>P2</power_state><power_draw>301.22 W</power_draw>
    \t\t\t<current_power_limit>450.00 W</current_power_limit></gpu_power_readings>
    \t\t<clocks><graphics_clock>2520 MHz</graphics_clock><mem_clock>10501 MHz</mem_clock></clocks>
    \t\t<max_clocks><graphics_clock>3105 MHz</graphics_clock></max_clocks>
    \t\t<processes>
    \t\t\t<process_info><pid>42</pid><type>C</type><process_name>a &lt;b&gt; &amp; c</process_name>
    \t\t\t\t<used_memory>90 MiB</used_memory></process_info>
    \t\t\t<process_info><pid>900</pid><type>G</type><process_name>/usr/lib/xorg/Xorg</process_name>
    \t\t\t\t<used_memory>4 MiB</used_memory></process_info>
    \t\t</processes>
    \t</gpu>
    \t<gpu id="00000000:86:00.0">
    \t\t<product_name>NVIDIA A100-SXM4-40GB</product_name>
    \t\t<uuid>GPU-bbb</uuid>
    \t\t<mig_mode><current_mig>Enabled</current_mig></mig_mode>
    \t\t<mig_devices><mig_device><index>0</index><gpu_instance_id>1</gpu_instance_id>
    \t\t\t<compute_instance_id>0</compute_instance_id><fb_memory_usage><total>4864 MiB</total><used>3 MiB</used>
    \t\t\t</fb_memory_usage></mig_device></mig_devices>
    \t\t<utilization><gpu_util>N/A</gpu_util></utilization>
    \t\t<fb_memory_usage><total>40960 MiB</total><used>[GPU requires reset]</used></fb_memory_usage>
    \t\t<processes>N/A</processes>
    \t</gpu>
    </nvidia_smi_log>

    """

  private func report(_ text: String) -> [GPU] {
    let bytes = Array(text.utf8)
    return NvidiaSMIReport.gpus(bytes.span)
  }

  @Test func everyElement() throws {
    let gpus = report(Self.report)
    try #require(gpus.count == 2)
    let gpu = gpus[0]
    #expect(gpu.model == "NVIDIA GeForce RTX 4090, Founders" && gpu.uuid == "GPU-aaa")
    #expect(gpu.pciAddress == "0000:3b:00.0" && gpu.driver == "550.54.15" && gpu.cuda == "12.4")
    #expect(gpu.util == 0.87 && gpu.memoryUtil == 0.4 && gpu.encoder == 0.11 && gpu.decoder == 0.12)
    #expect(gpu.temperature == 61 && gpu.slowdownTemperature == 92 && gpu.memoryTemperature.isNaN)
    #expect(gpu.vramTotal == 24_564 * Self.mebibyte && gpu.vramUsed == 20_311 * Self.mebibyte)
    #expect(gpu.power == 301.22 && gpu.powerLimit == 450 && gpu.fan == 0.44)
    #expect(gpu.clock == 2_520e6 && gpu.memoryClock == 10_501e6 && gpu.clockMaximum == 3_105e6)
    #expect(gpu.pcieGeneration == 3 && gpu.pcieWidth == 16)
    #expect(gpu.pcieReceive == 2_500_000 && gpu.pcieTransmit == 1_500_000)
    #expect(gpu.throttleReasons == "power_cap" && gpu.performanceState == "P2")
    #expect(gpu.eccCorrected == 5 && gpu.eccUncorrected == 1 && gpu.retiredPages == 3)
    #expect(gpu.instances == nil)
    #expect(gpu.processes?.map(\.pid) == [42, 900] && gpu.processes?.map(\.kind) == ["compute", "graphics"])
    #expect(gpu.processes?.map(\.vram) == [90 * Self.mebibyte, 4 * Self.mebibyte])
    let divided = gpus[1]
    // Without an element of its own the address is the attribute's.
    #expect(divided.pciAddress == "0000:86:00.0" && divided.util.isNaN && divided.processes == nil)
    #expect(divided.instances?.map(\.uuid) == ["MIG-GPU-bbb/1/0"])
    #expect(divided.instances?.first?.vramTotal == 4_864 * Self.mebibyte)
    #expect(divided.vramUsed.isNaN)
  }

  /// Format of a driver of 2016.
  @Test func anOldReport() throws {
    let gpu = try #require(
      report(
        """
        <?xml version="1.0" ?>
        <nvidia_smi_log><driver_version>367.57</driver_version><gpu id="0000:02:00.0">
        <product_name>Quadro M4000</product_name><uuid>GPU-old</uuid><performance_state>P0</performance_state>
        <clocks_throttle_reasons><clocks_throttle_reason_hw_slowdown>Active</clocks_throttle_reason_hw_slowdown>
        </clocks_throttle_reasons><temperature><gpu_temp>50 C</gpu_temp></temperature>
        <power_readings><power_draw>45.10 W</power_draw><enforced_power_limit>120.00 W</enforced_power_limit>
        </power_readings><ecc_errors><volatile><single_bit><total>7</total></single_bit></volatile></ecc_errors>
        <retired_pages><multiple_single_bit_retirement><retired_count>4</retired_count></multiple_single_bit_retirement>
        <double_bit_retirement><retired_count>1</retired_count></double_bit_retirement></retired_pages>
        <processes></processes></gpu></nvidia_smi_log>
        """
      ).first)
    #expect(gpu.pciAddress == "0000:02:00.0" && gpu.throttleReasons == "hw_slowdown")
    #expect(gpu.power == 45.1 && gpu.powerLimit == 120 && gpu.temperature == 50)
    #expect(gpu.eccCorrected == 7 && gpu.retiredPages == 5 && gpu.processes == [] && gpu.cuda == nil)
  }

  @Test(
    arguments: [
      ("<gpu_recovery_action>Reset</gpu_recovery_action>", "Reset"),
      ("<gpu_recovery_action>None</gpu_recovery_action>", nil),
      ("<gpu_reset_status><reset_required>Yes</reset_required></gpu_reset_status>", "Reset"),
      ("<gpu_reset_status><reset_required>No</reset_required></gpu_reset_status>", nil), ("", nil),
    ] as [(String, String?)])
  func theReportsRecoveryAction(element: String, action: String?) throws {
    let gpu = try #require(report("<nvidia_smi_log><gpu><uuid>GPU-1</uuid>\(element)</gpu></nvidia_smi_log>").first)
    #expect(gpu.recoveryAction == action && gpu.state == .active)
  }

  @Test(arguments: [
    ("5", "16x", "5", "16x", "N/A", true), ("1", "1x", "1", "1x", "N/A", false), ("1", "1x", "4", "16x", "N/A", true),
    ("4", "1x", "5", "16x", "Enabled", false), ("4", "16x", "5", "16x", "Enabled", true),
  ])
  func theReportsLink(
    generation: String, width: String, limit: String, widest: String, chipToChip: String, isThere: Bool
  ) throws {
    let text = """
      <nvidia_smi_log><gpu><c2c_mode>\(chipToChip)</c2c_mode><pci><pci_gpu_link_info>
      <pcie_gen><max_link_gen>\(limit)</max_link_gen><current_link_gen>\(generation)</current_link_gen></pcie_gen>
      <link_widths><max_link_width>\(widest)</max_link_width><current_link_width>\(width)</current_link_width>
      </link_widths></pci_gpu_link_info></pci></gpu></nvidia_smi_log>
      """
    let gpu = try #require(report(text).first)
    #expect(gpu.pcieGeneration.isNaN == !isThere && gpu.pcieWidth.isNaN == !isThere)
  }

  @Test func malformedReports() {
    let empty = "<nvidia_smi_log></nvidia_smi_log>"
    for text in ["", "No devices were found\n", "<a>", "<a></b>", "<nvidia_smi_log/>", empty] {
      #expect(report(text).isEmpty)
    }
    #expect(report(String(repeating: "<a>", count: 100)).isEmpty)
    #expect(report("<nvidia_smi_log>" + String(repeating: "<gpu/>", count: XMLElement.maximumElements)).isEmpty)
  }

  // MARK: Runs

  /// A source without a library and with a script as the tool.
  ///
  /// The shell runs it, since a script file of the test could not be executed while another thread's child, between
  /// fork and exec, still holds it open for writing (ETXTBSY).
  private func source(_ script: String, on machine: Fixture? = nil) throws -> (NVIDIASource, Fixture) {
    let fixture = try Fixture(files: ["bin/nvidia-smi": "echo \"$1\" >>\"$(dirname \"$0\")/runs\"\n" + script])
    chmod(fixture.root + "/bin/nvidia-smi", 0o755)
    let environment = GPUEnvironment(
      root: machine?.root ?? "/nowhere", asksDrivers: true, toolPath: [fixture.root + "/bin"])
    // A clock that stands still: on a loaded machine a run takes long, and is then followed by a long rest.
    let source = NVIDIASource(
      environment, paths: ["/nowhere/libnvidia-ml.so.1"],
      run: { (path, arguments) throws(CollectorError) in try Tool.run("/bin/sh", [path] + arguments) }, clock: { 0 })
    return (source, fixture)
  }

  private func runs(_ fixture: Fixture) throws -> [String] {
    String(decoding: try fixture.contents(of: "bin/runs"), as: UTF8.self).split(separator: "\n").map { line in
      line.hasPrefix("--query-gpu") ? "gpu" : line.hasPrefix("--query-compute") ? "apps" : String(line)
    }
  }

  @Test func aNewToolAnswersAndReports() throws {
    let (source, fixture) = try source(
      """
      case $1 in
        -q) cat "$(dirname "$0")/report";;
        --query-gpu=*recovery*) echo 'Field "gpu_recovery_action" is not a valid field to query.'; exit 2;;
        --query-gpu=*clocks_event_reasons*) cat "$(dirname "$0")/line";;
        --query-compute-apps=*) echo 'GPU-aaa, 42, 91'; echo 'GPU-aaa, 43, 10';;
        *) exit 2;;
      esac

      """)
    try fixture.write(Self.report, to: "bin/report")
    try fixture.write(Self.line, to: "bin/line")
    let gpu = try #require(try source.read(at: 100).gpus.first)
    #expect(gpu.util == 0.87 && gpu.cuda == "12.4" && gpu.slowdownTemperature == 92 && gpu.retiredPages == 3)
    #expect(gpu.pcieReceive == 2_500_000)
    #expect(gpu.processes?.map(\.pid) == [42, 43, 900])
    #expect(gpu.processes?.map(\.kind) == ["compute", "compute", "graphics"])
    #expect(gpu.processes?.first?.vram == 91 * Self.mebibyte)
    _ = try source.read(at: 110)
    _ = try source.read(at: 159)
    _ = try source.read(at: 170)
    // The report is read once a minute.
    #expect(try runs(fixture) == ["-q", "gpu", "gpu", "apps", "gpu", "apps", "gpu", "apps", "-q", "gpu", "apps"])
  }

  /// A tool that supports only old fields, and no report.
  @Test func anOldToolIsAskedForLessAndNotTooOften() throws {
    let (source, fixture) = try source(
      """
      case $1 in
        *pstate*) echo 'Field "pstate" is not a valid field to query.'; exit 2;;
        --query-gpu=*) echo 'GPU-old, 0000:02:00.0, 367.57, 50, 3, 8192, 100, Quadro, M4000';;
        -q) exit 1;;
        *) echo 'GPU-old, 42, 90';;
      esac

      """)
    let gpu = try #require(try source.read(at: 100).gpus.first)
    #expect(gpu.model == "Quadro, M4000" && gpu.util == 0.03 && gpu.vramTotal == 8_589_934_592)
    #expect(gpu.processes?.map(\.pid) == [42])
    let again = try #require(try source.read(at: 103).gpus.first)
    #expect(again.age == 3)
    #expect(try runs(fixture) == ["-q", "gpu", "gpu", "gpu", "gpu", "gpu", "apps"])
    _ = try source.read(at: 130)
    #expect(try runs(fixture).count == 9)
  }

  @Test func aToolWithoutQueriesUsesTheReport() throws {
    let (source, fixture) = try source("case $1 in -q) cat \"$(dirname \"$0\")/report\";; *) exit 2;; esac\n")
    try fixture.write(Self.report, to: "bin/report")
    let gpus = try source.read(at: 100).gpus
    #expect(gpus.map(\.uuid) == ["GPU-aaa", "GPU-bbb"] && gpus[0].util == 0.87)
  }

  @Test func aToolWithoutADriverIsNoError() throws {
    let (source, _) = try source("echo no driver; exit 9\n")
    let answer = try source.read(at: 1)
    #expect(answer.gpus.isEmpty && answer.rest == 300)
    let (silent, _) = try self.source("echo 'No devices were found'\n")
    #expect(try silent.read(at: 1).gpus.isEmpty)
  }

  @Test("A tool that hangs stays an error, also without a driver: an empty answer would count as a recovery")
  func hanging() throws {
    let (_, fixture) = try source("")
    let environment = GPUEnvironment(root: "/nowhere", asksDrivers: true, toolPath: [fixture.root + "/bin"])
    let source = NVIDIASource(
      environment, paths: ["/nowhere/libnvidia-ml.so.1"],
      run: { _, _ in Tool.Output([], failure: CollectorError("nvidia-smi: no answer in time"), isLate: true) },
      clock: { 0 })
    for instant in [1.0, 2, 10, 100, 1_000] {
      #expect(throws: CollectorError("nvidia-smi: no answer in time")) { try source.read(at: instant) }
    }
  }

  @Test func aToolThatFailsWhereThereIsADriverIsAnErrorAndAskedMoreRarely() throws {
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    let (source, fixture) = try source("exit 15\n", on: machine)
    for instant in 0..<60 {
      #expect(throws: CollectorError("sh: exit status 15")) { try source.read(at: Double(instant)) }
    }
    #expect(try runs(fixture).count < 40)
  }

  /// A corrupted infoROM (14), or one lost GPU of several (15): the others have values.
  @Test(arguments: [1, 14, 15]) func aWholeAnswerCountsWhateverTheStatus(status: Int) throws {
    let machine = try NVIDIAMachine.make([("0000:02:00.0", "active", "on"), ("0000:3b:00.0", "active", "on")])
    let (source, fixture) = try source(
      """
      case $1 in
        --query-gpu=*recovery*) exit 2;;
        --query-gpu=*) cat "$(dirname "$0")/line"
          echo 'Unable to determine the device handle for GPU0000:02:00.0: GPU is lost.';;
        -q) cat "$(dirname "$0")/report"; echo 'WARNING: infoROM is corrupted at gpu 0000:3B:00.0';;
        *) echo 'GPU-aaa, 42, 91';;
      esac
      exit \(status)

      """, on: machine)
    try fixture.write(Self.report, to: "bin/report")
    try fixture.write(Self.line, to: "bin/line")
    let answer = try source.read(at: 100)
    #expect(answer.gpus.map(\.pciAddress) == ["0000:3b:00.0", "0000:02:00.0"] && answer.failure == nil)
    #expect(answer.gpus.map(\.state) == [.active, .lost])
    #expect(answer.gpus[0].util == 0.87 && answer.gpus[0].processes?.map(\.pid) == [42, 900])
    #expect(answer.gpus[0].cuda == "12.4" && answer.gpus[1].model == "NVIDIA GPU 0x2204")
  }

  @Test(arguments: [
    ("echo 'No devices were found'; exit 6", "sh: exit status 6: No devices were found"),
    ("echo 'No devices were found'", "nvidia-smi: no GPU in the output: No devices were found"),
    (
      "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
      "sh: exit status 18: Failed to initialize NVML: Driver/library version mismatch"
    ),
    ("echo Insufficient Permissions >&2; exit 4", "sh: exit status 4: Insufficient Permissions"),
    ("kill -SEGV $$", "sh: ended by signal 11"), ("", "nvidia-smi: no GPU in the output"),
  ])
  func aToolsFailureIsReported(script: String, message: String) throws {
    let machine = try NVIDIAMachine.make([("0000:81:00.0", "active", "on")])
    let (source, _) = try source(script + "\n", on: machine)
    #expect(throws: CollectorError(message)) { try source.read(at: 1) }
  }

  @Test func aChipWithTheMachinesMemory() throws {
    let machine = try NVIDIAMachine.make([("000f:01:00.0", "active", "on")])
    try machine.write("MemTotal:  131072 kB\n", to: "proc/meminfo")
    let (source, _) = try source(
      """
      case $1 in
        --query-gpu=*recovery*|-q) exit 2;;
        --query-gpu=*) echo 'GPU-n, 0000000F:01:00.0, 580.1, 66, 96, [N/A], [N/A], 0, 41.12, [N/A], 2405, [N/A], 3003, \
      [N/A], 1, 1, P0, [N/A], [N/A], N/A, [N/A], 0x0, 0, 0, NVIDIA GB10';;
        *) echo 'GPU-n, 42, 91'; echo 'GPU-n, 43, 9';;
      esac

      """, on: machine)
    let gpu = try #require(try source.read(at: 1).gpus.first)
    #expect(gpu.hasUnifiedMemory && gpu.isIntegrated && gpu.vramTotal == 131_072 * 1_024)
    #expect(gpu.vramUsed == 100 * Self.mebibyte && gpu.util == 0.96 && gpu.power == 41.12)
    #expect(gpu.pcieGeneration.isNaN && gpu.pcieWidth.isNaN)
  }

  @Test func aSleepingGPUIsNotWokenByTheTool() throws {
    let machine = try NVIDIAMachine.make([("0000:3b:00.0", "active", "on"), ("0000:80:00.0", "suspended", "auto")])
    let (source, fixture) = try source(
      "case \"$*\" in *recovery*) exit 2;; *'-i 0000:3b:00.0'*) cat \"$(dirname \"$0\")/line\";; *) exit 3;; esac\n",
      on: machine)
    try fixture.write(Self.line, to: "bin/line")
    let gpus = try source.read(at: 1).gpus
    #expect(gpus.map(\.state) == [.active, .asleep] && gpus[0].util == 0.87)
    try NVIDIAMachine.set("0000:3b:00.0", "suspended", on: machine)
    let before = try runs(fixture).count
    #expect(try source.read(at: 10).gpus.map(\.state) == [.asleep, .asleep])
    #expect(try runs(fixture).count == before)
  }

  @Test func parsersSurviveAnything() {
    surviveTruncationAndMutation(of: Array(Self.line.utf8), mutations: 7_000) { bytes in
      _ = NvidiaSMIParser.gpus(bytes, fields: NvidiaSMIParser.questions[1])
      _ = NvidiaSMIParser.lost(bytes)
    }
    surviveTruncationAndMutation(of: Array("GPU-a, 100, 512\nGPU-b, 7, [N/A]\n".utf8), mutations: 7_000) { bytes in
      _ = NvidiaSMIParser.processes(bytes)
    }
    surviveTruncationAndMutation(of: Array(Self.report.utf8), mutations: 2_000) { bytes in
      _ = NvidiaSMIReport.gpus(bytes)
    }
  }
}
