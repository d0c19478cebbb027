import API
import AgentMetrics
import Collect
import CollectDemo
import CollectGPU
import CollectGPULinux
import CollectLinux
import CollectNode
import SampleStore
import NodeMetrics
import PrometheusExport
import SystemIO
import TestSupport

@testable import API

/// Scrapes of machines with constant values.
enum Machines {
  /// The demo machine at a fixed instant.
  static func demo() throws -> (sample: Sample, reading: Reading) {
    let collector = DemoCollector(version: "1.0.0")
    var readings: [Reading] = []
    for index in 0...1 {
      var reading = Reading()
      reading.monotonic = 5_000_000 + Double(index) * 30
      reading.boottime = reading.monotonic
      reading.timestamp = Timestamp(seconds: 1_770_273_900 + Double(index) * 30)
      try collector.read(into: &reading)
      readings.append(reading)
    }
    return (Sample(from: readings[0], to: readings[1]), readings[1])
  }

  /// A machine of Tests/Fixtures over the time since its boot, without values of this process and clock.
  static func recorded(_ root: String) -> (sample: Sample, reading: Reading) {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: 1_770_273_900)
    for collector in linuxCollectors(root: root) {
      collector.prepare()
      // Values that a machine lacks are absent; unreadable ones fail in other tests.
      try? collector.read(into: &reading)
    }
    return (Sample(sinceBoot: reading), reading)
  }

  /// A machine of Tests/Fixtures over the time between its two instants, its GPUs included.
  static func twoInstants(_ fixture: Fixture) throws -> (sample: Sample, reading: Reading) {
    let copy = try fixture.copy()
    var collectors: [any Collector] = linuxCollectors(root: copy.root)
    collectors.append(
      GPUCollector(GPUEnvironment(root: copy.root, asksDrivers: false), vendors: GPUVendor.linux))
    var readings: [Reading] = []
    for instant in [0.0, 30] {
      if instant > 0 { try copy.advance() }
      var reading = Reading()
      reading.timestamp = Timestamp(seconds: 1_770_273_900 + instant)
      reading.monotonic = 1_000 + instant
      reading.boottime = 1_000 + instant
      for collector in collectors {
        collector.prepare()
        try? collector.read(into: &reading)
      }
      readings.append(reading)
    }
    return (Sample(from: readings[0], to: readings[1]), readings[1])
  }

  static func scrape(
    _ machine: (sample: Sample, reading: Reading), _ format: ExpositionFormat = .text,
    _ compatibility: PrometheusCompatibility = .all, source: (any ScrapeSource)? = nil
  ) -> String {
    String(
      decoding: Scrape.encode(machine.sample, machine.reading, format, compatibility: compatibility, source: source),
      as: UTF8.self)
  }
}

/// The machine's source without the agent's own process, whose values change.
struct NodeOnly: ScrapeSource {
  let reader: NodeReader

  init(root: String) { reader = NodeReader(root: root) }

  func processUsage() -> ProcessUsage? { nil }

  func nodeReading() -> NodeReading? { reader.nodeReading() }
}
