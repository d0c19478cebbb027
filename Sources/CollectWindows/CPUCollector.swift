package import AgentMetrics
package import Collect
internal import CWindows

/// CPU time of all processor groups, topology and clocks.
///
/// CPUs are numbered in the order of their groups, like Task Manager's. Windows counts no load average, I/O wait, nice,
/// steal or guest time. Kernel time contains idle time, deferred procedure calls and interrupts
/// (SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION).
package final class CPUCollector: Collector {
  package let name = "cpu"

  /// Says that the clocks are base clocks; nil if they are current ones.
  package private(set) var note: String?

  /// Units of 100 ns in a hundredth of a second, the unit of ``CPUTime``.
  private static let unitsPerTick: UInt64 = 100_000

  private var processors = CList(cwindows_processor(), capacity: 64, limit: 4_096)
  private var frequencies = CList(cwindows_frequency(), capacity: 64, limit: 4_096)
  private var topology = CPUReading.Topology()
  /// Hertz; NaN where unknown.
  private var baseClock = Double.nan
  /// Number of processors that `topology` describes.
  private var known = 0
  private var interrupts = WideCounters()
  private var switches = WideCounters()
  private var hasMovingClocks = false

  package init() {}

  /// Writes `reading.cpu`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    guard processors.read({ cwindows_processors($0, $1) }), processors.count > 0 else {
      reading.cpu = CPUReading()
      look()
      reading.cpu.topology = topology
      throw CollectorError("NtQuerySystemInformation does not report the processors")
    }
    if processors.count != known { look() }
    reading.cpu.hasUnixModes = false
    reading.cpu.topology = topology
    // The model and layout; the number of CPUs is that of their times.
    reading.cpu.topology.threads = nil
    writeTimes(to: &reading.cpu)
    writeClocks(to: &reading.cpu)
    var memory = cwindows_memory()
    let isKnown = cwindows_memory(&memory)
    reading.cpu.contextSwitches = isKnown ? switches.add(reported: memory.context_switches, at: 0) : nil
  }

  /// Reads the layout, after a change of the number of processors.
  private func look() {
    var layout = cwindows_topology()
    topology = CPUReading.Topology()
    baseClock = .nan
    known = processors.count
    guard cwindows_topology(&layout) else { return }
    topology.model = textIfAny(layout.model).map { $0.split(separator: " ").joined(separator: " ") }
    topology.sockets = layout.packages > 0 ? Int(layout.packages) : nil
    topology.cores = layout.cores > 0 ? Int(layout.cores) : nil
    topology.threads = layout.threads > 0 ? Int(layout.threads) : nil
    baseClock = layout.base_mhz > 0 ? Double(layout.base_mhz) * 1e6 : .nan
  }

  private func writeTimes(to cpu: inout CPUReading) {
    let count = processors.count
    if cpu.cores.count > count { cpu.cores.removeLast(cpu.cores.count - count) }
    interrupts.resize(count)
    var (user, kernel, idle, dpc, interrupt) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    for index in 0..<count {
      let times = processors[index]
      user &+= times.user
      kernel &+= times.kernel
      idle &+= times.idle
      dpc &+= times.dpc
      interrupt &+= times.interrupt
      interrupts.add(times.interrupts, at: index)
      if index == cpu.cores.count { cpu.cores.append(CPUReading.CoreReading(cpu: index)) }
      cpu.cores[index].cpu = index
      cpu.cores[index].time = Self.time(
        user: times.user, kernel: times.kernel, idle: times.idle, dpc: times.dpc, interrupt: times.interrupt)
    }
    cpu.total = Self.time(user: user, kernel: kernel, idle: idle, dpc: dpc, interrupt: interrupt)
    let served = interrupts.sum ?? 0
    cpu.interrupts = served > 0 ? served : nil
  }

  private static func time(user: UInt64, kernel: UInt64, idle: UInt64, dpc: UInt64, interrupt: UInt64) -> CPUTime {
    var time = CPUTime()
    let contained = idle &+ dpc &+ interrupt
    time.user = user / unitsPerTick
    time.system = (kernel > contained ? kernel - contained : 0) / unitsPerTick
    time.idle = idle / unitsPerTick
    time.irq = interrupt / unitsPerTick
    time.softirq = dpc / unitsPerTick
    return time
  }

  private func writeClocks(to cpu: inout CPUReading) {
    let isRead = frequencies.read { cwindows_frequencies($0, $1) } && frequencies.count == cpu.cores.count
    var sum = 0.0
    var count = 0
    for index in cpu.cores.indices {
      // Beyond the first group, some versions leave 0.
      let clock = isRead && frequencies[index].current_mhz > 0 ? Double(frequencies[index].current_mhz) * 1e6 : .nan
      cpu.cores[index].frequency = clock
      guard clock.isFinite else { continue }
      sum += clock
      count += 1
      if abs(clock - baseClock) > 1e6 { hasMovingClocks = true }
    }
    cpu.frequency = count > 0 ? sum / Double(count) : baseClock
    let isBase = cpu.frequency.isFinite && baseClock.isFinite && !hasMovingClocks
    note = isBase ? "frequency is the base clock: Windows reports no current clock on this machine" : nil
  }
}
