internal import SystemIO

/// Paths of the files of Intel's drivers.
///
/// - i915: CARD/gt_act_freq_mhz and others, CARD/gt/gtN/… (drivers/gpu/drm/i915/gt/intel_gt_sysfs_pm.c).
/// - xe: CARD/device/tileN/gtN/freq0/act_freq and others (drivers/gpu/drm/xe/xe_gt_freq.c, xe_gt_idle.c,
///   xe_gt_throttle.c).
struct IntelFiles {
  /// Current core clock in megahertz, of each tile's first GT.
  var clock: [SysfsFile] = []
  /// Maximum core clock in megahertz.
  var clockMaximum: [SysfsFile] = []
  /// Milliseconds that each GT was idle (RC6).
  var idle: [SysfsFile] = []
  /// Status, 1 if clocks are held down, and the same for each named reason.
  var throttles: [(status: SysfsFile, reasons: [(name: String, file: SysfsFile)])] = []
  /// Bytes of memory of each tile.
  var vramTotal: [SysfsFile] = []
  /// Bytes of unused memory (only with a driver built outside the kernel).
  var vramAvailable: SysfsFile?
  /// Index of the hwmon temperature of the whole package.
  var temperature = 1
  /// Index of the hwmon temperature of the memory.
  var memoryTemperature: Int?

  /// Finds the files of a device.
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
    // Linux before 5.18 has only the sum of all parts.
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

  /// Folders named `prefix` and a number, in numeric order.
  private static func folders(_ prefix: String, in parent: String) -> [String] {
    Files.names(in: parent)
      .compactMap { name in name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil }
      .sorted()
      .map { parent + "/" + prefix + String($0) }
  }
}
