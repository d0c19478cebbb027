internal import CollectGPU
internal import SystemIO

/// Engines of a GPU, with the names that drivers give them.
enum DRMEngine: Int, CaseIterable {
  /// amdgpu "gfx", i915 "render", xe "rcs".
  case graphics
  /// "compute", xe "ccs".
  case compute
  /// amdgpu "dma", i915 "copy", xe "bcs".
  case copy
  /// amdgpu "dec".
  case decode
  /// amdgpu "jpeg".
  case jpeg
  /// amdgpu "enc".
  case encode
  /// amdgpu "enc_1", the second encoder of old chips.
  case secondEncode
  /// i915 "video", xe "vcs": decodes and encodes.
  case video
  /// i915 "video-enhance", xe "vecs", amdgpu "vpe".
  case enhance

  /// Parses an engine's name; nil if it is unknown.
  init?(_ bytes: Span<UInt8>, _ name: Range<Int>) {
    for (engine, names) in Self.names {
      for known in names where bytes.equals(name, known) {
        self = engine
        return
      }
    }
    return nil
  }

  private static let names: [(DRMEngine, [StaticString])] = [
    (.graphics, ["gfx", "render", "rcs"]), (.compute, ["compute", "ccs"]), (.copy, ["dma", "copy", "bcs"]),
    (.decode, ["dec"]), (.jpeg, ["jpeg"]), (.encode, ["enc"]), (.secondEncode, ["enc_1"]), (.video, ["video", "vcs"]),
    (.enhance, ["video-enhance", "vecs", "vpe"]),
  ]
}

/// The kernel's statistics of an open device of the direct rendering manager, /proc/PID/fdinfo/FD
/// (Documentation/gpu/drm-usage-stats.rst).
///
/// amdgpu of Linux 5.14 to 5.18 uses names from before the standard: `pdev:`, `pasid:`, `vram mem:\t17196 kB`,
/// `gfx0:\t70.59%`.
struct FDInfo {
  /// Work of one engine for the client since the client was opened.
  struct Use {
    /// Nanoseconds busy; nil where the driver counts cycles.
    var nanoseconds: UInt64?
    /// Cycles busy, and all cycles that passed (xe).
    var cycles: UInt64?
    var totalCycles: UInt64?
    /// Recent share of time, 0…1, of a driver without counters (amdgpu of Linux 5.14 to 5.18).
    var share: Double?
    /// Number of engines of this kind.
    var capacity = 1.0
  }

  /// Name of the driver, such as "amdgpu".
  var driver: String?
  /// PCI address.
  var pciAddress: String?
  /// Id of the client, unique within the device and equal for duplicated descriptors.
  var client: UInt64?
  /// Work by DRMEngine's raw value; nil if unreported.
  var engines = [Use?](repeating: nil, count: DRMEngine.allCases.count)
  /// Bytes of the GPU's own memory; NaN if unreported.
  var vram: Double { Self.first(residentVRAM, memoryVRAM, totalVRAM) }
  /// Bytes of the machine's memory; NaN if unreported.
  var shared: Double { Self.first(residentShared, memoryShared, totalShared) }

  private var residentVRAM = Double.nan
  private var memoryVRAM = Double.nan
  private var totalVRAM = Double.nan
  private var residentShared = Double.nan
  private var memoryShared = Double.nan
  private var totalShared = Double.nan

  /// Parses the file; nil if it is not of a device of the direct rendering manager.
  init?(_ bytes: Span<UInt8>) {
    var position = 0
    var old = (hasDevice: false, client: UInt64?.none)
    while position < bytes.count {
      if bytes.skip("drm-", &position) {
        line(bytes, &position)
      } else if bytes.skip("pdev:", &position) {
        old.hasDevice = true
        if pciAddress == nil { pciAddress = bytes.word(&position).map { Self.address(bytes.string($0)) } }
      } else if bytes.skip("pasid:", &position) {
        old.client = bytes.unsigned(&position)
      }
      bytes.skipLine(&position)
    }
    if driver != nil { return }
    guard old.hasDevice, let client = old.client else { return nil }
    driver = "amdgpu"
    // Id of the address space (PASID), one per client; 0 if none was available.
    self.client = client == 0 ? nil : client
    parseOld(bytes)
  }

  /// Returns an address with its domain, which the first versions of the driver omitted.
  private static func address(_ text: String) -> String {
    text.utf8.filter { $0 == UInt8(ascii: ":") }.count == 1 ? "0000:" + text : text
  }

