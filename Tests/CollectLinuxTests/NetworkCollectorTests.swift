import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct NetworkCollectorTests {
  private func read(_ root: String) throws -> [NetworkReading] {
    var reading = Reading()
    try NetworkCollector(root: root).read(into: &reading)
    return reading.networks
  }

  @Test func aMachineWithContainers() throws {
    let networks = try read(Fixture("nvme-md-dm").root)
    #expect(networks.map(\.device) == ["lo", "eno1", "eno2", "docker0", "veth3f1c0a9"])
    #expect(networks.filter(\.isPhysical).map(\.device) == ["eno1", "eno2"])
    #expect(networks[1].receiveBytes == 510_137_922_840)
    #expect(networks[1].receivePackets == 432_320_273)
    #expect(networks[1].receiveDrops == 4_120)
    #expect(networks[1].transmitBytes == 256_758_159_840)
    #expect(networks[1].transmitPackets == 420_915_016)
    // 1000 Mbit/s; none for a link that is down, none made up for virtual ones.
    #expect(networks[1].state == "up" && networks[1].speed == 125_000_000)
    #expect(networks[2].state == "down" && networks[2].speed.isNaN)
    #expect(networks[3].speed.isNaN)
    let after = try read(Fixture("nvme-md-dm").later())
    let figures = zip(networks, after).map { Network(from: $0, to: $1, over: Elapsed(seconds: 15.02)) }
    let total = try #require(Network(totalOf: figures))
    #expect(abs(total.receiveRate - 9_120_400) < 1)
    #expect(abs(total.transmitRate - 2_120_300) < 1)
  }

  @Test func aBondIsNotCountedAgain() throws {
    let networks = try read(Fixture("epyc-2s-256t").root)
    #expect(networks.filter(\.isPhysical).map(\.device) == ["ens1f0np0", "ens1f1np1", "eno1", "eno2"])
    #expect(networks.contains { $0.device == "bond0" && !$0.isPhysical })
  }

  @Test func aContainersCableCounts() throws {
    let networks = try read(Fixture("cgroup-v2-container").root)
    #expect(networks.filter(\.isPhysical).map(\.device) == ["eth0"])
  }

  @Test func whatNeverCarriedAnythingIsLeftOut() throws {
    #expect(try read(Fixture("recorded-vm").root).map(\.device) == ["lo", "eth0"])
  }

  @Test func oldKernelsWriteNoBlankBehindTheColon() throws {
    let networks = try read(Fixture("old-kernel").root)
    #expect(networks.map(\.device) == ["lo", "eth0", "eth1"])
    #expect(networks[1].receiveBytes == 3_412_356_152_390)
    let text = Array("eth0:1:5 1 0 0 0 0 0 0 6 2 0 0\n  a:b:7\nbroken\n".utf8)
    var names: [String] = []
    func parse(_ bytes: Span<UInt8>) {
      var position = 0
      while let device = NetDevParser.device(bytes, &position) {
        names.append(bytes.string(device))
        bytes.skipLine(&position)
      }
    }
    parse(text.span)
    #expect(names == ["eth0:1", "a:b"])
  }

  @Test func interfacesComeAndGo() throws {
    let fixture = try Fixture("hotplug").copy()
    let collector = NetworkCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.networks.contains { $0.device == "usb0" })
    try fixture.advance()
    try collector.read(into: &reading)
    #expect(!reading.networks.contains { $0.device == "usb0" })
    #expect(reading.networks.contains { $0.device == "eth1" && $0.isPhysical })
  }

  @Test func aLinkThatGoesDownIsSeenAtOnce() throws {
    let fixture = try Fixture("nvme-md-dm").copy()
    let collector = NetworkCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    try fixture.write("down\n", to: "sys/class/net/eno1/operstate")
    try collector.read(into: &reading)
    #expect(reading.networks[1].state == "down" && reading.networks[1].speed.isNaN)
    try fixture.write("2500\n", to: "sys/class/net/eno1/speed")
    try fixture.write("up\n", to: "sys/class/net/eno1/operstate")
    try collector.read(into: &reading)
    #expect(reading.networks[1].state == "up" && reading.networks[1].speed == 312_500_000)
  }

  @Test func parsersSurviveAnything() throws {
    let text = try Array(Fixture("nvme-md-dm").contents(of: "proc/net/dev").suffix(400))
    surviveTruncationAndMutation(of: text, mutations: 20_000) { bytes in
      var position = 0
      while NetDevParser.device(bytes, &position) != nil {
        var network = NetworkReading(device: "x")
        NetDevParser.counters(bytes, &position, into: &network)
        _ = Network(from: network, to: network, over: Elapsed(seconds: 1))
        bytes.skipLine(&position)
      }
    }
    surviveTruncationAndMutation(of: Array("DEVTYPE=bridge\nINTERFACE=br0\n".utf8), mutations: 20_000) { bytes in
      _ = NetDevParser.deviceType(bytes)
    }
  }
}
