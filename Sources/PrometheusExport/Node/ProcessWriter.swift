internal import NodeMetrics

/// Writes the agent's own usage under the names that Prometheus client libraries use: `process_…`.
enum ProcessWriter {
  static func write(_ usage: ProcessUsage, to exposition: inout Exposition) {
    exposition.family("process_cpu_seconds_total", .counter, "CPU time that the agent has used", unit: "seconds")
    exposition.sample()
    exposition.value(usage.cpuMicroseconds, decimals: 6)
    exposition.gauge("process_virtual_memory_bytes", "Addresses that the agent has mapped", usage.virtualBytes)
    exposition.gauge("process_resident_memory_bytes", "Memory of the agent that is resident", usage.residentBytes)
    if let start = usage.startTime {
      exposition.family("process_start_time_seconds", .gauge, "POSIX time of the agent's start", unit: "seconds")
      exposition.sample()
      exposition.value(start)
    }
    exposition.gauge("process_open_fds", "Descriptors that the agent has open", usage.openDescriptors)
    exposition.gauge("process_max_fds", "Descriptors that the agent may have open", usage.descriptorLimit)
    exposition.gauge("process_virtual_memory_max_bytes", "Addresses that the agent may map", usage.virtualLimit)
  }
}

extension Exposition {
  /// Writes a family of one sample; omitted if the value is absent.
  mutating func gauge(_ name: StaticString, _ help: StaticString, _ value: UInt64?) {
    guard let value else { return }
    family(name, .gauge, help)
    sample()
    self.value(value)
  }

  /// Writes a family of one sample; omitted if it is NaN.
  mutating func gauge(_ name: StaticString, _ help: StaticString, _ value: Double) {
    family(name, .gauge, help)
    sample()
    self.value(value)
  }

  /// Writes a family of one sample; omitted if the value is absent.
  mutating func counter(_ name: StaticString, _ help: StaticString, _ value: UInt64?) {
    guard let value else { return }
    family(name, .counter, help)
    sample()
    self.value(value)
  }
}
