import AgentMetrics
import Glibc
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

/// Ended processes, from the kernel's statistics to the counters.
@Suite struct TaskExitTests {
  private static let interval = EndedTable.Interval(ticksPerSecond: 100)

  private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func attribute(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
    return bytes(UInt16(payload.count + 4)) + bytes(type) + payload + padding
  }

  /// A message of one ended task, as kernel 6.1 sends it: version 13, 416 bytes of statistics.
  private static func message(_ exit: TaskExit, version: UInt16 = 13) -> [UInt8] {
    var statistics = [UInt8](repeating: 0, count: version >= 12 ? 416 : 328)
    func put(_ value: [UInt8], _ place: Int) { statistics.replaceSubrange(place..<(place + value.count), with: value) }
    put(bytes(version), 0)
    put(Array(exit.name.utf8), 80)
    put(bytes(exit.user), 120)
    put(bytes(exit.pid), 128)
    put(bytes(exit.parent), 132)
    put(bytes(UInt64(exit.seconds * 1e6)), 144)
    put(bytes(exit.cpu), 152)
    put(bytes(exit.peakBytes / 1_024), 200)
    put(bytes(exit.readBytes), 248)
    put(bytes(exit.writtenBytes), 256)
    if version >= 12 { put(bytes(exit.process), 368) }
    let payload = attribute(4, attribute(1, bytes(exit.pid)) + attribute(3, statistics))
    let header = bytes(UInt32(20 + payload.count)) + bytes(UInt16(31)) + bytes(UInt16(0)) + bytes(UInt64(0))
    return header + [2, 1, 0, 0] + payload
  }

  private static func exit(
    _ pid: Int32, _ name: String, parent: Int32, cpu: UInt64 = 0, process: Int32? = nil
  ) -> TaskExit {
    var exit = TaskExit()
    (exit.pid, exit.process, exit.parent, exit.name, exit.cpu) = (pid, process ?? pid, parent, name, cpu)
    (exit.user, exit.seconds, exit.readBytes, exit.peakBytes) = (1_000, 0.25, 4_096, 1 << 20)
    return exit
  }

  @Test func messages() {
    let exits = [Self.exit(7, "cc1", parent: 5, cpu: 250_000), Self.exit(9, "worker", parent: 5, process: 8)]
    let text = exits.flatMap { Self.message($0) }
    #expect(TaskstatsParser.exits(text.span) == exits)
    // Older kernels do not tell threads from processes.
    let old = TaskstatsParser.exits(Self.message(exits[1], version: 10).span)
    #expect(old.map(\.process) == [9])
    surviveTruncationAndMutation(of: text, mutations: 300) { _ = TaskstatsParser.exits($0) }
  }

  /// A kernel that samples at ticks counts 4 ms for each that a task happens to run at.
  @Test func theSchedulersClockBoundsTheTicks() {
    func parsed(sampled: UInt64, real: UInt64, exact: UInt64) -> UInt64? {
      var text = Self.message(Self.exit(7, "alias", parent: 5, cpu: sampled))
      // The statistics follow the headers, the pid's attribute and their own header.
      let start = 20 + 4 + 8 + 4
      for (place, value) in [(64, real), (72, exact)] {
        text.replaceSubrange(start + place..<start + place + 8, with: Self.bytes(value))
      }
      return TaskstatsParser.exits(text.span).first?.cpu
    }
    #expect(parsed(sampled: 5_855_509, real: 5_855_510_000, exact: 850_619_000) == 850_619)
    #expect(parsed(sampled: 0, real: 0, exact: 850_619_000) == 850_619)
    // The clock lacks most of a task that lives no longer than a tick.
    #expect(parsed(sampled: 4_000, real: 4_000_000, exact: 62_000) == 4_000)
    #expect(parsed(sampled: 40_000, real: 40_000_000, exact: 62_000) == 10_062)
    // Without delay accounting.
    #expect(parsed(sampled: 5_855_509, real: 0, exact: 0) == 5_855_509)
  }

  @Test func additionsAreBoundedByTheTimeSinceTheLastScan() {
    var one = ProcessReading(pid: 6)
    (one.cpuTicks, one.threads) = (100, 1)
    let second = EndedTable.Interval(ticksPerSecond: 100, seconds: 0.99, processors: 2)
    var table = EndedTable()
    table.add([Self.exit(6, "alias", parent: 1, cpu: 6_000_000)], since: [one], over: second) { "\($0)" }
    #expect(table.readings.map(\.cpu) == [1_000_000])
    // Of all together, in proportion.
    let exits = [Self.exit(7, "cc1", parent: 1, cpu: 3_000_000), Self.exit(8, "ld", parent: 1, cpu: 2_000_000)]
    table.add(exits, since: [], over: second) { "\($0)" }
    #expect(table.readings.map(\.cpu) == [1_000_000, 1_000_000, 1_000_000])
  }

