import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

/// /proc/cpuinfo of each architecture, as show_cpuinfo() in arch/*/kernel prints it.
@Suite struct CPUInfoTests {
  struct Machine: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var text: String
    var model: String
    /// Megahertz of the first two CPUs; nil if the text has none.
    var megahertz: [Double?] = [nil, nil]
  }

  static let machines: [Machine] = [
    Machine(
      testDescription: "x86",
      text: """
        processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 45\nmodel name\t: Intel(R) Xeon(R) CPU           E5620  @ 2.40GHz
        cpu MHz\t\t: 2394.014\n\nprocessor\t: 1\nmodel\t\t: 45\ncpu MHz\t\t: 1596.000\n
        """,
      model: "Intel(R) Xeon(R) CPU E5620 @ 2.40GHz", megahertz: [2_394.014, 1_596]),
    Machine(
      testDescription: "s390x",
      text: """
        vendor_id       : IBM/S390\n# processors    : 2\nbogomips per cpu: 3241.00\nmax thread id   : 0
        cache0          : level=1 type=Data scope=Private size=128K line_size=256 associativity=8
        processor 0: version = 00,  identification = 0133E8,  machine = 3931
        processor 1: version = 00,  identification = 0133E8,  machine = 3931

        cpu number      : 0\nphysical id     : 0\ncore id         : 0\nversion         : 00\nidentification  : 0133E8
        machine         : 3931\ncpu MHz dynamic : 5200\ncpu MHz static  : 5100

        cpu number      : 1\ncpu MHz dynamic : 5100\ncpu MHz static  : 5100\n
        """,
      model: "IBM z16 (3931)", megahertz: [5_200, 5_100]),
    Machine(
      testDescription: "s390x without frequencies, a type that is not listed",
      text: "vendor_id       : IBM/S390\nprocessor 0: version = FF,  identification = FFFFFF,  machine = 9999\n",
      model: "IBM/S390 type 9999"),
    Machine(
      testDescription: "LoongArch",
      text: """
        system type\t\t: generic-loongson-machine\n\nprocessor\t\t: 0\npackage\t\t\t: 0\ncore\t\t\t: 0
        CPU Family\t\t: Loongson-64bit\nModel Name\t\t: Loongson-3A5000-HV\nCPU MHz\t\t\t: 2500.00\nBogoMIPS\t\t: 5000.00

        processor\t\t: 1\npackage\t\t\t: 0\ncore\t\t\t: 1\nCPU MHz\t\t\t: 2200.00\n
        """,
      model: "Loongson-3A5000-HV", megahertz: [2_500, 2_200]),
    Machine(
      testDescription: "SPARC",
      text: """
        cpu\t\t: UltraSparc T5 (Niagara5)\nfpu\t\t: UltraSparc T5 integrated FPU\npmu\t\t: niagara5\ntype\t\t: sun4v
        ncpus probed\t: 2\nncpus active\t: 2\nCpu0ClkTck\t: 00000000d6924470\nCpu1ClkTck\t: 000000003b9aca00
        MMU Type\t: Hypervisor (sun4v)\nState:\nCPU0:\t\tonline\nCPU1:\t\tonline\n
        """,
      model: "UltraSparc T5 (Niagara5)", megahertz: [3_599.910_000, 1_000]),
    Machine(
      testDescription: "POWER",
      text: """
        processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\nclock\t\t: 2902.000000MHz
        revision\t: 2.2 (pvr 004e 1202)

        processor\t: 1\ncpu\t\t: POWER9 (architected), altivec supported\nclock\t\t: 3800.000000MHz

        timebase\t: 512000000\nplatform\t: pSeries\nmodel\t\t: IBM,9009-42A\nmachine\t\t: CHRP IBM,9009-42A\n
        """,
      model: "POWER9 (architected), altivec supported", megahertz: [2_902, 3_800]),
    Machine(
      testDescription: "RISC-V",
      text: """
        processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc_zicntr\nmmu\t\t: sv39\nuarch\t\t: sifive,u74-mc
        mvendorid\t: 0x489\nmarchid\t\t: 0x8000000000000007\n
        """,
      model: "sifive,u74-mc"),
    Machine(
      testDescription: "RISC-V without uarch",
      text: "processor\t: 0\nisa\t\t: rv64imafdc\nmvendorid\t: 0x5b7\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\n",
      model: "T-Head core 0x0"),
    Machine(
      testDescription: "RISC-V of a board's kernel",
      text: "processor\t: 0\nisa\t\t: rv64imafdcv\nmodel name\t: Spacemit(R) X60\ncpu-freq\t: 1.6Ghz\n",
      model: "Spacemit(R) X60", megahertz: [1_600, nil]),
    Machine(
      testDescription: "RISC-V emulated", text: "processor\t: 0\nisa\t\t: rv64imafdch\nmvendorid\t: 0x0\n",
      model: "rv64imafdch"),
    Machine(
      testDescription: "Alpha",
      text: """
        cpu\t\t\t: Alpha\ncpu model\t\t: EV67\ncpu variation\t\t: 7\nsystem type\t\t: Tsunami
        cycle frequency [Hz]\t: 666666666 est.\ntimer frequency [Hz]\t: 1024.00\nBogoMIPS\t\t: 1323.00
        platform string\t\t: AlphaServer ES40\ncpus detected\t\t: 2\n
        """,
      model: "Alpha EV67", megahertz: [666.666_666, 666.666_666]),
    Machine(
      testDescription: "Elbrus",
      text: """
        processor\t: 0\nvendor_id\t: E8C-SWTX\ncpu family\t: 4\nmodel\t\t: 7\nmodel name\t: E8C\nrevision\t: 2
        cpu MHz\t\t: 1297.362\nbogomips\t: 2596.86\n\nprocessor\t: 1\nmodel name\t: E8C\ncpu MHz\t\t: 1297.362\n
        """,
      model: "E8C", megahertz: [1_297.362, 1_297.362]),
    Machine(
      testDescription: "PA-RISC",
      text: """
        processor\t: 0\ncpu family\t: PA-RISC 2.0\ncpu\t\t: PA8900 (Shortfin)\ncpu MHz\t\t: 1000.000000
        model\t\t: 9000/785/C8000\nmodel name\t: Crestone Peak Mako+\n
        """,
      model: "PA8900 (Shortfin)", megahertz: [1_000, nil]),
    Machine(
      testDescription: "m68k",
      text: "CPU:\t\t68040\nMMU:\t\t68040\nFPU:\t\t68040\nClocking:\t32.8MHz\nBogoMips:\t21.91\n",
      model: "68040", megahertz: [32.8, 32.8]),
    Machine(
      testDescription: "MIPS",
      text: """
        system type\t\t: MediaTek MT7621 ver:1 eco:3\nmachine\t\t\t: Ubiquiti EdgeRouter X\nprocessor\t\t: 0
        cpu model\t\t: MIPS 1004Kc V2.15\nBogoMIPS\t\t: 583.68\n
        """,
      model: "MIPS 1004Kc V2.15"),
    Machine(
      testDescription: "MIPS of Loongson",
      text:
        "processor\t\t: 0\ncpu model\t\t: ICT Loongson-3 V0.9\nmodel name\t\t: Loongson-3A3000\nCPU MHz\t\t\t: 1450.00\n",
      model: "Loongson-3A3000", megahertz: [1_450, nil]),
    Machine(
      testDescription: "ARM of 32 bits, whose name is the instruction set's",
      text: """
        processor\t: 0\nmodel name\t: ARMv7 Processor rev 5 (v7l)\nBogoMIPS\t: 38.40\nCPU implementer\t: 0x41
        CPU architecture: 7\nCPU part\t: 0xc07\nCPU revision\t: 5

        Hardware\t: BCM2835\nModel\t\t: Raspberry Pi 2 Model B Rev 1.1\n
        """,
      model: "Cortex-A7"),
    Machine(
      testDescription: "ARM of 64 bits, two kinds and one that is not listed",
      text: """
        processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd05\n\nprocessor\t: 1\nCPU implementer\t: 0x41
        CPU part\t: 0xfff\n
        """,
      model: "1 × Cortex-A55 + 1 × ARM part 0xfff"),
    Machine(
      testDescription: "IA-64",
      text:
        "processor  : 0\nvendor     : GenuineIntel\nmodel name : Dual-Core Intel(R) Itanium(R) 2\ncpu MHz    : 1595.999\n",
      model: "Dual-Core Intel(R) Itanium(R) 2", megahertz: [1_595.999, nil]),
  ]

  @Test(arguments: machines) func modelAndFrequency(machine: Machine) {
    let bytes = Array(machine.text.utf8)
    #expect(CPUInfoParser.parse(bytes.span).model == machine.model)
    var hertz = [Double.nan, .nan]
    hertz.withUnsafeMutableBufferPointer { CPUInfoParser.frequencies(bytes.span, into: $0) }
    for (found, expected) in zip(hertz, machine.megahertz) {
      if let expected { #expect(abs(found / 1e6 - expected) < 0.001) } else { #expect(found.isNaN) }
    }
  }

  @Test(arguments: machines) func theySurviveAnything(machine: Machine) {
    surviveTruncationAndMutation(of: Array(machine.text.utf8), mutations: 1_000) { bytes in
      _ = CPUInfoParser.parse(bytes)
      var hertz = [Double.nan, .nan]
      hertz.withUnsafeMutableBufferPointer { CPUInfoParser.frequencies(bytes, into: $0) }
    }
  }

  /// A folder in place of a file is unreadable, for root too.
  @Test func modelFrequencyAndLoadArePresentWithoutTimes() throws {
    let text = (0..<4).map { "processor\t: \($0)\nmodel name\t: A\ncpu MHz\t\t: \(1_000 + 200 * $0)\n\n" }.joined()
    let fixture = try Fixture(files: [
      "proc/stat/x": "", "proc/cpuinfo": text, "proc/loadavg": "0.50 0.40 0.30 2/300 12345\n",
    ])
    let collector = CPUCollector(root: fixture.root)
    var reading = Reading()
    for _ in 0..<3 {
      #expect(throws: CollectorError.self) { try collector.read(into: &reading) }
      #expect(reading.cpu.cores.isEmpty && reading.cpu.topology.model == "A")
      #expect(reading.cpu.frequency == 1.3e9)
      #expect(reading.load?.load1 == 0.5)
      let cpu = CPU(from: reading.cpu, to: reading.cpu, over: Elapsed(seconds: 1))
      #expect(cpu.threads == 4 && cpu.usage.isNaN && cpu.model == "A")
    }
    // The numbers of online CPUs take precedence over those of cpuinfo.
    try fixture.write("0-1\n", to: "sys/devices/system/cpu/online")
    let other = CPUCollector(root: fixture.root)
    #expect(throws: CollectorError.self) { try other.read(into: &reading) }
    #expect(reading.cpu.topology.threads == 2 && reading.cpu.frequency == 1.1e9)
  }
}
