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

  private static let tcp = """
      sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
       0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 71 1 0 100 0 0 10 0
       1: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 72 1 0 20 4 30 10 -1

    """
  private static let tcp6 = """
      sl  local_address                         remote_address                        st
       0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 73 1 0
       1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:0051 01 0:0 0:0 0 0 0 74 1 0

    """
  private static let unix = """
    Num       RefCount Protocol Flags    Type St Inode Path
    ffff8880: 00000002 00000000 00010000 0001 01 75 /run/a.sock
    ffff8881: 00000003 00000000 00000000 0001 03 76

    """

  @Test func socketsAreNamed() {
    func names(_ text: String, _ kind: SocketKind) -> [String] {
      var names: [String] = []
      SocketText.forEach(in: Array(text.utf8).span, kind) { names.append($0 + " " + $1) }
      return names
    }
    #expect(
      names(Self.tcp, .tcp) == [
        "71 tcp 127.0.0.1:8080 listening", "72 tcp 127.0.0.1:8080 to 127.0.0.2:50000 established",
      ])
    #expect(
      names(Self.tcp6, .tcp6) == [
        "73 tcp6 [::1]:22 listening", "74 tcp6 [::ffff:127.0.0.1]:80 to [::ffff:127.0.0.2]:81 established",
      ])
    #expect(names(Self.unix, .unix) == ["75 unix /run/a.sock", "76 unix unnamed"])
    #expect(names(Self.tcp, .udp).first == "71 udp 127.0.0.1:8080")
  }

  @Test func theEnvironmentIsMasked() {
    func environment(_ text: String, _ detail: CommandLineDetail = .masked) -> [String]? {
      ProcessPartsReader.environment(Array(text.utf8).span, detail)
    }
    let text = "PATH=/bin\0DB_PASSWORD=hunter2\0API_KEY=abc\0URL=https://mira:secret@host/\0AWS_SESSION_TOKEN=x y\0"
    let masked = environment(text) ?? []
    #expect(masked.contains("PATH=/bin") && masked.contains("DB_PASSWORD=********"))
    #expect(masked.contains("API_KEY=********") && masked.contains("AWS_SESSION_TOKEN=********"))
    #expect(!masked.joined().contains("secret") && masked.count == 5)
    #expect(environment(text, .none) == nil && environment(text, .full)?.contains("DB_PASSWORD=hunter2") == true)
    #expect(environment("") == [])
  }

  @Test func partsInAFolder() throws {
    let thread = { (id: Int, ticks: Int) in "\(id) (w\(id)) S 1 7 7 0 -1 0 0 0 0 0 \(ticks) 0 0 0 20 0 2 0 300 0 10 0\n"
    }
    let machine = try Fixture(files: [
      "proc/7/status": "Name:\ta\nVmHWM:\t  40 kB\nRssAnon:\t 12 kB\nVmPTE:\t 4 kB\n", "proc/7/oom_score": "667\n",
      "proc/7/oom_score_adj": "-500\n", "proc/7/environ": "A=1\0", "proc/7/task/7/stat": thread(7, 100),
      "proc/7/task/8/stat": thread(8, 300), "proc/7/cgroup": "0::/app\n",
      "proc/self/mountinfo": "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      "sys/fs/cgroup/app/cgroup.type": "domain\n", "sys/fs/cgroup/app/memory.max": "1048576\n",
      "sys/fs/cgroup/app/memory.current": "4096\n", "sys/fs/cgroup/app/cpu.max": "50000 100000\n",
    ])
    let details = try #require(ProcessDetailsReader(root: machine.root).details(of: 7))
    #expect(details.memoryParts.map(\.name) == ["peak resident", "anonymous", "page tables"])
    #expect(details.memoryParts.map(\.bytes) == [40_960, 12_288, 4_096])
    #expect(details.oomScore.map { $0.score == 667 && $0.adjustment == -500 } == true)
    #expect(details.threads.map(\.id) == [8, 7] && details.threads.first?.name == "w8")
    #expect(details.environment == ["A=1"])
    #expect(details.cgroup?.path == "/app" && details.cgroup?.memoryLimit == 1_048_576)
    #expect(details.cgroup?.cpuLimit == 0.5)
  }

  @Test func refusedPartsAreNamed() throws {
    var details = ProcessDetails()
    // Root may read any file: the errors are made up.
    for (part, code) in [
      ("environment", ErrorCode.noAccess), ("limits", ErrorCode.notPermitted), ("gone", ErrorCode.notFound),
    ] { ProcessPartsReader.add(part, SystemError("open", code: code), to: &details) }
    #expect(details.refused == ["environment", "limits"])
    let machine = try Fixture(files: ["proc/7/status": "Name:\ta\n", "proc/7/environ": ""])
    let empty = try #require(ProcessDetailsReader(root: machine.root).details(of: 7))
    #expect(empty.environment == [] && empty.refused.isEmpty)
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
    for (text, kind) in [(Self.tcp, SocketKind.tcp), (Self.tcp6, .tcp6), (Self.unix, .unix)] {
      surviveTruncationAndMutation(of: Array(text.utf8), mutations: 2_000) { bytes in
        SocketText.forEach(in: bytes, kind) { _, _ in }
      }
    }
    surviveTruncationAndMutation(of: Array("A=1\0B_KEY=2\0".utf8), mutations: 2_000) {
      _ = ProcessPartsReader.environment($0, .masked)
    }
    surviveTruncationAndMutation(of: Array(Self.status.utf8), mutations: 2_000) {
      _ = ProcessPartsReader.memoryParts($0)
    }
  }
}
