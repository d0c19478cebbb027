import AgentMetrics
import TestSupport
import Testing

@testable import CollectLinux

@Suite struct PressureCollectorTests {
  private func read(_ root: String) throws -> PressureReading? {
    var reading = Reading()
    try PressureCollector(root: root).read(into: &reading)
    return reading.pressure
  }

  @Test func aVirtualMachine() throws {
    let pressure = try #require(try read(Fixture("vm-1-core").root))
    #expect(pressure.cpu?.some?.avg10 == 35.26 / 100)
    #expect(pressure.cpu?.some?.total == 38_211_200_000)
    #expect(pressure.cpu?.full?.total == 0)
    #expect(pressure.io?.full?.avg60 == 2.16 / 100)
    #expect(pressure.memory?.some?.avg300 == 0.86 / 100)
    #expect(pressure.irq == nil)
  }

  @Test func oldKernelsHaveNone() throws {
    #expect(try read(Fixture(files: ["proc/stat": ""]).root) == nil)
  }

  @Test func cpuHadNoFullLineBeforeKernel5_13() throws {
    let fixture = try Fixture(files: ["proc/pressure/cpu": "some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n"])
    let pressure = try #require(try read(fixture.root))
    #expect(pressure.cpu?.some?.avg10 == 1.5 / 100)
    #expect(pressure.cpu?.full == nil)
    #expect(pressure.io == nil)
  }

  @Test func interruptsHaveOnlyAFullLine() throws {
    let fixture = try Fixture(files: ["proc/pressure/irq": "full avg10=0.00 avg60=0.00 avg300=0.00 total=42\n"])
    let irq = try #require(try read(fixture.root)?.irq)
    #expect(irq.some == nil)
    #expect(irq.full?.total == 42)
  }

  @Test func parsersSurviveAnything() {
    let text = Array(
      "some avg10=35.26 avg60=36.90 avg300=29.52 total=3821\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n".utf8)
    surviveTruncationAndMutation(of: text, mutations: 20_000) { bytes in _ = PressureParser.resource(bytes) }
  }
}
