import AgentMetrics
import Glibc
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct DRMClientsTests {
  private static func info(_ client: Int, gfx: Int, vram: Int = 1) -> String {
    "drm-driver:\tamdgpu\ndrm-client-id:\t\(client)\ndrm-memory-vram:\t\(vram) KiB\ndrm-engine-gfx:\t\(gfx) ns\n"
  }

  /// A machine with processes that have devices open: pid → descriptor → (node, fdinfo).
  private func machine(_ processes: [Int: [Int: (String, String)]]) throws -> Fixture {
    let fixture = try Fixture(files: ["proc/2/stat": "2 (kthreadd) S 0 0 0\n"])
    for (pid, descriptors) in processes {
      try fixture.link("proc/\(pid)/fd/0", to: "/dev/null")
      try fixture.link("proc/\(pid)/fd/1", to: "socket:[4711]")
      for (number, (node, info)) in descriptors {
        try fixture.link("proc/\(pid)/fd/\(number)", to: "/dev/dri/" + node)
        try fixture.write(info, to: "proc/\(pid)/fdinfo/\(number)")
      }
    }
    return fixture
  }

  private static let nodes = ["renderD128": "card0", "card0": "card0"]

  @Test func aClientCountsOnce() throws {
    // A descriptor inherited by a child, and one duplicated within the process.
    let fixture = try machine([
      10: [4: ("renderD128", Self.info(1, gfx: 0)), 5: ("renderD128", Self.info(1, gfx: 0))],
      11: [4: ("renderD128", Self.info(1, gfx: 0)), 9: ("card0", Self.info(2, gfx: 0, vram: 8))],
    ])
    let clients = DRMClients(root: fixture.root)
    #expect(clients.read(at: 100, nodes: Self.nodes)["card0"]?.processes.map(\.vram) == [8_192, 1_024])
    for (path, client, gfx) in [
      ("10/fdinfo/4", 1, 2), ("10/fdinfo/5", 1, 2), ("11/fdinfo/4", 1, 2), ("11/fdinfo/9", 2, 3),
    ] {
      try fixture.write(Self.info(client, gfx: gfx * 1_000_000_000), to: "proc/" + path)
    }
    let use = try #require(clients.read(at: 110, nodes: Self.nodes)["card0"])
    #expect(use.processes.map(\.pid) == [11, 10])
    #expect(use.processes.map(\.util) == [0.3, 0.2])
    #expect(use.share(of: .graphics) == 0.5 && use.busiest == 0.5)
    #expect(use.processes.map(\.kind) == ["graphics", "graphics"])
    #expect(clients.isComplete)
  }

  /// Linux 5.14 to 5.18: shares rather than counters, available from the first reading on.
  @Test func clientsWithSharesInsteadOfCounters() throws {
    func info(_ pasid: Int, _ gfx: String) -> String {
      "pdev:\t0000:03:00.0\npasid:\t\(pasid)\nvram mem:\t4 kB\ngtt mem:\t8 kB\ngfx0:\t\(gfx)%\n"
    }
    let fixture = try machine([
      10: [4: ("renderD128", info(32_769, "30.0")), 5: ("renderD128", info(32_769, "30.0"))],
      11: [4: ("renderD128", info(32_770, "12.50"))],
    ])
    let use = try #require(DRMClients(root: fixture.root).read(at: 100, nodes: Self.nodes)["card0"])
    #expect(use.processes.map(\.pid) == [10, 11] && use.processes.map(\.util) == [0.3, 0.125])
    #expect(use.processes.map(\.kind) == ["graphics", "graphics"] && use.work == 0.425 && use.vram == 8_192)
  }

  @Test func idleClientsHaveZeroUse() throws {
    let fixture = try machine([10: [4: ("renderD128", "drm-driver:\tamdgpu\ndrm-client-id:\t1\n")]])
    let clients = DRMClients(root: fixture.root)
    #expect(clients.read(at: 100, nodes: Self.nodes)["card0"]?.work.isNaN == true)
    #expect(clients.read(at: 101, nodes: Self.nodes)["card0"]?.work == 0)
  }

  @Test func aCounterThatGoesBackWaitsUntilItHasCaughtUp() throws {
    let fixture = try machine([10: [4: ("renderD128", Self.info(1, gfx: 5_000_000_000))]])
    let clients = DRMClients(root: fixture.root)
    var shares: [Double] = []
    for (index, gfx) in [5_000_000_000, 6_000_000_000, 4_000_000_000, 5_500_000_000, 7_000_000_000].enumerated() {
      try fixture.write(Self.info(1, gfx: gfx), to: "proc/10/fdinfo/4")
      shares.append(clients.read(at: Double(100 + index * 2), nodes: Self.nodes)["card0"]?.busiest ?? -1)
    }
    #expect(shares[0].isNaN)
    #expect(shares[1...] == [0.5, 0, 0, 0.5])
  }

  @Test func noShareExceedsTheWhole() throws {
    let fixture = try machine([10: [4: ("renderD128", Self.info(1, gfx: 0))], 11: [4: ("card0", Self.info(2, gfx: 0))]])
    let clients = DRMClients(root: fixture.root)
    _ = clients.read(at: 100, nodes: Self.nodes)
    try fixture.write(Self.info(1, gfx: .max), to: "proc/10/fdinfo/4")
    try fixture.write(Self.info(2, gfx: 900_000_000), to: "proc/11/fdinfo/4")
    let use = try #require(clients.read(at: 101, nodes: Self.nodes)["card0"])
    #expect(use.busiest == 1)
    #expect(use.processes.map(\.util) == [1, 0.9])
    // Without elapsed time there is no share.
    #expect(clients.read(at: 101, nodes: Self.nodes)["card0"]?.busiest.isNaN == true)
  }

  @Test func anotherProcessWithTheSameIdStartsFromZero() throws {
    let fixture = try machine([10: [4: ("renderD128", Self.info(1, gfx: 1_000_000_000))]])
    let clients = DRMClients(root: fixture.root)
    _ = clients.read(at: 100, nodes: Self.nodes)
    try fixture.write(Self.info(77, gfx: 9_000_000_000), to: "proc/10/fdinfo/4")
    let process = try #require(clients.read(at: 101, nodes: Self.nodes)["card0"]?.processes.first)
    #expect(process.util.isNaN)
  }

  @Test func aSleepingDevicesClientsAreNotRead() throws {
    let fixture = try machine([10: [4: ("renderD128", Self.info(1, gfx: 0)), 5: ("renderD129", Self.info(1, gfx: 0))]])
    let clients = DRMClients(root: fixture.root)
    let counter = DRMOpenCounter([fixture.root + "/proc/10/fdinfo"])
    let uses = clients.read(at: 100, nodes: ["renderD129": "card1"])
    #expect(uses.keys.sorted() == ["card1"])
    #expect(Set(counter.paths()) == [fixture.root + "/proc/10/fdinfo/5"])
  }

  @Test func aRoundOverManyProcessesTakesSeveralPasses() throws {
    let fixture = try Fixture(files: ["proc/2/stat": "2 (kthreadd) S 0 0 0\n"])
    for pid in 100..<130 {
      for number in 0..<10 { try fixture.link("proc/\(pid)/fd/\(number)", to: "pipe:[\(number)]") }
    }
    let budget = 200
    try fixture.link("proc/100/fd/200", to: "/dev/dri/renderD128")
    try fixture.write(Self.info(1, gfx: 0), to: "proc/100/fdinfo/200")
    let clients = DRMClients(root: fixture.root, budget: budget)
    // The lowest number comes last: the newest processes are scanned first.
    #expect(clients.read(at: 100, nodes: Self.nodes)["card0"]?.processes.isEmpty == true)
    #expect(clients.linksRead >= budget && clients.linksRead < budget + 11)
    #expect(!clients.isComplete)
    #expect(clients.read(at: 101, nodes: Self.nodes)["card0"]?.processes.map(\.pid) == [100])
    #expect(clients.isComplete)
    // Until the next scan only the client is read.
    let read = clients.linksRead
    let counter = DRMOpenCounter([fixture.root + "/proc/100/fdinfo", fixture.root + "/proc/100/fd"])
    _ = clients.read(at: 102, nodes: Self.nodes)
    #expect(clients.linksRead == read)
    #expect(Set(counter.paths()) == [fixture.root + "/proc/100/fdinfo/200"])
    // The process and its descriptors are gone after the next scan.
    fixture.remove("proc/100")
    #expect(clients.read(at: 103, nodes: Self.nodes)["card0"]?.processes.isEmpty == true)
    _ = clients.read(at: 111, nodes: Self.nodes)
    #expect(clients.linksRead > read)
  }

  @Test func insideAContainerSumsDoNotRepresentTheDevice() throws {
    let fixture = try machine([10: [4: ("renderD128", Self.info(1, gfx: 0))]])
    try fixture.write("2 (bash) S 1 2 2\n", to: "proc/2/stat")
    let clients = DRMClients(root: fixture.root)
    #expect(clients.read(at: 100, nodes: Self.nodes)["card0"]?.processes.count == 1)
    #expect(!clients.isComplete)
  }

  /// Not for root, which may read everything.
  @Test(.enabled(if: geteuid() != 0)) func unreadableProcessesMakeSumsIncomplete() throws {
    let fixture = try machine([10: [4: ("renderD128", Self.info(1, gfx: 0))]])
    chmod(fixture.root + "/proc/10/fd", 0)
    defer { chmod(fixture.root + "/proc/10/fd", 0o755) }
    let clients = DRMClients(root: fixture.root)
    #expect(clients.read(at: 100, nodes: Self.nodes)["card0"]?.processes.isEmpty == true)
    #expect(!clients.isComplete)
  }
}

