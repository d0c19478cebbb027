/// One process that uses a GPU; NaN where absent.
package struct GPUProcess: MetricGroup, Hashable {
  /// Process id in the agent's PID namespace.
  package var pid = Int32(0)
  /// "compute", "graphics" or "compute+graphics"; nil where the driver does not report it.
  package var kind: String?
  /// Bytes of the GPU's memory.
  package var vram = Double.nan
  /// Share of the GPU's time, 0…1.
  package var util = Double.nan
  /// Share of its encoder's time, 0…1.
  package var encoder = Double.nan
  /// Share of its decoder's time, 0…1.
  package var decoder = Double.nan
  /// The kernel's name for the process; nil where the process is not visible.
  package var name: String?
  /// User; nil where the process is not visible.
  package var user: String?
  /// Container or service, if any.
  package var service: String?

  package init() {}

  package init(pid: Int32) {
    self.pid = pid
  }

  static let table = Table<GPUProcess>([
    .gauge("pid", .count, "Process id", source: "the driver", \.pid),
    .text("name", "Name as the kernel keeps it", source: "/proc/PID/stat comm", \.name),
    .text("user", "User", source: "owner of /proc/PID", \.user),
    .text("service", "Container or service", source: "/proc/PID/cgroup", \.service),
    .text("kind", "compute, graphics or both", source: "the driver", \.kind),
    .gauge(
      "vram_used_mb", .mebibytes, "Memory of the GPU that it uses", source: "NVML, fdinfo drm-memory-vram", \.vram
    ).titled("VRAM"),
    .gauge("util", .ratio, "Share of the GPU's time", source: "NVML process utilisation, fdinfo drm-engine-*", \.util)
      .titled("GPU"),
    .gauge("encoder_util", .ratio, "Share of the encoder's time", source: "NVML, fdinfo drm-engine-enc", \.encoder),
    .gauge("decoder_util", .ratio, "Share of the decoder's time", source: "NVML, fdinfo drm-engine-dec", \.decoder),
  ])
}

/// One partition of a GPU (NVIDIA MIG); NaN where absent.
package struct GPUInstance: MetricGroup, Hashable {
  package var uuid = ""
  /// MIG profile, "1g.10gb"; nil where unknown.
  package var profile: String?
  /// Bytes of its memory.
  package var vramTotal = Double.nan
  /// Bytes of its memory in use.
  package var vramUsed = Double.nan

  package init() {}

  package init(uuid: String) {
    self.uuid = uuid
  }

  static let table = Table<GPUInstance>([
    .text("uuid", "Its unique id", source: "nvmlDeviceGetUUID", \.uuid),
    .text("profile", "Its profile", source: "nvmlDeviceGetAttributes", \.profile),
    .gauge("vram_total_mb", .mebibytes, "Its memory", source: "nvmlDeviceGetMemoryInfo", \.vramTotal),
    .gauge("vram_used_mb", .mebibytes, "Its memory in use", source: "nvmlDeviceGetMemoryInfo", \.vramUsed),
  ])
}

