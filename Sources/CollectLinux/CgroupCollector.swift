package import AgentMetrics
package import Collect
internal import SystemIO

/// Limits and use of the control group that the agent runs in: in a container, the container's.
///
/// Limits of ancestors apply too. If an ancestor (a slice, a pod) has a tighter limit than the agent's own group, that
/// limit and that group's use are reported, so that use ÷ limit shows how close the agent is to being throttled. The
/// root group of a machine is not reported, since it is the machine itself.
package final class CgroupCollector: Collector {
  package let name = "cgroup"

  /// Reads between two searches for the group and its tightest limits.
  private static let rest = 60

  private let root: String
  private let buffer = ReadBuffer(capacity: 4_096)
  private var files: CgroupFiles?
  private var resting = 0

  /// Hidden parts in one line; nil if all are visible.
  package private(set) var note: String?

  /// Creates a collector for the group in /proc/self/cgroup and the hierarchies mounted under `root`.
  package init(root: String) {
    self.root = root
  }

  /// Writes `reading.cgroup`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if resting == 0 {
      resting = Self.rest
      let place = CgroupPlace.find(root: root)
      note = Self.note(root: root, place)
      files = place.flatMap { place in
        // The same files stay open while they are unchanged.
        let found = CgroupFiles(place)
        return found == files ? files : found
      }
    }
    resting -= 1
    guard let files else {
      reading.cgroup = nil
      return
    }
    var cgroup = CgroupReading(version: files.place.version, path: files.place.path)
    files.read(into: &cgroup, buffer)
    reading.cgroup = cgroup
  }
}

extension CgroupCollector {
  /// Describes the group's unreadable or invisible files in one line.
  private static func note(root: String, _ place: CgroupPlace?) -> String? {
    guard let place else {
      let text = try? Files.contents(of: root + "/proc/self/cgroup")
      let groups = text.map { CgroupParser.memberships($0.span) } ?? []
      let hidden = groups.first { $0.path != "/" && !($0.controllers.first?.hasPrefix("name=") ?? false) }
      return hidden.map { "the files of control group \($0.path) are not visible" }
    }
    for folder in place.memory.folders.prefix(1) + place.cpu.folders.prefix(1) where access(folder, R_OK | X_OK) != 0 {
      return SystemError("open " + folder).description
    }
    return nil
  }
}

/// Location of the agent's group: the folders of each resource, from the group itself up to the highest visible one.
struct CgroupPlace: Hashable {
  /// Folders of a resource, the group's own first; empty if no hierarchy has it.
  struct CgroupResource: Hashable {
    var version = 2
    var folders: [String] = []
  }

  var version = 2
  var path = ""
  var cpu = CgroupResource()
  var usage = CgroupResource()
  var memory = CgroupResource()
  var tasks = CgroupResource()

  /// Reads /proc/self/cgroup and /proc/self/mountinfo; nil if the agent is only in the machine's root group.
  ///
  /// - Parameter process: the process in /proc whose group is found.
  static func find(root: String, process: String = "self") -> CgroupPlace? {
    guard let text = try? Files.contents(of: root + "/proc/" + process + "/cgroup") else { return nil }
    let memberships = CgroupParser.memberships(text.span)
    let mounts = (try? Files.contents(of: root + "/proc/self/mountinfo")).map { CgroupParser.mounts($0.span) } ?? []
    func resource(_ controller: String) -> CgroupResource {
      for membership in memberships where membership.controllers.contains(controller) {
        let mount =
          mounts.first { !$0.isUnified && $0.options.contains(controller) }
          ?? CgroupParser.CgroupMount(isUnified: false, root: "/", point: "/sys/fs/cgroup/" + controller, options: [])
        // Only the root of the whole tree has a release agent.
        let folders = folders(root, mount, membership.path).filter { !Files.exists($0 + "/release_agent") }
        return CgroupResource(version: 1, folders: folders)
      }
      for membership in memberships where membership.controllers.isEmpty {
        let mount =
          mounts.first { $0.isUnified }
          ?? CgroupParser.CgroupMount(isUnified: true, root: "/", point: "/sys/fs/cgroup", options: [])
        // The root of the whole tree has neither type nor limits; a container's own root has them.
        let folders = folders(root, mount, membership.path).filter { folder in
          ["cgroup.type", "cpu.max", "memory.max"].contains { Files.exists(folder + "/" + $0) }
        }
        return CgroupResource(version: 2, folders: folders)
      }
      return CgroupResource()
    }
    var place = CgroupPlace()
    place.cpu = resource("cpu")
    place.usage = resource("cpuacct")
    if place.usage.version == 2 { place.usage = place.cpu }
    place.memory = resource("memory")
    place.tasks = resource("pids")
    place.version = min(place.cpu.version, place.memory.version)
    let controllers = place.version == 2 ? [] : ["memory", "cpu"]
    place.path =
      controllers.compactMap { name in memberships.first { $0.controllers.contains(name) }?.path }
      .first { $0 != "/" } ?? memberships.first { $0.controllers.isEmpty == (place.version == 2) }?.path ?? "/"
    let all = place.cpu.folders + place.usage.folders + place.memory.folders + place.tasks.folders
    return all.isEmpty ? nil : place
  }

