import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct FDInfoTests {
  private func parse(_ text: String) -> FDInfo? { FDInfo(Array(text.utf8).span) }

  private static let amdgpu = """
    pos:\t0
    flags:\t02100002
    pasid:\t32770
    drm-driver:\tamdgpu
    drm-client-id:\t41
    drm-pdev:\t0000:03:00.0
    drm-memory-vram:\t2048 KiB
    drm-memory-gtt: \t64 KiB
    drm-memory-cpu: \t8 KiB
    amd-requested-vram:\t4096 KiB
    drm-engine-gfx:\t1500000000 ns
    drm-engine-dec:\t200 ns
    drm-engine-dec:\t300 ns

    """

  @Test func amdgpuCountsNanoseconds() throws {
    let info = try #require(parse(Self.amdgpu))
    #expect(info.driver == "amdgpu" && info.pciAddress == "0000:03:00.0" && info.client == 41)
    #expect(info.vram == 2_097_152 && info.shared == 65_536)
    #expect(info.engines[DRMEngine.graphics.rawValue]?.nanoseconds == 1_500_000_000)
    // Two generations of a decoder under one name.
    #expect(info.engines[DRMEngine.decode.rawValue]?.nanoseconds == 500)
    #expect(info.engines[DRMEngine.compute.rawValue] == nil)
  }

  @Test func xeCountsCyclesOfSeveralEngines() throws {
    let info = try #require(
      parse(
        """
        drm-driver:\txe
        drm-client-id:\t3
        drm-resident-vram0:\t16 MiB
        drm-resident-vram1:\t1 MiB
        drm-total-vram0:\t32 MiB
        drm-resident-system:\t512
        drm-resident-stolen:\t9 MiB
        drm-cycles-ccs:\t77
        drm-total-cycles-ccs:\t1000
        drm-engine-capacity-ccs:\t4
        drm-cycles-nonsense:\t5
        """))
    let use = try #require(info.engines[DRMEngine.compute.rawValue])
    #expect(use.cycles == 77 && use.totalCycles == 1_000 && use.capacity == 4 && use.nanoseconds == nil)
    // Resident memory of both tiles, rather than requested memory or the firmware's.
    #expect(info.vram == 17_825_792 && info.shared == 512)
  }

  @Test(arguments: [
    ("drm-driver:\ti915\ndrm-resident-local0:\t2 GiB\n", 2_147_483_648.0),
    ("drm-driver:\ti915\ndrm-total-local0:\t7\ndrm-memory-local:\t1 KiB\n", 1_024),
    ("drm-driver:\ti915\ndrm-total-local0:\t7\n", 7),
    ("drm-driver:\ti915\ndrm-total-local0:\t99999999999999999999 GiB\n", .nan),
    ("drm-driver:\ti915\ndrm-total-local0\t7\n", .nan),
  ])
  func memoryOfTheGPU(text: String, bytes: Double) {
    let vram = parse(text)?.vram ?? -1
    #expect(vram == bytes || vram.isNaN && bytes.isNaN)
  }

  @Test func otherDescriptorsAreRejected() {
    #expect(parse("pos:\t0\nflags:\t02\nmnt_id:\t15\neventfd-count:\t0\n") == nil)
    #expect(parse("") == nil)
    #expect(parse("drm-driver:") == nil)
    // As of Linux 5.14, without one of its two lines.
    #expect(parse("pdev:\t0000:03:00.0\nvram mem:\t17196 kB\ngfx0:\t70.59%\n") == nil)
    #expect(parse("pasid:\t32769\nvram mem:\t17196 kB\ngfx0:\t70.59%\n") == nil)
  }

  /// Format of amdgpu in kernels 5.14 to 5.18, before common names.
  private static let old = """
    pos:\t0
    flags:\t02100002
    mnt_id:\t24
    pdev:\t0000:03:00.0
    pasid:\t32769
    vram mem:\t17196 kB
    gtt mem:\t2048 kB
    cpu mem:\t12 kB
    gfx0:\t70.59%
    compute0:\t10.5%
    compute1:\t20.0%
    dma0:\t1.1%
    dec0:\t5.25%
    enc0:\t7%
    enc_10:\t3.50%
    jpeg0:\t0.99%
    nonsense0:\t50.0%

    """

  @Test func amdgpuOfLinux514() throws {
    let info = try #require(parse(Self.old))
    #expect(info.driver == "amdgpu" && info.pciAddress == "0000:03:00.0" && info.client == 32_769)
    #expect(info.vram == 17_196 * 1_024 && info.shared == 2_048 * 1_024)
    func share(_ engine: DRMEngine) -> Double { info.engines[engine.rawValue]?.share ?? -1 }
    for (engine, percent) in [(DRMEngine.graphics, 70.59), (.decode, 5.25), (.jpeg, 0.99)] {
      #expect(abs(share(engine) - percent / 100) < 1e-9)
    }
    // Hundredths without a leading zero: 10.05 % and 20.00 % of two queues.
    #expect(abs(share(.compute) - 0.3005) < 1e-9 && share(.encode) == 0.07 && share(.secondEncode) == 0.035)
    // The first version had no domain; a client without an address space has no id.
    let first = try #require(parse("pdev:\t03:00.0\npasid:\t0\ngfx:\t250.0%\n"))
    #expect(first.pciAddress == "0000:03:00.0" && first.client == nil)
    #expect(first.engines[DRMEngine.graphics.rawValue]?.share == 1)
  }

  @Test func theUnitIsOneOfMany() {
    for (text, bytes) in [
      ("5 KiB", 5_120.0), ("5 kB", 5_120), ("5 MiB", 5_242_880), ("5 GiB", 5_368_709_120), ("5", 5),
    ] {
      #expect(parse("drm-driver:\tamdgpu\ndrm-memory-vram:\t\(text)\n")?.vram == bytes)
    }
  }

  @Test func aCapacityOfZeroIsOne() throws {
    let info = try #require(parse("drm-driver:\tx\ndrm-engine-capacity-render:\t0\ndrm-engine-render:\t1 ns\n"))
    #expect(info.engines[DRMEngine.graphics.rawValue]?.capacity == 1)
  }

  @Test func mutations() {
    let xe = "drm-driver:\txe\ndrm-cycles-rcs:\t1\ndrm-total-cycles-rcs:\t2\ndrm-engine-capacity-rcs:\t3\n"
    surviveTruncationAndMutation(of: Array(Self.old.utf8), mutations: 2_000) { bytes in
      for use in FDInfo(bytes)?.engines ?? [] { #expect((use?.share ?? 0) <= 1) }
    }
    surviveTruncationAndMutation(of: Array((Self.amdgpu + xe).utf8), mutations: 3_000) { bytes in
      if let info = FDInfo(bytes) {
        #expect(!(info.vram < 0) && !(info.shared < 0))
        for use in info.engines { #expect((use?.capacity ?? 1) >= 1) }
      }
    }
  }
}