/// One graphics processor; NaN where absent.
///
/// Reading and Sample hold the same values: a thread per driver queries it and converts counters into rates there, over
/// the time between the driver's own answers.
package struct GPU: MetricGroup, Hashable {
  package enum GPUState: String, Sendable {
    /// The driver answers.
    case active
    /// In runtime power management's sleep; not queried, because a query would wake it.
    case asleep
    /// No longer answers: hung, or fallen off the bus.
    case lost
  }

  /// Index in the list, by PCI address.
  package var index = 0
  /// "nvidia", "amd" or "intel".
  package var vendor = ""
  package var state = GPUState.active
  package var isLost: Bool { state == .lost }
  package var model: String?
  /// The vendor's unique id.
  package var uuid: String?
  /// PCI address, "0000:3b:00.0".
  package var pciAddress: String?
  /// Driver version.
  package var driver: String?
  /// CUDA version that the driver supports.
  package var cuda: String?
  /// Whether it shares the CPU's package.
  package var isIntegrated = false
  /// Whether its memory is main memory.
  package var hasUnifiedMemory = false
  /// Mean share of time busy since the last answer, 0…1.
  package var util = Double.nan
  /// Origin of ``util`` other than the driver's own counter: "fdinfo", "gpu_metrics", "rc6".
  package var utilSource: String?
  /// Highest of the driver's samples of ``util`` since the last answer, 0…1.
  package var utilPeak = Double.nan
  /// Share of time with memory traffic, 0…1.
  package var memoryUtil = Double.nan
  /// Share of the encoder's time, 0…1.
  package var encoder = Double.nan
  /// Share of the decoder's time, 0…1.
  package var decoder = Double.nan
  /// Degrees Celsius.
  package var temperature = Double.nan
  /// Degrees Celsius of its memory.
  package var memoryTemperature = Double.nan
  /// Degrees Celsius at its hottest spot.
  package var hotspotTemperature = Double.nan
  /// Degrees Celsius at which the GPU throttles.
  package var slowdownTemperature = Double.nan
  /// Bytes of its memory.
  package var vramTotal = Double.nan
  /// Bytes of its memory in use.
  package var vramUsed = Double.nan
  /// Bytes of main memory in use (GTT).
  package var sharedUsed = Double.nan
  /// Watts.
  package var power = Double.nan
  /// Power limit in watts.
  package var powerLimit = Double.nan
  /// Joules drawn since the driver was loaded.
  package var energy = Double.nan
  /// Core clock in hertz.
  package var clock = Double.nan
  /// Highest core clock in hertz.
  package var clockMaximum = Double.nan
  /// Memory clock in hertz.
  package var memoryClock = Double.nan
  /// Fan speed as a share of its maximum.
  package var fan = Double.nan
  /// Fan speed in revolutions per minute.
  package var fanSpeed = Double.nan
  /// Current generation of the PCI Express link.
  package var pcieGeneration = Double.nan
  /// Current width of the PCI Express link, in lanes.
  package var pcieWidth = Double.nan
  /// Bytes per second received over PCI Express.
  package var pcieReceive = Double.nan
  /// Bytes per second sent over PCI Express.
  package var pcieTransmit = Double.nan
  /// Performance state; "P0" is the fastest.
  package var performanceState: String?
  /// Reasons for reduced clocks, joined by commas; empty when not throttled, nil where unknown.
  package var throttleReasons: String?
  /// Corrected memory errors since the driver was loaded.
  package var eccCorrected = Double.nan
  /// Uncorrected memory errors since the driver was loaded.
  package var eccUncorrected = Double.nan
  /// Memory pages or rows retired.
  package var retiredPages = Double.nan
  /// Number of the driver's last error report (Xid).
  package var xid = Double.nan
  /// Recovery action that the driver requests: "Reset", "Reboot", "Drain P2P", "Drain and Reset"; nil for no action.
  package var recoveryAction: String?
  /// Seconds since the values were read.
  package var age = 0.0
  /// MIG instances; nil where MIG is off.
  package var instances: [GPUInstance]?
  /// Processes that use it, most memory first; nil where the driver does not report them.
  package var processes: [GPUProcess]?

  package init() {}

  package init(index: Int = 0, vendor: String) {
    self.index = index
    self.vendor = vendor
  }

  /// Used ÷ total memory.
  package var vramUsage: Double { share(vramUsed, of: vramTotal) }

  /// The GPU of the specification's `gpu`: the first by PCI address that is not integrated, else the first.
  package static func primary(of gpus: [GPU]) -> GPU? {
    gpus.first { !$0.isIntegrated } ?? gpus.first
  }

  package static let table = Table<GPU>([
    .text("vendor", "nvidia, amd or intel", source: "PCI vendor id", \.vendor),
    .text("model", "Model name", source: "NVML name; pci.ids name of amdgpu, i915, xe", \.model),
    .gauge(
      "util", .ratio, "Mean share of time busy since the last answer",
      source: "NVML samples, else its utilisation; gpu_busy_percent; fdinfo engines", \.util
    ).mean.titled("Utilization", "使用率"),
    .gauge("temperature_c", .celsius, "Temperature", source: "NVML; hwmon temp1_input", \.temperature).whole.titled(
      "Temperature", "温度"),
    .gauge("vram_total_mb", .mebibytes, "Its memory", source: "NVML memory v2; mem_info_vram_total", \.vramTotal),
    .gauge("vram_used_mb", .mebibytes, "Its memory in use", source: "NVML memory v2; mem_info_vram_used", \.vramUsed)
      .titled("VRAM"),
    .gauge("index", .count, "Place in the list, by PCI address", source: "the agent", \.index),
    .text("uuid", "The vendor's unique id", source: "NVML; amdgpu unique_id", \.uuid),
    .text("pci_address", "PCI address", source: "NVML; /sys/class/drm/cardN/device", \.pciAddress),
    .text("state", "active, asleep or lost", source: "power/runtime_status; the driver") {
      $0.state.rawValue
    } set: {
      if let state = GPUState(rawValue: $1) { $0.state = state }
    },
    .flag("lost", "Present where the driver no longer reaches it", source: "the driver", \.isLost, omitsFalse: true),
    .gauge("age_seconds", .seconds, "Age of these values", source: "the agent", \.age),
    .text("driver", "Version of its driver", source: "NVML; /sys/module/…/version", \.driver),
    .text("cuda", "Version of CUDA that the driver brings", source: "NVML", \.cuda),
    .flag(
      "integrated", "Present where it shares the CPU's package", source: "PCI bus 0, no memory of its own",
      \.isIntegrated, omitsFalse: true),
    .flag(
      "unified_memory", "Present where its memory is the machine's", source: "the driver", \.hasUnifiedMemory,
      omitsFalse: true),
    .text(
      "util_source", "Where the use comes from when not from the driver's own counter: fdinfo, gpu_metrics, rc6",
      source: "the agent", \.utilSource),
    .gauge("util_peak", .ratio, "Highest sample of its use since the last answer", source: "NVML samples", \.utilPeak)
      .peak,
    .gauge("memory_util", .ratio, "Share of time with memory traffic", source: "NVML; mem_busy_percent", \.memoryUtil)
      .mean
      .titled("Memory controller", "メモリコントローラー使用率"),
    .gauge("encoder_util", .ratio, "Share of the encoder's time", source: "NVML; fdinfo", \.encoder).mean.titled(
      "Encoder", "エンコーダー"),
    .gauge("decoder_util", .ratio, "Share of the decoder's time", source: "NVML; fdinfo", \.decoder).mean.titled(
      "Decoder", "デコーダー"),
    .gauge(
      "memory_temperature_c", .celsius, "Temperature of its memory", source: "NVML field; hwmon mem",
      \.memoryTemperature
    ).whole.titled("Memory temp.", "メモリ温度"),
    .gauge(
      "hotspot_temperature_c", .celsius, "Temperature at its hottest spot", source: "hwmon junction",
      \.hotspotTemperature
    ).whole.titled("Hotspot", "ホットスポット"),
    .gauge(
      "slowdown_temperature_c", .celsius, "Temperature at which it slows down", source: "NVML; hwmon crit",
      \.slowdownTemperature
    ).whole,
    .gauge("vram_usage", .ratio, "Share of its memory in use", source: "used ÷ total", \.vramUsage).titled("VRAM"),
    .gauge(
      "shared_used_mb", .mebibytes, "Memory of the machine that it uses", source: "mem_info_gtt_used", \.sharedUsed
    ).titled("Shared memory", "共有メモリ"),
    .gauge("power_watts", .watts, "Power drawn", source: "NVML energy ÷ Δt, else its power; hwmon power1", \.power).mean
      .titled("Power", "電力"),
    .gauge("power_limit_watts", .watts, "Power allowed", source: "NVML enforced limit; hwmon power1_cap", \.powerLimit),
    .counter(
      "energy_joules_total", .joules, "Energy drawn since the driver was loaded", source: "NVML; hwmon energy1",
      \.energy),
    .gauge("clock_mhz", .megahertz, "Core clock", source: "NVML; pp_dpm_sclk; gt_act_freq_mhz", \.clock).titled(
      "Clock", "クロック"),
    .gauge(
      "clock_max_mhz", .megahertz, "Highest core clock", source: "NVML; pp_dpm_sclk; gt_max_freq_mhz", \.clockMaximum),
    .gauge("memory_clock_mhz", .megahertz, "Memory clock", source: "NVML; pp_dpm_mclk", \.memoryClock).titled(
      "Memory clock", "メモリクロック"),
    .gauge("fan", .ratio, "Fan speed as a share of its highest", source: "NVML; hwmon pwm1", \.fan).titled(
      "Fan", "ファン"),
    .gauge("fan_rpm", .rpm, "Fan speed", source: "hwmon fan1_input", \.fanSpeed).titled("Fan", "ファン"),
    .gauge(
      "pcie_generation", .count, "Generation of its PCI Express link", source: "NVML; current_link_speed",
      \.pcieGeneration),
    .gauge("pcie_width", .count, "Lanes of its PCI Express link", source: "NVML; current_link_width", \.pcieWidth),
    .gauge("pcie_receive_bytes_per_sec", .bytesPerSecond, "Received over PCI Express", source: "NVML", \.pcieReceive)
      .mean
      .titled("PCIe in", "PCIe 受信"),
    .gauge("pcie_transmit_bytes_per_sec", .bytesPerSecond, "Sent over PCI Express", source: "NVML", \.pcieTransmit).mean
      .titled("PCIe out", "PCIe 送信"),
    .text("performance_state", "Performance state, P0 is the fastest", source: "NVML", \.performanceState),
    .text(
      "throttle_reasons", "Why its clocks are held down; empty when they are not", source: "NVML; gpu_metrics",
      \.throttleReasons),
    .counter(
      "ecc_corrected_total", .count, "Memory errors corrected since the driver was loaded", source: "NVML; ras",
      \.eccCorrected
    ).titled("ECC corrected", "ECC 訂正済み"),
    .counter("ecc_uncorrected_total", .count, "Memory errors not corrected", source: "NVML; ras", \.eccUncorrected),
    .gauge("retired_pages", .count, "Memory pages or rows taken out of use", source: "NVML", \.retiredPages),
    .gauge("xid", .count, "Number of the driver's last error report", source: "NVML events", \.xid),
    .text(
      "recovery_action", "Recovery action that the driver requests: Reset, Reboot, Drain P2P, Drain and Reset",
      source: "NVML field; nvidia-smi gpu_recovery_action", \.recoveryAction),
    .list("instances", keys: [Label("instance") { $0.uuid }], GPUInstance.table, \.instances),
    .list("processes", keys: [Label("pid") { String($0.pid) }], isSeries: false, GPUProcess.table, \.processes),
  ])
}
