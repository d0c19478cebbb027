package import AgentMetrics
package import Collect
internal import CDarwin

/// CPU time, load averages, topology and nominal clock.
///
/// macOS counts user, system and idle time only (osfmk/kern/processor.c, processor_info), in counters of 32 bits. Apple's
/// processors report no clock.
package final class CPUCollector: Collector {
  package let name = "cpu"

  private var cpus = CList(cdarwin_cpu(), capacity: 32, limit: 1_024)
  /// Of each CPU in turn: user, nice, system, idle.
  private var ticks = WideCounters()
  private var topology = CPUReading.Topology()
  /// Hertz; NaN where unknown.
  private var clock = Double.nan
  /// Number of CPUs that `topology` describes.
  private var known = -1

  package init() {}

  /// Writes `reading.cpu` and `reading.load`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.load = Self.load()
    let isRead = cpus.read { cdarwin_cpus($0, $1) } && cpus.count > 0
    if cpus.count != known { look() }
    guard isRead else {
      reading.cpu = CPUReading()
      reading.cpu.topology = topology
      throw CollectorError("host_processor_info does not report the CPUs")
    }
    reading.cpu.hasUnixModes = false
    reading.cpu.hasInterruptModes = false
    reading.cpu.topology = topology
    // The number of CPUs is that of their times.
    reading.cpu.topology.threads = nil
    reading.cpu.frequency = clock
    writeTimes(to: &reading.cpu)
  }

  /// Reads the layout, after a change of the number of CPUs.
  private func look() {
    known = cpus.count
    topology = CPUReading.Topology()
    clock = .nan
    var layout = cdarwin_topology()
    guard cdarwin_topology(&layout) else { return }
    topology.model = textIfAny(layout.model).map { $0.split(separator: " ").joined(separator: " ") }
    topology.sockets = layout.packages > 0 ? Int(layout.packages) : nil
    topology.cores = layout.cores > 0 ? Int(layout.cores) : nil
    topology.threads = layout.threads > 0 ? Int(layout.threads) : nil
    clock = layout.hertz > 0 ? Double(layout.hertz) : .nan
  }

  private func writeTimes(to cpu: inout CPUReading) {
    let count = cpus.count
    if cpu.cores.count > count { cpu.cores.removeLast(cpu.cores.count - count) }
    ticks.resize(count * 4)
    var total = CPUTime()
    for index in 0..<count {
      let load = cpus[index]
      for (place, value) in [load.user, load.nice, load.system, load.idle].enumerated() {
        ticks.add(value, at: index * 4 + place)
      }
      var time = CPUTime()
      time.user = ticks.totals[index * 4] &+ ticks.totals[index * 4 + 1]
      time.system = ticks.totals[index * 4 + 2]
      time.idle = ticks.totals[index * 4 + 3]
      total.user &+= time.user
      total.system &+= time.system
      total.idle &+= time.idle
      if index == cpu.cores.count { cpu.cores.append(CPUReading.CoreReading(cpu: index)) }
      cpu.cores[index] = CPUReading.CoreReading(cpu: index, time: time)
    }
    cpu.total = total
  }

  private static func load() -> Load? {
    var averages = [0.0, 0, 0]
    guard averages.withUnsafeMutableBufferPointer({ cdarwin_load($0.baseAddress) }) else { return nil }
    var load = Load()
    (load.load1, load.load5, load.load15) = (averages[0], averages[1], averages[2])
    return load
  }
}
