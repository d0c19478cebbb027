import AgentMetrics
import Collect
import CollectLinux
import CollectNode
import SampleStore
import PrometheusExport
import SystemIO
import TestSupport
import Testing

@testable import API

/// Compares with the real node_exporter on this machine at the same time: the same names, labels and values.
@Suite(.ownThreads) struct NodeExporterTests {
  static let path = Program.path(of: "prometheus-node-exporter") ?? Program.path(of: "node_exporter")

  /// Prefixes of families that only node_exporter exports and no panel of "Node Exporter Full" uses.
  private static let notTold = [
    // Its own: its build, its web server, text files of other programs.
    "node_exporter_", "promhttp_", "node_textfile_",
    // Addresses and serial numbers, which are private.
    "node_network_info", "node_disk_info", "node_dmi_info", "node_disk_ata_", "node_disk_device_mapper_",
    // Of special devices and filesystems.
    "node_bonding_", "node_btrfs_", "node_edac_", "node_infiniband_", "node_ipvs_", "node_md_", "node_nfs_",
    "node_nfsd_",
    "node_nvme_", "node_rapl_", "node_xfs_", "node_zfs_", "node_fibrechannel_", "node_tape_", "node_bcache_",
    "node_power_supply_", "node_systemd_",
    // Sensors other than temperatures and fans, and limits that no panel shows.
    "node_hwmon_in_", "node_hwmon_power_", "node_hwmon_energy_", "node_hwmon_curr_", "node_hwmon_temp_min_",
    "node_hwmon_temp_alarm", "node_hwmon_temp_fault", "node_hwmon_fan_alarm", "node_hwmon_pwm", "node_hwmon_beep",
    "node_nf_conntrack_stat_", "node_os_version", "node_selinux_", "node_time_clocksource_", "node_time_zone_",
    "node_softnet_backlog", "node_softnet_cpu_collision",
  ]

  /// Tolerance for values that are read some milliseconds apart; nil if they are not compared.
  private static func tolerance(_ family: String, _ value: Double) -> Double? {
    // The two programs' own.
    if family.hasPrefix("process_") || family.hasPrefix("node_scrape_collector_") { return nil }
    if family == "node_time_seconds" { return 5 }
    // Levels that fluctuate.
    if [
      "node_procs_", "node_load", "node_sockstat_", "node_netstat_Tcp_CurrEstab", "node_filefd_allocated",
      "node_disk_io_now",
      "node_udp_queues", "node_arp_entries", "node_nf_conntrack_entries", "node_timex_", "node_entropy_available",
    ]
    .contains(where: { family.hasPrefix($0) }) {
      return max(100, abs(value))
    }
    // Builds and tests run concurrently; the recordings test exact values.
    if family.hasPrefix("node_memory_") || family.hasPrefix("node_filesystem_") { return max(4e9, abs(value) * 0.25) }
    // Totals since boot, which increase while other tests run.
    return max(30, abs(value) * 0.02)
  }

