internal import AgentMetrics
internal import SystemIO

/// Model, sockets and cores of the CPUs that are online.
enum CPUTopology {
  /// Reads /proc/cpuinfo and cpuN/topology.
  static func read(root: String, cpus: [Int]) -> CPUReading.Topology {
    let info = (try? Files.contents(of: root + "/proc/cpuinfo")).map { CPUInfoParser.parse($0.span) } ?? CPUInfo()
    var topology = CPUReading.Topology()
    // The board's name is better than RISC-V's instruction set.
    let board = HostFacts.board(root: root)
    topology.model = info.model?.hasPrefix("rv") == true ? board ?? info.model : info.model ?? board
    let places = cpus.map { CPULocation(root: root, cpu: $0) }
    // Some ARM kernels report −1 for unknown.
    let packages = places.compactMap(\.package).filter { $0 >= 0 }
    topology.sockets = packages.count == cpus.count && !cpus.isEmpty ? Set(packages).count : info.sockets
    if !cpus.isEmpty, places.allSatisfy({ $0.firstSibling != nil }) {
      // A core is identified by the first of its CPUs; only those online are listed.
      topology.cores = Set(places.compactMap(\.firstSibling)).count
    } else if !cpus.isEmpty, places.allSatisfy({ $0.core != nil }) {
      topology.cores = Set(places.map { [$0.package ?? 0, $0.die ?? 0, $0.core ?? 0] }).count
    } else {
      topology.cores = info.cores
    }
    return topology
  }

  /// Numbers of the online CPUs, if /proc/stat does not list them.
  static func online(root: String) -> [Int] {
    if let text = try? Files.contents(of: root + "/sys/devices/system/cpu/online") {
      let cpus = CPUListParser.cpus(text.span)
      if !cpus.isEmpty { return cpus }
    }
    let info = (try? Files.contents(of: root + "/proc/cpuinfo")).map { CPUInfoParser.parse($0.span) }
    return info.map { Set($0.cpus).sorted() } ?? []
  }

  /// Position of a CPU in the topology (Documentation/ABI/stable/sysfs-devices-system-cpu).
  private struct CPULocation {
    let package: Int?
    let die: Int?
    let core: Int?
    let firstSibling: Int?

    init(root: String, cpu: Int) {
      let folder = root + "/sys/devices/system/cpu/cpu\(cpu)/topology/"
      package = Files.number(of: folder + "physical_package_id")
      die = Files.number(of: folder + "die_id")
      core = Files.number(of: folder + "core_id")
      // Since kernel 5.3 also called core_cpus_list.
      firstSibling = (try? Files.contents(of: folder + "thread_siblings_list")).flatMap {
        CPUListParser.cpus($0.span).first
      }
    }
  }
}
