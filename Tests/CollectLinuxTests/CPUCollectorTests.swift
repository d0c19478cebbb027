import AgentMetrics
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct CPUCollectorTests {
  private func read(_ root: String) throws -> Reading {
    var reading = Reading()
    try CPUCollector(root: root).read(into: &reading)
    return reading
  }

  @Test func aVirtualMachineWithSteal() throws {
    let before = try read(Fixture("vm-1-core").root)
    #expect(before.cpu.total.user == 9_692_128)
    #expect(before.cpu.total.steal == 12_178_924)
    #expect(before.cpu.cores.map(\.cpu) == [0])
    #expect(before.cpu.contextSwitches == 435_720_698)
    #expect(before.cpu.interrupts == 201_919_347)
    #expect(before.cpu.forks == 446_648)
    #expect(before.load?.running == 3)
    #expect(before.load?.load1 == 1.62)
    #expect(before.load?.tasks == 142)
    #expect(before.cpu.topology.model == "Intel Xeon Processor (Skylake, IBRS)")
    #expect(before.cpu.topology.sockets == 1)
    #expect(before.cpu.topology.cores == 1)
    // No cpufreq in a guest: /proc/cpuinfo has 2294.608.
    #expect(before.cpu.frequency == 2_294_608_000)
    let after = try read(Fixture("vm-1-core").later())
    let cpu = CPU(from: before.cpu, to: after.cpu, over: Elapsed(seconds: 10.01))
    // 333 + 4 + 71 + 11 + 270 of 1002 ticks.
    #expect(abs(cpu.usage - 689.0 / 1_002) < 1e-12)
    #expect(abs((cpu.modes?.steal ?? 0) - 270.0 / 1_002) < 1e-12)
  }

  @Test func aPolicyStandsForAllItsCPUs() throws {
    let cpu = try read(Fixture("arm-board").root).cpu
    #expect(cpu.topology.model == "Cortex-A72")
    #expect(cpu.topology.cores == 4)
    #expect(cpu.cores.map(\.frequency) == [1.5e9, 1.5e9, 1.5e9, 1.5e9])
    #expect(cpu.frequency == 1.5e9)
  }

  @Test func threadsOfACoreCountOnce() throws {
    let cpu = try read(Fixture("nvme-md-dm").root).cpu
    #expect(cpu.cores.count == 16)
    #expect(cpu.topology.cores == 8)
    #expect(cpu.topology.sockets == 1)
    #expect(cpu.cores[0].frequency == 4_652_452_000)
  }

  @Test func aHotplugIsSeen() throws {
    let fixture = try Fixture(files: [
      "proc/stat": "cpu 10 0 0 10\ncpu0 5 0 0 5\ncpu1 5 0 0 5\n", "proc/loadavg": "0.10 0.20 0.30 1/2 3\n",
      "proc/cpuinfo": "processor : 0\nmodel name : X\ncpu MHz : 1000.5\n\nprocessor : 1\ncpu MHz : 2000\n",
      "sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0\n",
      "sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1-2\n",
      "sys/devices/system/cpu/cpu0/topology/physical_package_id": "0\n",
      "sys/devices/system/cpu/cpu1/topology/physical_package_id": "1\n",
    ])
    let collector = CPUCollector(root: fixture.root)
    var reading = Reading()
    try collector.read(into: &reading)
    #expect(reading.cpu.topology.cores == 2)
    #expect(reading.cpu.topology.sockets == 2)
    #expect(reading.cpu.cores.map(\.frequency) == [1_000_500_000, 2_000_000_000])
    try fixture.write("cpu 5 0 0 5\ncpu1 5 0 0 5\n", to: "proc/stat")
    try collector.read(into: &reading)
    #expect(reading.cpu.cores.map(\.cpu) == [1])
    #expect(reading.cpu.topology.cores == 1)
    #expect(reading.cpu.frequency == 2_000_000_000)
  }

  @Test func withoutASumLineThereAreNoValues() throws {
    let fixture = try Fixture(files: ["proc/stat": "intr 5\n"])
    var reading = Reading()
    reading.cpu.total.user = 5
    #expect(throws: (any Error).self) { try CPUCollector(root: fixture.root).read(into: &reading) }
    #expect(reading.cpu.total == CPUTime())
    #expect(reading.cpu.cores.isEmpty)
    #expect(reading.load == nil)
  }

  @Test(arguments: [
    ("model name\t: A  B\n", "A B"),
    // POWER, MIPS, RISC-V, LoongArch.
    ("processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2166.000000MHz\n", "POWER9, altivec supported"),
    ("system type\t: x\ncpu model\t: MIPS 74Kc V5.0\n", "MIPS 74Kc V5.0"),
    ("hart\t: 1\nisa\t: rv64imafdc\nuarch\t: sifive,u74-mc\n", "sifive,u74-mc"),
    ("Model Name\t: Loongson-3A5000\n", "Loongson-3A5000"),
    // big.LITTLE, and an unlisted part.
    (
      "CPU implementer\t: 0x41\nCPU part\t: 0xd05\n\nCPU implementer\t: 0x41\nCPU part\t: 0xd05\n\n"
        + "CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n", "2 × Cortex-A55 + 1 × Cortex-A76"
    ),
    ("CPU implementer\t: 0xc0\nCPU part\t: 0xac3\n", "Ampere-1"),
    ("CPU implementer\t: 0x41\nCPU part\t: 0xfff\n", "ARM part 0xfff"),
    ("CPU implementer\t: 0x00\nCPU part\t: 0xfff\n", "implementer 0x0 part 0xfff"),
    ("Hardware\t: BCM2835\nRevision\t: a02082\n", "BCM2835"),
  ]) func models(text: String, model: String) {
    let bytes = Array(text.utf8)
    #expect(CPUInfoParser.parse(bytes.span).model == model)
  }

  @Test func listsOfCPUs() {
    func cpus(_ text: String) -> [Int] {
      let bytes = Array(text.utf8)
      return CPUListParser.cpus(bytes.span)
    }
    #expect(cpus("0-2,7\n") == [0, 1, 2, 7])
    #expect(cpus("0 1 2\n") == [0, 1, 2])
    #expect(cpus("") == [])
    #expect(cpus("5-3") == [])
    #expect(cpus("0-18446744073709551615").count == StatParser.maximumCPUs)
  }

  @Test func guestTimeIsPartOfUserTime() throws {
    let text = Array("cpu 100 0 0 100 0 0 0 0 60 0\ncpu0 100 0 0 100 0 0 0 0 60 0\n".utf8)
    var cpu = CPUReading()
    var load = Load()
    func parse() -> Bool { StatParser.parse(text.span, into: &cpu, &load) }
    #expect(parse())
    let modes = try #require(CPU.Modes(from: CPUTime(), to: cpu.total))
    #expect(modes.usage == 0.5)
    #expect(modes.user == 0.2)
    #expect(modes.guest == 0.3)
  }

  @Test func coresOutOfOrderAndTwice() {
    let text = Array("cpu 1 1 1 1\ncpu3 1 0 0 1\ncpu1 2 0 0 1\ncpu3 9 0 0 1\n".utf8)
    var cpu = CPUReading()
    var load = Load()
    func parse() -> Bool { StatParser.parse(text.span, into: &cpu, &load) }
    #expect(parse())
    #expect(cpu.cores.map(\.cpu) == [1, 3])
  }

  @Test func parsersSurviveAnything() throws {
    let stat = try Array(Fixture("vm-1-core").contents(of: "proc/stat").prefix(700))
    surviveTruncationAndMutation(of: stat, mutations: 12_000) { bytes in
      var cpu = CPUReading()
      var load = Load()
      _ = StatParser.parse(bytes, into: &cpu, &load)
      _ = CPU(from: CPUReading(), to: cpu, over: Elapsed(seconds: 1))
      _ = StatParser.bootTime(bytes)
    }
    // The output starts with the previous text's values.
    var cpu = CPUReading()
    surviveTruncationAndMutation(of: stat, mutations: 8_000, seed: 2) { bytes in
      var load = Load()
      _ = StatParser.parse(bytes, into: &cpu, &load)
    }
    surviveTruncationAndMutation(of: Array("1.62 1.38 1.21 4/142 90431\n".utf8), mutations: 20_000) { bytes in
      var load = Load()
      LoadParser.parse(bytes, into: &load)
    }
    let info = try Array(Fixture("nvme-md-dm").contents(of: "proc/cpuinfo").prefix(600))
    let arm = try Array(Fixture("arm-board").contents(of: "proc/cpuinfo").prefix(500))
    for text in [info, arm] {
      surviveTruncationAndMutation(of: text, mutations: 10_000) { bytes in
        _ = CPUInfoParser.parse(bytes)
        var hertz = [Double](repeating: .nan, count: 4)
        hertz.withUnsafeMutableBufferPointer { CPUInfoParser.frequencies(bytes, into: $0) }
      }
    }
    surviveTruncationAndMutation(of: Array("0-3,8,10-11\n".utf8), mutations: 20_000) { bytes in
      _ = CPUListParser.cpus(bytes)
    }
  }
}
