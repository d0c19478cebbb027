internal import AgentMetrics

/// Bytes that processes have from children which ended: the kernel adds a child's counters, and those of its own ended
/// children, to the process that waits for it (kernel/exit.c, wait_task_zombie), so that a shell that only waits seems to
/// write what its commands wrote.
///
/// They are known as far as a scan or the exit events saw the children. The I/O of a child after the last scan stays
/// with the process that waited for it, unless events count it.
struct ReapedIO {
  private struct Bytes {
    var read: UInt64 = 0
    var written: UInt64 = 0

    static func += (left: inout Bytes, right: Bytes) {
      left.read &+= right.read
      left.written &+= right.written
    }
  }

  /// Bytes of a running process from its ended children.
  private struct Entry {
    let start: UInt64
    /// Part of its counters.
    var taken = Bytes()
    /// Bytes that its counters may not have yet.
    var pending = Bytes()
    /// Readings of its counters for which `pending` is still awaited.
    var patience = 0
  }

  private var entries: [Int32: Entry] = [:]

  /// Takes the children that ended between two scans into account.
  ///
  /// - Parameters:
  ///   - exits: events since the scan before, as far as they are known.
  ///   - before: the scan before, with the kernel's counters.
  ///   - now: this scan, with the kernel's counters.
  mutating func add(_ exits: [TaskExit], from before: [ProcessReading], to now: [ProcessReading]) {
    var ended: [Int32: (parent: Int32, bytes: Bytes)] = [:]
    forEachEnded(from: before, to: now) { process in
      let bytes = Bytes(read: process.readBytes ?? 0, written: process.writtenBytes ?? 0)
      ended[process.pid] = (process.parent, bytes)
    }
    for exit in exits where now.process(pid: exit.pid) == nil && exit.pid == exit.process {
      var known = ended[exit.pid] ?? (exit.parent, Bytes())
      known.bytes.read = max(known.bytes.read, exit.readBytes)
      known.bytes.written = max(known.bytes.written, exit.writtenBytes)
      ended[exit.pid] = known
    }
    for (_, child) in ended where child.bytes.read > 0 || child.bytes.written > 0 {
      // The parent may have ended, too.
      var pid = child.parent
      for _ in 0..<16 {
        guard let parent = ended[pid]?.parent else { break }
        pid = parent
      }
      guard let process = now.process(pid: pid), process.readBytes != nil else { continue }
      var entry = entries[pid].flatMap { $0.start == process.start ? $0 : nil } ?? Entry(start: process.start)
      entry.pending += child.bytes
      entry.patience = 2
      entries[pid] = entry
    }
    if !entries.isEmpty { take(from: before, to: now) }
  }

  /// Moves the growth of the counters from the pending bytes to the taken ones.
  private mutating func take(from before: [ProcessReading], to now: [ProcessReading]) {
    for (pid, var entry) in entries {
      guard let process = now.process(pid: pid), process.start == entry.start else {
        entries[pid] = nil
        continue
      }
      // Counters that were not read now have not grown.
      guard entry.patience > 0, process.ioAge == 0 else { continue }
      entry.patience -= 1
      let earlier = before.process(pid: pid).flatMap { $0.start == process.start ? $0 : nil }
      func move(_ path: WritableKeyPath<Bytes, UInt64>, _ count: (ProcessReading) -> UInt64?) {
        let (last, newest) = (earlier.flatMap(count) ?? 0, count(process) ?? 0)
        let moved = min(entry.pending[keyPath: path], newest - min(newest, last))
        entry.pending[keyPath: path] -= moved
        entry.taken[keyPath: path] += moved
      }
      move(\.read) { $0.readBytes }
      move(\.written) { $0.writtenBytes }
      if entry.patience == 0 { entry.pending = Bytes() }
      entries[pid] = entry
    }
  }

  /// Subtracts them from the kernel's counters.
  func subtract(from processes: inout [ProcessReading]) {
    for (pid, entry) in entries where entry.taken.read > 0 || entry.taken.written > 0 {
      let place = processes.place(of: pid)
      guard place < processes.count, processes[place].pid == pid, let read = processes[place].readBytes else {
        continue
      }
      processes[place].readBytes = read - min(read, entry.taken.read)
      processes[place].writtenBytes = processes[place].writtenBytes.map { $0 - min($0, entry.taken.written) }
    }
  }

  /// Calls `body` with each process of a scan that is missing in the next one.
  private func forEachEnded(
    from before: [ProcessReading], to now: [ProcessReading], _ body: (ProcessReading) -> Void
  ) {
    var cursor = 0
    for index in before.indices {
      while cursor < now.count, now[cursor].pid < before[index].pid { cursor += 1 }
      let isThere = cursor < now.count && now[cursor].pid == before[index].pid
      if !isThere || now[cursor].start != before[index].start { body(before[index]) }
    }
  }
}
