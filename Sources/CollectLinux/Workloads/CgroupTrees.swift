internal import SystemIO

/// A mounted hierarchy of control groups.
struct CgroupTree: Hashable {
  /// Folder of its root.
  let folder: String
  /// Path of the group at the root, without a trailing slash: empty unless only a part of the tree is mounted.
  let prefix: String
  let version: Int
}

/// The mounted hierarchies, and which of them counts what.
///
/// Version 1 has a hierarchy per controller, version 2 one for all; a hybrid machine has both.
struct CgroupTrees: Equatable {
  /// Distinct hierarchies.
  private(set) var all: [CgroupTree] = []
  /// Indexes in `all`; nil without a controller.
  private(set) var usage: Int?
  private(set) var cpu: Int?
  private(set) var memory: Int?
  private(set) var io: Int?
  private(set) var tasks: Int?
  /// Version 2's hierarchy, which has pressure.
  private(set) var unified: Int?
  /// Hierarchies in which workloads are searched.
  private(set) var walked: [Int] = []

  /// Finds the hierarchies in /proc/self/mountinfo; none if the machine has no control groups.
  init(root: String) {
    let text = try? Files.contents(of: root + "/proc/self/mountinfo")
    var mounts = text.map { CgroupParser.mounts($0.span) } ?? []
    if mounts.isEmpty, Files.exists(root + "/sys/fs/cgroup/cgroup.controllers") {
      mounts = [CgroupParser.CgroupMount(isUnified: true, root: "/", point: "/sys/fs/cgroup", options: [])]
    }
    unified = index(of: mounts.first { $0.isUnified }, root)
    func legacy(_ controller: String) -> Int? {
      index(of: mounts.first { !$0.isUnified && $0.options.contains(controller) }, root)
    }
    usage = legacy("cpuacct") ?? unified
    cpu = legacy("cpu") ?? unified
    memory = legacy("memory") ?? unified
    io = legacy("blkio") ?? unified
    tasks = legacy("pids") ?? unified
    for tree in [unified, legacy("name=systemd"), usage, memory] {
      if let tree, !walked.contains(tree) { walked.append(tree) }
    }
  }

  private mutating func index(of mount: CgroupParser.CgroupMount?, _ root: String) -> Int? {
    guard let mount else { return nil }
    // Outside the agent's namespace, "/../…".
    let isWhole = mount.root == "/" || mount.root.hasPrefix("/..")
    let tree = CgroupTree(
      folder: root + mount.point, prefix: isWhole ? "" : mount.root, version: mount.isUnified ? 2 : 1)
    if let known = all.firstIndex(of: tree) { return known }
    all.append(tree)
    return all.count - 1
  }
}

extension CgroupTrees {
  /// Whether the kernel counts I/O of control groups.
  ///
  /// Version 1 does so in the throttling of block devices, which newer kernels set up with the first limit
  /// (block/blk-throttle.c): until then all files say 0.
  var countsIO: Bool {
    guard let io = io, all[io].version == 1 else { return true }
    let path = all[io].folder + "/blkio.throttle.io_service_bytes_recursive"
    guard let bytes = try? Files.contents(of: path) else { return true }
    return WorkloadFileParser.hasDevices(bytes.span)
  }
}
