package import AgentMetrics

/// Sums the use by processes, users or workloads, sample by sample.
///
/// Workloads have counters: their use is the growth from the first sample to the last, also while the agent did not run.
/// Before its first counter, and for all others, it is the sum of the rates times the interval. The machine has no
/// counter: for the time without samples its total is the growth of the entries.
///
/// What began before the window's start or goes on after its end counts in proportion: the growth of a counter between two
/// readings, and the rates of a sample. Where workloads are read more rarely than samples are taken, a sample has counters
/// of an earlier time, and the rate goes on from the last reading to the window's end. So the use at that edge is off by at
/// most the age of the reading times the change of the rate.
package struct CulpritSum {
  /// Maximum number of entries that are kept at a time; beyond them the smallest are one.
  static let maxEntries = 20_000

  private struct Counters {
    var cpu = Double.nan
    var read = Double.nan
    var written = Double.nan
    var oomKills = Double.nan
    var peak = Double.nan
    /// When they were read, as a time of samples.
    var instant = Double.nan
    /// Time of the last sample that had them, and the seconds that samples covered up to it.
    var sampled = Double.nan
    var covered = 0.0
  }

  private struct Entry {
    var culprit = Culprit()
    /// Byte-seconds.
    var memory = 0.0
    var gpus: Set<Int> = []

    mutating func hold(_ bytes: Double, for seconds: Double) {
      guard bytes.isFinite else { return }
      memory += bytes * seconds
      reach(bytes)
    }

    /// Notes a level of memory.
    mutating func reach(_ bytes: Double) {
      guard bytes.isFinite else { return }
      culprit.memoryPeak = culprit.memoryPeak.isNaN ? bytes : max(culprit.memoryPeak, bytes)
    }

    /// Order in which entries are kept.
    var weight: Double { (culprit.cpu.isFinite ? culprit.cpu : 0) + (culprit.gpu.isFinite ? culprit.gpu : 0) }
  }

  private let grouping: CulpritGrouping
  private var window: SampleWindow
  /// The window from its first known time on.
  private var known: SampleWindow
  /// Time of the last sample, in the window or not, and seconds that samples covered up to it.
  private var time = Double.nan
  private var clock = 0.0
  /// The last reading of the workloads: its time in covered seconds, and the seconds before it that its rates are of.
  private var reading = (clock: Double.nan, span: Double.nan)
  private var entries: [String: Entry] = [:]
  /// Counters of the workloads in the last sample that had them.
  private var counters: [String: Counters] = [:]
  /// Use between the last reading of the workloads and the last sample, by entry.
  private var tails: [String: Culprit] = [:]
  /// Use by the processes of workloads since their last reading, for users.
  private var groups: [String: GroupUse] = [:]
  /// Use by the processes without a workload since that reading, for users.
  private var unknown = UnknownUse()
  private var samples = 0
  private var from = Double.nan
  private var to = Double.nan
  private var covered = 0.0
  /// The machine's CPU seconds, byte-seconds of memory, bytes, GPU seconds, joules.
  private var totals: [CulpritMeasure: Double] = [:]

  /// Creates an empty sum.
  ///
  /// - Parameter window: by default that of all samples.
  package init(by grouping: CulpritGrouping, in window: SampleWindow = SampleWindow()) {
    self.grouping = grouping
    self.window = window
    known = window
  }

  /// Adds the next sample, in the order of time; also the last one up to the window's start and the first one after its
  /// end, where these are known.
  package mutating func add(_ sample: Sample) {
    let isFirst = time.isNaN
    let before = time
    let part = window.add(sample)
    time = sample.timestamp.seconds
    clock += part.elapsed
    setReading(of: sample, part.elapsed)
    if isFirst, time > window.start || part.isInside {
      known = SampleWindow(from: max(window.start, part.begin), to: window.end)
    }
    guard time > window.start || part.isInside else { return remember(sample) }
    // The window's end may be in a time without samples, for which the next one's counters stand.
    guard isFirst ? part.isInside : known.share(from: before, to: time) > 0 else { return }
    if part.isInside {
      samples += 1
      if from.isNaN { from = max(known.start, part.begin) }
      to = min(time, window.end)
      covered += part.seconds
    }
    addTotals(sample, part.seconds)
    let shares = GPUShare.byProcess(of: sample.gpus)
    tails.removeAll(keepingCapacity: true)
    switch grouping {
    case .workload: addWorkloads(sample, part)
    case .process: addProcesses(sample, part, shares)
    case .user: addUsers(sample, part, shares)
    }
    if entries.count > Self.maxEntries { merge() }
    if counters.count > Self.maxEntries { (counters, groups) = ([:], [:]) }
  }

  /// The ranking by a measure.
  ///
  /// - Parameter limit: maximum number of entries.
  package func ranking(of measure: CulpritMeasure, limit: Int) -> CulpritRanking {
    var ranking = CulpritRanking()
    ranking.grouping = grouping
    ranking.measure = measure
    (ranking.from, ranking.to, ranking.samples, ranking.covered) = (from, to, samples, covered)
    if let total = totals[measure] {
      let missed = entries.values.reduce(0) { $0 + $1.culprit.missed(of: measure) }
      ranking.total = measure == .memory ? total / covered : total + missed
    }
    var attributed = 0.0
    var culprits: [Culprit] = entries.compactMap { id, entry in
      var entry = entry
      if let tail = tails[id] { entry.culprit.add(tail) }
      var culprit = entry.culprit
      if covered > 0, culprit.memoryPeak.isFinite { culprit.memoryMean = entry.memory / covered }
      if !entry.gpus.isEmpty { culprit.gpus = entry.gpus.sorted().map(String.init).joined(separator: ",") }
      guard culprit.use(of: measure) > 0 else { return nil }
      let use = culprit.use(of: measure)
      attributed += use
      return culprit
    }
    ranking.attributed = attributed
    culprits.sort { left, right in
      let (first, second) = (left.use(of: measure), right.use(of: measure))
      return first == second ? left.id < right.id : first > second
    }
    ranking.culprits = Array(culprits.prefix(limit))
    if culprits.count > limit { ranking.moreCulprits = Double(culprits.count - limit) }
    let whole = ranking.whole
    for index in ranking.culprits.indices where whole > 0 {
      ranking.culprits[index].share = min(1, ranking.culprits[index].use(of: measure) / whole)
    }
    return ranking
  }

  // MARK: The machine

  private mutating func addTotals(_ sample: Sample, _ seconds: Double) {
    func add(_ measure: CulpritMeasure, _ value: Double) {
      if value.isFinite { totals[measure, default: 0] += value }
    }
    add(.cpu, sample.busyCPU * seconds)
    // Control groups and processes hold pages of files, too.
    let held = sample.ram.total - sample.ram.free
    add(.memory, (held.isFinite ? held : sample.ram.used) * seconds)
    if let disk = sample.disk {
      add(.io, (disk.readRate + disk.writeRate) * seconds)
    }
    for gpu in sample.gpus {
      add(.gpu, gpu.util * seconds)
      add(.energy, gpu.power * seconds)
    }
  }

  // MARK: Entries

  /// Keeps the counters of a sample before the window.
  private mutating func remember(_ sample: Sample) {
    guard grouping != .process else { return }
    let age = sample.ageOfWorkloads
    for workload in sample.workloads?.top ?? [] where !workload.isGroup {
      var last = Counters()
      (last.cpu, last.read, last.written) = (workload.cpuTotal, workload.readTotal, workload.writtenTotal)
      (last.oomKills, last.peak) = (workload.oomKills, workload.memoryPeak)
      (last.instant, last.sampled, last.covered) = (time - age, time, clock)
      counters[workload.id] = last
    }
  }

  private mutating func addWorkloads(_ sample: Sample, _ part: SampleWindow.Part) {
    let age = sample.ageOfWorkloads
    for workload in sample.workloads?.top ?? [] where !workload.isGroup {
      let (use, _) = use(of: workload, part, readAt: time - age)
      update(workload.id) { entry in
        entry.culprit.name = workload.name
        entry.culprit.kind = workload.kind.rawValue
        entry.culprit.user = workload.user ?? entry.culprit.user
        entry.culprit.add(use)
        if part.isInside { entry.hold(workload.memory, for: part.seconds) }
        entry.reach(use.memoryPeak)
      }
      if age > 0 { tails[workload.id, default: Culprit()].add(tail(of: workload, since: time - age)) }
    }
  }

  /// Notes over which time the rates of a sample's workloads are, which are read more rarely where there are many.
  private mutating func setReading(of sample: Sample, _ elapsed: Double) {
    let instant = clock - sample.ageOfWorkloads
    // The same reading.
    if instant <= reading.clock + Self.precision { return }
    let span = instant - reading.clock
    // Ages move it by a part of an interval.
    reading = (instant, span > 1.5 * elapsed ? span : elapsed)
  }

  /// Use of a workload since the last sample that lists it, and whether its counters were read since.
  private mutating func use(
    of workload: Workload, _ part: SampleWindow.Part, readAt instant: Double
  ) -> (Culprit, isRead: Bool) {
    let seconds = part.elapsed
    let isFirst = counters[workload.id] == nil
    var last = counters[workload.id] ?? Counters()
    let isRead = isFirst || instant > last.instant + Self.precision
    let isNew = isFirst && workload.began(within: reading.span)
    if isNew { (last.oomKills, last.peak) = (0, 0) }
    // The part of the growth since the last reading that is within the window, and of the rate up to this one.
    let share = isRead && !isFirst ? known.share(from: last.instant, to: instant) : 1
    let recent = known.share(from: instant - reading.span, to: instant)
    if isRead { last.instant = instant }
    // Whole seconds, and clocks that are read one after the other, make no gap.
    let wall = time - last.sampled
    let missed = wall - (clock - last.covered)
    let gap = missed > 1 + 0.1 * seconds && wall > seconds ? min(1, missed / (wall - seconds)) : 0
    (last.sampled, last.covered) = (time, clock)
    func growth(_ rate: Double, _ now: Double, _ last: inout Double) -> (whole: Double, missed: Double) {
      guard now.isFinite else { return (rate * part.seconds, .nan) }
      defer { last = now }
      // A counter that fell is another group of the same name, whose rate counts from its start.
      guard now >= last else { return (rate * reading.span * recent, .nan) }
      let growth = (now - last) * share
      return (growth, gap > 0 ? max(0, growth - (rate > 0 ? rate * part.seconds : 0)) * gap : .nan)
    }
    var use = Culprit()
    (use.cpu, use.missedCPU) = growth(workload.cpu, workload.cpuTotal, &last.cpu)
    (use.read, use.missedRead) = growth(workload.readRate, workload.readTotal, &last.read)
    (use.written, use.missedWritten) = growth(workload.writeRate, workload.writtenTotal, &last.written)
    if part.isInside {
      if workload.oomKills >= last.oomKills { use.oomKills = workload.oomKills - last.oomKills }
      // The kernel's peak is of the group's whole life: one that grew is of this window.
      if workload.memoryPeak > last.peak { use.memoryPeak = workload.memoryPeak }
    }
    last.oomKills = workload.oomKills.isFinite ? workload.oomKills : last.oomKills
    last.peak = workload.memoryPeak.isFinite ? workload.memoryPeak : last.peak
    use.endedCPU = Double(workload.endedCPU) * part.seconds
    use.gpu = Double(workload.gpu) * part.seconds
    use.energy = Double(workload.gpuPower) * part.seconds
    counters[workload.id] = last
    return (use, isRead)
  }

  /// Seconds by which the times of one reading differ in two samples, whose timestamps are whole seconds.
  private static let precision = 0.2

  /// The use by the counters since they were read, at the rate before that.
  private func tail(of workload: Workload, since instant: Double) -> Culprit {
    let seconds = known.overlap(from: instant, to: time)
    var tail = Culprit()
    if workload.cpuTotal.isFinite { tail.cpu = workload.cpu * seconds }
    if workload.readTotal.isFinite { tail.read = workload.readRate * seconds }
    if workload.writtenTotal.isFinite { tail.written = workload.writeRate * seconds }
    return tail
  }

  private mutating func addProcesses(
    _ sample: Sample, _ part: SampleWindow.Part, _ shares: [Int32: GPUShare]
  ) {
    guard part.isInside else { return }
    let seconds = part.seconds
    var seen: Set<Int32> = []
    for process in sample.processes?.top ?? [] {
      seen.insert(process.pid)
      // The start is a number of ticks: hundredths of a second.
      update("\(process.pid)@\(process.start.fixed(2))") { entry in
        entry.culprit.name = process.name
        entry.culprit.pid = Double(process.pid)
        entry.culprit.user = process.user
        entry.culprit.workload = process.workload ?? process.service
        entry.culprit.command = process.command ?? entry.culprit.command
        entry.culprit.add(Self.use(of: process, shares[process.pid], seconds))
        entry.hold(process.resident, for: seconds)
        entry.gpus.formUnion(shares[process.pid]?.gpus ?? [])
      }
    }
    for ended in sample.processes?.ended ?? [] {
      let id = "ended:" + [ended.name, ended.user, ended.workload ?? ""].joined(separator: ":")
      update(id) { entry in
        entry.culprit.name = ended.name
        entry.culprit.kind = "ended"
        entry.culprit.user = ended.user
        entry.culprit.workload = ended.workload
        entry.culprit.add(Self.use(of: ended, seconds))
      }
    }
    // Processes that only use a GPU, which the list of the heaviest may lack.
    for (pid, share) in shares where !seen.contains(pid) {
      let known = sample.gpus.lazy.flatMap { $0.processes ?? [] }.first { $0.pid == pid }
      update("\(pid)") { entry in
        entry.culprit.name = known?.name ?? "pid \(pid)"
        entry.culprit.pid = Double(pid)
        entry.culprit.user = known?.user
        entry.culprit.workload = known?.service
        entry.culprit.gpu = Self.sum(entry.culprit.gpu, share.util * seconds)
        entry.culprit.energy = Self.sum(entry.culprit.energy, share.power * seconds)
        entry.gpus.formUnion(share.gpus)
      }
    }
  }

  private static func use(of process: Process, _ share: GPUShare?, _ seconds: Double) -> Culprit {
    var use = Culprit()
    use.cpu = process.cpu * seconds
    use.read = process.readRate * seconds
    use.written = process.writeRate * seconds
    if let share {
      use.gpu = share.util * seconds
      use.energy = share.power * seconds
    }
    return use
  }

  static func use(of ended: EndedProcesses, _ seconds: Double) -> Culprit {
    var use = Culprit()
    use.cpu = ended.cpu * seconds
    use.endedCPU = use.cpu
    use.read = ended.readRate * seconds
    use.written = ended.writeRate * seconds
    return use
  }

  /// Users by their processes; the rest of each workload is its owner's.
  private mutating func addUsers(_ sample: Sample, _ part: SampleWindow.Part, _ shares: [Int32: GPUShare]) {
    let age = sample.ageOfWorkloads
    let listed = (sample.workloads?.top ?? []).filter { !$0.isGroup }
    addUnknown(sample, part.seconds)
    var memory = addUsersProcesses(sample, part.seconds, shares, listed: Set(listed.map(\.id)))
    for workload in listed {
      let (use, isRead) = use(of: workload, part, readAt: time - age)
      var group = groups[workload.id] ?? GroupUse()
      for (user, bytes) in group.dividedMemory(workload.memory, owner: workload.user) {
        memory[user, default: 0] += bytes
      }
      if isRead {
        for (user, part) in group.divided(use, owner: workload.user) { add(part, to: user) }
        group.settle()
      }
      if age > 0 {
        for (user, part) in group.divided(tail(of: workload, since: time - age), owner: workload.user) {
          tails[user, default: Culprit()].add(part)
        }
      }
      groups[workload.id] = isRead && age == 0 ? nil : group
    }
    for (user, bytes) in memory where part.isInside {
      update(user) { entry in
        entry.culprit.name = user
        entry.hold(bytes, for: part.seconds)
      }
    }
  }

  /// Adds a sample's processes to those of their workloads, and to their users outside of workloads with counters.
  ///
  /// - Parameter listed: the sample's workloads.
  /// - Returns: memory of the processes outside of those, by user.
  private mutating func addUsersProcesses(
    _ sample: Sample, _ seconds: Double, _ shares: [Int32: GPUShare], listed: Set<String>
  ) -> [String: Double] {
    var memory: [String: Double] = [:]
    for id in groups.keys { groups[id]?.beginSample() }
    for process in sample.processes?.top ?? [] {
      let share = shares[process.pid]
      let use = Self.use(of: process, share, seconds)
      if let share { update(process.user) { $0.gpus.formUnion(share.gpus) } }
      if let id = process.workload, listed.contains(id) || counters[id] != nil {
        let isListed = listed.contains(id)
        groups[id, default: GroupUse()].add(use, resident: isListed ? process.resident : .nan, of: process.user)
        if isListed { continue }
      } else {
        add(use, to: process.user)
      }
      if process.resident.isFinite { memory[process.user, default: 0] += process.resident }
    }
    for ended in sample.processes?.ended ?? [] {
      guard let id = ended.workload else { continue }
      let use = Self.use(of: ended, seconds)
      if listed.contains(id) || counters[id] != nil {
        groups[id, default: GroupUse()].add(use, of: ended.user)
      } else {
        add(use, to: ended.user)
      }
    }
    // A workload that is not listed any more has no counter for its last processes, unless it is listed again.
    for (id, group) in groups where !listed.contains(id) {
      for (user, use) in group.all { tails[user, default: Culprit()].add(use) }
    }
    return memory
  }

  /// Adds the ended processes whose workload is unknown, as far as no workload's counter has them, which shows when the
  /// workloads are read.
  private mutating func addUnknown(_ sample: Sample, _ seconds: Double) {
    let isRead = reading.clock != unknown.readAt
    unknown.readAt = reading.clock
    // A sample belongs to the readings that the larger part of its interval is between.
    let isOfNext = isRead && sample.ageOfWorkloads > 0.5 * sample.elapsed
    if !isOfNext { unknown.add(sample, seconds) }
    let attributed = sample.workloads?.attributedCPU ?? .nan
    if isRead {
      for (user, use) in unknown.divided(attributed) { add(use, to: user) }
      unknown.settle()
    }
    if isOfNext { unknown.add(sample, seconds) }
    for (user, use) in unknown.divided(attributed) { tails[user, default: Culprit()].add(use) }
  }

  private mutating func add(_ use: Culprit, to user: String) {
    update(user) { entry in
      entry.culprit.name = user
      entry.culprit.add(use)
    }
  }

  private mutating func update(_ id: String, _ body: (inout Entry) -> Void) {
    let time = min(time, window.end)
    var entry = entries[id] ?? Entry()
    entry.culprit.id = id
    if entry.culprit.first.isNaN { entry.culprit.first = time }
    entry.culprit.last = time
    body(&entry)
    entries[id] = entry
  }

  static func plus(_ sum: inout Double, _ value: Double) {
    sum = Self.sum(sum, value)
  }

  private static func sum(_ left: Double, _ right: Double) -> Double {
    left.isNaN ? right : right.isNaN ? left : left + right
  }

  /// Keeps the larger half by CPU time and memory, and adds the others up.
  private mutating func merge() {
    let order = entries.sorted { left, right in
      let (first, second) = (left.value.weight, right.value.weight)
      return first == second ? left.key < right.key : first > second
    }
    var others = Entry()
    others.culprit.id = "(other)"
    others.culprit.name = "(other)"
    for (_, entry) in order.dropFirst(Self.maxEntries / 2) {
      others.culprit.add(entry.culprit)
      others.memory += entry.memory
    }
    entries = Dictionary(uniqueKeysWithValues: order.prefix(Self.maxEntries / 2).map { ($0.key, $0.value) })
    others.culprit.add(entries["(other)"]?.culprit ?? Culprit())
    others.memory += entries["(other)"]?.memory ?? 0
    entries["(other)"] = others
  }
}
