package import PrometheusExport
internal import SystemIO

/// node_exporter's values of a Linux machine that a `Reading` does not contain, read only for scrapes.
///
/// Files of /proc are read on the caller's thread: none of them can hang. Values of drivers in sysfs, which may be slow
/// (``NodeDevices``), are read on a thread of its own that starts at the beginning of the scrape.
package final class NodeReader: ScrapeSource {
  /// Used by one scrape at a time; nil for a simulated machine.
  private let files: Condition<NodeFiles>?
  private let devices: NodeDevices?
  private let process = Condition(NodeProcess())

  /// Reads /proc and /sys under `root`; nil for a simulated machine, where only this process is real.
  package init(root: String?) {
    guard let root else {
      (files, devices) = (nil, nil)
      return
    }
    // In the kernel's proc `self` is a link, in a recording a folder.
    let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
    files = Condition(NodeFiles(root: root, isLive: isLive))
    devices = NodeDevices(root: root, isLive: isLive)
  }

  /// Writes this process's resource usage, whatever the root.
  package func writeProcess(to exposition: inout Exposition) {
    process.withState { $0.write(to: &exposition) }
  }

  package func writeNode(to exposition: inout Exposition) -> (groups: NodeGroups, sensors: [ScrapedSensor]) {
    guard let files, let devices else { return ([], []) }
    devices.ask()
    let groups = files.withState { $0.write(to: &exposition) }
    guard let sweep = devices.latest else { return (groups, []) }
    return (groups.union(sweep.write(to: &exposition)), sweep.sensors.map(\.names))
  }
}

/// Files of /proc, kept open between scrapes.
final class NodeFiles {
  private let buffer = ReadBuffer()
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  private let isLive: Bool
  private var meminfo, vmstat, diskstats, netDev: BackoffFile
  private var snmp, netstat, snmp6: BackoffFile
  private var sockstat, sockstat6, softnet, arp: BackoffFile
  private var udp, udp6: BackoffFile
  private var schedstat, hungTasks, pidLimit, threadLimit: BackoffFile
  private var entropy, entropySize, fileNumbers: BackoffFile
  private var tracked, trackedLimit: BackoffFile
  private let names: NodeNames
  private let connections: NodeConnections

  init(root: String, isLive: Bool) {
    self.isLive = isLive
    func file(_ path: String) -> BackoffFile { BackoffFile(root + "/proc/" + path) }
    meminfo = file("meminfo")
    vmstat = file("vmstat")
    diskstats = file("diskstats")
    netDev = file("net/dev")
    snmp = file("net/snmp")
    netstat = file("net/netstat")
    snmp6 = file("net/snmp6")
    sockstat = file("net/sockstat")
    sockstat6 = file("net/sockstat6")
    softnet = file("net/softnet_stat")
    arp = file("net/arp")
    udp = file("net/udp")
    udp6 = file("net/udp6")
    connections = NodeConnections(root: root, isLive: isLive)
    schedstat = file("schedstat")
    hungTasks = file("sys/kernel/hung_task_detect_count")
    pidLimit = file("sys/kernel/pid_max")
    threadLimit = file("sys/kernel/threads-max")
    entropy = file("sys/kernel/random/entropy_avail")
    entropySize = file("sys/kernel/random/poolsize")
    fileNumbers = file("sys/fs/file-nr")
    tracked = file("sys/net/netfilter/nf_conntrack_count")
    trackedLimit = file("sys/net/netfilter/nf_conntrack_max")
    names = NodeNames(root: root, isLive: isLive)
  }

  func write(to exposition: inout Exposition) -> NodeGroups {
    var groups: NodeGroups = []
    if meminfo.read(buffer, { NodeMeminfo.write($0, to: &exposition) }) == true { groups.insert(.memory) }
    if vmstat.read(buffer, { NodeVmstat.write($0, to: &exposition) }) == true { groups.insert(.vmstat) }
    if diskstats.read(buffer, { NodeDiskstats.write($0, to: &exposition) }) == true { groups.insert(.disks) }
    if netDev.read(buffer, { NodeTraffic.write($0, to: &exposition) }) == true { groups.insert(.traffic) }
    snmp.read(buffer) { NodeNetstat.writePairs($0, to: &exposition) }
    netstat.read(buffer) { NodeNetstat.writePairs($0, to: &exposition) }
    snmp6.read(buffer) { NodeNetstat.writeLines($0, to: &exposition) }
    // The second file has the other families.
    let count = sockstat.read(buffer) { NodeSockstat.write($0, pageSize: pageSize, to: &exposition) }
    sockstat6.read(buffer) { NodeSockstat.write($0, pageSize: pageSize, to: &exposition) }
    softnet.read(buffer) { NodeSoftnet.write($0, to: &exposition) }
    arp.read(buffer) { NodeARP.write($0, to: &exposition) }
    writeQueues(to: &exposition)
    connections.write(count: count ?? 0, to: &exposition)
    schedstat.read(buffer) { NodeSchedstat.write($0, to: &exposition) }
    writeNumbers(to: &exposition)
    if fileNumbers.read(buffer, { NodeFileNumbers.write($0, to: &exposition) }) == true { groups.insert(.files) }
    groups.formUnion(names.write(buffer, to: &exposition))
    if isLive {
      NodeClock.write(to: &exposition)
      groups.insert(.clock)
    }
    return groups
  }

  private func writeQueues(to exposition: inout Exposition) {
    var queues = NodeSockets.Queues()
    udp.read(buffer) { NodeSockets.add($0, to: &queues.v4) }
    udp6.read(buffer) { NodeSockets.add($0, to: &queues.v6) }
    queues.write(to: &exposition)
  }

  /// Writes files with a single number.
  private func writeNumbers(to exposition: inout Exposition) {
    func number(_ file: inout BackoffFile, _ name: StaticString, _ help: StaticString) {
      let value = file.read(buffer) { bytes in
        var position = 0
        return bytes.unsigned(&position)
      }
      guard let value = value ?? nil else { return }
      exposition.family(name, .gauge, help)
      exposition.sample()
      exposition.value(value)
    }
    number(&entropy, "node_entropy_available_bits", "Available bits of the kernel's random number source")
    number(&entropySize, "node_entropy_pool_size_bits", "Capacity of the kernel's random number source in bits")
    number(&tracked, "node_nf_conntrack_entries", "Connections tracked by the firewall")
    number(&trackedLimit, "node_nf_conntrack_entries_limit", "Maximum tracked connections")
    number(&pidLimit, "node_processes_max_processes", "Maximum processes")
    number(&threadLimit, "node_processes_max_threads", "Maximum threads")
    number(&hungTasks, "node_kernel_hung_tasks", "Hung tasks detected since boot")
  }
}

extension BackoffFile {
  /// Passes the contents to `body`; nil if the file is absent.
  @discardableResult
  fileprivate mutating func read<Result>(_ buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    readIfPresent(into: buffer, body)
  }
}
