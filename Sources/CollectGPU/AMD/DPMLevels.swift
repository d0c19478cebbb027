internal import SystemIO

/// Clocks that a part of an AMD GPU can run at, pp_dpm_sclk and its like (drivers/gpu/drm/amd/pm/amdgpu_pm.c).
struct DPMLevels {
  /// Hertz of the level marked with `*`; NaN where none is.
  var current = Double.nan
  /// Hertz of the highest level; NaN where there is none.
  var highest = Double.nan

  /// Parses lines like "1: 2124Mhz *"; the level "S" stands for a clock that sleeps.
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

/// Memory errors that an AMD GPU counts, ras/umc_err_count (drivers/gpu/drm/amd/amdgpu/amdgpu_ras.c).
struct RASCounts {
  /// Errors that were corrected; NaN where not told.
  var corrected = Double.nan
  /// Errors that were not; NaN where not told.
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

  /// Pages taken out of use, the lines of ras/gpu_vram_bad_pages that are flagged R: "0x00000000 : 0x00001000 : R".
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
