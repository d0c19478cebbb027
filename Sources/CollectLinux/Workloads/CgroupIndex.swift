internal import AgentMetrics
internal import SystemIO

/// Index of the control groups of all workloads: filled by a walk, then updated by inotify events.
final class CgroupIndex {
  /// A group whose children are known.
  private final class Node {
    let tree: Int
    let path: String
    var watch: Int32 = -1
    var children: Set<String> = []
    /// Links of its folder, 2 and one for each child, by which one without a watch is compared.
    var links: UInt64 = 0

    init(tree: Int, path: String) {
      self.tree = tree
      self.path = path
    }
  }

  private struct NodeKey: Hashable {
    let tree: Int
    let path: String
  }

  /// Maximum workloads; further ones are counted, but not read.
  static let maxGroups = 20_000
  /// Seconds between two complete walks.
  static let walkPause = 60.0

  let trees: CgroupTrees
  /// Whether the folders are the kernel's, whose link count is 2 plus the number of children.
  private let isLive: Bool
  private let watch = CgroupWatch()
  private var nodes: [NodeKey: Node] = [:]
  private var keys: [Int32: NodeKey] = [:]
  private var byPath: [String: WorkloadGroup] = [:]
  private var ids: [String: Int] = [:]
  /// The groups around workloads, by their paths.
  private(set) var folders: [String: WorkloadFolder] = [:]
  /// Restarts of workloads that have ended, by id.
  private var ended: [String: UInt64] = [:]
  /// Maximum of these; then all are forgotten.
  private static let maxEnded = 1_024
  private var serial = 0
  private var walks = 0
  private var lastWalk = -Double.infinity
  /// Whether groups found by this update are new, since an event reported them.
  private var isNotified = false
  /// The workloads by ascending serial number.
  private(set) var groups: [WorkloadGroup] = []
  private var hasRemoved = false
  /// Workloads beyond the maximum at the last walk.
  private(set) var surplus = 0

  init(_ trees: CgroupTrees, isLive: Bool) {
    self.trees = trees
    self.isLive = isLive
  }

  /// Brings the index up to date.
  ///
  /// - Parameter now: the boot-time clock.
  func refresh(at now: Double) {
    let notices = watch.take()
    isNotified = walks > 0
    if notices.isOverflown || now >= lastWalk + Self.walkPause {
      isNotified = notices.isOverflown
      lastWalk = now
      walk()
    } else {
      for (watch, names) in notices.names {
        guard let node = keys[watch].flatMap({ nodes[$0] }) else { continue }
        list(node, changed: names)
      }
      for node in nodes.values where node.watch < 0 && Self.status(folder(node))?.links != node.links {
        list(node, changed: [])
      }
    }
    if hasRemoved { groups.removeAll { $0.trees == 0 } }
    hasRemoved = false
  }

  /// Forgets a group whose files have vanished, and looks for its successor.
  func lost(_ group: WorkloadGroup) {
    for tree in trees.walked { remove(group.found.path, in: tree) }
    if hasRemoved { groups.removeAll { $0.trees == 0 } }
    hasRemoved = false
    isNotified = true
    for tree in trees.walked { visit(group.found.path, in: tree) }
  }

  /// The folder of a group in a hierarchy.
  func folder(of path: String, in tree: Int) -> String {
    trees.all[tree].folder + path.dropFirst(trees.all[tree].prefix.utf8.count)
  }

  // MARK: Walks

  private func walk() {
    walks += 1
    surplus = 0
    for tree in trees.walked { visit(trees.all[tree].prefix, in: tree) }
    for group in groups where group.walk != walks && group.trees != 0 {
      for tree in trees.walked { remove(group.found.path, in: tree) }
    }
  }

  /// Adds a group and its descendants.
  private func visit(_ path: String, in tree: Int, depth: Int = 0) {
    let folder = folder(of: path, in: tree)
    guard depth < WorkloadPath.maxDepth, let status = Self.status(folder) else { return }
    var isLeaf = false
    if let found = workload(path, in: tree, status.inode) {
      // Workloads inside containers, machines, jobs and sessions are parts of these.
      switch found.found.kind {
      case .container, .job, .vm, .session: return
      default: isLeaf = isLive && status.links == 2
      }
    }
    let key = NodeKey(tree: tree, path: path)
    if isLeaf {
      if nodes[key] != nil { forget(key) }
      return
    }
    let node = nodes[key] ?? Node(tree: tree, path: path)
    if nodes[key] == nil {
      nodes[key] = node
      node.watch = watch.add(folder)
      if node.watch >= 0 { keys[node.watch] = key }
    }
    list(node, changed: [], depth: depth)
  }

