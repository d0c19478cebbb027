internal import CollectGPU
internal import SystemIO

/// An AMD GPU's firmware table, the binary file gpu_metrics (drivers/gpu/drm/amd/include/kgd_pp_interface.h).
///
/// The bits of throttle_status before version 1.3 differ between chips and are ignored. If the header names no unit, it
/// is that of the drivers that fill in the table: °C, watts and percent for cards, and hundredths of °C, milliwatts and
/// hundredths of a percent for processors, but percent for some of them. All integers are little-endian; an integer of
/// all ones was not filled in.
struct GPUMetrics: Equatable {
  /// Whether the table describes a processor with graphics: versions 2 and 3.
  var isIntegrated = false
  /// Shares, 0…1; NaN if absent.
  var util = Double.nan
  var memoryUtil = Double.nan
  /// Certainty of the unit of `util`: a processor's 45 may mean 45 % or 0.45 %.
  var utilUnit = UtilUnit.certain
  /// Degrees Celsius.
  var temperature = Double.nan
  var hotspotTemperature = Double.nan
  var memoryTemperature = Double.nan
  /// Watts.
  var power = Double.nan
  /// Joules drawn since the driver was loaded.
  var energy = Double.nan
  /// Hertz.
  var clock = Double.nan
  var memoryClock = Double.nan
  /// Revolutions per minute.
  var fanSpeed = Double.nan
  /// Lanes and GT/s of the slot's link.
  var linkWidth = Double.nan
  var linkRate = Double.nan
  /// Throttle reasons, bits SMU_THROTTLER_*; nil if the table has none.
  var throttleStatus: UInt64?
  /// Cumulative throttle time of each reason; empty if the table has none.
  var throttleResidencies: [Residency] = []

  /// Certainty of the unit of a table's utilization.
  enum UtilUnit {
    /// Documented.
    case certain
    /// Taken for percent, may be hundredths.
    case doubtful
    /// More than 100: hundredths of a percent.
    case hundredths
  }

  /// A reason's counter.
  struct Residency: Equatable {
    var reason: String
    var count: UInt32
  }

  /// Parses a table; nil if it is truncated or of an unknown version.
  init?(_ bytes: Span<UInt8>) {
    guard let size = Self.u16(bytes, 0), let format = bytes.byte(at: 2), let content = bytes.byte(at: 3),
      size >= 4, Int(size) <= bytes.count
    else { return nil }
    let bytes = bytes.extracting(0..<Int(size))
    switch (format, content) {
    case (1, 0): parseCard(bytes, temperatures: 16, use: 28, power: 34)
    case (1, 1...3):
      parseCard(bytes, temperatures: 4, use: 16, power: 22)
      link(bytes, width: 74)
      if content == 3 { throttleStatus = Self.u64(bytes, 112) }
    case (1, 4...8): parse14(bytes, content: content)
    case (2, 0):
      parseProcessor(bytes, temperature: 16, use: 40, power: 44, clocks: 80, means: 68)
    case (2, 1...4):
      parseProcessor(bytes, temperature: 4, use: 28, power: 40, clocks: 76, means: 64)
      // The header documents "Unit: centi" for this version.
      if content == 4, utilUnit == .doubtful { (util, utilUnit) = (util / 100, .certain) }
      if content >= 2 { throttleStatus = Self.u64(bytes, 120) }
    case (3, 0):
      isIntegrated = true
      parse30(bytes)
    default: return nil
    }
  }

