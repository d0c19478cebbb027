internal import SystemIO

/// Where Intel's drivers keep what they tell of a GPU.
///
/// - i915: CARD/gt_act_freq_mhz and its like, CARD/gt/gtN/… (drivers/gpu/drm/i915/gt/intel_gt_sysfs_pm.c).
/// - xe: CARD/device/tileN/gtN/freq0/act_freq and its like (drivers/gpu/drm/xe/xe_gt_freq.c, xe_gt_idle.c,
///   xe_gt_throttle.c).
struct IntelFiles {
  /// Megahertz that the core clock is, of each tile's first GT.
  var clock: [SysfsFile] = []
  /// Megahertz that it may reach.
  var clockMaximum: [SysfsFile] = []
  /// Milliseconds that each GT was idle (RC6).
  var idle: [SysfsFile] = []
  /// 1 where clocks are held down, and a file of the same for each reason, by its name.
  var throttles: [(status: SysfsFile, reasons: [(name: String, file: SysfsFile)])] = []
  /// Bytes of memory, of each tile.
  var vramTotal: [SysfsFile] = []
  /// Bytes of memory not in use (a driver built beside the kernel only).
  var vramAvailable: SysfsFile?
  /// Number of the hwmon temperature of the whole package.
  var temperature = 1
  /// Number of the hwmon temperature of the memory.
  var memoryTemperature: Int?

  /// The files of a device.
  init(_ device: DRMDevice) {
    if device.driver == "xe" { findXe(device) } else { findI915(device) }
  }

  private mutating func findXe(_ device: DRMDevice) {
    temperature = 2
    memoryTemperature = 3
    for tile in Self.folders("tile", in: device.deviceFolder) {
      vramTotal.append(SysfsFile(tile + "/physical_vram_size_bytes"))
      for (index, part) in Self.folders("gt", in: tile).enumerated() {
        if index == 0 {
          clock.append(SysfsFile(part + "/freq0/act_freq"))
          clockMaximum.append(SysfsFile(part + "/freq0/max_freq"))
        }
        idle.append(SysfsFile(part + "/gtidle/idle_residency_ms"))
        addThrottle(in: part + "/freq0/throttle/", status: "status", prefix: "reason_")
      }
    }
  }

  private mutating func findI915(_ device: DRMDevice) {
    let card = device.folder
    clock = [SysfsFile(card + "/gt_act_freq_mhz")]
    clockMaximum = [SysfsFile(card + "/gt_max_freq_mhz")]
    for part in Self.folders("gt", in: card + "/gt") {
      if Files.number(of: part + "/rc6_enable") != 0 { idle.append(SysfsFile(part + "/rc6_residency_ms")) }
      addThrottle(in: part + "/", status: "throttle_reason_status", prefix: "throttle_reason_")
    }
    // Before Linux 5.18 the sum of all parts only.
    if idle.isEmpty, Files.number(of: card + "/power/rc6_enable") != 0 {
      idle = [SysfsFile(card + "/power/rc6_residency_ms")]
    }
    vramTotal = [SysfsFile(card + "/lmem_total_bytes")]
    vramAvailable = SysfsFile(card + "/lmem_avail_bytes")
  }

  private mutating func addThrottle(in folder: String, status: String, prefix: String) {
    let names = Files.names(in: folder).filter { $0.hasPrefix(prefix) && $0 != status }.sorted()
    if names.isEmpty { return }
    throttles.append(
      (
        SysfsFile(folder + status),
        names.map { (String($0.dropFirst(prefix.count)), SysfsFile(folder + $0)) }
      ))
  }

  /// Folders named `prefix` and a number, in the order of their numbers.
  private static func folders(_ prefix: String, in parent: String) -> [String] {
    Files.names(in: parent)
      .compactMap { name in name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil }
      .sorted()
      .map { parent + "/" + prefix + String($0) }
  }
}
