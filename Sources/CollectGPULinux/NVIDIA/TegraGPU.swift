internal import AgentMetrics
internal import CollectGPU
internal import SystemIO

/// The GPU of a Jetson, read from sysfs on systems before JetPack 6, which have neither NVML nor nvidia-smi.
///
/// The driver nvgpu registers the GPU with devfreq and exposes its load, in thousandths, beside its clock; reading
/// either does not wake it. It uses the machine's memory.
final class TegraGPU {
  /// Device names of the chips: Nano, TX2, Xavier, Orin, and the generic one of later device trees.
  private static let names = ["gm20b", "gp10b", "gv11b", "ga10b", "gpu"]

  private let load: SysfsFile
  private let clock: SysfsFile
  private let clockMaximum: SysfsFile
  private let temperature: SysfsFile?
  private let model: String?
  private let driver: String?
  private let buffer = ReadBuffer(capacity: 64)

  /// Finds the GPU of the machine under `root`; nil on other machines.
  init?(root: String) {
    guard let tree = try? Files.contents(of: root + "/proc/device-tree/compatible"),
      String(decoding: tree, as: UTF8.self).contains("nvidia,tegra")
    else { return nil }
    let folder = root + "/sys/class/devfreq/"
    let found = Files.names(in: folder).sorted().first { name in
      Self.names.contains { name.hasSuffix("." + $0) } && Files.exists(folder + name + "/device/load")
    }
    guard let found else { return nil }
    load = SysfsFile(folder + found + "/device/load")
    clock = SysfsFile(folder + found + "/cur_freq")
    clockMaximum = SysfsFile(folder + found + "/max_freq")
    let zones = root + "/sys/class/thermal/"
    temperature = Files.names(in: zones).sorted()
      .first { zone in
        // "GPU-therm", "gpu-thermal".
        Files.line(of: zones + zone + "/type")?.lowercased().hasPrefix("gpu-therm") == true
      }
      .map { SysfsFile(zones + $0 + "/temp") }
    // Ends with a NUL byte.
    model = (try? Files.contents(of: root + "/proc/device-tree/model")).flatMap { bytes in
      let text = String(decoding: bytes.prefix { $0 != 0 && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      return text.isEmpty ? nil : PCINames.full(text, "NVIDIA")
    }
    driver = DriverVersion.text(of: "nvgpu", root: root)
  }

  func read(machineMemory: Double) -> GPU {
    var gpu = GPU(vendor: "nvidia")
    gpu.model = model
    gpu.driver = driver
    UnifiedMemory.mark(&gpu, machineMemory: machineMemory)
    let thousandths = load.number(buffer)
    gpu.util = thousandths >= 0 && thousandths <= 1_000 ? thousandths / 1_000 : .nan
    gpu.clock = Plausible.hertz(clock.number(buffer))
    gpu.clockMaximum = Plausible.hertz(clockMaximum.number(buffer))
    gpu.temperature = Plausible.celsius(milli: temperature?.number(buffer) ?? .nan)
    return gpu
  }
}