  /// Versions 1.0 to 1.3, of cards.
  ///
  /// `temperatures` is the offset of edge, hotspot and memory, in this order.
  private mutating func parseCard(_ bytes: Span<UInt8>, temperatures: Int, use: Int, power position: Int) {
    temperature = Plausible.celsius(Self.number(bytes, temperatures))
    hotspotTemperature = Plausible.celsius(Self.number(bytes, temperatures + 2))
    memoryTemperature = Plausible.celsius(Self.number(bytes, temperatures + 4))
    util = Self.percent(bytes, use)
    memoryUtil = Self.percent(bytes, use + 2)
    power = Plausible.watts(Self.number(bytes, position))
    clock = Self.clock(bytes, 54)
    memoryClock = Self.clock(bytes, 58)
    // 0 may be a card without a fan.
    let speed = Plausible.revolutions(Self.number(bytes, 72))
    fanSpeed = speed > 0 ? speed : .nan
  }

  /// Versions 2.x, of processors.
  ///
  /// `clocks` is the offset of the current clocks, `means` of their means, which some chips fill in alone.
  private mutating func parseProcessor(
    _ bytes: Span<UInt8>, temperature position: Int, use: Int, power: Int, clocks: Int, means: Int
  ) {
    isIntegrated = true
    temperature = Self.hundredths(Self.number(bytes, position))
    readUse(Self.number(bytes, use))
    let milliwatts = Self.number(bytes, power)
    self.power = Plausible.watts(milliwatts / 1_000)
    clock = Self.first(Self.clock(bytes, clocks), Self.clock(bytes, means))
    memoryClock = Self.first(Self.clock(bytes, clocks + 4), Self.clock(bytes, means + 4))
  }

  /// Reads a processor's utilization, in percent or hundredths of a percent.
  private mutating func readUse(_ number: Double) {
    utilUnit = number > 100 ? .hundredths : .doubtful
    util = number > 100 ? (number <= 10_000 ? number / 10_000 : .nan) : number / 100
  }

  /// Converts hundredths of °C to °C.
  ///
  /// Some chips write whole degrees, recognized by a value that no chip has in hundredths.
  private static func hundredths(_ number: Double) -> Double {
    Plausible.celsius(number > 150 ? number / 100 : number)
  }

  /// Reads megahertz as hertz; NaN for 0, which may be an entry that was not filled in.
  private static func clock(_ bytes: Span<UInt8>, _ position: Int) -> Double {
    let hertz = Plausible.hertz(number(bytes, position) * 1e6)
    return hertz > 0 ? hertz : .nan
  }

  private static func first(_ value: Double, _ other: Double) -> Double { value.isNaN ? other : value }

  /// Versions 1.4 to 1.8 share their beginning; later offsets vary, in version 1.6 even between kernels.
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
    temperature = Self.hundredths(Self.number(bytes, 4))
    // Documented as percent, but hundredths with some firmware (smu_v14_0_0_ppt.c).
    readUse(Self.number(bytes, 42))
    power = Plausible.watts(Self.u32(bytes, 112).map { Double($0) / 1_000 } ?? .nan)
    clock = Self.clock(bytes, 174)
    memoryClock = Self.clock(bytes, 186)
    residencies(bytes, 228, ["prochot", "spl", "fppt", "sppt", "thm_core", "thm_gfx", "thm_soc"])
  }

  /// Lanes, followed by tenths of GT/s.
  private mutating func link(_ bytes: Span<UInt8>, width position: Int) {
    let (width, rate) = (Self.number(bytes, position), Self.number(bytes, position + 2) / 10)
    linkWidth = width >= 1 && width <= 32 ? width : .nan
    linkRate = rate > 0 ? rate : .nan
  }

  /// In units of 2^-16 J.
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

  /// Names of a throttle status's reasons (drivers/gpu/drm/amd/pm/swsmu/inc/amdgpu_smu.h), joined by commas.
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

  /// Reads 16 bits; NaN if unset.
  private static func number(_ bytes: Span<UInt8>, _ position: Int) -> Double {
    u16(bytes, position).map { Double($0) } ?? .nan
  }

  private static func percent(_ bytes: Span<UInt8>, _ position: Int) -> Double {
    let number = number(bytes, position)
    return number <= 100 ? number / 100 : .nan
  }
}
