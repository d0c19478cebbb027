import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct ProcessDetailsReaderTests {
  private static let limits = """
    Limit                     Soft Limit           Hard Limit           Units     \n\
    Max cpu time              unlimited            unlimited            seconds   \n\
    Max stack size            8388608              unlimited            bytes     \n\
    Max open files            1024                 1048576              files     \n\
    Max nice priority         0                    0                    \n
    """
  private static let status =
    "Name:\ta\nVmSwap:\t      12 kB\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t3\n"
  private static let stat = "7 (a) (b) S 1 7 7 0 -1 4194304 0 0 0 0 1 2 0 0 25 -5 1 0 300 0 10 0\n"

  @Test func detailsInAFolder() throws {
    let machine = try Fixture(files: [
      "proc/7/cmdline": "worker\0--queue\0a b\0--token\0abc\0", "proc/7/limits": Self.limits, "proc/7/stat": Self.stat,
      "proc/7/status": Self.status,
      "proc/7/fd/0": "", "proc/7/fd/1": "", "proc/8/stat": "broken",
    ])
    let reader = ProcessDetailsReader(root: machine.root)
    let details = try #require(reader.details(of: 7))
    #expect(details.command == "worker --queue a b --token ********")
    func command(_ detail: CommandLineDetail) -> String? {
      ProcessDetailsReader(root: machine.root, commandLines: detail).details(of: 7)?.command
    }
    #expect(command(.full) == "worker --queue a b --token abc" && command(.none) == nil)
    #expect(commandLine(root: machine.root, .masked)(7) == details.command)
    #expect(details.openFiles == 2)
    #expect(details.openFilesLimit.map { $0.soft == "1024" && $0.hard == "1048576" } == true)
    #expect(details.limits.map(\.name) == ["stack size", "nice priority"])
    #expect(details.limits.map(\.soft) == ["8388608", "0"] && details.limits.map(\.hard) == ["unlimited", "0"])
    #expect(details.nice == -5)
    #expect(details.swapped == 12_288)
    #expect(details.switches.map { $0.voluntary == "150" && $0.involuntary == "3" } == true)
    // An empty folder yields no values.
    #expect(reader.details(of: 8) == ProcessDetails())
    #expect(reader.details(of: 9) == nil)
  }

  @Test func thisProcess() throws {
    let details = try #require(ProcessDetailsReader(root: "").details(of: getpid()))
    #expect(details.command?.isEmpty == false && details.directory?.hasPrefix("/") == true)
    #expect((details.openFiles ?? 0) >= 3 && details.openFilesLimit != nil && details.nice != nil)
    #expect(ProcessDetailsReader(root: "").details(of: .max) == nil)
  }

  @Test func theySurviveAnything() {
    surviveTruncationAndMutation(of: Array(Self.limits.utf8), mutations: 2_000) { bytes in
      var details = ProcessDetails()
      ProcessLimitsParser.parse(bytes, into: &details)
    }
    surviveTruncationAndMutation(of: Array(Self.status.utf8), mutations: 2_000) { bytes in
      var details = ProcessDetails()
      details.add(status: bytes)
    }
    surviveTruncationAndMutation(of: Array(Self.stat.utf8), mutations: 2_000) { _ = ProcessStatParser.nice($0) }
  }
}
