import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct ProcessMemoryReaderTests {
  private static let statm = "1000 300 120 5 0 200 0\n"
  private static let rollup = "5581-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  1200 kB\nPss:  804 kB\nSwap: 8 kB\n"

  @Test func partsInAFolder() throws {
    let machine = try Fixture(files: [
      "proc/7/statm": Self.statm, "proc/7/smaps_rollup": Self.rollup, "proc/7/status": "Name:\ta\nVmSwap:\t 12 kB\n",
      "proc/8/statm": "0 0 0 0 0 0 0\n", "proc/8/status": "Name:\tkworker\n", "proc/9/statm": "broken",
    ])
    let reader = ProcessMemoryReader(root: machine.root)
    let all = reader.memory(of: [7, 8, 9, 10, -7], [.shared, .proportional, .swapped])
    let page = Double(sysconf(Int32(_SC_PAGESIZE)))
    // A kernel thread has no memory.
    #expect(all.keys.sorted() == [7])
    #expect(all[7]?.shared == 120 * page && all[7]?.proportional == 804 * 1_024 && all[7]?.swapped == 12_288)
    let one = reader.memory(of: [7], .proportional)[7]
    #expect(one?.shared.isNaN == true && one?.swapped.isNaN == true && one?.proportional == 804 * 1_024)
  }

  @Test func thisProcess() throws {
    let memory = try #require(ProcessMemoryReader(root: "").memory(of: [getpid()], [.shared, .proportional])[getpid()])
    #expect(memory.shared > 100_000 && memory.proportional > 100_000)
  }

  @Test func theySurviveAnything() {
    surviveTruncationAndMutation(of: Array(Self.statm.utf8), mutations: 2_000) {
      _ = StatmParser.sharedPages($0)
    }
    surviveTruncationAndMutation(of: Array(Self.rollup.utf8), mutations: 2_000) {
      _ = ProcessMemoryReader.kibibytes("Pss:", $0)
    }
  }
}
