internal import AgentMetrics
internal import KernelFiles
internal import SystemIO

/// The network namespace of a workload, by one of its processes.
struct WorkloadNamespace {
  let pid: Int32
  /// Its number; 0 where the agent may not read it.
  let inode: UInt64
  /// Whether another workload in it has its traffic.
  var isShared = false
}

/// Traffic of the workloads that have a network namespace of their own: /proc/[pid]/net/dev of one of their processes.
///
/// Without the right to read the number of a namespace, the machine's is recognized by its counters. Containers of a pod
/// share a namespace, whose traffic is the pod's; other workloads that share one leave it to the oldest. Up to four are
/// read at every pass, more of them more rarely, so that their rates are means over that time. The files are not kept
/// open: an open one would keep the namespace of an ended container alive.
final class WorkloadNetworks {
  /// Namespaces read in a pass, as long as each is read at every fifth at least.
  private static let usualReads = 4
  /// Passes between two reads of a namespace where there are many, and between two choices of those that are read.
  private static let restPasses = 5
  /// The same for one without traffic, of a workload that uses no CPU time.
  private static let idlePasses = 30
  /// Maximum namespaces read in a pass; if there are more than that for each of five passes, all are read more rarely.
  private static let maxReads = 64
  /// Maximum interfaces of a namespace.
  private static let maxInterfaces = 1_024

  /// Prefixes of interfaces that lead to containers inside, or nowhere: their packets pass another interface, too.
  private static let inward = ["veth", "docker", "nerdctl", "br-", "cni", "virbr"]

  private let root: String
  private let buffer = ReadBuffer(capacity: 8_192)
  /// Number of the machine's namespace; nil where unknown.
  private let machine: UInt64?
  /// Number of namespaces that are read.
  private var count = 0

  init(root: String) {
    self.root = root
    machine = Self.inode(root + "/proc/1/ns/net") ?? Self.inode(root + "/proc/self/ns/net")
  }

  /// The namespace of a process; nil for the machine's, and for a process that has ended.
  func find(_ pid: Int32) -> WorkloadNamespace? {
    if let inode = Self.inode(root + "/proc/\(pid)/ns/net") {
      return machine == nil || inode == machine ? nil : WorkloadNamespace(pid: pid, inode: inode)
    }
    let isForbidden = SystemError.last == EACCES || SystemError.last == EPERM
    return isForbidden && isOther(pid) ? WorkloadNamespace(pid: pid, inode: 0) : nil
  }

  /// Whether the counters of a process's namespace are not the machine's.
  private func isOther(_ pid: Int32) -> Bool {
    guard let before = interfaces("self"), let theirs = interfaces(String(pid)), let after = interfaces("self") else {
      return false
    }
    guard theirs.count == before.count else { return true }
    return !theirs.allSatisfy { name, counts in
      guard let first = before[name], let last = after[name] else { return false }
      return (first.received...max(first.received, last.received)).contains(counts.received)
        && (first.sent...max(first.sent, last.sent)).contains(counts.sent)
    }
  }

  /// Reads those that are due.
  func read(_ groups: [WorkloadGroup], pass: Int, at now: Double) {
    var members: [WorkloadGroup] = []
    for group in groups where group.network != nil { members.append(group) }
    guard !members.isEmpty || count > 0 else { return }
    if pass % Self.restPasses == 0 || count == 0 { share(members) }
    count = members.count { $0.network?.isShared == false }
    let rest = Self.passes(betweenReadsOf: count)
    for group in members where group.network?.isShared == false {
      let traffic = group.total.network
      let isQuiet = group.idlePasses >= Self.restPasses && traffic?.receiveRate == 0 && traffic?.sendRate == 0
      if traffic == nil || (pass &+ group.serial) % (isQuiet ? max(rest, Self.idlePasses) : rest) == 0 {
        read(group, at: now)
      }
    }
  }

  /// Passes between two reads of one of so many namespaces.
  static func passes(betweenReadsOf count: Int) -> Int {
    func passes(_ reads: Int) -> Int { (count + reads - 1) / reads }
    return max(1, min(restPasses, passes(usualReads)), passes(maxReads))
  }

  /// Chooses the workload of each namespace that has its traffic.
  private func share(_ members: [WorkloadGroup]) {
    var owners: [String: WorkloadGroup] = [:]
    func key(_ group: WorkloadGroup) -> String? {
      // Without its number, only a pod's is known to be shared.
      guard let inode = group.network?.inode, inode == 0 else { return group.network.map { String($0.inode) } }
      return group.found.pod
    }
    // By ascending serial number, so that the oldest comes first.
    for group in members {
      guard let key = key(group) else { continue }
      if owners[key] == nil || group.found.kind == .pod && owners[key]?.found.kind != .pod { owners[key] = group }
    }
    for group in members {
      let isShared = key(group).map { owners[$0] !== group } ?? false
      group.network?.isShared = isShared
      if isShared { group.total.network = nil }
    }
  }

  private func read(_ group: WorkloadGroup, at now: Double) {
    guard let namespace = group.network, let counters = counters(of: namespace.pid, at: now),
      // The pid may be another process's by now.
      namespace.inode == 0 || Self.inode(root + "/proc/\(namespace.pid)/ns/net") == namespace.inode
    else {
      group.network = nil
      group.total.network = nil
      group.wantsProcess = true
      return
    }
    group.total.network = WorkloadTraffic(counters, since: group.total.network?.now)
  }

  /// The counters of a process's namespace; nil if it has ended.
  private func counters(of pid: Int32, at now: Double) -> WorkloadTraffic.Counters? {
    guard let all = interfaces(String(pid)) else { return nil }
    let outward = all.filter { name, _ in !Self.inward.contains { name.hasPrefix($0) } }
    var counters = WorkloadTraffic.Counters(at: now)
    var most: UInt64 = 0
    for (name, counts) in outward.isEmpty ? all : outward {
      counters.receivedBytes &+= counts.received
      counters.sentBytes &+= counts.sent
      let bytes = counts.received &+ counts.sent
      if counters.interface.isEmpty || bytes > most || bytes == most && name < counters.interface {
        (most, counters.interface) = (bytes, name)
      }
    }
    return counters
  }

  /// The interfaces of a process's namespace with their bytes, loopback excluded; nil if it has ended.
  private func interfaces(_ process: String) -> [String: (received: UInt64, sent: UInt64)]? {
    guard let bytes = try? Files.contents(of: root + "/proc/" + process + "/net/dev", buffer: buffer) else {
      return nil
    }
    var all: [String: (received: UInt64, sent: UInt64)] = [:]
    var position = 0
    while all.count < Self.maxInterfaces, let line = NetDevParser.next(bytes.span, &position) {
      guard !bytes.span.equals(line.name, "lo") else { continue }
      all[bytes.span.string(line.name)] = (line.receiveBytes, line.transmitBytes)
    }
    return all
  }

  private static func inode(_ path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }
}
