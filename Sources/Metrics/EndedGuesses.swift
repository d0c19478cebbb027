/// Corrects the workloads of ended processes, which mostly are an ancestor's.
///
/// A service manager or an engine starts a process in its own group and moves it to another one. A workload's counter
/// without its running processes is the room for its ended ones. The excess goes to workloads that came or went in the span,
/// as far as these have room; an excess that the times of the readings cannot explain goes to other workloads with room,
/// too. The remainder has no workload, unless those times may explain it. Workloads without a counter share a room, the
/// machine's time minus the counters.
struct EndedGuesses {
  private struct Room {
    /// CPUs' worth of time, without that of running processes.
    var cpu: Double
    /// The precision of `cpu`: processes are counted in ticks.
    let precision: Double
    /// CPUs' worth of time beyond which ended processes are certainly another workload's.
    let limit: Double
  }

  /// By id, of the workloads that count CPU time.
  private var rooms: [String: Room] = [:]
  /// CPUs' worth of time of all ended processes, by the id of their workload.
  private var sums: [String: Double] = [:]
  /// Ratio of the processes' time to the workload's up to which their clocks explain it.
  private static let maxRatio = 1.25
  /// Ids and users of the workloads that came or went, and of others with much room.
  private var hosts: [Host] = []
  /// CPUs' worth of time for ended processes of all workloads without a counter together.
  private var roomOfUncounted = Double.infinity

  private struct Host {
    let id: String
    let user: String?
    let isRemainder: Bool
    let cameOrWent: Bool
    /// Whether it has no running processes, which the scan would have seen.
    let isGone: Bool
  }

  /// - Parameters:
  ///   - ended: processes that ended in the span.
  ///   - machineCPU: the machine's CPU time per second, in CPUs; NaN where unknown.
  init(_ running: ProcessSums, _ span: WorkloadSpan, _ ended: [EndedProcesses], machineCPU: Double) {
    var counted = 0.0
    var uncounted = running.cpuOutside
    for one in ended {
      if let workload = one.workload { sums[workload, default: 0] += one.cpu }
    }
    span.forEach { index, start in
      guard !span.current.all[index].isGroup else { return }
      let cameOrWent = span.cameOrWent(index, start)
      let names = span.current.all[index].names
      let cpu = span.rate(index, start, unit: 1e-6) { $0.cpu }
      let use = running[names.id]
      guard cpu.isFinite else {
        uncounted += use?.cpu ?? 0
        return
      }
      counted += cpu
      let precision = max(0.02 * cpu, 0.01 * Double(max(1, use?.count ?? 0)) / span.elapsed.seconds)
      let isHost = cameOrWent || running.coversSpan && cpu - (use?.cpu ?? 0) > 2 * precision
      guard isHost || sums[names.id] != nil else { return }
      // Scans that are paced cover another time than the counters, but none before the workload's start.
      let whole = running.coversSpan ? 0 : Double(span.current.all[index].cpu ?? 0) * 1e-6
      let limit = max(0, Self.maxRatio * cpu - (use?.cpu ?? 0)) + max(0.01, whole) / span.elapsed.seconds
      rooms[names.id] = Room(cpu: max(0, cpu - (use?.cpu ?? 0)), precision: precision, limit: limit)
      guard isHost else { return }
      let (isRemainder, isGone) = (span.current.all[index].isRemainder, span.current.all[index].isGone)
      hosts.append(
        Host(id: names.id, user: names.user, isRemainder: isRemainder, cameOrWent: cameOrWent, isGone: isGone))
    }
    // Clocks and counters are read one after the other.
    let rest = 1.02 * machineCPU - counted - uncounted
    if running.coversSpan, rest.isFinite { roomOfUncounted = max(0, rest) }
  }

  /// The processes with other workloads where the ancestor's has no room for them.
  mutating func corrected(_ ended: [EndedProcesses]) -> [EndedProcesses] {
    var kept: [EndedProcesses] = []
    var moved: [(processes: EndedProcesses, mayStay: Bool, isCounted: Bool)] = []
    // The small ones are the ancestor's own helpers rather than those that are large.
    for var one in ended.sorted(by: { $0.guessed < $1.guessed }) {
      let room = one.workload.flatMap { rooms[$0] }
      if one.workload != nil, room == nil {
        let excess = max(0, one.cpu - roomOfUncounted)
        if excess > 0 { moved.append((one.split(excess, guessed: min(excess, one.guessed)), false, true)) }
        roomOfUncounted -= one.cpu
      }
      var excess = max(0, one.cpu - (room.map { max(0, $0.cpu) } ?? 0))
      if let room, one.cpu <= room.cpu + room.precision { excess = 0 }
      if let workload = one.workload { rooms[workload]?.cpu -= one.cpu - excess }
      // A process that a scan has seen may have moved since; if there is no place for it, the clocks differ.
      let guessed = min(excess, one.guessed)
      let isCounted = one.workload == nil || room != nil
      if excess > guessed { moved.append((one.split(excess - guessed, guessed: 0), true, isCounted)) }
      let mayStay = !isCounted || sums[one.workload ?? ""] ?? .infinity <= room?.limit ?? 0
      if guessed > 0 { moved.append((one.split(guessed, guessed: guessed), mayStay, isCounted)) }
      if one.cpu > 0 || one.count > 0 { kept.append(one) }
    }
    // Those of a workload without a counter may well be its own: others come first.
    moved.sort { left, right in
      left.isCounted == right.isCounted ? left.processes.cpu > right.processes.cpu : left.isCounted
    }
    for (processes, mayStay, isCounted) in moved {
      var rest = processes
      let guess = rest.workload
      for host in places(for: rest.user, areGone: !isCounted, cameOrWent: mayStay) where rest.cpu > 0 {
        let cpu = min(rest.cpu, rooms[host]?.cpu ?? 0)
        var part = rest.split(cpu, guessed: min(cpu, rest.guessed))
        part.workload = host
        rooms[host]?.cpu -= part.cpu
        kept.append(part)
      }
      rest.workload = mayStay ? guess : nil
      if rest.cpu > 0 || rest.count > 0 { kept.append(rest) }
    }
    return Self.merged(kept).sorted(by: EndedProcesses.precedes)
  }

  /// Workloads with room: those that came or went first, of them those of a user, then those without one, each by their
  /// room.
  private func places(for user: String, areGone: Bool, cameOrWent: Bool) -> [String] {
    let free = hosts.filter {
      rooms[$0.id]?.cpu ?? 0 > 0 && ($0.isGone || !areGone) && ($0.cameOrWent || !cameOrWent)
    }
    func rank(_ host: Host) -> Int {
      (host.cameOrWent ? 0 : 4) + (host.user == user ? 0 : host.isRemainder ? 1 : host.user == nil ? 2 : 3)
    }
    return free.sorted { left, right in
      let (first, second) = (rank(left), rank(right))
      return first == second ? rooms[left.id]?.cpu ?? 0 > rooms[right.id]?.cpu ?? 0 : first < second
    }.map(\.id)
  }

  private static func merged(_ all: [EndedProcesses]) -> [EndedProcesses] {
    struct Key: Hashable {
      let name: String
      let user: String
      let workload: String?
    }
    var places: [Key: Int] = [:]
    var merged: [EndedProcesses] = []
    for one in all {
      let key = Key(name: one.name, user: one.user, workload: one.workload)
      if let place = places[key] {
        merged[place].add(one)
      } else {
        places[key] = merged.count
        merged.append(one)
      }
    }
    return merged
  }
}
