/// node_exporter's `collect[]` and `exclude[]`: the collectors that a scrape requests.
///
/// As in node_exporter, an unknown name is an error. A collector that the agent does not implement has no families.
package struct NodeCollectors: Sendable {
  /// Names of the requested collectors; nil for all.
  private let wanted: Set<String>?
  private let excluded: Set<String>

  /// Creates a choice of names in ``known``.
  ///
  /// - Parameters:
  ///   - wanted: the only collectors; empty for all.
  ///   - excluded: collectors that are left out even so.
  package init(wanted: [String], excluded: [String]) {
    self.wanted = wanted.isEmpty ? nil : Set(wanted)
    self.excluded = Set(excluded)
  }

  /// Whether a family is part of the response.
  ///
  /// `collect[]` selects node_exporter's collectors and thus excludes the agent's own families; `process_` belongs to
  /// the exporter itself and is always included.
  func contains(family name: String) -> Bool {
    if name.hasPrefix("process_") || name.hasPrefix("node_scrape_collector_") { return true }
    let collector = name.hasPrefix("node_") ? Self.collector(ofFamily: name) : nil
    return collector.map { contains(collector: $0) } ?? (wanted == nil)
  }

  /// Whether any collector of one of the agent's sources is requested.
  func contains(source: String) -> Bool {
    let collectors = Self.sources[source] ?? [source]
    return collectors.contains { contains(collector: $0) }
  }

  private func contains(collector: String) -> Bool {
    wanted?.contains(collector) != false && !excluded.contains(collector)
  }

  private static func collector(ofFamily name: String) -> String? {
    families.first { name.hasPrefix($0.prefix) }?.collector
  }

  /// Collectors by prefixes of their families; longer prefixes precede shorter ones.
  private static let families: [(prefix: String, collector: String)] = [
    ("node_arp_", "arp"), ("node_boot_time_", "stat"), ("node_context_switches_", "stat"),
    ("node_cooling_device_", "thermal_zone"), ("node_cpu_frequency_max_", "cpufreq"),
    ("node_cpu_frequency_min_", "cpufreq"), ("node_cpu_scaling_", "cpufreq"), ("node_cpu_", "cpu"),
    ("node_disk_", "diskstats"), ("node_entropy_", "entropy"), ("node_filefd_", "filefd"),
    ("node_filesystem_", "filesystem"), ("node_forks_", "stat"), ("node_hwmon_", "hwmon"), ("node_intr_", "stat"),
    ("node_kernel_hung_", "kernel_hung"), ("node_load", "loadavg"), ("node_memory_", "meminfo"),
    ("node_netstat_", "netstat"), ("node_network_receive_", "netdev"),
    ("node_network_transmit_queue_length", "netclass"), ("node_network_transmit_", "netdev"),
    ("node_network_", "netclass"), ("node_nf_conntrack_", "conntrack"), ("node_os_", "os"),
    ("node_power_supply_", "powersupplyclass"), ("node_pressure_", "pressure"), ("node_processes_", "processes"),
    ("node_procs_", "stat"), ("node_schedstat_", "schedstat"), ("node_sockstat_", "sockstat"),
    ("node_softnet_", "softnet"), ("node_tcp_connection_", "tcpstat"), ("node_thermal_zone_", "thermal_zone"),
    ("node_time_", "time"), ("node_timex_", "timex"), ("node_udp_queues", "udp_queues"), ("node_uname_", "uname"),
    ("node_vmstat_", "vmstat"),
  ]

  /// Collectors of the agent's sources.
  private static let sources: [String: [String]] = [
    "cpu": ["cpu", "cpufreq", "loadavg", "stat"], "memory": ["meminfo", "vmstat"], "disk": ["diskstats"],
    "network": ["netclass", "netdev"], "host": ["filefd", "os", "uname"], "sensors": ["hwmon", "thermal_zone"],
  ]

  /// The collectors of node_exporter 1.9 on Linux.
  package static let known: Set<String> = [
    "arp", "bcache", "bcachefs", "bonding", "btrfs", "buddyinfo", "cgroups", "conntrack", "cpu",
    "cpu_vulnerabilities", "cpufreq", "diskstats", "dmi", "drbd", "drm", "edac", "entropy", "ethtool", "fibrechannel",
    "filefd", "filesystem", "hwmon", "infiniband", "interrupts", "ipvs", "kernel_hung", "ksmd", "lnstat", "loadavg",
    "logind", "mdadm", "meminfo", "meminfo_numa", "mountstats", "netclass", "netdev", "netstat", "network_route",
    "nfs", "nfsd", "ntp", "nvme", "os", "pcidevice", "perf", "powersupplyclass", "pressure", "processes", "qdisc",
    "rapl", "runit", "schedstat", "selinux", "slabinfo", "sockstat", "softirqs", "softnet", "stat", "supervisord",
    "swap", "sysctl", "systemd", "tapestats", "tcpstat", "textfile", "thermal_zone", "time", "timex", "udp_queues",
    "uname", "vmstat", "watchdog", "wifi", "xfrm", "xfs", "zfs", "zoneinfo",
  ]
}
