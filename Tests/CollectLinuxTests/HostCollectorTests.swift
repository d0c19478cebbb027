import AgentMetrics
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct HostCollectorTests {
  private func read(_ root: String) throws -> Host {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: 2_000)
    reading.boottime = 1_000
    try HostCollector(root: root).read(into: &reading)
    return reading.host
  }

  @Test func aVirtualMachine() throws {
    let host = try read(Fixture("vm-1-core").root)
    #expect(host.hostname == "worker-01")
    #expect(host.os == "Debian GNU/Linux 12 (bookworm)")
    #expect(host.kernel == "Linux 6.1.0-18-amd64")
    #expect(host.architecture == "x86_64")
    #expect(host.product == "Standard PC (Q35 + ICH9, 2009)")
    #expect(host.uptime == 1_062_733.41)
    #expect(host.bootTime == 1_769_211_166)
    #expect(host.openFiles == 1_184)
    // LONG_MAX means unlimited.
    #expect(host.openFilesLimit.isNaN)
  }

  @Test func aBoardIsNamedByItsDeviceTree() throws {
    let host = try read(Fixture("arm-board").root)
    #expect(host.product == "Raspberry Pi 4 Model B Rev 1.4")
    #expect(host.architecture == "aarch64")
  }

  @Test func firmwarePlaceholders() throws {
    let fixture = try Fixture(files: [
      "proc/uptime": "5.00 1.00\n", "sys/class/dmi/id/product_name": "To Be Filled By O.E.M.\n",
      "sys/class/dmi/id/board_name": "X570 Taichi\n",
    ])
    #expect(try read(fixture.root).product == "X570 Taichi")
  }

  @Test func missingFilesAreNotAnError() throws {
    let host = try read(Fixture(files: ["proc/stat": ""]).root)
    #expect(host.hostname == nil)
    #expect(host.os == nil)
    #expect(host.uptime.isNaN)
    #expect(host.bootTime.isNaN)
  }

  @Test func theTimeOfBootMovesWithTheWallClock() throws {
    let fixture = try Fixture(files: ["proc/stat": "btime 1000\n", "proc/uptime": "5.00 1.00\n"])
    let collector = HostCollector(root: fixture.root)
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: 2_000)
    reading.boottime = 1_000
    try collector.read(into: &reading)
    try fixture.write("btime 1060\n", to: "proc/stat")
    reading.timestamp = Timestamp(seconds: 2_001)
    reading.boottime = 1_001
    try collector.read(into: &reading)
    #expect(reading.host.bootTime == 1_000)
    reading.timestamp = Timestamp(seconds: 2_062)
    reading.boottime = 1_002
    try collector.read(into: &reading)
    #expect(reading.host.bootTime == 1_060)
  }

  @Test(
    arguments: [
      ("NAME=\"A\"\nPRETTY_NAME=\"B 1\"\n", "B 1"), ("NAME=Alpine\n", "Alpine"), ("PRETTY_NAME='C D'\n", "C D"),
      ("PRETTY_NAME=\"quoted \\\"x\\\"\"\n", "quoted \"x\""), ("ID=x\n", nil), ("PRETTY_NAME=\"\"\nNAME=E\n", "E"),
    ] as [(String, String?)]) func osRelease(text: String, name: String?)
  {
    let bytes = Array(text.utf8)
    #expect(OSReleaseParser.prettyName(bytes.span) == name)
  }

  @Test func parsersSurviveAnything() {
    surviveTruncationAndMutation(of: Array("1062733.41 806083.29\n".utf8), mutations: 20_000) { bytes in
      _ = UptimeParser.uptime(bytes)
    }
    surviveTruncationAndMutation(of: Array("1184\t0\t9223372036854775807\n".utf8), mutations: 20_000) { bytes in
      _ = FileNumbersParser.parse(bytes)
    }
    surviveTruncationAndMutation(of: Array("NAME=\"A\"\nPRETTY_NAME='B \\\"1'\n".utf8), mutations: 20_000) { bytes in
      _ = OSReleaseParser.prettyName(bytes)
    }
  }
}
