import AgentMetrics
import KernelFiles
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct MemoryCollectorTests {
  private func read(_ root: String) throws -> MemoryReading {
    var reading = Reading()
    try MemoryCollector(root: root, pageSize: 4_096).read(into: &reading)
    return reading.memory
  }

  @Test func aVirtualMachine() throws {
    let memory = try read(Fixture("vm-1-core").root)
    #expect(memory.total == 1_003_508 * 1_024)
    #expect(memory.free == 71_416 * 1_024)
    #expect(memory.available == 518_792 * 1_024)
    #expect(memory.buffers == 28_412 * 1_024)
    // Cached rather than SwapCached.
    #expect(memory.cached == 391_204 * 1_024)
    #expect(memory.swapCached == 6_212 * 1_024)
    #expect(memory.shared == 6_136 * 1_024)
    #expect(memory.slab == 87_132 * 1_024)
    // SReclaimable rather than KReclaimable.
    #expect(memory.reclaimable == 48_920 * 1_024)
    #expect(memory.swapTotal == 524_284 * 1_024)
    #expect(memory.swapFree == 402_716 * 1_024)
    #expect(memory.swappedIn == 41_231 * 4_096)
    #expect(memory.swappedOut == 101_884 * 4_096)
    #expect(memory.majorFaults == 88_231)
    #expect(memory.oomKills == 2)
    #expect(memory.arcSize == nil)
    #expect(RAM(from: nil, to: memory, over: Elapsed(seconds: .nan)).used == Double((1_003_508 - 518_792) * 1_024))
  }

  @Test func withoutMemAvailable() throws {
    let fixture = try Fixture(files: [
      "proc/meminfo": """
      MemTotal:        1000 kB
      MemFree:          100 kB
      Buffers:           50 kB
      Cached:           200 kB
      Shmem:             30 kB
      SReclaimable:      20 kB

      """
    ])
    let memory = try read(fixture.root)
    #expect(memory.available == nil)
    #expect(memory.usable == (100 + 50 + 200 - 30 + 20) * 1_024)
    #expect(memory.oomKills == nil)
    #expect(memory.swapTotal == nil)
  }

  @Test func zfsGivesItsCacheBack() throws {
    let fixture = try Fixture(files: [
      "proc/meminfo": "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 100 kB\n",
      "proc/spl/kstat/zfs/arcstats": """
      13 1 0x01 123 33456 5555 666
      name                            type data
      hits                            4    99
      c_min                           4    102400
      c_max                           4    999999
      size                            4    409600
      arc_meta_used                   4    7

      """,
    ])
    let memory = try read(fixture.root)
    #expect(memory.arcSize == 409_600)
    #expect(memory.arcMinimum == 102_400)
    #expect(memory.usable == 100 * 1_024 + 409_600 - 102_400)
  }

  @Test func malformedTextIsAnError() throws {
    var reading = Reading()
    reading.memory.total = 5
    let fixture = try Fixture(files: ["proc/meminfo": "MemFree: 5 kB\n"])
    let collector = MemoryCollector(root: fixture.root)
    #expect(throws: (any Error).self) { try collector.read(into: &reading) }
    #expect(reading.memory.total == nil)
    // It recovers by itself.
    try fixture.write("MemTotal: 7 kB\n", to: "proc/meminfo")
    try collector.read(into: &reading)
    #expect(reading.memory.total == 7 * 1_024)
  }

  @Test func aTruncatedNumberIsIgnored() {
    func total(_ text: String) -> UInt64? {
      let bytes = Array(text.utf8)
      var memory = MemoryReading()
      MeminfoParser.parse(bytes.span, into: &memory)
      return memory.total
    }
    #expect(total("MemTotal:  658 kB\n") == 658 * 1_024)
    #expect(total("MemTotal:  658") == nil)
    #expect(total("MemTotal:  658 k") == nil)
    #expect(total("MemTotal:  18446744073709551615 kB\n") == nil)
    #expect(total("MemTotal:  -5 kB\n") == nil)
  }

  @Test func parsersSurviveAnything() throws {
    let meminfo = try Array(Fixture("vm-1-core").contents(of: "proc/meminfo").prefix(600))
    surviveTruncationAndMutation(of: meminfo, mutations: 20_000) { bytes in
      var memory = MemoryReading()
      MeminfoParser.parse(bytes, into: &memory)
      _ = RAM(from: memory, to: memory, over: Elapsed(seconds: 1))
      _ = Swap(from: memory, to: memory, over: Elapsed(seconds: 1))
    }
    let vmstat = Array("nr_free_pages 5\npgmajfault 88231\npswpin 41231\npswpout 101884\noom_kill 2\n".utf8)
    surviveTruncationAndMutation(of: vmstat, mutations: 20_000) { bytes in
      var memory = MemoryReading()
      VmstatParser.parse(bytes, pageSize: 65_536, into: &memory)
    }
    let arcstats = Array("13 1 0x01 123\nname type data\nc_min 4 102400\nsize 4 409600\n".utf8)
    surviveTruncationAndMutation(of: arcstats, mutations: 20_000) { bytes in
      var memory = MemoryReading()
      ArcstatsParser.parse(bytes, into: &memory)
      _ = memory.usable
    }
  }
}
