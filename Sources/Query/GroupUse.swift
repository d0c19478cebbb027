internal import AgentMetrics

/// Use by the processes of one workload since its counters were read last, by user.
///
/// A group's counters have no users, its processes do: what these used is their users'. The rest, of processes that
/// ended or were not listed, is the group's owner's, or that of the only user whose processes were seen.
struct GroupUse {
  private var users: [String: Culprit] = [:]
  /// Bytes resident in the last sample.
  private var resident: [String: Double] = [:]

  /// Adds the use by a process.
  mutating func add(_ use: Culprit, resident bytes: Double = .nan, of user: String) {
    users[user, default: Culprit()].add(use)
    if bytes.isFinite { resident[user, default: 0] += bytes }
  }

  /// Drops the memory of the sample before.
  mutating func beginSample() {
    resident.removeAll(keepingCapacity: true)
  }

  /// Forgets the use that was divided.
  mutating func settle() {
    users.removeAll(keepingCapacity: true)
  }

  /// Use by the processes alone, by name of the user.
  var all: [(user: String, use: Culprit)] { users.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }

  /// Divides the group's use since its counters were last read; a measure without a counter is that of the processes.
  func divided(_ total: Culprit, owner: String?) -> [(user: String, use: Culprit)] {
    var parts = all
    var rest = Culprit()
    for path in Culprit.sums {
      let whole = total[keyPath: path]
      guard whole.isFinite else { continue }
      let seen = parts.reduce(0) { $0 + Self.known($1.use[keyPath: path]) }
      // Ticks are rounded, and the processes are read at other times than the group.
      let scale = seen > whole ? max(0, whole) / seen : 1
      for index in parts.indices { parts[index].use[keyPath: path] *= scale }
      rest[keyPath: path] = whole - seen * scale
    }
    guard let heir = heir(of: owner) else { return parts }
    if let index = parts.firstIndex(where: { $0.user == heir }) {
      parts[index].use.add(rest)
    } else {
      parts.append((heir, rest))
    }
    return parts
  }

  /// Divides the group's memory: pages of files and of processes that are not listed are the owner's.
  func dividedMemory(_ bytes: Double, owner: String?) -> [(user: String, bytes: Double)] {
    let seen = resident.values.reduce(0, +)
    let scale = seen > bytes ? bytes / seen : 1
    var parts = resident.map { ($0.key, $0.value * scale) }
    if let heir = heir(of: owner), bytes.isFinite { parts.append((heir, bytes - seen * scale)) }
    return parts
  }

  private func heir(of owner: String?) -> String? {
    users.count == 1 ? users.keys.first : owner
  }

  private static func known(_ value: Double) -> Double { value.isFinite ? value : 0 }
}

/// Use by the processes outside of all workloads since the workloads were read last.
///
/// The counter of an unlisted workload may already have the use of an ended process whose workload is unknown. So its bound
/// is the machine's CPU time minus the counters and the running processes.
struct UnknownUse {
  /// The reading since which it is, as a time of the caller's.
  var readAt = Double.nan
  private var users: [String: Culprit] = [:]
  private var seconds = 0.0
  /// CPU seconds of the machine, and of running processes without a workload.
  private var busy = 0.0
  private var live = 0.0

  /// Adds a sample that counts for some seconds.
  mutating func add(_ sample: Sample, _ seconds: Double) {
    self.seconds += seconds
    busy += sample.busyCPU * seconds
    for process in sample.processes?.top ?? [] where process.workload == nil && process.cpu > 0 {
      live += process.cpu * seconds
    }
    for ended in sample.processes?.ended ?? [] where ended.workload == nil {
      users[ended.user, default: Culprit()].add(CulpritSum.use(of: ended, seconds))
    }
  }

  /// Forgets the use that was divided.
  mutating func settle() {
    users.removeAll(keepingCapacity: true)
    (seconds, busy, live) = (0, 0, 0)
  }

  /// The use that no counter has, by name of the user.
  ///
  /// - Parameter attributed: CPU time per second of the workloads, in CPUs; NaN where unknown.
  func divided(_ attributed: Double) -> [(user: String, use: Culprit)] {
    let room = busy - attributed * seconds - live
    let ended = users.values.reduce(0) { $1.cpu > 0 ? $0 + $1.cpu : $0 }
    let scale = room.isFinite && ended > 0 ? min(1, max(0, room) / ended) : 1
    return users.sorted { $0.key < $1.key }.map { user, use in
      var use = use
      (use.cpu, use.endedCPU) = (use.cpu * scale, use.endedCPU * scale)
      return (user, use)
    }
  }
}

extension Culprit {
  /// Measures that are added up.
  static let sums: [any WritableKeyPath<Culprit, Double> & Sendable] = [
    \.cpu, \.missedCPU, \.endedCPU, \.gpu, \.read, \.missedRead, \.written, \.missedWritten, \.energy, \.oomKills,
  ]

  /// Adds the use of another interval or process.
  mutating func add(_ other: Culprit) {
    for path in Self.sums { CulpritSum.plus(&self[keyPath: path], other[keyPath: path]) }
  }
}