  @Test func countersByNameUserAndWorkload() {
    var shell = ProcessReading(pid: 5)
    (shell.workload, shell.cpuTicks) = ("session:3", 10)
    var long = ProcessReading(pid: 6)
    (long.workload, long.cpuTicks, long.readBytes) = ("service:a.service", 100, 4_000)
    var table = EndedTable()
    // The compiler's parent has ended, too; the long-running one used a second before the last scan.
    table.add(
      [
        Self.exit(21, "cc1", parent: 20, cpu: 400_000), Self.exit(20, "sh", parent: 5),
        Self.exit(31, "cc1", parent: 5, cpu: 200_000), Self.exit(61, "thread", parent: 1, cpu: 300_000, process: 6),
        Self.exit(6, "server", parent: 1, cpu: 1_000_000), Self.exit(70, "lost", parent: 69),
      ], since: [shell, long], over: Self.interval
    ) { "user\($0)" }
    let readings = table.readings.sorted { $0.name < $1.name }
    #expect(readings.map(\.name) == ["cc1", "lost", "server", "sh"])
    #expect(readings.map(\.workload) == ["session:3", nil, "service:a.service", "session:3"])
    #expect(readings.map(\.count) == [2, 1, 1, 1])
    #expect(readings.map(\.cpu) == [600_000, 0, 300_000, 0])
    #expect(readings.map(\.guessed) == [600_000, 0, 0, 0], "a scan has seen the server")
    #expect(readings[2].readBytes == 96 && readings[0].readBytes == 8_192)
    #expect(readings.allSatisfy { $0.user == "user1000" && $0.peakBytes == 1 << 20 })
    table.add([Self.exit(90, "cc1", parent: 5)], since: [shell], over: Self.interval) { "user\($0)" }
    #expect(table.readings.first { $0.name == "cc1" }?.count == 3)
  }

  @Test func threadsThatEndAfterTheirProcessAreItsOwn() {
    var long = ProcessReading(pid: 6)
    long.cpuTicks = 100
    var table = EndedTable()
    // The main thread is reported between two others; scans have counted a second of the three together.
    table.add(
      [
        Self.exit(61, "thread", parent: 1, cpu: 300_000, process: 6), Self.exit(6, "server", parent: 1, cpu: 200_000),
        Self.exit(62, "thread", parent: 1, cpu: 900_000, process: 6),
      ], since: [long], over: Self.interval
    ) { "user\($0)" }
    #expect(table.readings.map(\.cpu) == [400_000])
    table.add([Self.exit(63, "thread", parent: 1, cpu: 50_000, process: 6)], since: [], over: Self.interval) { "\($0)" }
    #expect(table.readings.map(\.cpu) == [450_000])
    // The number goes to another process.
    table.add([Self.exit(6, "true", parent: 1, cpu: 1_000)], since: [], over: Self.interval) { "user\($0)" }
    #expect(table.readings.map(\.cpu) == [450_000, 1_000])
  }

  @Test func exitsBeforeTheirParentWasSeenWait() {
    let shell = ProcessReading(pid: 5)
    let exits = [Self.exit(20, "cc1", parent: 5), Self.exit(21, "as", parent: 20), Self.exit(30, "sh", parent: 7)]
    let unseen = ExitAncestors(exits, [], [ProcessReading(pid: 7)])
    #expect(exits.map(unseen.isEarly) == [true, true, false])
    #expect(unseen.nearest(of: exits[2])?.pid == 7)
    let seen = ExitAncestors(exits, [], [shell])
    #expect(exits.map(seen.isEarly) == [false, false, true])
    #expect(seen.nearest(of: exits[1])?.pid == 5)
    // A process that a scan has seen needs no ancestor.
    #expect(!ExitAncestors(exits, [ProcessReading(pid: 20)], []).isEarly(exits[0]))
  }

  @Test func countersAreBounded() {
    var table = EndedTable()
    for scan in 0..<3 {
      let exits = (0..<200).map { Self.exit(Int32(1_000 + $0), "n\(scan)-\($0)", parent: 1) }
      table.add(exits, since: [], over: Self.interval) { String($0) }
      #expect(table.readings.count <= EndedTable.limit)
    }
    // The newest stay.
    #expect(table.readings.filter { $0.name.hasPrefix("n2-") }.count == 200)
  }

  @Test func growthOfAnInterval() {
    func reading(_ serial: Int, _ name: String, _ count: UInt64, cpu: UInt64) -> EndedReading {
      var reading = EndedReading(serial: serial, name: name, user: "ann", workload: nil)
      (reading.count, reading.cpu) = (count, cpu)
      return reading
    }
    func scan(_ ended: [EndedReading]?, at instant: Double) -> ProcessesReading {
      var scan = ProcessesReading()
      (scan.ended, scan.instant) = (ended, instant)
      return scan
    }
    let before = scan([reading(1, "cc1", 10, cpu: 5_000_000), reading(2, "sh", 3, cpu: 0)], at: 100)
    let now = scan(
      [reading(1, "cc1", 30, cpu: 15_000_000), reading(2, "sh", 3, cpu: 0), reading(5, "ld", 1, cpu: 50_000)], at: 110)
    let processes = Processes(from: before, to: now, over: Elapsed(seconds: 10))
    #expect(processes.ended.map(\.name) == ["cc1", "ld"])
    #expect(processes.ended.map(\.count) == [20, 1])
    #expect(processes.ended[0].cpu == 1 && processes.endedRate == 2.1)
    let unknown = Processes(from: scan(nil, at: 100), to: scan(nil, at: 110), over: Elapsed(seconds: 10))
    #expect(unknown.ended.isEmpty && unknown.endedRate.isNaN)
  }

  @Test func reasonsOfMissingAccess() {
    #expect(ExitAccess(error: ENOENT) == .noKernelSupport)
    #expect(ExitAccess(error: EPERM) == .refused("Operation not permitted"))
    // Of systemd's RestrictAddressFamilies.
    #expect(ExitAccess(error: EAFNOSUPPORT) == .refused("Address family not supported by protocol"))
    #expect((ExitAccess.current == .allowed) == (ExitListener() != nil))
  }

  @Test(.enabled(if: geteuid() == 0, "needs CAP_NET_ADMIN")) func theRunningMachine() throws {
    // Without taskstats in the kernel, or with fewer rights, there is no listener.
    guard let listener = ExitListener() else { return }
    var seen = 0
    let isSeen = eventually({ seen >= 3 }) {
      for _ in 0..<3 { _ = system("/bin/true") }
      seen += listener.take().all.count { $0.name == "true" }
    }
    #expect(isSeen)
  }
}
