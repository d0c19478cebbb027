import AgentMetrics
import Collect
import Glibc
import KernelFiles
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct ProcessesCollectorTests {
  private static let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))

  private func scan(_ root: String) throws -> [Int32: ProcessReading] {
    let all = try ProcessScanner(root: root).scan()
    #expect(all.map(\.pid) == all.map(\.pid).sorted())
    return Dictionary(uniqueKeysWithValues: all.map { ($0.pid, $0) })
  }

  @Test(
    arguments: [
      (1001, "tmux: server"), (1002, ")"), (1003, "("), (1004, "new\nline"), (1005, "a) R 1 (b"), (1008, ""),
      (1009, ") R 1 2 3 4 5"), (1011, " lead trail "), (1012, "tab\there"), (1014, "1014 (1014) S"),
      (1016, "\u{1B}[31mred\u{7}"), (402, "(sd-pam)"),
    ] as [(Int32, String)]) func namesThatTripParsers(pid: Int32, name: String) throws
  {
    #expect(try scan(Fixture("odd-names").root)[pid]?.name == name)
  }

  @Test func namesThatAreNoUTF8() throws {
    let processes = try scan(Fixture("odd-names").root)
    #expect(processes[1006]?.name.hasSuffix("raw") == true)
    #expect(processes[1006]?.name.contains("\u{FFFD}") == true)
    #expect(processes[1013]?.name == "grün-日本")
  }

  @Test func aProcessWithAllFields() throws {
    let processes = try scan(Fixture("odd-names").root)
    let java = try #require(processes[2005])
    #expect(java.parent == 1)
    #expect(java.state == UInt8(ascii: "S"))
    #expect(java.cpuTicks == 604_757 + 259_181)
    #expect(java.threads == 61)
    #expect(java.start == 1_817)
    #expect(java.residentBytes == 201_440 * Self.pageSize)
    #expect(java.priority == 20 && java.nice == 0 && java.virtualBytes == 4_133_879_808 && java.majorFaults == 26)
    #expect(java.user == "user1000")
    #expect(!java.isKernelThread)
    #expect(processes[112]?.isKernelThread == true)
    #expect(processes[1101]?.state == UInt8(ascii: "Z"))
    #expect(processes[1104]?.state == UInt8(ascii: "t"))
    // Truncated, empty, without a closing parenthesis.
    for pid in [1201, 1202, 1203, 1204] as [Int32] { #expect(processes[pid] == nil, "\(pid)") }
  }

  @Test(
    arguments: [
      (2001, "docker:1d0060ec7d2b"), (2005, "podman:f69765f1459d"), (2007, "machine:qemu-1-web"), (2008, "lxc:web"),
      (401, "ssh.service"), (405, "getty@tty1.service"), (407, "dm\\x2devent.service"),
      (406, "postgresql@15-main.service"), (403, "dbus.service"), (1001, nil), (112, nil),
    ] as [(Int32, String?)]) func containersAndServices(pid: Int32, service: String?) throws
  {
    let processes = try scan(Fixture("odd-names").root)
    let process = try #require(processes[pid])
    #expect(process.service == service, "\(process)")
  }

  @Test(
    arguments: [
      ("0::/docker/5eab7c126fb66f15ea8b6e74aecacd9c60b1811eb75f737cf10025c17aef5d60\n", "docker:5eab7c126fb6"),
      (
        "11:memory:/docker/5eab7c126fb66f15ea8b6e74aecacd9c60b1811eb75f737cf10025c17aef5d60\n0::/\n",
        "docker:5eab7c126fb6"
      ),
      (
        "0::/kubepods/burstable/pod1b3c5d7e/fb3c444addbb5c154414a7bd9842a4c3beb6e1895298de56497f92de738f9314\n",
        "kubernetes:fb3c444addbb"
      ),
      (
        "0::/kubepods.slice/x.slice/cri-containerd-8c50f2e4b179f7c11da65085d4180d59136c8be86ed26812eeb53cb804cc0e9b.scope\n",
        "containerd:8c50f2e4b179"
      ),
      ("0::/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0\n", "slurm:4711"),
      ("9:memory:/slurm/uid_1000/job_99/step_batch\n", "slurm:99"),
      ("0::/lxc.payload.web/system.slice/nginx.service\n", "lxc:web"),
      ("0::/system.slice/docker-short.scope\n", nil), ("0::/init.scope\n", nil), ("", nil), ("garbage", nil),
    ] as [(String, String?)]) func groupPaths(text: String, name: String?)
  {
    let bytes = Array(text.utf8)
    #expect(ServiceName.find(in: bytes.span) == name)
  }

  /// /proc/7/stat of a process that has used one and a half seconds.
  private static func stat(_ name: String) -> String {
    "7 (\(name)) R 1 7 7 0 -1 4194304 0 0 0 0 100 50 0 0 20 0 1 0 300 0 10 0\n"
  }

  /// Version 1 reports the root for a task that has ended.
  @Test func aProcessWithoutItsMainThreadStaysInItsGroup() throws {
    let service = "4:memory:/system.slice/a.service\n"
    let fixture = try Fixture(files: [
      "proc/7/stat": "7 (a) Z 1 7 7 0 -1 4194304 0 0 0 0 100 50 0 0 20 0 2 0 300 0 10 0\n",
      "proc/7/cgroup": "4:memory:/\n", "proc/7/task/7/cgroup": "4:memory:/\n", "proc/7/task/8/cgroup": service,
      "proc/9/stat": "9 (b) R 1 9 9 0 -1 4194304 0 0 0 0 100 50 0 0 20 0 1 0 300 0 10 0\n", "proc/9/cgroup": service,
    ])
    let scanner = ProcessScanner(root: fixture.root)
    #expect(try scanner.scan().map(\.workload) == ["service:a.service", "service:a.service"])
    try fixture.write("9 (b) Z 1 9 9 0 -1 4194304 0 0 0 0 100 60 0 0 20 0 1 0 300 0 10 0\n", to: "proc/9/stat")
    try fixture.write("4:memory:/\n", to: "proc/9/cgroup")
    #expect(try scanner.scan().map(\.workload) == ["service:a.service", "service:a.service"])
  }

  @Test func ratesBetweenTwoPasses() throws {
    let fixture = try Fixture(files: [
      "proc/7/stat": Self.stat("a"),
      "proc/7/io": "rchar: 9\nwchar: 9\nread_bytes: 4096\nwrite_bytes: 0\n", "proc/self/x": "",
    ])
    let collector = ProcessesCollector(root: fixture.root)
    var reading = Reading()
    reading.boottime = 1_000
    try collector.read(into: &reading)
    let first = try #require(reading.processes)
    #expect(Processes(from: nil, to: first, over: Elapsed(seconds: .nan)).top.first?.cpu.isNaN == true)
    try fixture.write("7 (a) R 1 7 7 0 -1 4194304 0 0 0 0 150 100 0 0 20 0 1 0 300 0 10 0\n", to: "proc/7/stat")
    try fixture.write("read_bytes: 12288\nwrite_bytes: 100\n", to: "proc/7/io")
    reading.boottime = 1_002
    try collector.read(into: &reading)
    // The rate is over the time between the passes, whatever the tick's.
    let second = try #require(reading.processes)
    let top = try #require(Processes(from: nil, to: second, over: Elapsed(seconds: 77)).top.first)
    #expect(top.cpu == 0.5)
    #expect(top.readRate == 4_096)
    #expect(top.writeRate == 50)
    // A reused pid starts from zero.
    try fixture.write("7 (b) R 1 7 7 0 -1 4194304 0 0 0 0 30 0 0 0 20 0 1 0 900 0 10 0\n", to: "proc/7/stat")
    reading.boottime = 1_100
    try collector.read(into: &reading)
    let third = try #require(reading.processes)
    #expect(collector.age == 0)
    #expect(third.earlier?.first?.name == "a")
    let other = try #require(Processes(from: nil, to: third, over: Elapsed(seconds: 77)).top.first)
    #expect(other.name == "b")
    #expect(abs(other.cpu - 0.3 / 98) < 1e-9)
  }

  @Test func betweenTwoPassesTheLastIsUsedWithItsAge() throws {
    let fixture = try Fixture(files: [
      "proc/7/stat": Self.stat("a")
    ])
    let collector = ProcessesCollector(root: fixture.root)
    var reading = Reading()
    for instant in [1_000.0, 1_000.25] as [Double] {
      reading.boottime = instant
      try collector.read(into: &reading)
    }
    // A pass costs some CPU time, so no other is due at the same instant.
    reading.boottime = 1_000.25
    try fixture.write(Self.stat("b"), to: "proc/7/stat")
    for _ in 0..<3 { try collector.read(into: &reading) }
    #expect(collector.age >= 0)
    reading.boottime = 1_100
    try collector.read(into: &reading)
    #expect(reading.processes?.all.first?.name == "b")
  }

  /// A scrape starts no pass, and gets values of at most half a minute ago.
  @Test func requestsBetweenTicksGetTheLastPass() throws {
    let fixture = try Fixture(files: [
      "proc/7/stat": Self.stat("a")
    ])
    let collector = ProcessesCollector(root: fixture.root)
    var reading = Reading()
    for instant in [1_000.0, 1_010] as [Double] {
      reading.boottime = instant
      try collector.readBetween(into: &reading)
      #expect(collector.age == 0)
    }
    try fixture.write(Self.stat("b"), to: "proc/7/stat")
    reading = Reading()
    reading.boottime = 1_039
    try collector.readBetween(into: &reading)
    #expect(reading.processes?.all.first?.name == "a")
    #expect(collector.age == 29)
    reading.boottime = 1_040
    try collector.readBetween(into: &reading)
    #expect(reading.processes?.all.first?.name == "b")
    #expect(collector.age == 0)
  }

  /// With files that stay open the next pass has current values, without processes that have ended.
  @Test func filesThatStayOpenYieldCurrentValues() throws {
    var child: pid_t = 0
    let words = ["sleep", "1000"].map { (word: String) in strdup(word) } + [nil]
    defer { for word in words { free(word) } }
    let isStarted = posix_spawnp(&child, "sleep", nil, nil, words, environ) == 0
    try #require(isStarted)
    let scanner = ProcessScanner(root: "")
    for _ in 0..<3 { _ = try scanner.scan(keepsFiles: true) }
    let before = try #require(try scanner.scan(keepsFiles: true).first { $0.pid == getpid() })
    #expect(scanner.openFiles >= 4)
    // Busy for more than a tick of the clock that counts.
    let end = Clock.threadCPU + 0.03
    while Clock.threadCPU < end {}
    let all = try scanner.scan(keepsFiles: true)
    #expect(try #require(all.first { $0.pid == getpid() }).cpuTicks > before.cpuTicks)
    #expect(all.contains { $0.pid == child && $0.name == "sleep" })
    kill(child, SIGKILL)
    while waitpid(child, nil, 0) < 0, errno == EINTR {}
    #expect(try !scanner.scan(keepsFiles: true).contains { $0.pid == child })
    // A scan after a long time has the same result, and leaves no file open.
    #expect(try scanner.scan().contains { $0.pid == getpid() })
    #expect(scanner.openFiles == 0)
  }

  @Test("Resident memory is that of statm, which counts it exactly, else that of stat")
  func residentMemory() throws {
    let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    func stat(_ pid: Int, ticks: Int, pages: Int) -> String {
      "\(pid) (a) R 1 7 7 0 -1 4194304 0 0 0 0 \(ticks) 50 0 0 20 0 1 0 300 4096000 \(pages)\n"
    }
    let fixture = try Fixture(files: [
      "proc/7/stat": stat(7, ticks: 1, pages: 371), "proc/7/statm": "1000 414 387 5 0 100 0\n",
      "proc/8/stat": stat(8, ticks: 1, pages: 42), "proc/9/stat": stat(9, ticks: 1, pages: 43),
      "proc/9/statm": "garbage",
    ])
    let scanner = ProcessScanner(root: fixture.root)
    #expect(try scanner.scan().map(\.residentBytes) == [414 * page, 42 * page, 43 * page])
    try fixture.write("1000 515 387 5 0 100 0\n", to: "proc/7/statm")
    try fixture.write(stat(7, ticks: 2, pages: 371), to: "proc/7/stat")
    #expect(try scanner.scan().map(\.residentBytes) == [515 * page, 42 * page, 43 * page])
  }

  @Test("Where both files have the same for many processes, statm is not read any more")
  func residentMemoryOfOneFile() throws {
    let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    var files: [String: String] = [:]
    for pid in 1...100 {
      files["proc/\(pid)/stat"] = "\(pid) (a) R 1 7 7 0 -1 4194304 0 0 0 0 1 50 0 0 20 0 1 0 300 4096000 50\n"
      files["proc/\(pid)/statm"] = "1000 50 20 5 0 100 0\n"
    }
    let fixture = try Fixture(files: files)
    let scanner = ProcessScanner(root: fixture.root)
    _ = try scanner.scan()
    try fixture.write("1000 60 20 5 0 100 0\n", to: "proc/7/statm")
    try fixture.write("7 (a) R 1 7 7 0 -1 4194304 0 0 0 0 2 50 0 0 20 0 1 0 300 4096000 50\n", to: "proc/7/stat")
    #expect(try scanner.scan().first { $0.pid == 7 }?.residentBytes == 50 * page)
  }

  /// A process that works is its new user's and group's at the next pass; one that rests, some passes later.
  @Test func aProcessThatMovesIsIdentifiedAgain() throws {
    func stat(_ pid: Int, ticks: Int) -> String {
      "\(pid) (a) R 1 7 7 0 -1 4194304 0 0 0 0 \(ticks) 0 0 0 20 0 1 0 300 4096000 50\n"
    }
    let status = "Name:\ta\nUid:\t0\t0\t0\t0\n"
    let group = "0::/system.slice/a.service\n"
    let fixture = try Fixture(files: [
      "proc/7/stat": stat(7, ticks: 100), "proc/7/status": status, "proc/7/cgroup": group,
      "proc/9/stat": stat(9, ticks: 100), "proc/9/status": status, "proc/9/cgroup": group,
    ])
    let scanner = ProcessScanner(root: fixture.root)
    for _ in 0..<3 { _ = try scanner.scan() }
    for pid in [7, 9] {
      try fixture.write("Name:\ta\nUid:\t65534\t65534\t65534\t65534\n", to: "proc/\(pid)/status")
      try fixture.write("0::/system.slice/b.service\n", to: "proc/\(pid)/cgroup")
    }
    try fixture.write(stat(7, ticks: 110), to: "proc/7/stat")
    try fixture.write(stat(9, ticks: 109), to: "proc/9/stat")
    let all = try scanner.scan()
    #expect(all.map(\.service) == ["b.service", "a.service"])
    #expect(all[0].user != all[1].user && all[0].user.hasSuffix("65534"))
    let later = try (0..<32).map { _ in try scanner.scan() }
    #expect(later.last?.map(\.service) == ["b.service", "b.service"])
  }

  /// The I/O counters of a sleeping process are read at every fourth pass and say how old they are.
  @Test func ioOfASleepingProcessRests() throws {
    var child: pid_t = 0
    let words = ["sleep", "1000"].map { (word: String) in strdup(word) } + [nil]
    defer { for word in words { free(word) } }
    let isStarted = posix_spawnp(&child, "sleep", nil, nil, words, environ) == 0
    try #require(isStarted)
    defer {
      kill(child, SIGKILL)
      while waitpid(child, nil, 0) < 0, errno == EINTR {}
    }
    let scanner = ProcessScanner(root: "")
    var instants: [Double] = []
    var readings: [ProcessReading] = []
    for _ in 0..<16 {
      readings.append(try #require(try scanner.scan(keepsFiles: true).first { $0.pid == child }))
      instants.append(scanner.instant)
    }
    // The program was loaded before; its next action shows in its `stat`.
    let late = readings.suffix(10)
    try #require(late.allSatisfy { $0.readBytes != nil }, "the I/O of an own child can be read")
    #expect(late.count { $0.ioAge == 0 } < 6 && late.contains { $0.ioAge > 0 })
    #expect(!late.allSatisfy { $0.ioAge > 0 })
    for (index, reading) in readings.enumerated() where reading.ioAge > 0 {
      #expect(reading.readBytes == readings[index - 1].readBytes)
      #expect(abs(Double(reading.ioAge - readings[index - 1].ioAge) - (instants[index] - instants[index - 1])) < 0.001)
    }
    // Without files to keep, each scan reads all.
    #expect(try scanner.scan().first { $0.pid == child }?.ioAge == 0)
  }

  @Test func withoutProcThereIsAnError() throws {
    var reading = Reading()
    reading.processes = ProcessesReading()
    #expect(throws: (any Error).self) { try ProcessesCollector(root: "/nowhere").read(into: &reading) }
    #expect(reading.processes == nil)
  }

  /// Rates of a table span at least 0.9 s, whatever caused the previous scan; only the first ones at start are shorter.
  @Test func ratesReachBackFarEnough() throws {
    let fixture = try Fixture(files: ["proc/7/stat": Self.stat("a")])
    let collector = ProcessesCollector(root: fixture.root)
    collector.accept(Demand(isWatched: true, wantsTable: true))
    var reading = Reading()
    func scan(at instant: Double, between: Bool = false) throws -> Double {
      reading.boottime = instant
      if between { try collector.readBetween(into: &reading) } else { try collector.read(into: &reading) }
      let processes = try #require(reading.processes)
      return ((processes.instant - processes.earlierInstant) * 100).rounded() / 100
    }
    #expect(try scan(at: 1_000).isNaN)
    #expect(try scan(at: 1_000.25) == 0.25)
    #expect(try scan(at: 1_001) == 1)
    // A request, and 0.2 s later a tick, which does not shorten the next request's time.
    #expect(try scan(at: 1_001.95, between: true) == 0.95)
    #expect(try scan(at: 1_002.1) == 1.1)
    #expect(try scan(at: 1_003.1) == 1)
    // A second request within the time gets the same scan, with its age.
    #expect(try scan(at: 1_003.5, between: true) == 1)
    #expect(abs((reading.processes?.age ?? 0) - 0.4) < 0.01)
  }

  @Test func theTableOfASpan() throws {
    var (before, after) = (ProcessesReading(), ProcessesReading())
    (before.instant, after.instant) = (100, 101)
    (after.isLive, after.processors) = (true, 2)
    func process(_ pid: Int32, start: UInt64, ticks: UInt64, offset: Float = 0) -> ProcessReading {
      var process = ProcessReading(pid: pid)
      (process.start, process.cpuTicks, process.offset) = (start, ticks, offset)
      return process
    }
    before.all = [process(1, start: 1, ticks: 100), process(2, start: 1, ticks: 0, offset: 0.5)]
    after.all = [
      process(1, start: 1, ticks: 500), process(2, start: 1, ticks: 50, offset: 0),
      // One that has started since, and one that ran before and was not seen.
      process(3, start: 10_050, ticks: 25), process(4, start: 50, ticks: 360_000),
    ]
    let span = ProcessSpan(from: before, to: after, over: Elapsed(seconds: 77))
    let cpu = span.processes().map(\.cpu)
    // At most the number of CPUs; over the time between the two readings of a process rather than of the scans.
    #expect(cpu.prefix(3) == [2, 1, 0.25] && cpu[3].isNaN)
    #expect(Processes(from: before, to: after, over: Elapsed(seconds: 77)).top.map(\.pid) == [1, 2, 3])
    // A Reading that repeats the scan covers the time before it.
    after.earlier = before.all
    after.earlierInstant = 99
    let again = ProcessSpan(from: after, to: after, over: Elapsed(seconds: 1))
    #expect(again.elapsed.seconds == 2 && again.processes()[2].cpu == 0.125)
  }

  @Test func threadsAreOfTheirProcessesScan() throws {
    func stat(_ number: Int32, _ name: String, ticks: Int, start: Int = 700, threads: Int = 2) -> String {
      "\(number) (\(name)) S 1 1 1 0 -1 4194560 0 0 0 0 \(ticks) 0 0 0 20 0 \(threads) 0 \(start) 1000 10 0 0\n"
    }
    let machine = try Fixture(files: [
      "proc/5/stat": stat(5, "main", ticks: 110), "proc/5/task/5/stat": stat(5, "main", ticks: 100),
      "proc/5/task/6/stat": stat(6, "a) (b", ticks: 10), "proc/5/task/7/stat": "broken",
      "proc/9/stat": stat(9, "idle", ticks: 1), "proc/9/task/9/stat": stat(9, "idle", ticks: 1),
    ])
    let collector = ProcessesCollector(root: machine.root)
    collector.accept(Demand(wantsThreads: true, threadsOf: [5]))
    var readings = [Reading(), Reading()]
    readings[0].boottime = 10
    try collector.read(into: &readings[0])
    let first = ProcessSpan(
      from: nil, to: try #require(readings[0].processes), over: Elapsed(seconds: .nan)
    ).threads()
    #expect(Set(first.map(\.thread)) == [5, 6] && first.allSatisfy { $0.cpu.isNaN && $0.process == 5 })
    try machine.write(stat(5, "main", ticks: 310), to: "proc/5/stat")
    try machine.write(stat(5, "main", ticks: 300), to: "proc/5/task/5/stat")
    // Another thread with the same id: it counts from 0.
    try machine.write(stat(6, "new", ticks: 90, start: 900), to: "proc/5/task/6/stat")
    readings[1].boottime = 12
    try collector.read(into: &readings[1])
    let span = ProcessSpan(
      from: readings[0].processes, to: try #require(readings[1].processes), over: Elapsed(seconds: 2))
    let second = span.threads().sorted { $0.thread < $1.thread }
    #expect(second.map(\.cpu) == [1, 0.45] && second[1].name == "new")
    #expect(span.processes()[0].cpu == 1)
    // They are no longer requested.
    collector.accept(Demand())
    readings[0].boottime = 60
    try collector.read(into: &readings[0])
    #expect(readings[0].processes?.threads.isEmpty == true)
  }

  @Test func hiddenPartsAreReported() {
    #expect(ProcessesCollector.note(Blindness(), of: 9) == nil)
    #expect(
      ProcessesCollector.note(Blindness(hidden: 3, withoutIO: 2, isPartial: true), of: 9)
        == "processes of other users are hidden (/proc is mounted with hidepid); 3 processes are listed but cannot be "
        + "read; I/O of 2 of 9 processes cannot be read")
    var scan = ProcessesReading()
    (scan.hidden, scan.withoutIO, scan.isPartial) = (3, 2, true)
    let processes = Processes(from: nil, to: scan, over: Elapsed(seconds: 1))
    #expect(processes.hidden == 3 && processes.withoutIO == 2 && processes.isPartial)
  }

  @Test func passwd() {
    let bytes = Array("root:x:0:0::/root:/bin/sh\n#comment\nbroken\n:x:5:\na:x:7:7:\nb:x:7:7:\nc:x:-1:\n".utf8)
    func names() -> [UInt64: String] { PasswdParser.names(bytes.span) }
    #expect(names() == [0: "root", 7: "a"])
  }

  @Test func parsersSurviveAnything() {
    let stat = Array(
      "1001 (tmux: server) S 1 1001 1001 0 -1 4194560 2531 0 29 0 6047 2591 0 0 20 0 1 0 1591 14532608 300 18".utf8)
    surviveTruncationAndMutation(of: stat, mutations: 20_000) { bytes in
      var process = ProcessReading(pid: 1)
      _ = ProcessStatParser.parse(bytes, pageSize: 4_096, into: &process)
      _ = Process(from: nil, to: process, over: Elapsed(seconds: 1), secondsPerTick: 0.01)
    }
    let io = Array("rchar: 1\nwchar: 2\nsyscr: 3\nread_bytes: 4096\nwrite_bytes: 12\n".utf8)
    surviveTruncationAndMutation(of: io, mutations: 20_000) { bytes in
      var process = ProcessReading(pid: 1)
      ProcessIOParser.parse(bytes, into: &process)
    }
    surviveTruncationAndMutation(of: Array("Name:\ta\nUid:\t1000\t1001\t0\t0\n".utf8), mutations: 20_000) { bytes in
      _ = ProcessStatusParser.effectiveUser(bytes)
    }
    surviveTruncationAndMutation(of: Array("root:x:0:0::/root:/bin/sh\na:x:7:7:\n".utf8), mutations: 20_000) { bytes in
      _ = PasswdParser.names(bytes)
    }
  }
}
