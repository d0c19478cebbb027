internal import SystemIO

/// The firmware's table of an AMD GPU, the binary file gpu_metrics
/// (drivers/gpu/drm/amd/include/kgd_pp_interface.h).
///
/// Only what that header pins down, with its unit, is taken: the bits of throttle_status before version 1.3 differ from
/// chip to chip, and so do the units of the older tables' powers and temperatures. All integers are little-endian, and
/// one that is all ones was not filled in.
struct GPUMetrics: Equatable {
  /// Whether the table is one of processors with graphics: versions 2 and 3.
  var isIntegrated = false
  /// Shares, 0…1; NaN where absent.
  var util = Double.nan
  var memoryUtil = Double.nan
  /// Degrees Celsius.
  var hotspotTemperature = Double.nan
  var memoryTemperature = Double.nan
  /// Watts.
  var power = Double.nan
  /// Joules drawn since the driver was loaded.
  var energy = Double.nan
  /// Lanes and GT/s of the slot's link.
  var linkWidth = Double.nan
  var linkRate = Double.nan
  /// Why clocks are held down, bits SMU_THROTTLER_*; nil where the table does not tell.
  var throttleStatus: UInt64?
  /// Time for which each reason held them down, counted up; empty where the table does not tell.
  var throttleResidencies: [Residency] = []

  /// A reason's counter.
  struct Residency: Equatable {
    var reason: String
    var count: UInt32
  }

  /// Parses a table; nil where it is cut off, or of a version that is not known.
  init?(_ bytes: Span<UInt8>) {
    guard let size = Self.u16(bytes, 0), let format = bytes.byte(at: 2), let content = bytes.byte(at: 3),
      size >= 4, Int(size) <= bytes.count
    else { return nil }
    let bytes = bytes.extracting(0..<Int(size))
    switch (format, content) {
    case (1, 0...2): break
    case (1, 3): parse13(bytes)
    case (1, 4...8): parse14(bytes, content: content)
    case (2, 0...4):
      isIntegrated = true
      if content >= 2 { throttleStatus = Self.u64(bytes, 120) }
    case (3, 0):
      isIntegrated = true
      parse30(bytes)
    default: return nil
    }
  }

  private mutating func parse13(_ bytes: Span<UInt8>) {
    guard bytes.count == 120 else { return }
    link(bytes, width: 74)
    throttleStatus = Self.u64(bytes, 112)
  }

  /// Versions 1.4 to 1.8 begin alike; what follows moves about, within version 1.6 even from one kernel to another.
  private mutating func parse14(_ bytes: Span<UInt8>, content: UInt8) {
    hotspotTemperature = Plausible.celsius(Self.number(bytes, 4))
    memoryTemperature = Plausible.celsius(Self.number(bytes, 6))
    power = Plausible.watts(Self.number(bytes, 10))
    util = Self.percent(bytes, 12)
    memoryUtil = Self.percent(bytes, 14)
    switch content {
    case 4 where bytes.count == 288:
      energy(bytes, 24)
      link(bytes, width: 48)
    case 5 where bytes.count == 360:
      energy(bytes, 88)
      link(bytes, width: 112)
    case 7, 8:
      energy(bytes, 24)
      link(bytes, width: 68)
      residencies(bytes, 44, ["prochot", "ppt", "socket_thm", "vr_thm", "hbm_thm"])
    default: break
    }
  }

  private mutating func parse30(_ bytes: Span<UInt8>) {
    guard bytes.count == 264 else { return }
    util = Self.percent(bytes, 42)
    residencies(bytes, 228, ["prochot", "spl", "fppt", "sppt", "thm_core", "thm_gfx", "thm_soc"])
  }

  /// Lanes and tenths of GT/s, one after the other.
  private mutating func link(_ bytes: Span<UInt8>, width position: Int) {
    let (width, rate) = (Self.number(bytes, position), Self.number(bytes, position + 2) / 10)
    linkWidth = width >= 1 && width <= 32 ? width : .nan
    linkRate = rate > 0 ? rate : .nan
  }

  /// Units of 2^-16 J.
  private mutating func energy(_ bytes: Span<UInt8>, _ position: Int) {
    guard let count = Self.u64(bytes, position), count > 0 else { return }
    energy = Double(count) / 65_536
  }

  private mutating func residencies(_ bytes: Span<UInt8>, _ position: Int, _ reasons: [String]) {
    for (index, reason) in reasons.enumerated() {
      guard let count = Self.u32(bytes, position + index * 4) else { continue }
      throttleResidencies.append(Residency(reason: reason, count: count))
    }
  }

  /// The reasons of a throttle status, joined by commas, by the kernel's names
  /// (drivers/gpu/drm/amd/pm/swsmu/inc/amdgpu_smu.h); empty where there is none.
  static func reasons(_ status: UInt64) -> String {
    throttlers.filter { status >> $0.bit & 1 == 1 }.map(\.name).joined(separator: ",")
  }

  private static let throttlers: [(bit: UInt64, name: String)] = [
    (0, "ppt0"), (1, "ppt1"), (2, "ppt2"), (3, "ppt3"), (4, "spl"), (5, "fppt"), (6, "sppt"), (7, "sppt_apu"),
    (16, "tdc_gfx"), (17, "tdc_soc"), (18, "tdc_mem"), (19, "tdc_vdd"), (20, "tdc_cvip"), (21, "edc_cpu"),
    (22, "edc_gfx"), (23, "apcc"), (32, "temp_gpu"), (33, "temp_core"), (34, "temp_mem"), (35, "temp_edge"),
    (36, "temp_hotspot"), (37, "temp_soc"), (38, "temp_vr_gfx"), (39, "temp_vr_soc"), (40, "temp_vr_mem0"),
    (41, "temp_vr_mem1"), (42, "temp_liquid0"), (43, "temp_liquid1"), (44, "vrhot0"), (45, "vrhot1"),
    (46, "prochot_cpu"), (47, "prochot_gfx"), (56, "ppm"), (57, "fit"),
  ]

  // MARK: Integers

  private static func integer(_ bytes: Span<UInt8>, _ position: Int, _ count: Int) -> UInt64? {
    guard position >= 0, position <= bytes.count - count else { return nil }
    var value: UInt64 = 0
    var isUnset = true
    for index in 0..<count {
      let byte = bytes[position + index]
      value |= UInt64(byte) << UInt64(index * 8)
      isUnset = isUnset && byte == 0xFF
    }
    return isUnset ? nil : value
  }

  private static func u16(_ bytes: Span<UInt8>, _ position: Int) -> UInt64? { integer(bytes, position, 2) }

  private static func u32(_ bytes: Span<UInt8>, _ position: Int) -> UInt32? {
    integer(bytes, position, 4).map { UInt32(truncatingIfNeeded: $0) }
  }

  private static func u64(_ bytes: Span<UInt8>, _ position: Int) -> UInt64? { integer(bytes, position, 8) }

  /// A number of 16 bits; NaN where unset.
  private static func number(_ bytes: Span<UInt8>, _ position: Int) -> Double {
    u16(bytes, position).map { Double($0) } ?? .nan
  }

  private static func percent(_ bytes: Span<UInt8>, _ position: Int) -> Double {
    let number = number(bytes, position)
    return number <= 100 ? number / 100 : .nan
  }
}