  /// Parses the lines of amdgpu_show_fdinfo of Linux 5.14 to 5.18.
  private mutating func parseOld(_ bytes: Span<UInt8>) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("vram mem:", &position) {
        Self.add(Self.size(bytes, &position, unit: 1_024), to: &memoryVRAM)
      } else if bytes.skip("gtt mem:", &position) {
        Self.add(Self.size(bytes, &position, unit: 1_024), to: &memoryShared)
      } else if let name = Self.key(bytes, &position), let engine = Self.oldEngine(bytes, name),
        let share = Self.oldShare(bytes, &position)
      {
        // One line per queue of the engine.
        var use = engines[engine.rawValue] ?? Use()
        use.share = Swift.min(1, (use.share ?? 0) + share)
        engines[engine.rawValue] = use
      }
      bytes.skipLine(&position)
    }
  }

  /// The engine of "gfx0" or "gfx"; "enc_10" is the first queue of "enc_1".
  private static func oldEngine(_ bytes: Span<UInt8>, _ name: Range<Int>) -> DRMEngine? {
    if let engine = DRMEngine(bytes, name) { return engine }
    guard let last = name.last, let byte = bytes.byte(at: last), byte.isDigit else { return nil }
    return DRMEngine(bytes, name.lowerBound..<last)
  }

  /// Parses a percentage as a share.
  ///
  /// The driver prints the hundredths without leading zeros: "70.5%" is 70.05 %.
  private static func oldShare(_ bytes: Span<UInt8>, _ position: inout Int) -> Double? {
    guard let whole = bytes.unsigned(&position) else { return nil }
    var percent = Double(whole)
    if bytes.byte(at: position) == UInt8(ascii: ".") {
      position += 1
      guard let hundredths = bytes.unsigned(&position) else { return nil }
      percent += Swift.min(99, Double(hundredths)) / 100
    }
    guard bytes.byte(at: position) == UInt8(ascii: "%") else { return nil }
    return Swift.min(1, percent / 100)
  }

  private mutating func line(_ bytes: Span<UInt8>, _ position: inout Int) {
    if bytes.skip("driver:", &position) {
      driver = bytes.word(&position).map { bytes.string($0) }
    } else if bytes.skip("pdev:", &position) {
      pciAddress = bytes.word(&position).map { bytes.string($0) }
    } else if bytes.skip("client-id:", &position) {
      client = bytes.unsigned(&position)
    } else if bytes.skip("engine-capacity-", &position) {
      engine(bytes, &position) { use, value in use.capacity = Double(Swift.min(Swift.max(value, 1), 1_024)) }
    } else if bytes.skip("engine-", &position) {
      // Appears twice if a chip has two generations of an engine under the same name.
      engine(bytes, &position) { use, value in use.nanoseconds = Self.sum(use.nanoseconds ?? 0, value) }
    } else if bytes.skip("total-cycles-", &position) {
      engine(bytes, &position) { use, value in use.totalCycles = value }
    } else if bytes.skip("cycles-", &position) {
      engine(bytes, &position) { use, value in use.cycles = value }
    } else if bytes.skip("resident-", &position) {
      memory(bytes, &position, vram: \.residentVRAM, shared: \.residentShared)
    } else if bytes.skip("memory-", &position) {
      memory(bytes, &position, vram: \.memoryVRAM, shared: \.memoryShared)
    } else if bytes.skip("total-", &position) {
      memory(bytes, &position, vram: \.totalVRAM, shared: \.totalShared)
    }
  }

  private mutating func engine(
    _ bytes: Span<UInt8>, _ position: inout Int, _ set: (inout Use, UInt64) -> Void
  ) {
    guard let name = Self.key(bytes, &position), let engine = DRMEngine(bytes, name),
      let value = bytes.unsigned(&position)
    else { return }
    var use = engines[engine.rawValue] ?? Use()
    set(&use, value)
    engines[engine.rawValue] = use
  }

  /// Parses a region's size: amdgpu "vram" and "gtt", i915 "local0" and "system0", xe "vram0" and "gtt", "system".
  private mutating func memory(
    _ bytes: Span<UInt8>, _ position: inout Int, vram: WritableKeyPath<FDInfo, Double>,
    shared: WritableKeyPath<FDInfo, Double>
  ) {
    guard let name = Self.key(bytes, &position) else { return }
    let isVRAM = bytes.starts(with: "vram", at: name.lowerBound) || bytes.starts(with: "local", at: name.lowerBound)
    let isShared = bytes.starts(with: "gtt", at: name.lowerBound) || bytes.starts(with: "system", at: name.lowerBound)
    guard isVRAM || isShared else { return }
    Self.add(Self.size(bytes, &position, unit: 1), to: &self[keyPath: isVRAM ? vram : shared])
  }

  /// Parses "17196 KiB" as bytes; NaN if it is not a size.
  ///
  /// `unit` is the number of bytes if no unit is given.
  private static func size(_ bytes: Span<UInt8>, _ position: inout Int, unit: Double) -> Double {
    guard let number = bytes.unsigned(&position) else { return .nan }
    bytes.skipBlanks(&position)
    let factor: Double =
      switch bytes.byte(at: position) {
      case UInt8(ascii: "K"), UInt8(ascii: "k"): 0x1p10
      case UInt8(ascii: "M"): 0x1p20
      case UInt8(ascii: "G"): 0x1p30
      default: unit
      }
    return Plausible.bytes(Double(number) * factor)
  }

  private static func add(_ size: Double, to sum: inout Double) {
    if !size.isNaN { sum = (sum.isNaN ? 0 : sum) + size }
  }

  /// Parses the key before the colon, and skips the colon.
  private static func key(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
    let start = position
    while let byte = bytes.byte(at: position), byte != UInt8(ascii: ":"), !byte.isBlankOrNewline { position += 1 }
    guard bytes.byte(at: position) == UInt8(ascii: ":") else { return nil }
    position += 1
    return start..<position - 1
  }

  private static func sum(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let (sum, overflowed) = first.addingReportingOverflow(second)
    return overflowed ? .max : sum
  }

  private static func first(_ values: Double...) -> Double {
    values.first { !$0.isNaN } ?? .nan
  }
}
