internal import CollectGPU
internal import SystemIO

/// Clock levels of a part of an AMD GPU, from pp_dpm_sclk and similar files (drivers/gpu/drm/amd/pm/amdgpu_pm.c).
struct DPMLevels {
  /// Hertz of the level marked with `*`, or NaN.
  var current = Double.nan
  /// Hertz of the highest level, or NaN.
  var highest = Double.nan

  /// Parses lines like "1: 2124Mhz *"; the level "S" stands for a sleeping clock.
  init(_ bytes: Span<UInt8>) {
    var position = 0
    while position < bytes.count {
      parseLine(bytes, &position)
      bytes.skipLine(&position)
    }
  }

  private mutating func parseLine(_ bytes: Span<UInt8>, _ position: inout Int) {
    guard bytes.word(&position) != nil, let megahertz = bytes.decimal(&position),
      bytes.skip("Mhz", &position) || bytes.skip("MHz", &position)
    else { return }
    let hertz = Plausible.hertz(megahertz * 1e6)
    if hertz.isNaN { return }
    highest = highest.isNaN ? hertz : max(highest, hertz)
    bytes.skipBlanks(&position)
    if bytes.byte(at: position) == UInt8(ascii: "*") { current = hertz }
  }
}

/// Memory errors of an AMD GPU, from ras/umc_err_count (drivers/gpu/drm/amd/amdgpu/amdgpu_ras.c).
struct RASCounts {
  /// Corrected errors; NaN if absent.
  var corrected = Double.nan
  /// Uncorrected errors; NaN if absent.
  var uncorrected = Double.nan

  /// Parses "ue: 0\nce: 3\n".
  init(_ bytes: Span<UInt8>) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("ue:", &position) {
        uncorrected = bytes.unsigned(&position).map { Double($0) } ?? .nan
      } else if bytes.skip("ce:", &position) {
        corrected = bytes.unsigned(&position).map { Double($0) } ?? .nan
      }
      bytes.skipLine(&position)
    }
  }

  /// Counts retired pages, the lines of ras/gpu_vram_bad_pages flagged R: "0x00000000 : 0x00001000 : R".
  static func retiredPages(_ bytes: Span<UInt8>) -> Double {
    var pages = 0.0
    var position = 0
    while position < bytes.count {
      let isPage =
        bytes.skip("0x", &position) && bytes.skipWord(&position) && bytes.skipWord(&position)
        && bytes.skipWord(&position) && bytes.skipWord(&position)
      if isPage, let flag = bytes.word(&position), bytes.equals(flag, "R") { pages += 1 }
      bytes.skipLine(&position)
    }
    return pages
  }
}
