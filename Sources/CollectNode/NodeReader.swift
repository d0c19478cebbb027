internal import CollectLinux
internal import KernelFiles
package import NodeMetrics
internal import SystemIO

/// Reads node_exporter's values of a Linux machine that a Reading lacks, only for scrapes.
///
/// Files of /proc are read on the caller's thread, since none of them can hang. Files of sysfs for which a driver is
/// asked (``NodeDevices``) are read on a background thread that starts with the scrape.
package final class NodeReader: ScrapeSource {
  /// Used by one scrape at a time; nil for a simulated machine.
  private let files: Condition<NodeFiles>?
  private let devices: NodeDevices?
  private let process = Condition(NodeProcess())

  /// Creates a reader of /proc and /sys under `root`; nil for a simulated machine, which has only this process' usage.
  package init(root: String?) {
    guard let root else {
      (files, devices) = (nil, nil)
      return
    }
    let isLive = isRunningMachine(root: root)
    files = Condition(NodeFiles(root: root, isLive: isLive))
    devices = NodeDevices(root: root, isLive: isLive)
  }

  /// Reads the usage of this very process, whatever the root.
  package func processUsage() -> ProcessUsage? {
    process.withState { $0.read() }
  }

  /// Reads all values; nil for a simulated machine.
  package func nodeReading() -> NodeReading? {
    guard let files, let devices else { return nil }
    devices.ask()
    var reading = files.withState { $0.read() }
    reading.devices = devices.latest
    return reading
  }
}

/// Files of /proc, kept open between scrapes.
final class NodeFiles {
  private let buffer = ReadBuffer()
  /// The last values; rows keep their names and their memory.
  private var reading = NodeReading()
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

  func read() -> NodeReading {
    readMemoryAndDevices()
    readNetwork()
    if schedstat.read(buffer, { SchedstatParser.parse($0, into: &reading.scheduler) }) == nil { reading.scheduler = [] }
    readNumbers()
    let files = fileNumbers.read(buffer) { FileNumbersParser.parse($0) } ?? nil
    reading.fileHandles = files.flatMap { files in files.maximum.map { (files.allocated, $0) } }
    reading.names = names.read(buffer)
    reading.distribution = names.distribution
    reading.clock = isLive ? NodeClock.read() : nil
    return reading
  }

  private func readMemoryAndDevices() {
    if meminfo.read(buffer, { NodeMemory.readMeminfo($0, into: &reading.memory) }) == nil { reading.memory = [] }
    if vmstat.read(buffer, { NodeMemory.readVmstat($0, into: &reading.vmstat) }) == nil { reading.vmstat = [] }
    if diskstats.read(buffer, { NodeDisks.read($0, into: &reading.disks) }) == nil { reading.disks = nil }
    if netDev.read(buffer, { NodeTraffic.read($0, into: &reading.traffic) }) == nil { reading.traffic = nil }
  }

  private func readNetwork() {
    reading.protocols.removeAll(keepingCapacity: true)
    snmp.read(buffer) { NetstatParser.addPairs($0, to: &reading.protocols) }
    netstat.read(buffer) { NetstatParser.addPairs($0, to: &reading.protocols) }
    snmp6.read(buffer) { NetstatParser.addLines($0, to: &reading.protocols) }
    var used = 0
    let connections = sockstat.read(buffer) {
      SockstatParser.parse($0, pageSize: pageSize, into: &reading.sockets, &used)
    }
    sockstat6.read(buffer) { SockstatParser.parse($0, pageSize: pageSize, into: &reading.sockets, &used) }
    reading.sockets.cut(to: used)
    if softnet.read(buffer, { SoftnetParser.parse($0, into: &reading.softnet) }) == nil { reading.softnet = [] }
    if arp.read(buffer, { ARPParser.parse($0, into: &reading.neighbors) }) == nil { reading.neighbors = [] }
    func totals(_ list: inout BackoffFile) -> NodeReading.SocketTotals? {
      list.read(buffer) { bytes in
        var totals = NodeReading.SocketTotals()
        totals.add(bytes)
        return totals
      }
    }
    reading.udp = totals(&udp)
    reading.udp6 = totals(&udp6)
    reading.tcp = self.connections.totals(count: connections ?? 0)
  }

  private func readNumbers() {
    func number(_ file: inout BackoffFile) -> UInt64? {
      file.read(buffer) { NumberParser.number($0).flatMap { UInt64(exactly: $0) } } ?? nil
    }
    reading.numbers.entropy = number(&entropy)
    reading.numbers.entropyPool = number(&entropySize)
    reading.numbers.trackedConnections = number(&tracked)
    reading.numbers.trackedConnectionsLimit = number(&trackedLimit)
    reading.numbers.pidLimit = number(&pidLimit)
    reading.numbers.threadLimit = number(&threadLimit)
    reading.numbers.hungTasks = number(&hungTasks)
  }
}

extension BackoffFile {
  /// Passes the contents to `body`; nil if the file is absent.
  @discardableResult
  fileprivate mutating func read<Result>(_ buffer: ReadBuffer, _ body: (Span<UInt8>) -> Result) -> Result? {
    readIfPresent(into: buffer, body)
  }
}
