internal import AgentMetrics
internal import SystemIO

/// The workload of a control group, by its path alone.
///
/// The outermost container, virtual machine or job of a path is the workload, else the unit of a user's own service
/// manager, else the session, else the outermost service, else a group of unknown origin. Groups below it (steps,
/// payloads, virtual CPUs) belong to it. Slices are groups of workloads and no workloads themselves; a pod is one that
/// is shown.
struct WorkloadPath: Hashable {
  let kind: WorkloadKind
  /// Unique name, "service:ssh.service".
  let id: String
  let name: String
  /// The group's path, a prefix of the path that was classified.
  let path: String
  /// User that it runs for; nil if the path has none.
  var user: UInt64?
  var engine: String?
  /// Uid of the pod that holds it.
  var pod: String?

  /// Maximum parts of a path that are classified; the rest is ignored.
  static let maxDepth = 64
  /// Maximum bytes of the name of a group of unknown origin.
  private static let maxName = 200

  /// The workload of a process by its /proc/[pid]/cgroup; nil outside of all.
  static func find(in bytes: Span<UInt8>) -> WorkloadPath? {
    var best: WorkloadPath?
    // Version 2's line, systemd's own hierarchy, then those that count CPU time and memory, then the others.
    let memberships = CgroupParser.memberships(bytes).map { (rank: rank(of: $0), path: $0.path) }
    for rank in 0...3 {
      for membership in memberships where membership.rank == rank && membership.path != "/" {
        guard let found = WorkloadPath(membership.path) else { continue }
        if found.isCertain { return found }
        // A group of unknown origin in one hierarchy does not hide a unit in another.
        if best == nil || best?.kind == .other && found.kind != .other { best = found }
      }
    }
    return best
  }

  private static func rank(of membership: CgroupParser.Membership) -> Int {
    if membership.controllers.isEmpty { return 0 }
    if membership.controllers == ["name=systemd"] { return 1 }
    return membership.controllers.contains { $0 == "cpuacct" || $0 == "memory" } ? 2 : 3
  }

  /// Whether no other hierarchy can know better.
  private var isCertain: Bool { kind == .container || kind == .job || kind == .vm }

  /// The workload of a path in a hierarchy; nil for the root, slices and other groups of workloads.
  init?(_ path: String) {
    // A group outside the agent's cgroup namespace is "/../…".
    let parts = Array(path.split(separator: "/").prefix(Self.maxDepth))
    let inside = Array(parts.drop { $0 == ".." })
    let outside = parts.count - inside.count
    func prefix(_ count: Int) -> String { "/" + parts.prefix(outside + count).joined(separator: "/") }

    if let found = ServiceName.container(in: inside) {
      self.init(container: found.name, parts: inside[...found.index], path: prefix(found.index + 1))
    } else if let pod = Self.podIndex(inside), let uid = Self.pod(inside[pod]) {
      self.init(kind: .pod, id: "pod:" + uid, name: uid, path: prefix(pod + 1), engine: "kubernetes", pod: uid)
    } else if let manager = inside.firstIndex(where: { Self.user(ofManager: $0) != nil }) {
      let user = Self.user(ofManager: inside[manager]) ?? 0
      let unit = inside[(manager + 1)...].firstIndex(where: Self.isUnit)
      let name = ServiceName.unit(inside[unit ?? manager])
      self.init(
        kind: .user, id: unit == nil ? "user:" + name : "user:\(user)/\(name)", name: name,
        path: prefix((unit ?? manager) + 1), user: user)
    } else if let session = inside.firstIndex(where: { Self.session($0) != nil }) {
      let name = Self.session(inside[session]) ?? ""
      let user = inside[..<session].lazy.compactMap { Self.number($0, after: "user-", before: ".slice") }.first
      self.init(kind: .session, id: "session:" + name, name: name, path: prefix(session + 1), user: user)
    } else if let unit = inside.firstIndex(where: Self.isUnit) {
      let name = ServiceName.unit(inside[unit])
      self.init(kind: .service, id: "service:" + name, name: name, path: prefix(unit + 1))
    } else {
      guard let last = Self.unknown(inside) else { return nil }
      let path = prefix(last + 1)
      let name = Self.shortened(path)
      self.init(kind: .other, id: "other:" + name, name: name, path: path)
    }
  }

  /// Whether a path is a group of workloads: a slice, a pod, or a folder of an engine.
  static func holdsWorkloads(_ path: String) -> Bool {
    guard let found = WorkloadPath(path) else { return true }
    return found.path == path ? found.kind == .pod : path.hasSuffix(".slice")
  }

  /// The sum of the workloads that ended in a group of workloads.
  init(endedIn folder: String) {
    let last = folder.split(separator: "/").last ?? ""
    // "user-1000.slice".
    let user = Self.number(last, after: "user-", before: ".slice")
    self.init(
      kind: .other, id: "other:" + Self.shortened(folder) + Workload.remainderSuffix,
      name: "ended in " + Self.shortened(String(last)), path: folder, user: user)
  }

