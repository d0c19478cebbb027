import AgentMetrics
import KernelFiles
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

  /// The total between a machine's two instants.
  private func total(_ machine: String, seconds: Double) throws -> Network? {
    let before = try read(Fixture(machine).root)
    let after = try read(Fixture(machine).later())
    #expect(before.map(\.device) == after.map(\.device))
    return Network(totalOf: zip(before, after).map { Network(from: $0, to: $1, over: Elapsed(seconds: seconds)) })
  }

  private func counted(_ networks: [NetworkReading]) -> [String] {
    networks.filter(\.isPhysical).map(\.device)
  }

  @Test func aVirtualMachine() throws {
    let networks = try read(Fixture("vm-1-core").root)
    #expect(networks.map(\.device) == ["lo", "eth0"])
    #expect(counted(networks) == ["eth0"])
    let nic = networks[1]
    #expect(nic.state == "up")
    // The host reports −1.
    #expect(nic.speed.isNaN)
    #expect(nic.receiveBytes == 9_692_128_699)
    #expect(nic.receivePackets == 15_888_735)
    #expect(nic.receiveErrors == 0)
    #expect(nic.receiveDrops == 118)
    #expect(nic.transmitBytes == 15_175_833_094)
    #expect(nic.transmitPackets == 21_077_545)
    #expect(nic.transmitErrors == 0)
    #expect(nic.transmitDrops == 0)
  }

  @Test func everyColumnIsItsOwn() throws {
    let fixture = try Fixture(files: ["proc/net/dev": "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"])
    let nic = try #require(try read(fixture.root).first)
    #expect(nic.receiveBytes == 1 && nic.receivePackets == 2 && nic.receiveErrors == 3 && nic.receiveDrops == 4)
    #expect(nic.transmitBytes == 9 && nic.transmitPackets == 10 && nic.transmitErrors == 11 && nic.transmitDrops == 12)
  }

  @Test func noPacketCountsTwice() throws {
    let bridged = try read(Fixture("nvme-md-dm").root)
    // eno2 is down, but hardware.
    #expect(bridged.map(\.device) == ["lo", "eno1", "eno2", "docker0", "veth3f1c0a9"])
    #expect(counted(bridged) == ["eno1", "eno2"])
    #expect(bridged[1].speed == 125_000_000)
    #expect(bridged[2].state == "down")
    #expect(bridged[2].speed.isNaN)
    // The kernel reports 10 Gbit/s for a virtual cable.
    #expect(bridged[4].speed.isNaN)

    let bonded = try read(Fixture("epyc-2s-256t").root)
    #expect(counted(bonded) == ["ens1f0np0", "ens1f1np1", "eno1", "eno2"])
    #expect(bonded.first { $0.device == "bond0" }?.speed == 25e9)
    let total = try #require(try total("epyc-2s-256t", seconds: 10.03))
    // 5120440331 + 5121644743 + 2120, without the bond's 10242085074 and the VLAN's.
    #expect(Int(total.receiveRate.rounded()) == 10_242_087_194)
    #expect(Int(total.transmitRate.rounded()) == 6_240_881_152)

    #expect(counted(try read(Fixture("zfs").root)) == ["enp5s0"])
  }

  @Test func unusedVirtualInterfacesThatAreDownAreOmitted() throws {
    // The bridge virbr0 is omitted, the NIC enp0s31f6 is included, though both are down.
    let laptop = try read(Fixture("hybrid-laptop").root)
    #expect(laptop.map(\.device) == ["lo", "enp0s31f6", "wlp0s20f3", "wg0"])
    #expect(counted(laptop) == ["enp0s31f6", "wlp0s20f3"])
    // Wi-Fi has no speed file.
    #expect(laptop[2].state == "up")
    #expect(laptop[2].speed.isNaN)
  }

  @Test func oldKernelsLeaveNoBlank() throws {
    let networks = try read(Fixture("old-kernel").root)
    #expect(networks.map(\.device) == ["lo", "eth0", "eth1"])
    #expect(networks[1].receiveBytes == 3_412_356_152_390)
    #expect(networks[1].receiveErrors == 21)
    #expect(networks[1].transmitPackets == 3_658_436_396)
    #expect(networks[1].speed == 125_000_000)
  }

  @Test func aContainersInterfaceStandsInForHardware() throws {
    for (machine, seconds, received, sent) in [
      ("cgroup-v2-container", 10.02, 501_200, 388_100), ("cgroup-v1-container", 10.04, 212_044, 91_204),
    ] {
      let total = try #require(try total(machine, seconds: seconds))
      #expect(counted(try read(Fixture(machine).root)) == ["eth0"])
      #expect(Int(total.receiveRate.rounded()) == received)
      #expect(Int(total.transmitRate.rounded()) == sent)
    }
  }

  @Test func interfacesThatNeverCount() throws {
    let numbers = ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    let devices = ["lo", "eth0", "docker0", "vethabc", "bond0", "eth1", "eth0.5", "tun0", "wg0", "dummy0"]
    let fixture = try Fixture(files: ["proc/net/dev": devices.map { $0 + numbers }.joined()])
    for device in devices { try fixture.write("1\n", to: "sys/class/net/\(device)/type") }
    try fixture.write("772\n", to: "sys/class/net/lo/type")
    try fixture.write("0\n", to: "sys/class/net/docker0/bridge/stp_state")
    try fixture.link("sys/class/net/vethabc/master", to: "../docker0")
    try fixture.write("eth1\n", to: "sys/class/net/bond0/bonding/slaves")
    try fixture.link("sys/class/net/eth1/master", to: "../bond0")
    try fixture.write("DEVTYPE=vlan\nINTERFACE=eth0.5\n", to: "sys/class/net/eth0.5/uevent")
    try fixture.write("0x1\n", to: "sys/class/net/tun0/tun_flags")
    try fixture.write("65534\n", to: "sys/class/net/wg0/type")
    let networks = try read(fixture.root)
    #expect(networks.map(\.device) == devices)
    #expect(counted(networks) == ["eth0"])
  }

  @Test func devicesWhosePacketsPassAnother() throws {
    let numbers = ": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    let devices = ["eth0", "enP1s1", "lan0", "eth2", "p0"]
    let fixture = try Fixture(files: ["proc/net/dev": devices.map { $0 + numbers }.joined()])
    for device in devices { try fixture.write("x\n", to: "sys/class/net/\(device)/device/vendor") }
    // The fast path of eth0, a switch's port, a virtual function's representor, an uplink.
    try fixture.link("sys/class/net/enP1s1/master", to: "../eth0")
    try fixture.write("DEVTYPE=dsa\n", to: "sys/class/net/lan0/uevent")
    try fixture.write("pf0vf1\n", to: "sys/class/net/eth2/phys_port_name")
    try fixture.write("p0\n", to: "sys/class/net/p0/phys_port_name")
    #expect(counted(try read(fixture.root)) == ["eth0", "p0"])
  }

  @Test func interfacesComeAndGo() throws {
    let fixture = try Fixture("hotplug").copy()
    let collector = NetworkCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.networks.map(\.device) == ["lo", "eth0", "usb0", "eth2"])
    #expect(reading.networks[2].speed == 425 * 125_000)
    #expect(reading.networks[3].speed == 1.25e9)
    fixture.remove("sys/class/net/usb0")
    try fixture.write("2500\n", to: "sys/class/net/eth2/speed")
    try fixture.advance()
    try collector.read(into: &reading)
    #expect(reading.networks.map(\.device) == ["lo", "eth0", "eth2", "eth1"])
    #expect(reading.networks.map(\.isPhysical) == [false, true, true, true])
    #expect(reading.networks.map(\.receiveBytes) == [10_337_715, 702_901_097, 212_044, 41_204])
    // eth2's counters restart, so it may be another one.
    #expect(reading.networks[2].speed == 312_500_000)
  }

  @Test func anUnpluggedCableShowsImmediatelyWithoutASpeed() throws {
    let fixture = try Fixture("nvme-md-dm").copy()
    let collector = NetworkCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    try fixture.write("down\n", to: "sys/class/net/eno1/operstate")
    try fixture.write("down\n", to: "sys/class/net/docker0/operstate")
    try collector.read(into: &reading)
    #expect(reading.networks[1].state == "down")
    #expect(reading.networks[1].speed.isNaN)
    // The state of a virtual one is read only now and then.
    #expect(reading.networks[3].state == "up")
    for _ in 0..<NetworkCollector.shortRest { try collector.read(into: &reading) }
    #expect(reading.networks[3].state == "down")
    try fixture.write("up\n", to: "sys/class/net/eno1/operstate")
    try fixture.write("100\n", to: "sys/class/net/eno1/speed")
    try collector.read(into: &reading)
    #expect(reading.networks[1].state == "up")
    #expect(reading.networks[1].speed == 12_500_000)
  }

  @Test func aliasesAndLinesCutOff() throws {
    let fixture = try Fixture(files: [
      "proc/net/dev": """
      Inter-|   Receive
       face |bytes
      eth0:1:23 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
      ppp0: 1 2 3 4 5 6 7 8 9 10
      a b: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
      eth1:9 2 3 4 5 6 7 8 9 10 11 1
      """
    ])
    let networks = try read(fixture.root)
    #expect(networks.map(\.device) == ["eth0:1"])
    #expect(networks.first?.receiveBytes == 23)
  }

  @Test func withoutTheFileThereAreNoValues() throws {
    #expect(try read(Fixture(files: ["proc/stat": ""]).root).isEmpty)
  }

  @Test func speeds() {
    func speed(_ text: String) -> Double {
      let bytes = Array(text.utf8)
      return NetSpeed.bytes(bytes.span)
    }
    #expect(speed("400000\n") == 50e9)
    for text in ["-1\n", "0\n", "4294967295\n", "", "x"] { #expect(speed(text).isNaN, "\(text)") }
  }

  @Test func parsersSurviveAnything() throws {
    let text = try Array(Fixture("old-kernel").contents(of: "proc/net/dev"))
    surviveTruncationAndMutation(of: text, mutations: 18_000) { bytes in
      var position = 0
      while let line = NetDevParser.next(bytes, &position) { _ = bytes.string(line.name) }
    }
    surviveTruncationAndMutation(of: Array("-1\n".utf8), mutations: 1_000) { bytes in _ = NetSpeed.bytes(bytes) }
    surviveTruncationAndMutation(of: Array("INTERFACE=x\nDEVTYPE=vlan\n".utf8), mutations: 1_000) { bytes in
      _ = UeventParser.deviceType(bytes)
    }
  }

  @Test func theCollectorSurvivesAnything() throws {
    let fixture = try Fixture("old-kernel").copy()
    let collector = NetworkCollector(root: fixture.root)
    var previous = Reading()
    var current = Reading()
    let text = try Array(fixture.contents(of: "proc/net/dev").suffix(300))
    surviveTruncationAndMutation(of: text, mutations: 1_000) { bytes in
      do {
        try fixture.write(bytes.withUnsafeBufferPointer { Array($0) }, to: "proc/net/dev")
        swap(&previous, &current)
        try collector.read(into: &current)
      } catch { Issue.record(error) }
      _ = Sample(from: previous, to: current, over: Elapsed(seconds: 1))
    }
  }
}