  /// The group's folder and its visible ancestors.
  ///
  /// In a container without a cgroup namespace the path is the host's, while only the group is mounted. Its own folder
  /// is then the mount point.
  private static func folders(_ root: String, _ mount: CgroupParser.CgroupMount, _ path: String) -> [String] {
    let point = root + mount.point
    var inside = path
    if mount.root != "/", path == mount.root || path.hasPrefix(mount.root + "/") {
      inside = String(path.dropFirst(mount.root.count))
    }
    // Outside the namespace's root, "/../…".
    if inside.hasPrefix("/..") { return [] }
    var parts = inside.split(separator: "/").map(String.init)
    if !parts.isEmpty, !Files.exists(point + "/" + parts.joined(separator: "/")) { parts = [] }
    var folders: [String] = []
    while true {
      folders.append(([point] + parts).joined(separator: "/"))
      if parts.isEmpty { return folders.filter { Files.exists($0) } }
      parts.removeLast()
    }
  }
}

/// Files with the use and limits of the tightest groups, kept open.
final class CgroupFiles: Equatable {
  let place: CgroupPlace
  private let cpuFolder: String?
  private let memoryFolder: String?

  private var cpuMaximum: BackoffFile
  private var cpuPeriod: BackoffFile
  private var cpuUsage: BackoffFile
  private var cpuStat: BackoffFile
  private var memoryMaximum: BackoffFile
  private var memoryCurrent: BackoffFile
  private var memoryStat: BackoffFile
  private var memoryEvents: BackoffFile
  private var swapMaximum: BackoffFile
  private var swapCurrent: BackoffFile
  private var tasksCurrent: BackoffFile
  private var tasksMaximum: BackoffFile

  init(_ place: CgroupPlace) {
    self.place = place
    let cpu = Self.tightest(place.cpu) { Self.cpuLimit(in: $0, version: place.cpu.version) }
    let memory = Self.tightest(place.memory) { Self.memoryLimit(in: $0, version: place.memory.version) }
    cpuFolder = cpu
    memoryFolder = memory
    // A missing folder results in a path that never exists, and such files back off.
    func file(_ folder: String?, _ name: String) -> BackoffFile { BackoffFile((folder ?? "/nonexistent") + "/" + name) }
    let isUnified = place.cpu.version == 2
    cpuMaximum = file(cpu, isUnified ? "cpu.max" : "cpu.cfs_quota_us")
    cpuPeriod = file(cpu, "cpu.cfs_period_us")
    cpuStat = file(cpu, "cpu.stat")
    // Version 1's accounting has a tree of its own; the group at the same depth is used.
    let depth = cpu.flatMap { place.cpu.folders.firstIndex(of: $0) } ?? 0
    let usage = depth < place.usage.folders.count ? place.usage.folders[depth] : place.usage.folders.first
    cpuUsage = file(usage, "cpuacct.usage")
    let isUnifiedMemory = place.memory.version == 2
    memoryMaximum = file(memory, isUnifiedMemory ? "memory.max" : "memory.limit_in_bytes")
    memoryCurrent = file(memory, isUnifiedMemory ? "memory.current" : "memory.usage_in_bytes")
    memoryStat = file(memory, "memory.stat")
    memoryEvents = file(memory, isUnifiedMemory ? "memory.events" : "memory.oom_control")
    swapMaximum = file(memory, isUnifiedMemory ? "memory.swap.max" : "memory.memsw.limit_in_bytes")
    swapCurrent = file(memory, isUnifiedMemory ? "memory.swap.current" : "memory.memsw.usage_in_bytes")
    tasksCurrent = file(place.tasks.folders.first, "pids.current")
    tasksMaximum = file(place.tasks.folders.first, "pids.max")
  }

