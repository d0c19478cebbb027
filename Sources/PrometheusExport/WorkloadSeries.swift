package import AgentMetrics
internal import Synchronization

/// The workloads of scrapes: at most a number of them, and the others together as "(other)".
///
/// A workload that was exported stays so while it lives, and the counters of the others only grow, although workloads
/// come and go among them.
package final class WorkloadSeries: Sendable {
  private struct State {
    var instant = -Double.infinity
    /// Serial numbers of those that are exported.
    var shown: Set<Int> = []
    /// Counters of the others at the last reading, by serial number.
    var hidden: [Int: WorkloadReading] = [:]
    var others: WorkloadReading?
  }

  private let limit: Int
  private let state = Mutex(State())

  /// Creates a selection of at most `limit` workloads.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Returns the exported workloads of a Reading.
  ///
  /// - Parameter known: some of the workloads with values that a Reading has not, such as rates.
  package func select(_ reading: WorkloadsReading, known: [Workload]) -> [Workload] {
    let (shown, others): (Set<Int>, WorkloadReading?) = state.withLock { state in
      // A Reading that is older than the last one has no effect.
      if reading.instant > state.instant { update(&state, reading) }
      return (state.shown, state.others)
    }
    var rates: [String: Workload] = [:]
    for workload in known { rates[workload.id] = workload }
    let none = Elapsed(seconds: .nan)
    var workloads = reading.all.filter { shown.contains($0.serial) }.map { workload in
      rates[workload.names.id] ?? Workload(from: nil, to: workload, over: none)
    }
    if let others { workloads.append(Workload(from: nil, to: others, over: none)) }
    return workloads
  }

  private func update(_ state: inout State, _ reading: WorkloadsReading) {
    let isFirst = state.instant == -.infinity
    state.instant = reading.instant
    let former = state.shown
    // One that has ended has no series of its own, or each short job had one.
    var shown = Set(reading.all.lazy.filter { !$0.hasEnded }.map(\.serial)).intersection(former)
    if shown.count < limit {
      let candidates = reading.all.filter { !shown.contains($0.serial) && !$0.hasEnded }
      let room = limit - shown.count
      let best = candidates.count <= room ? candidates : candidates.sorted { ($0.cpu ?? 0) > ($1.cpu ?? 0) }
      shown.formUnion(best.prefix(room).map(\.serial))
    }
    state.shown = shown
    var hidden: [Int: WorkloadReading] = [:]
    var others = state.others
    for path in Self.levels { others?[keyPath: path] = nil }
    for workload in reading.all where !shown.contains(workload.serial) && !workload.isGroup {
      let isCounted = workload.hasEnded && (isFirst || former.contains(workload.serial))
      if isCounted, state.hidden[workload.serial] == nil {
        hidden[workload.serial] = workload
        continue
      }
      var sums = others ?? WorkloadReading(names: Self.names, serial: 0)
      for path in Self.counters {
        guard let count = workload[keyPath: path] else { continue }
        // A counter that a workload lacked has not begun at 0 since.
        let start = workload.start?.counters[keyPath: path] ?? 0
        let before = state.hidden[workload.serial].map { $0[keyPath: path] ?? count } ?? start
        sums[keyPath: path] = (sums[keyPath: path] ?? 0) &+ (count - min(count, before))
      }
      for path in Self.levels {
        if let level = workload[keyPath: path] { sums[keyPath: path] = (sums[keyPath: path] ?? 0) &+ level }
      }
      others = sums
      hidden[workload.serial] = workload
    }
    state.hidden = hidden
    state.others = others
  }

  private static let names = WorkloadNames(kind: .other, id: "(other)", name: "(other)", path: "")
  private static let counters: [any WritableKeyPath<WorkloadReading, UInt64?> & Sendable] = [
    \.cpu, \.throttled, \.oomKills, \.readBytes, \.writtenBytes, \.reads, \.writes,
  ]
  private static let levels: [any WritableKeyPath<WorkloadReading, UInt64?> & Sendable] = [
    \.memory, \.inactiveFile, \.swap, \.tasks,
  ]
}