  /// Reads the children of a group again; those in `changed` were removed or made since.
  private func list(_ node: Node, changed: Set<String>, depth: Int? = nil) {
    node.links = Self.status(folder(node))?.links ?? 0
    let names = isLive && node.links == 2 ? [] : Self.folders(in: folder(node))
    for name in node.children where !names.contains(name) || changed.contains(name) {
      remove(node.path + "/" + name, in: node.tree)
    }
    let known = node.children
    node.children = names
    let isWalk = depth != nil
    let depth = depth ?? node.path.utf8.count(where: { $0 == UInt8(ascii: "/") })
    // In order, so that of two workloads of one name always the same one gets the mark.
    for name in names.filter({ isWalk || !known.contains($0) || changed.contains($0) }).sorted() {
      visit(node.path + "/" + name, in: node.tree, depth: depth + 1)
    }
  }

  /// The workload whose group a path is; takes up one that is not known yet.
  private func workload(_ path: String, in tree: Int, _ inode: UInt64) -> WorkloadGroup? {
    let bit = UInt32(1) << UInt32(tree)
    if let known = byPath[path] {
      // Folders of one path have different numbers in different hierarchies.
      let isPrimary = known.trees & (bit - 1) == 0
      if !isPrimary || known.inode == inode {
        known.trees |= bit
        known.walk = walks
        return known
      }
      remove(path, in: tree)
      if byPath[path] != nil { return nil }
    }
    guard let found = WorkloadPath(path), found.path == path else { return nil }
    guard byPath.count < Self.maxGroups else {
      surplus += 1
      return nil
    }
    serial += 1
    let number = ids[found.id, default: 0] + 1
    ids[found.id] = number
    let mark = number == 1 ? "" : "#" + String(number)
    let id = found.id + mark
    var facts = WorkloadNames.Facts(kind: found.kind, id: id, name: found.name + mark, path: path)
    (facts.engine, facts.pod) = (found.engine, found.pod)
    let surroundings = WorkloadGroup.Surroundings(
      parent: parent(of: path), folder: folder(around: path), inode: inode)
    let group = WorkloadGroup(
      found, names: WorkloadNames(facts), serial: serial, isNew: isNotified, in: surroundings)
    // Sessions have a new number each time.
    if found.kind != .session { group.total.restarts = ended.removeValue(forKey: id).map { $0 + 1 } ?? 0 }
    group.trees = bit
    group.walk = walks
    byPath[path] = group
    groups.append(group)
    return group
  }

  private func parent(of path: String) -> WorkloadGroup? {
    var rest = path[...]
    while let slash = rest.lastIndex(of: "/"), slash > rest.startIndex {
      rest = rest[..<slash]
      // A pod is not added up, so that its containers are not taken from it.
      if let group = byPath[String(rest)], group.found.kind != .pod { return group }
    }
    return nil
  }

  /// The group directly around one, which counts the workloads in it.
  private func folder(around path: String) -> WorkloadFolder {
    let path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    if let known = folders[path] { return known }
    let folder = WorkloadFolder(path: path)
    folders[path] = folder
    return folder
  }

  private func remove(_ path: String, in tree: Int) {
    let key = NodeKey(tree: tree, path: path)
    if let node = nodes[key] {
      for name in node.children { remove(path + "/" + name, in: tree) }
      forget(key)
    }
    guard let group = byPath[path] else { return }
    group.trees &= ~(UInt32(1) << UInt32(tree))
    guard group.trees == 0 else { return }
    byPath[path] = nil
    let number = ids[group.found.id, default: 1] - 1
    ids[group.found.id] = number == 0 ? nil : number
    if ended.count >= Self.maxEnded { ended.removeAll(keepingCapacity: true) }
    ended[group.total.names.id] = group.total.restarts
    group.depart()
    if group.folder.count == 0 { folders[group.folder.path] = nil }
    hasRemoved = true
  }

  private func forget(_ key: NodeKey) {
    guard let node = nodes.removeValue(forKey: key), node.watch >= 0 else { return }
    keys[node.watch] = nil
    watch.remove(node.watch)
  }

  // MARK: Folders

  private func folder(_ node: Node) -> String { folder(of: node.path, in: node.tree) }

  private static func status(_ path: String) -> (inode: UInt64, links: UInt64)? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & mode_t(S_IFMT) == mode_t(S_IFDIR) else { return nil }
    return (UInt64(status.st_ino), UInt64(status.st_nlink))
  }

  /// Names of the folders in a folder.
  static func folders(in path: String) -> Set<String> {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: Set<String> = []
    while let entry = readdir(directory), names.count < maxGroups {
      let type = Int(entry.pointee.d_type)
      guard type == Int(DT_DIR) || type == Int(DT_UNKNOWN) else { continue }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name == "." || name == ".." { continue }
      if type == Int(DT_UNKNOWN), status(path + "/" + name) == nil { continue }
      names.insert(name)
    }
    return names
  }
}
