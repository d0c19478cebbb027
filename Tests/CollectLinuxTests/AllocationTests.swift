import AgentMetrics
import CAllocationCounter
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectLinux

/// In the steady state, reading a fast source allocates no memory and opens no file.
@Suite struct AllocationTests {
  /// Allocations of one read after three to warm up, and descriptors that stay open.
  private func cost(of collector: any Collector) throws -> (allocations: Int, descriptors: Int) {
    // As in the sampler: two Readings in turn, each with the values of the read before the last.
    var readings = [Reading(), Reading()]
    for look in 0..<6 { try collector.read(into: &readings[look % 2]) }
    let before = descriptors()
    allocation_counter_start()
    for look in 0..<10 {
      do { try collector.read(into: &readings[look % 2]) } catch { Issue.record("\(collector.name): \(error)") }
    }
    let allocations = allocation_counter_stop()
    return (allocations, descriptors() - before)
  }

  private func descriptors() -> Int {
    Files.names(in: "/proc/self/fd").count
  }

  @Test(.enabled(if: allocation_counter_is_available() != 0, "a sanitizer has an allocator of its own"))
  func theCounterCounts() {
    allocation_counter_start()
    let text = String(repeating: "x", count: 100)
    let array = [UInt8](repeating: 1, count: text.utf8.count)
    let count = allocation_counter_stop()
    #expect(array.count == 100)
    #expect(count >= 2)
    // Not while it is off, and not another thread's.
    allocation_counter_start()
    #expect(allocation_counter_stop() == 0)
  }

  static func fast(root: String) -> [any Collector] {
    [
      CPUCollector(root: root), MemoryCollector(root: root), PressureCollector(root: root),
      CgroupCollector(root: root), DiskCollector(root: root), NetworkCollector(root: root),
      HostCollector(root: root),
    ]
  }

  @Test(arguments: ["", "vm-1-core", "nvme-md-dm", "cgroup-v2-container", "arm-board"])
  func aReadDoesNotAllocate(machine: String) throws {
    let root = machine.isEmpty ? "" : Fixture(machine).root
    for collector in Self.fast(root: root) {
      let cost = try cost(of: collector)
      #expect(cost.allocations == 0, "\(collector.name) on \(machine.isEmpty ? "this machine" : machine)")
    }
  }

  /// Descriptors come from the kernel's own list.
  ///
  /// Other tests may open files meanwhile, so the collector's own are recognized by their target.
  @Test func filesAreOpenedOnce() throws {
    let fixture = try Fixture("nvme-md-dm").copy()
    for collector in Self.fast(root: fixture.root) {
      var reading = Reading()
      for _ in 0..<4 { try collector.read(into: &reading) }
      let before = open(under: fixture.root)
      for _ in 0..<10 { try collector.read(into: &reading) }
      #expect(open(under: fixture.root) == before, "\(collector.name)")
    }
  }

  /// Number and target of each descriptor below a folder.
  private func open(under root: String) -> [String: String] {
    var open: [String: String] = [:]
    for name in Files.names(in: "/proc/self/fd") {
      if let target = Files.link("/proc/self/fd/" + name), target.hasPrefix(root) { open[name] = target }
    }
    return open
  }
}
