/// Families of node_exporter's that a source may write instead of the API, which knows less of them.
package struct NodeGroups: OptionSet, Sendable {
  /// The bits.
  package let rawValue: UInt32

  /// A set by its bits.
  package init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// `node_memory_…`.
  package static let memory = NodeGroups(rawValue: 1 << 0)
  /// `node_vmstat_…`.
  package static let vmstat = NodeGroups(rawValue: 1 << 1)
  /// `node_disk_…`.
  package static let disks = NodeGroups(rawValue: 1 << 2)
  /// `node_network_…` that count.
  package static let traffic = NodeGroups(rawValue: 1 << 3)
  /// `node_network_…` that describe.
  package static let interfaces = NodeGroups(rawValue: 1 << 4)
  /// `node_filefd_…`.
  package static let files = NodeGroups(rawValue: 1 << 5)
  /// `node_uname_info`.
  package static let uname = NodeGroups(rawValue: 1 << 6)
  /// `node_time_seconds`.
  package static let clock = NodeGroups(rawValue: 1 << 8)
  /// `node_os_info`.
  package static let system = NodeGroups(rawValue: 1 << 7)
}

/// A sensor of hwmon's, as a Reading names it and as node_exporter does.
package struct ScrapedSensor: Sendable {
  /// The chip in a Reading.
  package let chip: String
  /// The sensor in a Reading.
  package let sensor: String
  /// The chip by the place of its device, "platform_coretemp_0".
  package let nodeChip: String
  /// The sensor by its file, "temp1".
  package let nodeSensor: String
  /// The name that the chip's driver gives it.
  package let driver: String

  /// A sensor by all its names.
  package init(chip: String, sensor: String, nodeChip: String, nodeSensor: String, driver: String) {
    self.chip = chip
    self.sensor = sensor
    self.nodeChip = nodeChip
    self.nodeSensor = nodeSensor
    self.driver = driver
  }
}

/// Values that are read only for a scrape.
package protocol ScrapeSource: Sendable {
  /// Writes the agent's own usage under the names that Prometheus client libraries use: `process_…`.
  func writeProcess(to exposition: inout Exposition)

  /// Writes node_exporter's families; returns the groups that the API need not write, and the labels of sensors there.
  ///
  /// Blocks for a few milliseconds at most.
  func writeNode(to exposition: inout Exposition) -> (groups: NodeGroups, sensors: [ScrapedSensor])
}