  private init(
    kind: WorkloadKind, id: String, name: String, path: String, user: UInt64? = nil, engine: String? = nil,
    pod: String? = nil
  ) {
    self.kind = kind
    self.id = id
    self.name = name
    self.path = path
    self.user = user
    self.engine = engine
    self.pod = pod
  }

  // MARK: Containers, machines, jobs

  /// A container, machine or job by its name in the process table, "engine:name".
  private init(container text: String, parts: ArraySlice<Substring>, path: String) {
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let engine = String(halves[0])
    var name = halves.count > 1 ? String(halves[1]) : text
    let last = parts.last ?? ""
    // A container's monitor has a group of its own, named after the container.
    if last.contains("conmon-") { name += "-conmon" }
    let kind: WorkloadKind =
      switch engine {
      case "slurm": .job
      case "qemu", "firecracker": .vm
      case "machine": last.contains("qemu") ? .vm : .container
      default: .container
      }
    let user = kind == .job ? parts.lazy.compactMap { Self.number($0, after: "uid_", before: "") }.first : nil
    self.init(
      kind: kind, id: kind.rawValue + ":" + name, name: name, path: path, user: user, engine: engine,
      pod: parts.lazy.compactMap { Self.pod($0) }.first)
  }

  /// The uid of a pod's group: "kubepods-burstable-pod5_2.slice", "podf6ad", "kubelet-kubepods-pod7.slice:…".
  static func pod(_ part: Substring) -> String? {
    var stem = part.prefix { $0 != ":" }
    if stem.hasSuffix(".slice") {
      guard stem.hasPrefix("kubepods") || stem.contains("-kubepods") else { return nil }
      stem = stem.dropLast(".slice".count)
      guard let dash = stem.lastIndex(of: "-") else { return nil }
      // Dashes separate slices, so that uids have underscores.
      stem = stem[stem.index(after: dash)...]
      guard stem.hasPrefix("pod"), stem.count > 3 else { return nil }
      return String(stem.dropFirst(3)).replacing("_", with: "-")
    }
    guard stem.hasPrefix("pod"), stem.dropFirst(3).utf8.first.map(Self.isHexadecimal) == true,
      stem.dropFirst(3).utf8.allSatisfy({ Self.isHexadecimal($0) || $0 == UInt8(ascii: "-") })
    else { return nil }
    return String(stem.dropFirst(3))
  }

  /// The index of the group of a pod, below one of Kubernetes's.
  private static func podIndex(_ parts: [Substring]) -> Int? {
    guard let place = parts.firstIndex(where: { pod($0) != nil }) else { return nil }
    return parts[...place].contains { $0.contains("kubepods") } ? place : nil
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool { byte.isDigit || (0x61...0x66).contains(byte) }

  // MARK: Units

  /// Suffixes of systemd's units that hold processes.
  private static let units = [".service", ".scope", ".socket", ".mount", ".swap"]

  private static func isUnit(_ part: Substring) -> Bool {
    units.contains { part.hasSuffix($0) && part.utf8.count > $0.utf8.count }
  }

  /// The user of a user's service manager, 1000 of "user@1000.service".
  private static func user(ofManager part: Substring) -> UInt64? { number(part, after: "user@", before: ".service") }

  /// The name of a login session, "3" of "session-3.scope" and "c1" of "session-c1.scope".
  private static func session(_ part: Substring) -> String? {
    guard part.hasPrefix("session-"), part.hasSuffix(".scope") else { return nil }
    let name = part.dropFirst("session-".count).dropLast(".scope".count)
    return name.isEmpty || !name.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "c") }) ? nil : String(name)
  }

  private static func number(_ part: Substring, after prefix: String, before suffix: String) -> UInt64? {
    guard part.hasPrefix(prefix), part.hasSuffix(suffix) else { return nil }
    return UInt64(part.dropFirst(prefix.count).dropLast(suffix.count))
  }

  // MARK: Others

  /// Names of groups that hold workloads of known origin.
  private static let holders: Set<Substring> = [
    "docker", "kubepods", "kubelet", "besteffort", "burstable", "guaranteed", "lxc", "lxc.payload", "machine", "slurm",
    "buildkit", "ecs", "garden", "libpod_parent", "mesos", "nomad", "system", "user",
  ]

  /// The index of the last part of a group of unknown origin: the second below slices, or the first.
  private static func unknown(_ parts: [Substring]) -> Int? {
    guard let first = parts.firstIndex(where: { !$0.hasSuffix(".slice") }), !holders.contains(parts[first]),
      pod(parts[first]) == nil
    else { return nil }
    return min(first + 1, parts.count - 1)
  }

  private static func shortened(_ path: String) -> String {
    path.utf8.count <= maxName ? path : String(decoding: path.utf8.prefix(maxName), as: UTF8.self) + "…"
  }
}
