internal import SystemIO

/// Parts of a GPU that clients keep busy, under the names that drivers give them.
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

  /// The engine whose name stands in a range; nil for one that is not known.
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

/// What the kernel tells of an open device of the direct rendering manager, /proc/PID/fdinfo/FD
/// (Documentation/gpu/drm-usage-stats.rst).
struct FDInfo {
  /// What one engine did for the client since it was opened.
  struct Use {
    /// Nanoseconds busy; nil where the driver counts cycles.
    var nanoseconds: UInt64?
    /// Cycles busy, and of all cycles that passed (xe).
    var cycles: UInt64?
    var totalCycles: UInt64?
    /// Number of such engines.
    var capacity = 1.0
  }

  /// "amdgpu".
  var driver: String?
  /// PCI address.
  var pciAddress: String?
  /// Number of the client, unique to the device; those of a duplicated descriptor are the same.
  var client: UInt64?
  /// By DRMEngine's raw value; nil where the driver does not tell.
  var engines = [Use?](repeating: nil, count: DRMEngine.allCases.count)
  /// Bytes of the GPU's own memory; NaN where the driver does not tell.
  var vram: Double { Self.first(residentVRAM, memoryVRAM, totalVRAM) }
  /// Bytes of the machine's memory; NaN where the driver does not tell.
  var shared: Double { Self.first(residentShared, memoryShared, totalShared) }

  private var residentVRAM = Double.nan
  private var memoryVRAM = Double.nan
  private var totalVRAM = Double.nan
  private var residentShared = Double.nan
  private var memoryShared = Double.nan
  private var totalShared = Double.nan

  /// Parses the file; nil where it is no device of the direct rendering manager's.
  init?(_ bytes: Span<UInt8>) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("drm-", &position) { line(bytes, &position) }
      bytes.skipLine(&position)
    }
    if driver == nil { return nil }
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
      // Twice where a chip has two generations of an engine under the same name.
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

  /// A region's size: amdgpu "vram" and "gtt", i915 "local0" and "system0", xe "vram0" and "gtt", "system".
  private mutating func memory(
    _ bytes: Span<UInt8>, _ position: inout Int, vram: WritableKeyPath<FDInfo, Double>,
    shared: WritableKeyPath<FDInfo, Double>
  ) {
    guard let name = Self.key(bytes, &position), let number = bytes.unsigned(&position) else { return }
    let isVRAM = bytes.starts(with: "vram", at: name.lowerBound) || bytes.starts(with: "local", at: name.lowerBound)
    let isShared = bytes.starts(with: "gtt", at: name.lowerBound) || bytes.starts(with: "system", at: name.lowerBound)
    guard isVRAM || isShared else { return }
    var size = Double(number)
    bytes.skipBlanks(&position)
    if bytes.starts(with: "KiB", at: position) {
      size *= 1_024
    } else if bytes.starts(with: "MiB", at: position) {
      size *= 1_048_576
    } else if bytes.starts(with: "GiB", at: position) {
      size *= 1_073_741_824
    }
    size = Plausible.bytes(size)
    if size.isNaN { return }
    let region = isVRAM ? vram : shared
    self[keyPath: region] = (self[keyPath: region].isNaN ? 0 : self[keyPath: region]) + size
  }

  /// What stands before the colon, which it moves past.
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
