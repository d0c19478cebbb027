package import AgentMetrics
package import Collect
internal import CSystemIO
internal import SystemIO

/// Containers, services, sessions, jobs and other workloads, by their control groups.
///
/// Each pass reads the CPU time of each group with a file that stays open, except that of groups which have been idle for
/// some passes: the time of the slice around them shows whether one of them used any, and each is read at every fifth
/// pass. A group's memory is read where its CPU time moved, where it is among the heaviest, and at every fifth pass, or
/// every twentieth while the machine's memory pressure stands still; the rest where one of the two moved and, as
/// ``MachineMoves`` has it, where the machine's sum did since; slow files at every fifth pass of those; the memory's peak
/// also where the memory has reached it and at OOM kills. Limits and slow files of all are read once a minute, those of
/// idle groups, and known owners of all, every four minutes. Passes run within a budget of a two-hundredth of one CPU, and of
/// a tenth after an OOM kill.
package final class WorkloadsCollector: Collector {
  package let name = "workloads"

  /// Seconds for which one of the heaviest stays in Samples.
  private static let listedSeconds = 300.0
  /// Passes after which the memory of a group that used no CPU time is read again, which reclaim may have reduced, and
  /// slow files of those that did.
  private static let settledPasses = 5
  /// The same for memory while the machine reclaims none.
  private static let memoryPasses = 20
  /// Passes without I/O after which that of a group which uses no CPU time is read more rarely; the kernel writes a
  /// group's dirty pages for half a minute.
  private static let ioPasses = 40
  /// Seconds between two reads of all files of a group, and maximum passes; idle groups wait longer.
  private static let fullSeconds = 60.0
  private static let fullPasses = 60
  private static let idleFactor = 4
  /// Cost of one of the first two passes ÷ that of a later one.
  private static let startFactor = 8.0
  /// Maximum seconds between two passes for which idle groups may be passed over.
  private static let sleepSpan = 5.0
  /// Groups per measure that stay in Samples.
  private static let listedCount = 12

  private let root: String
  private let index: CgroupIndex
  private let users: UserNames
  private let containers: ContainerNames
  private let networks: WorkloadNetworks
  private let buffer = ReadBuffer(capacity: 16_384)
  private let kinds = WorkloadFile.all
  /// The files that this machine's hierarchies have, by their rate.
  private let constant: [Int]
  /// The one with the CPU time.
  private let usageFile: Int?
  private var active: [Int]
  private let slow: [Int]
  private let rare: [Int]
  private let peak: Int?
  /// The machine's sums at this pass.
  private var sums = MachineMoves.Sums()
  /// Whether idle groups may be passed over at this pass.
  private var maySleep = false
  /// Passes between two reads of all files of a group.
  private var fullRest = 60
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
    networks = WorkloadNetworks(root: root)
    func files(_ rate: WorkloadFile.Rate) -> [Int] {
      WorkloadFile.all.indices.filter { file in
        let kind = WorkloadFile.all[file]
        return kind.rate == rate && kind.tree(trees).map { trees.all[$0].version == kind.version } ?? false
      }
    }
    (constant, active, slow, rare) = (files(.usage) + files(.memory), files(.active), files(.slow), files(.rare))
    if !trees.countsIO { active.removeAll { WorkloadFile.all[$0].isIO || WorkloadFile.all[$0].needs == .io } }
    usageFile = files(.usage).first
    peak = files(.peak).first
    // Most descriptors are reserved for the files of processes.
    descriptorLimit = root.isEmpty ? min(2_048, ProcessFiles.limit / 2) : 0
  }

  package var note: String? {
    index.surplus > 0 ? "\(index.surplus) of \(index.surplus + index.groups.count) workloads are not read" : nil
  }

  /// Writes `reading.workloads`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if pacing.isDue(at: reading.boottime, oomKills: reading.memory.oomKills) {
      readAll(at: reading.boottime, MachineMoves.Sums(reading))
    }
    write(into: &reading)
  }

  /// Writes `reading.workloads` from the last pass, unless that is older than a second.
  package func readBetween(into reading: inout Reading) throws(CollectorError) {
    let isPast = ScanPacing.isSpan(from: pacing.last, to: reading.boottime)
    if pass < 2 || isPast && pacing.isDue(at: reading.boottime) {
      readAll(at: reading.boottime, MachineMoves.Sums(reading))
    }
    write(into: &reading)
  }

  private func write(into reading: inout Reading) {
    age = pacing.age(at: reading.boottime)
    self.reading.age = age
    reading.workloads = index.trees.all.isEmpty ? nil : self.reading
  }

  private func readAll(at now: Double, _ sums: MachineMoves.Sums) {
    let start = Clock.threadCPU
    let before = reading
    users.refresh()
    index.refresh(at: now)
    pass += 1
    let kills = Self.growth(of: self.sums.oomKills, to: sums.oomKills)
    self.sums = sums
    var known: [Int: UInt64?] = [:]
    if kills > 0 { for group in index.groups where group.reads > 0 { known[group.serial] = group.total.oomKills } }
    let seconds = now - pacing.last
    // A multiple, so that a group is not passed over then.
    let rests = (Self.fullSeconds / Double(Self.settledPasses) / seconds).rounded()
    fullRest = Self.settledPasses * Int(max(1, min(Double(Self.fullPasses / Self.settledPasses), rests)))
    openCount = index.groups.reduce(0) { $0 + $1.files.openCount }
    maySleep = seconds <= Self.sleepSpan
    for group in readGroups() { index.lost(group) }
    // Those that follow them.
    for group in index.groups where group.reads == 0 { _ = read(group) }
    settleFolders()
    if kills > 0 { settleKills(kills, since: known) }
    for folder in index.folders.values { folder.endChanges() }
    networks.read(index.groups, pass: pass, at: now)
    describe()
    let groups = index.listed
    var all = ownReadings(of: groups)
    if pass > 1, reading.earlier == nil || ScanPacing.isSpan(from: before.instant, to: now) {
      reading.earlier = before.all
      reading.earlierInstant = before.instant
    }
    list(&all, of: groups, since: before.all, at: now)
    reading.all = all
    reading.instant = now
    // The first passes read all files of all groups, once: with hundreds, the third would be many seconds later.
    let cost = Clock.threadCPU - start
    pacing.count(at: now, cost: pass <= 2 ? cost / Self.startFactor : cost, oomKills: sums.oomKills)
  }

  /// The counters of the groups without those of the workloads inside them.
  private func ownReadings(of groups: [WorkloadGroup]) -> [WorkloadReading] {
    var inside: [Int: WorkloadReading] = [:]
    for group in index.groups {
      guard let parent = group.parent else { continue }
      group.add(to: &inside[parent.serial, default: WorkloadReading(names: parent.total.names, serial: parent.serial)])
    }
    for sum in index.remainders {
      guard let parent = sum.parent else { continue }
      sum.add(to: &inside[parent.serial, default: WorkloadReading(names: parent.total.names, serial: parent.serial)])
    }
    var all: [WorkloadReading] = []
    all.reserveCapacity(groups.count)
    for group in groups {
      if group.total.hasEnded {
        all.append(group.last)
        continue
      }
      all.append(group.total)
      group.subtractOthers(inside.isEmpty ? nil : inside[group.serial], from: &all[all.count - 1])
      group.addFormer(to: &all[all.count - 1])
    }
    return all
  }

  // MARK: Workloads that came or went

  /// Charges what slices have used and none of the workloads in them to those that came or went.
  private func settleFolders() {
    guard index.folders.values.contains(where: { $0.isDue && $0.isRead }) else { return }
    for folder in index.folders.values { (folder.present, folder.inner) = (0, 0) }
    for group in index.groups { group.folder.present &+= Int64(clamping: group.total.cpu ?? 0) }
    // Those inside first.
    for folder in index.folders.values.sorted(by: { $0.path.utf8.count > $1.path.utf8.count }) {
      let cpu = folder.isDue ? folder.settle() : 0
      if cpu > 0, !hasProcesses(folder) { index.charge(cpu, in: folder) }
      if folder.countsInParent { folder.parent?.inner &+= folder.known }
    }
  }

  private static func growth(of before: UInt64?, to now: UInt64?) -> UInt64 {
    guard let before, let now, now > before else { return 0 }
    return now - before
  }

  /// Whether processes are directly in a slice, which its counter has, too.
  private func hasProcesses(_ folder: WorkloadFolder) -> Bool {
    guard let tree = index.trees.usage else { return false }
    let descriptor = csystemio_open_read(index.folder(of: folder.path, in: tree) + "/cgroup.procs")
    guard descriptor >= 0 else { return false }
    defer { csystemio_close(descriptor) }
    return (buffer.readOnce(descriptor: descriptor) { CgroupParser.limit($0) } ?? nil) != nil
  }

  /// Charges the machine's OOM kills that no group has counted to the only workload that has gone.
  ///
  /// - Parameter before: counts of the last pass, by serial number.
  private func settleKills(_ kills: UInt64, since before: [Int: UInt64?]) {
    let gone = index.folders.values.flatMap { folder in folder.gone.values.map { (departure: $0, folder: folder) } }
    guard gone.count == 1, let group = gone.first.flatMap({ index.lastGroup(of: $0.departure, in: $0.folder) }),
      ![.session, .user].contains(group.found.kind), let file = active.first(where: { kinds[$0].needs == .oomKills })
    else { return }
    var known: UInt64 = 0
    for other in index.groups {
      _ = read(file, of: other, keeps: false)
      // Version 2 counts those of groups inside, too.
      guard other.parent == nil, !other.total.isGroup, let now = other.total.oomKills else { continue }
      // One that is new began at 0.
      known += Self.growth(of: before[other.serial] ?? 0, to: now)
    }
    if kills > known { index.addKills(kills - known, to: group) }
  }

  // MARK: Files

  /// Reads the groups that are due; returns those that are gone.
  private func readGroups() -> [WorkloadGroup] {
    // In version 2, reading the group around them first makes those inside cheaper: the kernel sums all of them up.
    for folder in index.folders.values {
      if folder.count >= WorkloadFolder.minCount || folder.isDue {
        readUsage(of: folder)
      } else if folder.isRead {
        folder.begin(since: nil)
        folder.isRead = false
      }
    }
    var vanished: [WorkloadGroup] = []
    for group in index.groups {
      if isAsleep(group), group.folder.passOver(group) {
        group.idlePasses += 1
        continue
      }
      let cpu = group.total.cpu
      if read(group) { group.folder.add(from: cpu, to: group.total.cpu) } else { vanished.append(group) }
    }
    for folder in index.folders.values where folder.isAwake {
      for group in folder.asleep where !read(group) { vanished.append(group) }
    }
    return vanished
  }

  /// Whether a group may be passed over.
  private func isAsleep(_ group: WorkloadGroup) -> Bool {
    group.idlePasses >= Self.settledPasses && group.listedUntil <= pacing.last
      && (pass &+ group.serial) % Self.settledPasses != 0
  }

  private func readUsage(of folder: WorkloadFolder) {
    let last = folder.isRead ? folder.total.cpu : nil
    folder.total.cpu = nil
    if let usageFile, let tree = index.trees.usage, !folder.path.isEmpty, folder.descriptor >= 0 || pass >= folder.retry
    {
      let kind = kinds[usageFile]
      if folder.descriptor < 0 {
        setPath(folder.path, in: tree, kind.name)
        folder.open(path, mayStayOpen: descriptorLimit > 0 && folder.count >= WorkloadFolder.minCount)
      }
      let isRead: Void? = buffer.readOnce(descriptor: folder.descriptor) { kind.parse($0, &folder.total) }
      // Another hierarchy may have the group.
      if isRead == nil { folder.retry = pass + Self.fullPasses }
      if isRead == nil || !folder.mayStayOpen { folder.close() }
    }
    folder.isRead = folder.total.cpu != nil
    folder.begin(since: maySleep ? last : nil)
  }

  /// Reads a group; false if it is gone.
  private func read(_ group: WorkloadGroup) -> Bool {
    let (cpu, memory, kills) = (group.total.cpu, group.total.memory, group.total.oomKills)
    let periods = group.total.periods
    // At the first read, its limits may not be set.
    let isNew = group.reads < 2
    let rest = group.idlePasses < 2 * Self.settledPasses ? fullRest : Self.idleFactor * fullRest
    let isFull = isNew || (pass &+ group.serial) % rest == 0
    // Files may appear when a controller is enabled.
    if isFull { group.files.missing = 0 }
    group.reads += 1
    let isListed = group.listedUntil > pacing.last
    let isSettled = !isFull && !isListed && !isMemoryDue(group)
    var isThere = false
    for file in constant {
      // The first is the CPU time: a group without any charges no memory.
      if isThere, isSettled, cpu != nil, group.total.cpu == cpu { break }
      if read(file, of: group, keeps: true) { isThere = true }
      if file != constant.first { group.stallAtMemory = sums.memoryStall }
    }
    if !isThere, Self.isGone(index.folder(of: group.found.path, in: group.trees.trailingZeroBitCount)) { return false }
    group.idlePasses = group.total.cpu == nil || group.total.cpu != cpu ? 0 : group.idlePasses + 1
    // The files are read one after the other, and the machine's sums before them: the last move is seen a pass later.
    let isMoved = group.idlePasses <= 1 || group.total.memory != memory
    if isFull || isMoved || isListed {
      readActive(group, isNew: isNew, isDue: isFull || isDue(group), isMoved: isMoved, isListed: isListed)
    }
    // A group without a limit has no periods: the first ones show a limit that was set since.
    let hasNewLimit = group.total.cpuLimit == nil && group.total.periods ?? 0 > periods ?? .max
    if isFull || hasNewLimit { for file in rare { _ = read(file, of: group, keeps: false) } }
    group.showsThrottling = showsThrottling(of: group)
    readPeak(of: group, since: memory, isDue: isFull || group.total.oomKills != kills)
    // The first version's list of processes is sorted by the kernel for each reader.
    let rests = !isNew && group.total.names.user != nil && (pass &+ group.serial) % (Self.idleFactor * fullRest) != 0
    // A group that was empty, as each is when it is made.
    let isUnowned = isMoved && group.total.names.user == nil && isDue(group)
    if isFull && !rests || group.wantsProcess || isUnowned { identify(group) }
    return true
  }

  /// Whether the counters of throttling are those of this pass.
  ///
  /// Version 1 counts it apart from CPU time, in a file that is not read at each pass for the many groups without a limit: a
  /// counter of an earlier pass would stand still, and jump when it is read.
  private func showsThrottling(of group: WorkloadGroup) -> Bool {
    if index.trees.usage.map({ index.trees.all[$0].version == 2 }) ?? false { return true }
    if group.total.cpuLimit != nil || group.total.periods ?? 0 > 0 { return true }
    // The limit of a new group may be set after its first pass.
    return group.total.isNew && group.reads == 1 || group.listedUntil > pacing.last && group.isThrottlingRead
  }

  /// Whether slow files of a group that moved are due.
  private func isDue(_ group: WorkloadGroup) -> Bool { (pass &+ group.serial) % Self.settledPasses == 0 }

  /// Reads the highest memory where it is due, and where the memory has reached the last one: a group that grows, or that
  /// the kernel kills, may be gone before the next full read.
  private func readPeak(of group: WorkloadGroup, since last: UInt64?, isDue: Bool) {
    guard let peak else { return }
    let isMoved = group.total.memory != last
    let isReached = group.total.memory.map { $0 >= group.total.memoryPeak ?? 0 } ?? false
    if isDue || isMoved && (isReached || self.isDue(group)) { _ = read(peak, of: group, keeps: false) }
    guard let memory = group.total.memory, let highest = group.total.memoryPeak else { return }
    group.total.memoryPeak = max(memory, highest)
  }

  /// Whether the memory of a group that uses no CPU time is due: only reclaim, whose stalls the machine counts, and others
  /// that delete its files reduce it.
  private func isMemoryDue(_ group: WorkloadGroup) -> Bool {
    let place = pass &+ group.serial
    guard place % Self.settledPasses == 0 else { return false }
    return !maySleep || group.stallAtMemory == nil || group.stallAtMemory != sums.memoryStall
      || place % Self.memoryPasses == 0
  }

  /// Reads the files of a group that has moved, or is among the heaviest.
  private func readActive(_ group: WorkloadGroup, isNew: Bool, isDue: Bool, isMoved: Bool, isListed: Bool) {
    // The two files of all groups leave few descriptors; those of the heaviest come first.
    let keeps = (isListed || isMoved) && openCount < descriptorLimit / (isListed ? 2 : 4)
    let io = group.total.ioBytes
    var moves = MachineMoves(from: group.seen, to: sums)
    let hasLimit = group.total.cpuLimit != nil || group.total.periods ?? 0 > 0
    // A limit that was set since the last full read shows by its periods.
    if hasLimit || isMoved && (isListed || isDue) { moves.insert(.limit) }
    if isMoved { group.isThrottlingRead = isNew || moves.contains(.limit) }
    var unread: MachineMoves = []
    for file in active {
      if !isNew {
        let kind = kinds[file]
        if kind.needs == .io, group.total.ioBytes == io { continue }
        if kind.needs != .io, !kind.needs.isSubset(of: moves) { continue }
        // One of the heaviest that waits may still be stalled, and have its pages written.
        let mayWait = kind.isIO ? group.ioIdlePasses >= Self.ioPasses : kind.needs.isSubset(of: .tasks)
        if !isMoved, !isDue, mayWait {
          unread.formUnion(kind.needs)
          continue
        }
      }
      _ = read(file, of: group, keeps: keeps)
    }
    group.seen.advance(to: sums, except: unread)
    group.ioIdlePasses = group.total.ioBytes != io ? 0 : group.ioIdlePasses + 1
    if isDue { for file in slow { _ = read(file, of: group, keeps: keeps) } }
  }

  private static func isGone(_ folder: String) -> Bool {
    var status = stat()
    return stat(folder, &status) != 0
  }

  /// Reads one file into the group's counters; false if that is impossible.
  private func read(_ file: Int, of group: WorkloadGroup, keeps: Bool) -> Bool {
    let kind = kinds[file]
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

  /// Finds the user, of the path, else of one of the group's processes, and that process's network.
  private func identify(_ group: WorkloadGroup) {
    group.wantsProcess = false
    let folder = index.folder(of: group.found.path, in: group.trees.trailingZeroBitCount)
    let pid = GroupProcess.first(in: folder, buffer)
    group.network = pid.flatMap { networks.find($0) }
    if group.network == nil { group.total.network = nil }
    var user = group.found.user
    var status = stat()
    if user == nil, root.isEmpty, let pid, stat("/proc/\(pid)", &status) == 0 { user = UInt64(status.st_uid) }
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
  private func list(
    _ all: inout [WorkloadReading], of groups: [WorkloadGroup], since before: [WorkloadReading], at now: Double
  ) {
    guard pass > 1 else { return }
    var cpu: [(measure: UInt64, index: Int)] = []
    var io = cpu
    var cursor = 0
    // By index, because a reading is large.
    for index in all.indices where !all[index].isGone {
      let serial = all[index].serial
      while cursor < before.count, before[cursor].serial < serial { cursor += 1 }
      guard cursor < before.count, before[cursor].serial == serial else { continue }
      Self.offer(Self.growth(of: before[cursor].cpu, to: all[index].cpu), index, to: &cpu)
      let read = Self.growth(of: before[cursor].readBytes, to: all[index].readBytes)
      let written = Self.growth(of: before[cursor].writtenBytes, to: all[index].writtenBytes)
      Self.offer(read &+ written, index, to: &io)
    }
    for entry in cpu + io { groups[entry.index].listedUntil = now + Self.listedSeconds }
    var count = 0
    for (place, group) in groups.enumerated() where group.listedUntil > now && count < 4 * Self.listedCount {
      if all[place].hasEnded { continue }
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
