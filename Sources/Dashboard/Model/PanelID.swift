/// A panel by its matter, in the order of the digits that show and hide it.
enum PanelID: Int, CaseIterable {
  case cpu = 1
  case memory, gpu, disk, network, pressure, temperature, processes, agent

  /// The digit that shows and hides it.
  var digit: Character { Character(String(rawValue)) }

  /// Its name in titles.
  var title: String {
    switch self {
    case .cpu: "CPU"
    case .memory: "Memory"
    case .gpu: "GPU"
    case .disk: "Disk"
    case .network: "Network"
    case .pressure: "Pressure (PSI)"
    case .temperature: "Temperature"
    case .processes: "Process"
    case .agent: "Agent"
    }
  }

  /// Its word in the config file.
  var word: String {
    switch self {
    case .cpu: "cpu"
    case .memory: "memory"
    case .gpu: "gpu"
    case .disk: "disk"
    case .network: "network"
    case .pressure: "pressure"
    case .temperature: "temperature"
    case .processes: "processes"
    case .agent: "agent"
    }
  }

  /// The members of a Sample that it shows, as the catalog's ids begin.
  var catalogPrefixes: [String] {
    switch self {
    case .cpu: ["cpu.", "load."]
    case .memory: ["ram.", "swap.", "cgroup."]
    case .gpu: ["gpus."]
    case .disk: ["disk.", "disks.", "filesystems."]
    case .network: ["network.", "networks."]
    case .pressure: ["pressure."]
    case .temperature: ["temperatures.", "fans.", "powers."]
    case .processes: ["processes."]
    case .agent: ["agent.", "host."]
    }
  }

  /// The collectors that its figures come from, as `agent.sources` names them.
  var sources: [String] {
    switch self {
    case .cpu: ["cpu", "host"]
    case .memory: ["memory", "cgroup"]
    case .gpu: ["gpu"]
    case .disk: ["disk", "filesystem"]
    case .network: ["network"]
    case .pressure: ["pressure"]
    case .temperature: ["sensors"]
    case .processes: ["processes"]
    case .agent: ["host"]
    }
  }
}

/// How the panels are arranged.
enum LayoutPreset: String, CaseIterable {
  /// Everything.
  case overview
  /// The table, and one band of graphs over it.
  case processes
  /// GPUs first.
  case gpu
  /// Graphs large, no tables.
  case graphs
  /// Disks, network, pressure.
  case io

  var next: LayoutPreset { step(1) }
  var previous: LayoutPreset { step(Self.allCases.count - 1) }

  private func step(_ count: Int) -> LayoutPreset {
    let all = Self.allCases
    return all[((all.firstIndex(of: self) ?? 0) + count) % all.count]
  }

  /// Bands from the top, each of columns, each of panels one above the other.
  func bands(isWide: Bool) -> [[[PanelID]]] {
    switch self {
    case .overview:
      [
        [[.cpu]], [[.gpu]],
        isWide
          ? [[.memory, .pressure], [.disk], [.network, .temperature, .agent]]
          : [[.memory, .network, .pressure], [.disk, .temperature, .agent]],
        [[.processes]],
      ]
    case .processes:
      [[[.cpu], [.memory]], [[.gpu]], [[.processes]]]
    case .gpu:
      [[[.gpu]], [[.cpu], [.memory]], [[.processes]]]
    case .graphs:
      isWide
        ? [[[.cpu]], [[.gpu]], [[.memory], [.disk], [.network]]]
        : [[[.cpu]], [[.gpu]], [[.memory], [.network]], [[.disk]]]
    case .io:
      [[[.disk], [.network]], [[.pressure], [.temperature]], [[.processes]]]
    }
  }
}
