import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct AMDParserTests {
  @Test func levelsOfAClock() {
    let parse = { (text: String) in DPMLevels(Array(text.utf8).span) }
    let levels = parse("0: 500Mhz \n1: 1350Mhz *\n2: 2526Mhz \n")
    #expect(levels.current == 1.35e9 && levels.highest == 2.526e9)
    // A sleeping clock has a level of its own.
    let sleeping = parse("S: 19Mhz *\n0: 500Mhz \n1: 3000Mhz \n")
    #expect(sleeping.current == 1.9e7 && sleeping.highest == 3e9)
    for text in ["", "\n", "0:\n", "0: Mhz *\n", "0: 99999999999Mhz *\n", "0: 500\n"] {
      #expect(parse(text).current.isNaN && parse(text).highest.isNaN, "\(text)")
    }
    surviveTruncationAndMutation(of: Array("0: 500Mhz \n1: 1350Mhz *\nS: 19Mhz\n".utf8), mutations: 2_000) { bytes in
      let levels = DPMLevels(bytes)
      #expect(!(levels.current < 0) && !(levels.highest < levels.current))
    }
  }

  @Test func memoryErrors() {
    let counts = RASCounts(Array("ue: 2\nce: 31\nde: 4\n".utf8).span)
    #expect(counts.uncorrected == 2 && counts.corrected == 31)
    #expect(RASCounts(Array("nonsense\n".utf8).span).corrected.isNaN)
    let pages = Array("0x00000001 : 0x00001000 : R\n0x00000002 : 0x00001000 : P\n0x00000003 : 0x00001000 : R\n".utf8)
    #expect(RASCounts.retiredPages(pages.span) == 2)
    #expect(RASCounts.retiredPages([UInt8]().span) == 0)
    surviveTruncationAndMutation(of: pages + Array("ue: 2\nce: 31\n".utf8), mutations: 1_000) { bytes in
      #expect(RASCounts.retiredPages(bytes) <= 10)
      _ = RASCounts(bytes)
    }
  }

  private func metrics(_ bytes: [UInt8]) -> GPUMetrics? { GPUMetrics(bytes.span) }

  /// A table of a version, unset except for the integers given by position and size.
  private static func table(_ size: Int, _ format: UInt8, _ content: UInt8, _ fields: [(Int, Int, UInt64)]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: size)
    for (place, count, value) in [(0, 2, UInt64(size)), (2, 1, UInt64(format)), (3, 1, UInt64(content))] + fields {
      for index in 0..<count { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8)) }
    }
    return bytes
  }

  @Test func tableOfACard() throws {
    let bytes = Self.table(120, 1, 3, [(74, 2, 8), (76, 2, 160), (112, 8, 1 << 36 | 1 << 16 | 1)])
    let metrics = try #require(self.metrics(bytes))
    #expect(!metrics.isIntegrated && metrics.linkWidth == 8 && metrics.linkRate == 16)
    #expect(GPUMetrics.reasons(metrics.throttleStatus ?? 0) == "ppt0,tdc_gfx,temp_hotspot")
    #expect(metrics.util.isNaN && metrics.power.isNaN)
    #expect(GPUMetrics.reasons(0) == "")
  }

  @Test func tablesOfCardsForDataCentres() throws {
    // The beginning is the same from 1.4 on; the energy is in units of 2^-16 J.
    let start: [(Int, Int, UInt64)] = [(4, 2, 71), (6, 2, 65), (10, 2, 512), (12, 2, 97), (14, 2, 33)]
    let mi300 = Self.table(
      1_664, 1, 8,
      start + [
        (24, 8, 65_536 * 1_000), (44, 4, 5), (48, 4, 6), (52, 4, 7), (56, 4, 8), (60, 4, 9), (68, 2, 16), (70, 2, 320),
      ])
    let metrics = try #require(self.metrics(mi300))
    #expect(metrics.hotspotTemperature == 71 && metrics.memoryTemperature == 65)
    #expect(metrics.power == 512 && metrics.util == 0.97 && metrics.memoryUtil == 0.33)
    #expect(metrics.energy == 1_000 && metrics.linkWidth == 16 && metrics.linkRate == 32)
    #expect(metrics.throttleResidencies.map(\.reason) == ["prochot", "ppt", "socket_thm", "vr_thm", "hbm_thm"])
    #expect(metrics.throttleResidencies.map(\.count) == [5, 6, 7, 8, 9])

    let first = try #require(self.metrics(Self.table(288, 1, 4, start + [(24, 8, 65_536), (48, 2, 16), (50, 2, 320)])))
    #expect(first.energy == 1 && first.linkRate == 32 && first.throttleResidencies.isEmpty)
    let second = try #require(
      self.metrics(Self.table(360, 1, 5, start + [(88, 8, 131_072), (112, 2, 8), (114, 2, 160)])))
    #expect(second.energy == 2 && second.linkWidth == 8)
    // 1.6 has two layouts: only their common values are used.
    let third = try #require(self.metrics(Self.table(400, 1, 6, start + [(16, 8, 65_536)])))
    #expect(third.util == 0.97 && third.energy.isNaN && third.linkWidth.isNaN)
  }

  @Test(arguments: [(80, 0), (96, 1), (104, 2), (120, 3)] as [(Int, UInt8)])
  func tablesOfCards(size: Int, content: UInt8) throws {
    let (temperatures, use, power) = content == 0 ? (16, 28, 34) : (4, 16, 22)
    let metrics = try #require(
      self.metrics(
        Self.table(
          size, 1, content,
          [
            (temperatures, 2, 51), (temperatures + 2, 2, 62), (temperatures + 4, 2, 73), (use, 2, 45), (use + 2, 2, 7),
            (power, 2, 187), (54, 2, 2_105), (58, 2, 1_000), (72, 2, 1_200),
          ])))
    #expect(metrics.temperature == 51 && metrics.hotspotTemperature == 62 && metrics.memoryTemperature == 73)
    #expect(metrics.util == 0.45 && metrics.utilUnit == .certain && metrics.memoryUtil == 0.07 && metrics.power == 187)
    #expect(metrics.clock == 2.105e9 && metrics.memoryClock == 1e9 && metrics.fanSpeed == 1_200)
    #expect(!metrics.isIntegrated && metrics.energy.isNaN)
    // All entries are unset.
    let empty = try #require(self.metrics(Self.table(size, 1, content, [])))
    #expect(empty.temperature.isNaN && empty.util.isNaN && empty.power.isNaN && empty.clock.isNaN)
    #expect(empty.fanSpeed.isNaN && empty.hotspotTemperature.isNaN)
  }

  @Test(arguments: [(120, 0), (120, 1), (128, 2), (152, 3), (164, 4)] as [(Int, UInt8)])
  func tablesOfProcessorsOfEachVersion(size: Int, content: UInt8) throws {
    let (temperature, use, power, clocks, means) = content == 0 ? (16, 40, 44, 80, 68) : (4, 28, 40, 76, 64)
    let busy = try #require(
      self.metrics(
        Self.table(
          size, 2, content, [(temperature, 2, 6_150), (use, 2, 4_500), (power, 2, 15_250), (clocks, 2, 1_600)])))
    #expect(busy.temperature == 61.5 && busy.util == 0.45 && busy.power == 15.25 && busy.clock == 1.6e9)
    #expect(busy.isIntegrated && busy.utilUnit == .hundredths)
    // A low number's unit is uncertain unless documented; the mean clock stands in.
    let idle = try #require(
      self.metrics(Self.table(size, 2, content, [(temperature, 2, 45), (use, 2, 45), (means, 2, 200)])))
    #expect(idle.temperature == 45 && idle.clock == 2e8)
    #expect(content == 4 ? abs(idle.util - 0.0045) < 1e-9 : idle.util == 0.45 && idle.utilUnit == .doubtful)
    let empty = try #require(self.metrics(Self.table(size, 2, content, [])))
    #expect(empty.temperature.isNaN && empty.util.isNaN && empty.power.isNaN && empty.clock.isNaN)
  }

  @Test func tablesOfProcessors() throws {
    let phoenix = try #require(self.metrics(Self.table(128, 2, 2, [(120, 8, 1 << 5)])))
    #expect(phoenix.isIntegrated && GPUMetrics.reasons(phoenix.throttleStatus ?? 0) == "fppt")
    #expect(try #require(self.metrics(Self.table(120, 2, 1, []))).throttleStatus == nil)
    let strix = try #require(self.metrics(Self.table(264, 3, 0, [(42, 2, 64), (240, 4, 400)])))
    #expect(strix.isIntegrated && strix.util == 0.64)
    #expect(strix.throttleResidencies == [GPUMetrics.Residency(reason: "sppt", count: 400)])
  }

  @Test func unknownTables() {
    #expect(metrics([]) == nil)
    #expect(metrics([4, 0, 1]) == nil)
    // Shorter than its header states.
    #expect(metrics(Array(Self.table(120, 1, 3, []).dropLast())) == nil)
    // A list of attributes, and a future version.
    #expect(self.metrics(Self.table(200, 1, 9, [])) == nil)
    #expect(self.metrics(Self.table(200, 4, 0, [])) == nil)
    // Implausible values.
    let odd = self.metrics(
      Self.table(288, 1, 4, [(4, 2, 900), (10, 2, 60_000), (12, 2, 101), (48, 2, 99), (50, 2, 0)]))
    #expect(odd?.hotspotTemperature.isNaN == true && odd?.power.isNaN == true && odd?.util.isNaN == true)
    #expect(odd?.linkWidth.isNaN == true && odd?.linkRate.isNaN == true)
  }

  @Test(
    arguments: [
      (80, 1, 0), (120, 2, 0), (164, 2, 4), (120, 1, 3), (288, 1, 4), (360, 1, 5), (400, 1, 6), (1_664, 1, 8),
      (128, 2, 2), (264, 3, 0),
    ]
      as [(Int, UInt8, UInt8)])
  func mutations(size: Int, format: UInt8, content: UInt8) {
    surviveTruncationAndMutation(
      of: Self.table(size, format, content, [(4, 2, 40), (12, 2, 50), (42, 2, 60)]), mutations: 400
    ) { bytes in
      guard let metrics = GPUMetrics(bytes) else { return }
      #expect(!(metrics.util > 1) && !(metrics.power > 5_000) && !(metrics.linkWidth > 32))
      _ = GPUMetrics.reasons(metrics.throttleStatus ?? 0)
    }
  }
}