  static func == (left: CgroupFiles, right: CgroupFiles) -> Bool {
    left.place == right.place && left.cpuFolder == right.cpuFolder && left.memoryFolder == right.memoryFolder
  }

  func read(into cgroup: inout CgroupReading, _ buffer: ReadBuffer) {
    if place.cpu.version == 2 {
      cgroup.cpuLimit = cpuMaximum.readIfPresent(into: buffer) { CgroupParser.cpuMaximum($0) } ?? nil
    } else {
      let quota = cpuMaximum.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
      let period = cpuPeriod.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
      if let quota, let period, period > 0 { cgroup.cpuLimit = Double(quota) / Double(period) }
    }
    _ = cpuStat.readIfPresent(into: buffer) { CgroupParser.cpuStat($0, into: &cgroup) }
    if place.usage.version == 1 {
      let nanoseconds = cpuUsage.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
      cgroup.cpuMicroseconds = nanoseconds.map { $0 / 1_000 }
    }
    let isUnified = place.memory.version == 2
    cgroup.memoryLimit = memoryMaximum.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
    cgroup.memoryUsage = memoryCurrent.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
    cgroup.memoryInactiveFile =
      memoryStat.readIfPresent(into: buffer) {
        CgroupParser.value($0, of: isUnified ? "inactive_file " : "total_inactive_file ")
      } ?? nil
    cgroup.oomKills = memoryEvents.readIfPresent(into: buffer) { CgroupParser.value($0, of: "oom_kill ") } ?? nil
    cgroup.swapLimit = swapMaximum.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
    cgroup.swapUsage = swapCurrent.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
    if !isUnified {
      // Version 1 counts memory and swap together.
      cgroup.swapLimit = Self.difference(cgroup.swapLimit, cgroup.memoryLimit)
      cgroup.swapUsage = Self.difference(cgroup.swapUsage, cgroup.memoryUsage)
    }
    cgroup.tasks = tasksCurrent.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
    cgroup.tasksLimit = tasksMaximum.readIfPresent(into: buffer) { CgroupParser.limit($0) } ?? nil
  }

  private static func difference(_ both: UInt64?, _ memory: UInt64?) -> UInt64? {
    guard let both, let memory else { return nil }
    return both > memory ? both - memory : 0
  }

  /// The folder with the lowest limit, the nearest of equals; the group's own if there is no limit.
  private static func tightest(_ resource: CgroupPlace.CgroupResource, _ limit: (String) -> Double?) -> String? {
    var best: (folder: String, limit: Double)?
    for folder in resource.folders {
      if let limit = limit(folder), limit < best?.limit ?? .infinity { best = (folder, limit) }
    }
    return best?.folder ?? resource.folders.first
  }

  private static func cpuLimit(in folder: String, version: Int) -> Double? {
    if version == 2 {
      return (try? Files.contents(of: folder + "/cpu.max")).flatMap { CgroupParser.cpuMaximum($0.span) }
    }
    guard let quota = Files.number(of: folder + "/cpu.cfs_quota_us"), quota > 0,
      let period = Files.number(of: folder + "/cpu.cfs_period_us"), period > 0
    else { return nil }
    return Double(quota) / Double(period)
  }

