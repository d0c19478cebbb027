package import AgentMetrics
package import Collect
internal import SystemIO

/// CPU time, load, model, topology and frequency.
///
/// The topology is read again whenever the set of CPUs changes, which detects hotplug. Without access to /proc/stat, as
/// on Android, the model, the number of CPUs, the frequency and the load are still read.
package final class CPUCollector: Collector {
  package let name = "cpu"

  private let root: String
  private let buffer = ReadBuffer()
  private var stat: BackoffFile
  private var loadavg: BackoffFile
  private let frequencies: CPUFrequencies
  private var topology = CPUReading.Topology()
  /// The CPUs described by `topology` and `frequencies`.
  private var known: [Int] = []
  private let ticksPerSecond: Double
  private var resting = 0
  /// Reads between two checks for added or removed CPUs, if /proc/stat does not list them.
  private static let rest = 30

  /// Creates a collector that reads /proc and /sys under `root`.
  package init(root: String) {
    self.root = root
    stat = BackoffFile(root + "/proc/stat")
    loadavg = BackoffFile(root + "/proc/loadavg")
    frequencies = CPUFrequencies(root: root)
    // 1,024 on Alpha, 100 elsewhere; a recording does not contain it.
    let isLive = isRunningMachine(root: root)
    ticksPerSecond = isLive ? Double(max(1, sysconf(Int32(_SC_CLK_TCK)))) : 100
  }

  /// Writes `reading.cpu` and `reading.load`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    var load = Load()
    let hasLoad = loadavg.readIfPresent(into: buffer) { LoadParser.parse($0, into: &load) } != nil
    let makesSense: Bool?
    do {
      makesSense = try stat.read(into: buffer) { StatParser.parse($0, into: &reading.cpu, &load) }
    } catch {
      reading.load = hasLoad ? load : nil
      readWithoutTimes(into: &reading.cpu)
      throw error
    }
    reading.load = hasLoad || makesSense == true ? load : nil
    guard makesSense == true else {
      readWithoutTimes(into: &reading.cpu)
      throw CollectorError(makesSense == nil ? "no /proc/stat" : "no sum line in /proc/stat")
    }
    reading.cpu.ticksPerSecond = ticksPerSecond
    if !isKnown(reading.cpu.cores) { look(at: reading.cpu.cores.map(\.cpu)) }
    reading.cpu.topology = topology
    frequencies.read(into: &reading.cpu, buffer)
  }

  private func look(at cpus: [Int]) {
    known = cpus
    topology = CPUTopology.read(root: root, cpus: cpus)
    frequencies.find(cpus: cpus)
  }

  /// Reads the values that come from other files than /proc/stat.
  private func readWithoutTimes(into cpu: inout CPUReading) {
    cpu = CPUReading()
    if resting == 0 {
      resting = Self.rest
      let cpus = CPUTopology.online(root: root)
      if cpus != known || topology.threads == nil { look(at: cpus) }
      topology.threads = cpus.isEmpty ? nil : cpus.count
    }
    resting -= 1
    cpu.topology = topology
    frequencies.read(into: &cpu, buffer)
  }

  private func isKnown(_ cores: [CPUReading.CoreReading]) -> Bool {
    guard cores.count == known.count else { return false }
    for index in known.indices where cores[index].cpu != known[index] { return false }
    return true
  }
}
