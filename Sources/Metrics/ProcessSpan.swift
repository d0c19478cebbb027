/// Two scans of the processes and the time between them; all process rates are derived from it.
package struct ProcessSpan: Sendable {
  /// The later scan.
  package let current: ProcessesReading
  /// Time between the scans; NaN without an earlier one.
  package let elapsed: Elapsed
  /// The earlier scan.
  let before: [ProcessReading]
  private let threadsBefore: [ProcessReading]
  private let endedBefore: [EndedReading]?
  /// Start of the earlier scan; NaN where that has no meaning.
  private let startInstant: Double

  /// Creates the span between the scans of two Readings.
  ///
  /// A Reading that repeats its predecessor's scan brings the scan before that.
  /// - Parameter elapsed: time between the Readings, for scans without instants.
  package init(from previous: ProcessesReading?, to current: ProcessesReading, over elapsed: Elapsed) {
    self.current = current
    if elapsed.isSinceBoot {
      (before, threadsBefore, endedBefore, startInstant, self.elapsed) = ([], [], nil, .nan, elapsed)
    } else if let previous, previous.instant != current.instant {
      (before, threadsBefore, startInstant) = (previous.all, previous.threads, previous.instant)
      endedBefore = previous.ended
      let seconds = current.instant - previous.instant
      self.elapsed = seconds.isFinite ? Elapsed(seconds: seconds) : elapsed
    } else if let earlier = current.earlier {
      (before, threadsBefore, startInstant) = (earlier, current.earlierThreads, current.earlierInstant)
      endedBefore = current.earlierEnded
      self.elapsed = Elapsed(seconds: current.instant - current.earlierInstant)
    } else {
      (before, threadsBefore, endedBefore, startInstant) = (previous?.all ?? [], [], nil, .nan)
      self.elapsed = previous == nil ? Elapsed(seconds: .nan) : elapsed
    }
  }

  /// Calls `body` with each process, its state in the earlier scan, and the time between the two.
  ///
  /// The time is NaN where the process ran before the earlier scan but is missing in it: counting from 0 would show
  /// hours of CPU time in one second.
  package func forEachProcess(_ body: (ProcessReading, ProcessReading?, Elapsed) -> Void) {
    forEachPlace { place, earlier, time in body(current.all[place], earlier.map { before[$0] }, time) }
  }

  /// As ``forEachProcess(_:)``, with the places of the process in the two scans: a reading has texts of its own, which are
  /// not copied for each of thousands.
  func forEachPlace(_ body: (_ place: Int, _ before: Int?, _ time: Elapsed) -> Void) {
    var cursor = 0
    for place in current.all.indices {
      let (pid, start) = (current.all[place].pid, current.all[place].start)
      while cursor < before.count, before[cursor].pid < pid { cursor += 1 }
      let isSame = cursor < before.count && before[cursor].pid == pid && before[cursor].start == start
      let offset = isSame ? before[cursor].offset : nil
      body(place, isSame ? cursor : nil, time(start, current.all[place].offset, since: offset))
    }
  }

  /// All processes, by ascending pid.
  package func processes() -> [Process] {
    var processes: [Process] = []
    processes.reserveCapacity(current.all.count)
    forEachProcess { processes.append(process($0, $1, $2)) }
    return processes
  }

  func process(_ reading: ProcessReading, _ earlier: ProcessReading?, _ time: Elapsed) -> Process {
    Process(
      from: earlier, to: reading, over: time, secondsPerTick: current.secondsPerTick, processors: current.processors)
  }

  /// Ended processes by name, most CPU time first; nil where unknown.
  package func ended() -> [EndedProcesses]? {
    guard let ended = current.ended, let endedBefore, elapsed.seconds > 0 else { return nil }
    return EndedProcesses.list(from: endedBefore, to: ended, over: elapsed)
  }

  /// Threads of active processes, over the same time as their processes.
  package func threads() -> [ProcessThread] {
    guard !current.threads.isEmpty else { return [] }
    var places = [Int32: Int](minimumCapacity: threadsBefore.count)
    for (place, thread) in threadsBefore.enumerated() { places[thread.pid] = place }
    return current.threads.map { thread in
      var earlier = places[thread.pid].map { threadsBefore[$0] }
      if earlier?.start != thread.start || earlier?.parent != thread.parent { earlier = nil }
      let first = earlier?.cpuTicks ?? 0
      let time = time(thread.start, thread.offset, since: earlier?.offset)
      let cpu = time.rate(first, max(first, thread.cpuTicks), unit: current.secondsPerTick)
      return ProcessThread(
        process: thread.parent, thread: thread.pid, name: thread.name, state: thread.state, cpu: min(cpu, 1))
    }
  }

  private func time(_ start: UInt64, _ offset: Float, since earlier: Float?) -> Elapsed {
    guard let earlier else {
      // The kernel counts start times in ticks.
      let isOld = current.isLive && Double(start + 2) * current.secondsPerTick < startInstant
      return isOld ? Elapsed(seconds: .nan) : elapsed
    }
    guard offset != earlier else { return elapsed }
    return Elapsed(seconds: elapsed.seconds + Double(offset - earlier))
  }
}

/// The process table at one time.
package struct ProcessSnapshot: Sendable {
  package var timestamp: Timestamp
  /// By ascending pid.
  package var processes: [Process]
  /// Threads of active processes, if requested.
  package var threads: [ProcessThread] = []
  /// Use of GPUs by pid.
  package var gpus: [Int32: GPUShare] = [:]
  /// Seconds that the rates are averaged over; NaN where unknown.
  package var interval = Double.nan
  /// Seconds from the scan to the answer; NaN where unknown.
  package var age = Double.nan
  /// Whether processes of other users are hidden.
  package var isPartial = false

  /// A table without rates.
  package init(timestamp: Timestamp = Timestamp(seconds: 0), processes: [Process] = []) {
    self.timestamp = timestamp
    self.processes = processes
  }
}