@Suite struct RuntimePowerTests {
  private func device(_ files: [String: String]) throws -> (Fixture, RuntimePower) {
    let fixture = try Fixture(files: files)
    return (fixture, RuntimePower(deviceFolder: fixture.root))
  }

  @Test(arguments: [
    ("suspended\n", RuntimePower.Look.asleep), ("suspending\n", .asleep), ("active\n", .read), ("resuming\n", .read),
    ("unsupported\n", .read), ("", .read),
  ])
  func state(status: String, look: RuntimePower.Look) throws {
    let (_, power) = try device(["power/runtime_status": status])
    #expect(power.look(at: 1) == look)
  }

  @Test func aDeviceWithoutPowerManagementIsRead() throws {
    let (_, power) = try device(["vendor": "0x1002\n"])
    #expect(power.look(at: 1) == .read)
  }

  @Test func anIdleDeviceIsLeftAloneForLongerThanItsDelay() throws {
    let (fixture, power) = try device([
      "power/runtime_status": "active\n", "power/control": "auto\n", "power/autosuspend_delay_ms": "5000\n",
    ])
    power.note(isIdle: true, at: 100)
    #expect(power.look(at: 101) == .read)
    power.note(isIdle: true, at: 110)
    #expect(power.look(at: 110.5) == .leaveAlone)
    #expect(power.look(at: 122.9) == .leaveAlone)
    #expect(power.look(at: 123) == .read)
    // Still awake and still idle: left alone again immediately.
    power.note(isIdle: true, at: 123)
    #expect(power.look(at: 124) == .leaveAlone)
    power.noteUse()
    #expect(power.look(at: 125) == .read)
    power.note(isIdle: true, at: 126)
    power.note(isIdle: false, at: 137)
    #expect(power.look(at: 138) == .read)
    try fixture.write("suspended\n", to: "power/runtime_status")
    #expect(power.look(at: 139) == .asleep)
  }

  @Test(arguments: [
    ["power/control": "on\n", "power/autosuspend_delay_ms": "5000\n"],
    ["power/control": "auto\n", "power/autosuspend_delay_ms": "-1\n"],
    [:],
  ])
  func aDeviceThatMayNotSleepIsReadAlways(files: [String: String]) throws {
    let (_, power) = try device(files)
    power.note(isIdle: true, at: 100)
    power.note(isIdle: true, at: 200)
    #expect(power.look(at: 201) == .read)
  }
}
