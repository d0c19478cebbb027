public import AgentMetrics
public import Collect
internal import SystemIO

/// CPU time, load, model, topology and frequency.
///
/// The topology is read anew whenever the set of CPUs changes, which is how a hotplug shows.
public final class CPUCollector: Collector {
  /// "cpu".
  public let name = "cpu"

  private let root: String
  private let buffer = ReadBuffer()
  private var stat: RestingFile
  private var loadavg: RestingFile
  private let frequencies: CPUFrequencies
  private var topology = CPUReading.Topology()
  /// The CPUs that `topology` and `frequencies` are of.
  private var known: [Int] = []

  /// The CPUs of the machine whose /proc and /sys lie under `root`.
  public init(root: String) {
    self.root = root
    stat = RestingFile(root + "/proc/stat")
    loadavg = RestingFile(root + "/proc/loadavg")
    frequencies = CPUFrequencies(root: root)
  }

  /// Writes `reading.cpu` and `reading.load`.
  public func read(into reading: inout Reading) throws(CollectorError) {
    var load = Load()
    let hasLoad = loadavg.readIfPresent(into: buffer) { LoadParser.parse($0, into: &load) } != nil
    let makesSense: Bool?
    do {
      makesSense = try stat.read(into: buffer) { StatParser.parse($0, into: &reading.cpu, &load) }
    } catch {
      reading.cpu = CPUReading()
      reading.load = hasLoad ? load : nil
      throw error
    }
    reading.load = hasLoad || makesSense == true ? load : nil
    guard makesSense == true else {
      reading.cpu = CPUReading()
      throw CollectorError(makesSense == nil ? "no /proc/stat" : "no sum line in /proc/stat")
    }
    if !isKnown(reading.cpu.cores) {
      known = reading.cpu.cores.map(\.cpu)
      topology = CPUTopology.read(root: root, cpus: known)
      frequencies.find(cpus: known)
    }
    reading.cpu.topology = topology
    frequencies.read(into: &reading.cpu, buffer)
  }

  private func isKnown(_ cores: [CPUReading.Core]) -> Bool {
    guard cores.count == known.count else { return false }
    for index in known.indices where cores[index].cpu != known[index] { return false }
    return true
  }
}
