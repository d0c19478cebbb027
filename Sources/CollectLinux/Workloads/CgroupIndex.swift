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
  /// Last counters of workloads that have ended, by id, in the order of their end.
  private var ended: [String: (order: Int, last: WorkloadReading)] = [:]
  private var endCount = 0
  /// Maximum of these; then the older half is forgotten.
  private static let maxEnded = 1_024
  /// Workloads that have ended lately: spans of several passes have their last counters from them.
  private(set) var departed: [WorkloadGroup] = []
  /// Maximum of these, and seconds for which they are kept.
  private static let maxDeparted = 256
  private static let departedSeconds = 60.0
  /// Sums of the workloads that ended in a folder between two passes.
  private(set) var remainders: [WorkloadGroup] = []
  /// Maximum of these.
  private static let maxRemainders = 64
  private var now = 0.0
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
    self.now = now
    departed.removeAll { now - $0.departure > Self.departedSeconds }
    let notices = watch.take()
    isNotified = walks > 0
    if !notices.isOverflown { update(notices) }
    if notices.isOverflown || now >= lastWalk + Self.walkPause {
      isNotified = notices.isOverflown
      lastWalk = now
      walk()
    } else {
      for node in nodes.values where node.watch < 0 && Self.status(folder(node))?.links != node.links {
        list(node, changed: [])
      }
    }
    dropRemoved()
  }

  /// Lists the groups again whose children came or went.
  private func update(_ notices: CgroupWatch.Notices) {
    // A group that was removed and made again is another one when all hierarchies have removed it; the first hierarchy's
    // folder stands for it.
    let changes = notices.names.compactMap { watch, names in keys[watch].flatMap { nodes[$0] }.map { ($0, names) } }
      .sorted { $0.0.tree < $1.0.tree }
    var found: [(node: Node, children: Children)] = []
    for (node, names) in changes where nodes[NodeKey(tree: node.tree, path: node.path)] === node {
      found.append((node, prune(node, changed: names)))
    }
    for (node, children) in found where nodes[NodeKey(tree: node.tree, path: node.path)] === node {
      visit(children.new, of: node, depth: Self.depth(of: node))
    }
  }

  private func dropRemoved() {
    if hasRemoved { groups.removeAll { $0.trees == 0 } }
    hasRemoved = false
  }

  /// Forgets a group whose files have vanished, and looks for its successor.
  func lost(_ group: WorkloadGroup) {
    for tree in trees.walked { remove(group.found.path, in: tree) }
    dropRemoved()
    // It may have used more after its folder was read.
    group.folder.gone[group.found.path]?.passes = 2
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
    if WorkloadPath.holdsWorkloads(path) { _ = self.folder(path, isNew: isNotified) }
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
    let children = prune(node, changed: changed)
    visit(depth == nil ? children.new : children.all, of: node, depth: depth ?? Self.depth(of: node))
  }

  /// Names of a group's children.
  private struct Children {
    var all: Set<String>
    /// Those that are not in the index.
    var new: Set<String>
  }

  /// Reads the children of a group again, and removes those that are gone, or in `changed` and others than before.
  private func prune(_ node: Node, changed: Set<String>) -> Children {
    node.links = Self.status(folder(node))?.links ?? 0
    let names = isLive && node.links == 2 ? [] : Self.folders(in: folder(node))
    let known = node.children
    for name in changed where !known.contains(name) && !names.contains(name) { missed(name, in: node) }
    var new = names.subtracting(known)
    for name in known where !names.contains(name) || changed.contains(name) {
      let path = node.path + "/" + name
      // The notice of a group that a walk has found since.
      if names.contains(name), isSame(path, in: node.tree) { continue }
      remove(path, in: node.tree)
      if names.contains(name) { new.insert(name) }
    }
    node.children = names
    return Children(all: names, new: new)
  }

  /// Whether a path's group is the one in the index.
  private func isSame(_ path: String, in tree: Int) -> Bool {
    // Other file systems use numbers again.
    guard isLive, let group = byPath[path], group.trees & (UInt32(1) << UInt32(tree) - 1) == 0 else { return false }
    return Self.status(folder(of: path, in: tree))?.inode == group.inode
  }

  private func visit(_ children: Set<String>, of node: Node, depth: Int) {
    // In order, so that of two workloads of one name always the same one gets the mark.
    for name in children.sorted() { visit(node.path + "/" + name, in: node.tree, depth: depth + 1) }
  }

  private static func depth(of node: Node) -> Int { node.path.utf8.count { $0 == UInt8(ascii: "/") } }

  /// Notes a group that was made and removed between two passes.
  private func missed(_ name: String, in node: Node) {
    guard node.tree == trees.usage, let folder = folders[node.path], folder.gone.count < Self.maxDeparted else {
      return
    }
    let path = node.path + "/" + name
    let found = WorkloadPath(path)
    if let found, found.path != path { return }
    // A slice may have had several.
    folder.gone[path] = WorkloadFolder.Departure(found: found?.kind == .pod ? nil : found)
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
      parent: parent(of: path), folder: folder(Self.around(path)), inode: inode)
    let group = WorkloadGroup(
      found, names: WorkloadNames(facts), serial: serial, isNew: isNotified, in: surroundings)
    // Sessions have a new number each time.
    if found.kind != .session {
      group.total.restarts = 0
      if let former = ended.removeValue(forKey: id) { group.follow(former.last) }
    }
    departed.removeAll { $0.total.names.id == id }
    group.folder.count += 1
    if isNotified { group.folder.came[path] = group }
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

  private static func around(_ path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  /// A group that holds workloads.
  private func folder(_ path: String, isNew: Bool = false) -> WorkloadFolder {
    if let known = folders[path] { return known }
    var surroundings = WorkloadFolder.Surroundings()
    let found = WorkloadPath(path)
    surroundings.isPod = found?.kind == .pod
    surroundings.isWorkload = found?.path == path && !surroundings.isPod
    // The root has no counter.
    if let around = folders[Self.around(path)], !around.path.isEmpty, !around.isWorkload {
      surroundings.parent = around
    }
    surroundings.owner = surroundings.isWorkload ? byPath[path] : parent(of: path)
    let folder = WorkloadFolder(path: path, in: surroundings, isNew: isNew)
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
    group.depart()
    end(group)
    let folder = group.folder
    folder.count -= 1
    folder.came[path] = nil
    folder.addDeparted(Int64(clamping: group.total.cpu ?? 0))
    folder.gone[path] = WorkloadFolder.Departure(found: group.total.isGroup ? nil : group.found, group: group)
    hasRemoved = true
  }

  /// Keeps the last counters of a workload that has ended.
  private func end(_ group: WorkloadGroup) {
    group.departure = now
    if departed.count >= Self.maxDeparted { departed.removeFirst() }
    departed.append(group)
    keepLast(of: group)
  }

  private func keepLast(of group: WorkloadGroup) {
    guard group.found.kind != .session else { return }
    if ended.count >= Self.maxEnded { ended = ended.filter { $0.value.order > endCount - Self.maxEnded / 2 } }
    endCount += 1
    var last = group.last
    // Otherwise each life would keep those before it.
    last.start = nil
    ended[last.names.id] = (endCount, last)
  }

  // MARK: Use of workloads that are gone

  /// Charges CPU time that no reading has seen to the only workload that came or went in a folder, else to the sum of those
  /// that ended in it.
  func charge(_ cpu: UInt64, in folder: WorkloadFolder) {
    if folder.gone.count == 1, let departure = folder.gone.values.first, let found = departure.found {
      if let group = byPath[found.path] ?? departure.group {
        group.raise(cpu: cpu)
        if group.total.hasEnded { keepLast(of: group) }
        return
      }
      // Another workload may have its name.
      if ids[found.id] == nil {
        addMissed(found, cpu, in: folder)
        return
      }
    } else if folder.gone.isEmpty, folder.came.count == 1, let group = folder.came.values.first {
      return group.raise(cpu: cpu)
    }
    if folder.ended == nil, remainders.count < Self.maxRemainders { folder.ended = makeRemainder(of: folder) }
    folder.ended?.raise(cpu: cpu)
  }

  /// Adds OOM kills to a workload that has gone.
  func addKills(_ count: UInt64, to group: WorkloadGroup) {
    group.total.oomKills = (group.total.oomKills ?? 0) &+ count
    keepLast(of: group)
  }

  /// The group of a workload that has gone, also of one that no pass has seen; nil for several.
  func lastGroup(of departure: WorkloadFolder.Departure, in folder: WorkloadFolder) -> WorkloadGroup? {
    guard let found = departure.found, byPath[found.path] == nil else { return nil }
    if let group = departure.group { return group }
    guard ids[found.id] == nil else { return nil }
    let known = departed.last { $0.found.path == found.path && $0.departure == now }
    return known ?? addMissed(found, 0, in: folder)
  }

  /// Adds a workload that no pass has seen.
  @discardableResult
  private func addMissed(_ found: WorkloadPath, _ cpu: UInt64, in folder: WorkloadFolder) -> WorkloadGroup {
    let group = makeGroup(found, in: folder)
    if found.kind != .session {
      group.total.restarts = 0
      if let former = ended[found.id] { group.follow(former.last) }
    }
    departed.removeAll { $0.total.names.id == found.id }
    group.total.cpu = 0
    group.total.hasEnded = true
    group.raise(cpu: cpu)
    end(group)
    return group
  }

  private func makeRemainder(of folder: WorkloadFolder) -> WorkloadGroup {
    let group = makeGroup(WorkloadPath(endedIn: folder.path), in: folder)
    group.total.isRemainder = true
    if let former = ended.removeValue(forKey: group.found.id) { group.follow(former.last) }
    (group.total.cpu, group.total.restarts) = (0, nil)
    departed.removeAll { $0.total.names.id == group.found.id }
    remainders.append(group)
    return group
  }

  private func makeGroup(_ found: WorkloadPath, in folder: WorkloadFolder) -> WorkloadGroup {
    serial += 1
    var facts = WorkloadNames.Facts(kind: found.kind, id: found.id, name: found.name, path: found.path)
    (facts.engine, facts.pod, facts.user) = (found.engine, found.pod, folder.owner?.total.names.user)
    return WorkloadGroup(
      found, names: WorkloadNames(facts), serial: serial, isNew: true,
      in: WorkloadGroup.Surroundings(parent: folder.owner, folder: folder, inode: 0))
  }

  /// All workloads, those that ended lately included, by ascending serial number.
  var listed: [WorkloadGroup] {
    guard !(departed.isEmpty && remainders.isEmpty) else { return groups }
    var listed: [WorkloadGroup] = []
    listed.reserveCapacity(groups.count + departed.count + remainders.count)
    var rest = groups[...]
    for group in (departed + remainders).sorted(by: { $0.serial < $1.serial }) {
      let before = rest.prefix { $0.serial < group.serial }
      listed += before
      listed.append(group)
      rest = rest[before.endIndex...]
    }
    return listed + rest
  }

  /// Forgets a removed folder; its CPU time stays in the one around it.
  private func forget(folder path: String) {
    guard !trees.walked.contains(where: { nodes[NodeKey(tree: $0, path: path)] != nil }),
      let folder = folders[path], folder.count == 0
    else { return }
    folders[path] = nil
    if let sum = folder.ended {
      sum.depart()
      end(sum)
      remainders.removeAll { $0 === sum }
    }
    let gone = folder.gone
    folder.forget()
    guard let parent = folder.parent, folder.countsInParent else { return }
    parent.addDeparted(folder.known)
    parent.gone.merge(gone) { $1 }
    if gone.isEmpty { parent.gone[path] = WorkloadFolder.Departure() }
  }

  private func forget(_ key: NodeKey) {
    guard let node = nodes.removeValue(forKey: key) else { return }
    if node.watch >= 0 {
      keys[node.watch] = nil
      watch.remove(node.watch)
    }
    forget(folder: key.path)
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
