import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

/// Traffic of workloads with a network namespace of their own.
@Suite struct WorkloadNetworkTests {
  private static let head =
    "Inter-|   Receive                                                |  Transmit\n"
    + " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
  private static let root = "sys/fs/cgroup"

  private static func dev(_ interfaces: [(name: String, received: Int, sent: Int)]) -> String {
    head + interfaces.map { "\($0.name): \($0.received) 1 0 0 0 0 0 0 \($0.sent) 1 0 0 0 0 0 0\n" }.joined()
  }

  /// A machine with a service of process 7 in its namespace, and containers of the others.
  private func machine(_ groups: [String: Int]) throws -> Fixture {
    var files = [
      "proc/self/mountinfo": "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
      "\(Self.root)/cgroup.controllers": "cpu memory io pids\n", "proc/1/ns/net": "machine",
      "proc/self/net/dev": Self.dev([("lo", 9, 9), ("eth0", 1_000, 2_000)]),
    ]
    for (path, pid) in groups {
      files[Self.root + path + "/cpu.stat"] = "usage_usec 5\n"
      files[Self.root + path + "/cgroup.procs"] = "\(pid)\n\(pid + 1)\n"
      files["proc/\(pid)/net/dev"] = Self.dev([("lo", 9, 9), ("eth0", 100, 200), ("veth1", 50, 50)])
    }
    return try Fixture(files: files)
  }

  private func read(_ collector: WorkloadsCollector, at time: Double) throws -> [String: WorkloadReading] {
    var reading = Reading()
    reading.boottime = time
    try collector.read(into: &reading)
    let all = try #require(reading.workloads?.all)
    return Dictionary(uniqueKeysWithValues: all.map { ($0.names.name, $0) })
  }

  @Test func aContainerHasTheTrafficOfItsNamespace() throws {
    let machine = try machine(["/system.slice/ssh.service": 7, "/system.slice/vpn.service": 42])
    try machine.link("proc/7/ns/net", to: "../../1/ns/net")
    try machine.write("other", to: "proc/42/ns/net")
    let collector = WorkloadsCollector(root: machine.root)
    var all = try read(collector, at: 1)
    #expect(all["ssh.service"]?.network == nil)
    // Loopback and the way to containers inside are left out.
    #expect(all["vpn.service"]?.network?.now.receivedBytes == 100)
    #expect(all["vpn.service"]?.network?.now.interface == "eth0")
    try machine.write(Self.dev([("eth0", 1_100, 700)]), to: "proc/42/net/dev")
    all = try read(collector, at: 2)
    let traffic = try #require(all["vpn.service"]?.network)
    #expect(traffic.now.receivedBytes == 1_100 && traffic.now.sentBytes == 700)
    #expect(traffic.receiveRate == 1_000 && traffic.sendRate == 500)
  }

  @Test func fewNamespacesAreReadAtEveryPass() throws {
    #expect([0, 1, 4, 5, 16, 17, 64, 320, 321, 1_000].map(WorkloadNetworks.passes) == [1, 1, 1, 2, 4, 5, 5, 5, 6, 16])
    let machine = try machine(["/system.slice/vpn.service": 42])
    try machine.write("other", to: "proc/42/ns/net")
    let collector = WorkloadsCollector(root: machine.root)
    for second in 1...4 {
      try machine.write(Self.dev([("eth0", 1_000 * second, 200)]), to: "proc/42/net/dev")
      let traffic = try #require(try read(collector, at: Double(second))["vpn.service"]?.network)
      #expect(traffic.now.receivedBytes == UInt64(1_000 * second))
      #expect(second == 1 ? traffic.receiveRate.isNaN : traffic.receiveRate == 1_000)
    }
  }

  @Test func aPodHasTheTrafficOfItsContainers() throws {
    let pod = "/kubepods/pod0123abcd-0000-0000-0000-000000000001"
    let (first, second) = (String(repeating: "a1", count: 32), String(repeating: "b2", count: 32))
    let machine = try machine([pod + "/" + first: 42, pod + "/" + second: 44])
    try machine.write("", to: Self.root + pod + "/cgroup.procs")
    try machine.write("usage_usec 10\n", to: Self.root + pod + "/cpu.stat")
    try machine.write("pod", to: "proc/42/ns/net")
    try machine.link("proc/44/ns/net", to: "../../42/ns/net")
    let all = try read(WorkloadsCollector(root: machine.root), at: 1)
    #expect(all.values.compactMap { $0.network == nil ? nil : $0.names.kind } == [.pod])
  }

  @Test func anotherProcessOfThatNumberHasNoTraffic() throws {
    let machine = try machine(["/system.slice/vpn.service": 42])
    try machine.write("other", to: "proc/42/ns/net")
    let collector = WorkloadsCollector(root: machine.root)
    #expect(try read(collector, at: 1)["vpn.service"]?.network != nil)
    machine.remove("proc/42/ns/net")
    try machine.link("proc/42/ns/net", to: "../../1/ns/net")
    for time in 2...6 { _ = try read(collector, at: Double(time)) }
    #expect(try read(collector, at: 7)["vpn.service"]?.network == nil)
  }
}
