package import AgentMetrics
package import Collect
internal import CSystemIO
internal import SystemIO

/// Containers, services, sessions, jobs and other workloads, by their control groups.
///
/// Each pass reads the CPU time of each group with a file that stays open; its memory where that moved, where the group is
/// among the heaviest, and at every fifth pass; the rest where one of the two moved, slow files at every fifth pass of
/// those, and at every thirtieth pass; limits at every sixtieth. Passes run within a budget of a two-hundredth of one CPU.
package final class WorkloadsCollector: Collector {
  package let name = "workloads"

  /// Seconds for which one of the heaviest stays in Samples.
  private static let listedSeconds = 300.0
  /// Passes after which the memory of a group that used no CPU time is read again, which reclaim may have reduced, and
  /// slow files of those that did.
  private static let settledPasses = 5
  /// Groups per measure that stay in Samples.
  private static let listedCount = 12

  private let root: String
  private let index: CgroupIndex
  private let users: UserNames
  private let containers: ContainerNames
  private let buffer = ReadBuffer(capacity: 16_384)
  /// The files that this machine's hierarchies have, by their rate.
  private let constant: [Int]
  private let active: [Int]
  private let slow: [Int]
  private let rare: [Int]
  /// Maximum number of open files.
  private let descriptorLimit: Int
  private var openCount = 0
  private var path: [CChar] = []
  /// The group whose folder `path` begins with, and the folder's length.
  private var folder: (group: String, tree: Int, length: Int)?
  private var pacing = ScanPacing(rest: 200)
  /// Number of the current or last pass.
  private var pass = 0
  private var reading = WorkloadsReading()

  package private(set) var age = 0.0

  /// Creates a collector for the hierarchies mounted under `root`.
  package init(root: String) {
    self.root = root
    let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
    let trees = CgroupTrees(root: root)
    index = CgroupIndex(trees, isLive: isLive)
    users = UserNames(root: root)
    containers = ContainerNames(root: root)
    func files(_ rate: WorkloadFile.Rate) -> [Int] {
      WorkloadFile.all.indices.filter { file in
        let kind = WorkloadFile.all[file]
        return kind.rate == rate && kind.tree(trees).map { trees.all[$0].version == kind.version } ?? false
      }
    }
    (constant, active, slow, rare) = (files(.always), files(.active), files(.slow), files(.rare))
    // Most descriptors are reserved for the files of processes.
    descriptorLimit = root.isEmpty ? min(2_048, ProcessFiles.limit / 2) : 0
  }

  package var note: String? {
    index.surplus > 0 ? "\(index.surplus) of \(index.surplus + index.groups.count) workloads are not read" : nil
  }

  /// Writes `reading.workloads`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if pacing.isDue(at: reading.boottime) { readAll(at: reading.boottime) }
    write(into: &reading)
  }

  /// Writes `reading.workloads` from the last pass, unless that is older than a second.
  package func readBetween(into reading: inout Reading) throws(CollectorError) {
    let isPast = ScanPacing.isSpan(from: pacing.last, to: reading.boottime)
    if pass < 2 || isPast && pacing.isDue(at: reading.boottime) { readAll(at: reading.boottime) }
    write(into: &reading)
  }

  private func write(into reading: inout Reading) {
    age = pacing.age(at: reading.boottime)
    self.reading.age = age
    reading.workloads = index.trees.all.isEmpty ? nil : self.reading
  }

  private func readAll(at now: Double) {
    let start = Clock.threadCPU
    let before = reading
    users.refresh()
    index.refresh(at: now)
    pass += 1
    openCount = index.groups.reduce(0) { $0 + $1.files.openCount }
    var vanished: [WorkloadGroup] = []
    for group in index.groups where !read(group) { vanished.append(group) }
    for group in vanished { index.lost(group) }
    describe()
    var inside: [Int: WorkloadReading] = [:]
    for group in index.groups {
      guard let parent = group.parent else { continue }
      group.add(to: &inside[parent.serial, default: WorkloadReading(names: parent.total.names, serial: parent.serial)])
    }
    var all: [WorkloadReading] = []
    all.reserveCapacity(index.groups.count)
    for group in index.groups { all.append(group.own(without: inside[group.serial])) }
    if pass > 1, reading.earlier == nil || ScanPacing.isSpan(from: before.instant, to: now) {
      reading.earlier = before.all
      reading.earlierInstant = before.instant
    }
    list(&all, since: before.all, at: now)
    reading.all = all
    reading.instant = now
    pacing.count(at: now, cost: Clock.threadCPU - start)
  }

  // MARK: Files

  /// Reads a group; false if it is gone.
  private func read(_ group: WorkloadGroup) -> Bool {
    let (cpu, memory) = (group.total.cpu, group.total.memory)
    let isFirst = group.reads == 0
    let isFull = isFirst || (pass &+ group.serial) % 30 == 0
    let isRare = isFirst || (pass &+ group.serial) % 60 == 0
    // Files may appear when a controller is enabled.
    if isRare { group.files.missing = 0 }
    group.reads += 1
    let isListed = group.listedUntil > pacing.last
    let isSettled = !isFull && !isListed && (pass &+ group.serial) % Self.settledPasses != 0
    var isThere = false
    for file in constant {
      // The first is the CPU time: a group without any charges no memory.
      if isThere, isSettled, cpu != nil, group.total.cpu == cpu { break }
      if read(file, of: group, keeps: true) { isThere = true }
    }
    if !isThere, Self.isGone(index.folder(of: group.found.path, in: group.trees.trailingZeroBitCount)) { return false }
    let isMoved = group.total.cpu != cpu || group.total.memory != memory
    if isFull || isMoved || isListed {
      // The two files of all groups leave few descriptors; those of the heaviest come first.
      let keeps = (isListed || isMoved) && openCount < descriptorLimit / (isListed ? 2 : 4)
      let isSlowDue = isFull || (pass &+ group.serial) % Self.settledPasses == 0
      for file in active { _ = read(file, of: group, keeps: keeps) }
      if isSlowDue { for file in slow { _ = read(file, of: group, keeps: keeps) } }
    }
    if isRare { for file in rare { _ = read(file, of: group, keeps: false) } }
    if isFirst || group.reads == 2 || group.reads % 64 == 0 { identify(group) }
    return true
  }

  private static func isGone(_ folder: String) -> Bool {
    var status = stat()
    return stat(folder, &status) != 0
  }

  /// Reads one file into the group's counters; false if that is impossible.
  private func read(_ file: Int, of group: WorkloadGroup, keeps: Bool) -> Bool {
    let kind = WorkloadFile.all[file]
    if group.files.missing & 1 << UInt32(file) != 0 { return false }
    if group.files[file] >= 0 {
      let isRead: Void? = buffer.readOnce(descriptor: group.files[file]) { kind.parse($0, &group.total) }
      if isRead != nil { return true }
      // The group was removed.
      group.files.close(file)
      return false
    }
    guard let tree = kind.tree(index.trees) else { return false }
    setPath(group.found.path, in: tree, kind.name)
    let descriptor = csystemio_open_read(path)
    guard descriptor >= 0 else {
      group.files.missing |= 1 << UInt32(file)
      return false
    }
    let isRead: Void? = buffer.readOnce(descriptor: descriptor) { kind.parse($0, &group.total) }
    if isRead != nil, keeps, openCount < descriptorLimit, Descriptors.mayBeKept(descriptor) {
      group.files.keep(descriptor, of: file)
      openCount += 1
    } else {
      csystemio_close(descriptor)
      if isRead == nil { group.files.missing |= 1 << UInt32(file) }
    }
    return isRead != nil
  }

  /// Builds the path of a file in place.
  private func setPath(_ group: String, in tree: Int, _ name: StaticString) {
    if let folder, folder.group == group, folder.tree == tree {
      path.removeLast(path.count - folder.length)
    } else {
      path.removeAll(keepingCapacity: true)
      path.append(contentsOf: index.trees.all[tree].folder.utf8.lazy.map { CChar(bitPattern: $0) })
      let inside = group.utf8.dropFirst(index.trees.all[tree].prefix.utf8.count)
      path.append(contentsOf: inside.lazy.map { CChar(bitPattern: $0) })
      path.append(47)
      folder = (group, tree, path.count)
    }
    name.withUTF8Buffer { path.append(contentsOf: $0.lazy.map { CChar(bitPattern: $0) }) }
    path.append(0)
  }

  // MARK: Users

  /// Finds the user: of the path, else of the group's first process.
  private func identify(_ group: WorkloadGroup) {
    var user = group.found.user
    if user == nil, root.isEmpty {
      setPath(group.found.path, in: group.trees.trailingZeroBitCount, "cgroup.procs")
      let descriptor = csystemio_open_read(path)
      if descriptor >= 0 {
        defer { csystemio_close(descriptor) }
        let pid = buffer.readOnce(descriptor: descriptor) { CgroupParser.limit($0) } ?? nil
        var status = stat()
        if let pid, stat("/proc/\(pid)", &status) == 0 { user = UInt64(status.st_uid) }
      }
    }
    guard let user else { return }
    var facts = group.total.names.facts
    facts.user = users.name(of: user)
    if facts != group.total.names.facts { group.total.names = WorkloadNames(facts) }
  }

  /// Gives containers and pods the names and images in their engines' files.
  private func describe() {
    var new: [String: WorkloadGroup] = [:]
    for group in index.groups where !group.isDescribed {
      guard group.found.kind == .container || group.found.kind == .pod else {
        group.isDescribed = true
        continue
      }
      new[group.found.path] = group
    }
    guard !new.isEmpty else { return }
    containers.describe(new.values.map(\.found)) { found, description in
      guard let group = new[found.path] else { return }
      group.isDescribed = true
      guard let description else { return }
      var facts = group.total.names.facts
      let name = found.kind == .pod ? description.pod : description.name
      facts.name = name ?? facts.name
      (facts.image, facts.podName) = (description.image, description.pod)
      group.total.names = WorkloadNames(facts)
    }
  }

  // MARK: The heaviest

  /// Marks the groups that Samples keep: the heaviest of the last minutes, so that few come and go.
  private func list(_ all: inout [WorkloadReading], since before: [WorkloadReading], at now: Double) {
    guard pass > 1 else { return }
    var cpu: [(measure: UInt64, index: Int)] = []
    var io = cpu
    var cursor = 0
    for (index, workload) in all.enumerated() {
      while cursor < before.count, before[cursor].serial < workload.serial { cursor += 1 }
      guard cursor < before.count, before[cursor].serial == workload.serial else { continue }
      let last = before[cursor]
      func growth(_ then: UInt64?, _ now: UInt64?) -> UInt64 {
        guard let now, let then, now > then else { return 0 }
        return now - then
      }
      Self.offer(growth(last.cpu, workload.cpu), index, to: &cpu)
      Self.offer(
        growth(last.readBytes, workload.readBytes) &+ growth(last.writtenBytes, workload.writtenBytes), index, to: &io)
    }
    for entry in cpu + io { index.groups[entry.index].listedUntil = now + Self.listedSeconds }
    var count = 0
    for (place, group) in index.groups.enumerated() where group.listedUntil > now && count < 4 * Self.listedCount {
      count += 1
      all[place].isListed = true
    }
  }

  private static func offer(_ measure: UInt64, _ index: Int, to list: inout [(measure: UInt64, index: Int)]) {
    guard measure > 0 else { return }
    if list.count == listedCount {
      guard measure > list[listedCount - 1].measure else { return }
      list.removeLast()
    }
    list.insert((measure, index), at: list.firstIndex { measure > $0.measure } ?? list.count)
  }
}
