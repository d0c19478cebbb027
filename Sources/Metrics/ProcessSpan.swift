/// Two scans of the processes and the time between them; all process rates are derived from it.
package struct ProcessSpan: Sendable {
  /// The later scan.
  package let current: ProcessesReading
  /// Time between the scans; NaN without an earlier one.
  package let elapsed: Elapsed
  /// The earlier scan.
  private let before: [ProcessReading]
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
    var cursor = 0
    for process in current.all {
      while cursor < before.count, before[cursor].pid < process.pid { cursor += 1 }
      let isSame = cursor < before.count && before[cursor].pid == process.pid && before[cursor].start == process.start
      let earlier = isSame ? before[cursor] : nil
      body(process, earlier, time(process, earlier))
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
      let cpu = time(thread, earlier).rate(first, max(first, thread.cpuTicks), unit: current.secondsPerTick)
      return ProcessThread(
        process: thread.parent, thread: thread.pid, name: thread.name, state: thread.state, cpu: min(cpu, 1))
    }
  }

  private func time(_ reading: ProcessReading, _ earlier: ProcessReading?) -> Elapsed {
    guard let earlier else {
      // The kernel counts start times in ticks.
      let isOld = current.isLive && Double(reading.start + 2) * current.secondsPerTick < startInstant
      return isOld ? Elapsed(seconds: .nan) : elapsed
    }
    guard reading.offset != earlier.offset else { return elapsed }
    return Elapsed(seconds: elapsed.seconds + Double(reading.offset - earlier.offset))
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