  /// Scrapes a node_exporter on a port chosen by the system.
  private static func scrape(_ arguments: [String] = []) throws -> ParsedText {
    let exporter = try Program(path ?? "", ["--web.listen-address=127.0.0.1:0"] + arguments)
    defer { exporter.end(SIGKILL) }
    var port: UInt16?
    while port == nil, let line = Descriptor.line(exporter.errors) {
      guard let address = line.split(separator: " ").last(where: { $0.hasPrefix("address=127.0.0.1:") }) else {
        continue
      }
      port = UInt16(address.drop { $0 != ":" }.dropFirst())
    }
    // Its further output must not fill its pipe; the thread ends with it.
    let errors = dup(exporter.errors)
    Thread.start("drain") {
      while Descriptor.line(errors) != nil {}
      close(errors)
    }
    // Without its runtime's metrics, which include a summary.
    let lines = try Loopback.get("/metrics", port: try #require(port), version: "1.0").body.split(separator: "\n")
      .filter { line in
        !["go_", "# HELP go_", "# TYPE go_"].contains { line.hasPrefix($0) }
      }
    return try ParsedText(lines.map { $0 + "\n" }.joined())
  }

  /// Families that it reads from this machine, whatever its root.
  private static let notRecorded = [
    "process_", "node_scrape_collector_", "node_network_receive_", "node_network_transmit_", "node_filesystem_",
    "node_timex_", "node_time_seconds", "node_uname_info", "node_textfile_",
  ]

  /// For a recorded machine both read the same files, so all values are equal.
  @Test(
    .enabled(if: path != nil, "prometheus-node-exporter is not installed"),
    arguments: ["nvme-md-dm", "recorded-net", "epyc-2s-256t"])
  func valuesOfARecordingAreEqual(machine: String) throws {
    let root = Fixture(machine).root
    let theirs = try Self.scrape([
      "--path.procfs=" + root + "/proc", "--path.sysfs=" + root + "/sys", "--path.rootfs=" + root,
      "--path.udev.data=" + root + "/run/udev/data",
    ])
    let ours = try ParsedText(
      Machines.scrape(Machines.recorded(root), .text, .node, source: NodeOnly(root: root)))
    var compared = 0
    for name in theirs.names where !(Self.notTold + Self.notRecorded).contains(where: { name.hasPrefix($0) }) {
      guard let wanted = theirs.families[name], let told = ours.families[name] else {
        Issue.record("\(name) is not exported")
        continue
      }
      #expect(told.type == wanted.type, "\(name)")
      #expect(Set(told.samples.keys).isSubset(of: wanted.samples.keys), "\(name)")
      for (labels, value) in wanted.samples {
        guard let our = told.samples[labels] else {
          // Implausible temperatures and limits, of inputs without a sensor.
          let isBelieved = name.hasPrefix("node_hwmon_temp_") ? value > 0 && value <= 150 : true
          #expect(!isBelieved, "\(name){\(labels)} \(value) is not exported")
          continue
        }
        #expect(abs(our - value) <= abs(value) * 1e-9, "\(name){\(labels)}: \(our) instead of \(value)")
        compared += 1
      }
    }
    #expect(compared > 150)
  }

  @Test(.enabled(if: path != nil, "prometheus-node-exporter is not installed")) func valuesAreEqual() async throws {
    let history = History(capacity: 2, interval: 3_600)
    let demand = SamplingDemand(history)
    let timekeeper = SystemTimekeeper()
    let sampler = Sampler(
      source: .live { linuxCollectors(root: "") }, demand: demand, timekeeper: timekeeper
    ) { _ in }
    sampler.start()
    defer { timekeeper.stop() }
    let api = API(history: history, demand: demand, scrapeSource: NodeReader(root: ""))
    _ = await history.first()

    let theirs = try Self.scrape()
    let ours = try ParsedText(
      String(decoding: await api.respond(to: API.Request(target: "/metrics")).body, as: UTF8.self))

    var compared = 0
    for name in theirs.names where !Self.notTold.contains(where: { name.hasPrefix($0) }) {
      guard let wanted = theirs.families[name], let told = ours.families[name] else {
        Issue.record("\(name) is not exported")
        continue
      }
      #expect(told.type == wanted.type, "\(name)")
      // Collectors differ between the programs.
      if name.hasPrefix("node_scrape_collector_") { continue }
      // Mounts change while other tests run; each filesystem is exported once.
      if !name.hasPrefix("node_filesystem_") {
        #expect(told.samples.keys.sorted() == wanted.samples.keys.sorted(), "\(name)")
      }
      for (labels, value) in wanted.samples {
        guard let tolerance = Self.tolerance(name, value), let our = told.samples[labels] else { continue }
        #expect(abs(our - value) <= tolerance, "\(name){\(labels)}: \(our) instead of \(value)")
        compared += 1
      }
    }
    #expect(compared > 150)
  }
}