  private static func memoryLimit(in folder: String, version: Int) -> Double? {
    let name = version == 2 ? "/memory.max" : "/memory.limit_in_bytes"
    return (try? Files.contents(of: folder + name)).flatMap { CgroupParser.limit($0.span) }.map { Double($0) }
  }
}

/// Parser of /proc/[pid]/cgroup and of the control groups' files (Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
enum CgroupParser {
  /// A line of /proc/[pid]/cgroup; version 2's has no controllers.
  struct Membership: Hashable {
    var controllers: [String]
    var path: String
  }

  /// A mounted hierarchy.
  struct CgroupMount: Hashable {
    var isUnified: Bool
    /// The group at the root of the mount.
    var root: String
    var point: String
    /// Options of the filesystem, which name a hierarchy's controllers.
    var options: [String]
  }

  /// Lines of `number:controller,controller:/path` (cgroups(7)).
  static func memberships(_ bytes: Span<UInt8>) -> [Membership] {
    var memberships: [Membership] = []
    for line in bytes.string(0..<bytes.count).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/") else { continue }
      let controllers = parts[1].split(separator: ",").map(String.init)
      memberships.append(Membership(controllers: controllers, path: String(parts[2])))
    }
    return memberships
  }

  /// The hierarchies in the text of ``MountinfoParser``.
  static func mounts(_ bytes: Span<UInt8>) -> [CgroupMount] {
    var mounts: [CgroupMount] = []
    var position = 0
    while position < bytes.count {
      if let line = MountinfoParser.line(bytes, &position),
        bytes.equals(line.fstype, "cgroup") || bytes.equals(line.fstype, "cgroup2")
      {
        mounts.append(
          CgroupMount(
            isUnified: bytes.equals(line.fstype, "cgroup2"), root: MountsParser.text(bytes, line.root),
            point: MountsParser.text(bytes, line.mountpoint),
            options: bytes.string(line.filesystemOptions).split(separator: ",").map(String.init)))
      }
      bytes.skipLine(&position)
    }
    return mounts
  }

  /// A file with one number; nil for "max", −1 and version 1's largest number, which all mean unlimited.
  static func limit(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    // Version 1 rounds LONG_MAX down to a page.
    guard let value = bytes.unsigned(&position), value < 1 << 62 else { return nil }
    return value
  }

  /// Parses cpu.max, "200000 100000", as a number of CPUs; nil for "max".
  static func cpuMaximum(_ bytes: Span<UInt8>) -> Double? {
    var position = 0
    guard let quota = bytes.unsigned(&position) else { return nil }
    guard let period = bytes.unsigned(&position), period > 0 else { return nil }
    return Double(quota) / Double(period)
  }

  /// Parses cpu.stat of either version: CPU time (version 2 only), and throttled periods.
  static func cpuStat(_ bytes: Span<UInt8>, into cgroup: inout CgroupReading) {
    var position = 0
    while position < bytes.count {
      if bytes.skip("usage_usec ", &position) {
        cgroup.cpuMicroseconds = bytes.unsigned(&position)
      } else if bytes.skip("nr_periods ", &position) {
        cgroup.periods = bytes.unsigned(&position)
      } else if bytes.skip("nr_throttled ", &position) {
        cgroup.throttledPeriods = bytes.unsigned(&position)
      } else if bytes.skip("throttled_usec ", &position) {
        cgroup.throttledMicroseconds = bytes.unsigned(&position)
      } else if bytes.skip("throttled_time ", &position) {
        cgroup.throttledMicroseconds = bytes.unsigned(&position).map { $0 / 1_000 }
      }
      bytes.skipLine(&position)
    }
  }

  /// The number of a `key number` line, or nil.
  static func value(_ bytes: Span<UInt8>, of key: StaticString) -> UInt64? {
    var position = 0
    while position < bytes.count {
      if bytes.skip(key, &position) { return bytes.unsigned(&position) }
      bytes.skipLine(&position)
    }
    return nil
  }
}
