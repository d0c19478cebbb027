/// Counters of one process at one instant.
package struct ProcessReading: Sendable, Hashable {
  /// Process id.
  package var pid: Int32
  /// Parent's process id.
  package var parent: Int32 = 0
  /// Start in ticks after boot; distinguishes processes that reuse a pid.
  package var start: UInt64 = 0
  /// State letter, as exported: `R` running, `S` sleeping, `D` blocked, `I` idle, `T` stopped, `t` traced, `Z` zombie;
  /// 0 where the system has no states.
  package var state: UInt8 = 0
  package var isKernelThread = false
  package var threads: Int32 = 0
  /// CPU time used, user and system, in ticks.
  package var cpuTicks: UInt64 = 0
  /// Priority and nice value; nil where the system has none.
  package var priority: Int16?
  package var nice: Int8?
  /// Bytes of memory mapped.
  package var virtualBytes: UInt64?
  /// Page faults that needed I/O, since its start.
  package var majorFaults: UInt64?
  /// Bytes of memory resident.
  package var residentBytes: UInt64 = 0
  /// Bytes read from storage; nil without permission to read it.
  package var readBytes: UInt64?
  /// Bytes written to storage; nil without permission to read it.
  package var writtenBytes: UInt64?
  /// Name of at most 15 bytes, which a String stores without a heap allocation.
  package var name = ""
  /// User name, or the user id where it has no name.
  package var user = ""
  /// Container or service, if any.
  package var service: String?
  /// Id of its workload, ``WorkloadNames/id``; nil outside of all.
  package var workload: String?
  /// Seconds from the scan's start to the read of this process: a scan of thousands takes tens of milliseconds.
  package var offset: Float = 0
  /// Seconds from the reading of its I/O counters to the scan; 0 where the scan read them itself.
  package var ioAge: Float = 0

  package init(pid: Int32) {
    self.pid = pid
  }
}

extension Elapsed {
  /// The time between the readings of the I/O counters, which may be older than the scans that hold them.
  fileprivate func ofIO(from previous: ProcessReading?, to current: ProcessReading) -> Elapsed {
    guard let previous, !isSinceBoot, previous.ioAge != current.ioAge else { return self }
    let time = seconds + Double(previous.ioAge - current.ioAge)
    // Both scans may hold one reading: its counters are equal, so that the rate is 0 over any time.
    return time < 0.001 ? self : Elapsed(seconds: time)
  }
}

/// One scan of all processes.
package struct ProcessesReading: Sendable, Hashable {
  /// All processes, by ascending pid.
  package var all: [ProcessReading] = []
  /// Threads of active processes, if requested; `parent` is the process.
  package var threads: [ProcessReading] = []
  /// Seconds in a tick of `cpuTicks` and `start`.
  package var secondsPerTick = 0.01
  /// Time of the scan by the boot-time clock, in seconds.
  package var instant = Double.nan
  /// Seconds from the scan to the Reading that holds it; 0 for a scan made for this Reading.
  package var age = 0.0
  /// Whether `instant` and the processes' `start` use one clock, as on a running machine.
  package var isLive = false
  /// CPUs available to processes; infinite where unknown.
  package var processors = Double.infinity
  /// Earlier scan by the same collector, far enough back for rates; nil before there is one.
  package var earlier: [ProcessReading]?
  package var earlierThreads: [ProcessReading] = []
  package var earlierInstant = Double.nan
  /// Counters of processes that ended, by ascending serial number; nil where the system does not report them.
  package var ended: [EndedReading]?
  package var earlierEnded: [EndedReading]?
  /// Whether processes of other users are hidden (hidepid).
  package var isPartial = false
  /// Processes that are listed but unreadable.
  package var hidden = 0
  /// Processes whose I/O is unreadable.
  package var withoutIO = 0

  package init() {}

  /// Finds a process.
  package func process(pid: Int32) -> ProcessReading? { all.process(pid: pid) }
}

/// Processes by ascending pid.
extension [ProcessReading] {
  /// Index of a pid, or of the first after it.
  package func place(of pid: Int32) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].pid < pid { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The process of a pid; nil if it is not among them.
  package func process(pid: Int32) -> ProcessReading? {
    let place = place(of: pid)
    return place < count && self[place].pid == pid ? self[place] : nil
  }
}

/// One process during one interval; NaN where absent.
package struct Process: MetricGroup, Hashable {
  /// Process id.
  package var pid = Int32(0)
  /// Parent's process id.
  package var parent = Int32(0)
  /// The kernel's name for the process.
  package var name = ""
  package var user = ""
  /// State letter.
  package var state = UInt8(0)
  /// Container or service.
  package var service: String?
  /// Id of its workload.
  package var workload: String?
  package var isKernelThread = false
  package var threads = Int32(0)
  /// CPU time per second, in CPUs; 1.0 is one logical CPU.
  package var cpu = Double.nan
  /// Bytes resident.
  package var resident = Double.nan
  /// Bytes read from storage per second.
  package var readRate = Double.nan
  /// Bytes written to storage per second.
  package var writeRate = Double.nan
  /// Start in seconds after boot.
  package var start = Double.nan
  /// Command line; shortened in samples.
  package var command: String?
  /// Seconds of CPU time since its start; this and the following only in the whole process table.
  package var cpuTime = Double.nan
  package var priority = Double.nan
  package var nice = Double.nan
  /// Bytes mapped.
  package var virtual = Double.nan
  /// Page faults that needed I/O, per second.
  package var majorFaults = Double.nan

  package init() {}

  /// The process as samples list it: without the values that only the whole table has, to keep archives small.
  fileprivate var listed: Process {
    var process = self
    (process.cpuTime, process.priority, process.nice) = (.nan, .nan, .nan)
    (process.virtual, process.majorFaults) = (.nan, .nan)
    return process
  }

  /// Computes the use between two scans; a process that started since the first counts from 0.
  ///
  /// - Parameter processors: upper bound of its CPU use.
  package init(
    from previous: ProcessReading?, to current: ProcessReading, over elapsed: Elapsed, secondsPerTick: Double,
    processors: Double = .infinity
  ) {
    pid = current.pid
    parent = current.parent
    name = current.name
    user = current.user
    state = current.state
    service = current.service
    workload = current.workload
    isKernelThread = current.isKernelThread
    threads = current.threads
    resident = Double(current.residentBytes)
    start = Double(current.start) * secondsPerTick
    let first = previous?.cpuTicks ?? 0
    cpu = elapsed.rate(first, max(first, current.cpuTicks), unit: secondsPerTick)
    cpuTime = Double(current.cpuTicks) * secondsPerTick
    priority = current.priority.map { Double($0) } ?? .nan
    nice = current.nice.map { Double($0) } ?? .nan
    virtual = metric(current.virtualBytes)
    majorFaults = elapsed.rate(previous.map(\.majorFaults) ?? 0, current.majorFaults)
    // Ticks are rounded, and the clocks are read at different times.
    if cpu > processors { cpu = processors }
    let io = elapsed.ofIO(from: previous, to: current)
    readRate = io.rate(previous.map(\.readBytes) ?? 0, current.readBytes)
    writeRate = io.rate(previous.map(\.writtenBytes) ?? 0, current.writtenBytes)
  }

  /// Bytes read and written per second; NaN where both are absent.
  package var ioRate: Double { sum(readRate, writeRate) }

  package static let table = Table<Process>([
    .gauge("pid", .count, "Process id", source: "/proc/PID", \.pid).titled("PID"),
    .gauge("ppid", .count, "Parent's process id", source: "/proc/PID/stat", \.parent),
    .text("name", "Name as the kernel keeps it", source: "/proc/PID/stat comm", \.name).titled("Name", "名前"),
    .text("user", "Effective user", source: "owner of /proc/PID, /etc/passwd", \.user).titled("User", "ユーザー"),
    .text("state", "State letter, R S D Z T t I X", source: "/proc/PID/stat") {
      $0.state == 0 ? nil : String(UnicodeScalar($0.state))
    } set: {
      $0.state = $1.utf8.first ?? 0
    }.titled("State", "状態"),
    .gauge("cpu", .cores, "CPUs' worth of time, 1.0 is one logical CPU", source: "Δ(utime + stime) ÷ Δt", \.cpu).titled(
      "CPU"),
    .gauge("rss_bytes", .bytes, "Memory resident", source: "/proc/PID/stat rss × page size", \.resident).titled(
      "Memory", "メモリ"),
    .gauge("threads", .count, "Threads", source: "/proc/PID/stat num_threads", \.threads).titled("Threads", "スレッド"),
    .gauge("read_bytes_per_sec", .bytesPerSecond, "Read from storage", source: "/proc/PID/io read_bytes", \.readRate)
      .titled("Read", "読み取り"),
    .gauge(
      "write_bytes_per_sec", .bytesPerSecond, "Written to storage", source: "/proc/PID/io write_bytes", \.writeRate
    ).titled("Written", "書き込み"),
    .gauge("start_seconds", .seconds, "Start, in seconds after boot", source: "/proc/PID/stat starttime", \.start),
    .flag(
      "kernel_thread", "Present where it is a kernel thread", source: "/proc/PID/stat flags PF_KTHREAD",
      \.isKernelThread, omitsFalse: true),
    .text("service", "Container or service", source: "/proc/PID/cgroup", \.service).titled("Service", "サービス"),
    .text("workload", "Id of its workload", source: "/proc/PID/cgroup", \.workload).titled("Workload", "ワークロード"),
    .text(
      "command", "Command line; in samples shortened to program and first arguments", source: "/proc/PID/cmdline",
      \.command),
    .counter("cpu_seconds_total", .seconds, "CPU time used", source: "/proc/PID/stat utime + stime", \.cpuTime),
    .gauge("priority", .count, "Priority as the kernel shows it", source: "/proc/PID/stat priority", \.priority),
    .gauge("nice", .count, "Nice value", source: "/proc/PID/stat nice", \.nice),
    .gauge("virtual_bytes", .bytes, "Memory mapped", source: "/proc/PID/stat vsize", \.virtual),
    .gauge(
      "major_faults_per_sec", .perSecond, "Page faults that needed I/O", source: "/proc/PID/stat majflt",
      \.majorFaults),
  ])
}

/// Number of processes by state, and the heaviest ones.
package struct Processes: MetricGroup, Hashable {
  /// Processes per measure in ``top``.
  package static let topCount = 8

  /// All processes, kernel threads included.
  package var total = 0
  /// In state R.
  package var running = 0
  /// In state S.
  package var sleeping = 0
  /// In state D.
  package var blocked = 0
  /// In state I: idle kernel threads.
  package var idle = 0
  /// In state T or t.
  package var stopped = 0
  /// In state Z.
  package var zombie = 0
  /// Threads of all processes.
  package var threads = 0
  /// Processes that are listed but unreadable; NaN if all are readable.
  package var hidden = Double.nan
  /// Processes whose I/O is unreadable; NaN if all are readable.
  package var withoutIO = Double.nan
  /// Whether processes of other users are hidden.
  package var isPartial = false
  /// Processes that ended per second; NaN where the system does not report them.
  package var endedRate = Double.nan
  /// Union of the heaviest by CPU, by memory and by I/O; most CPU first.
  package var top: [Process] = []
  /// Those that ended in the interval and used the most CPU time between scans.
  package var ended: [EndedProcesses] = []

  package init() {}

  /// Summarizes a scan; rates need an earlier one: the previous Reading's, or the one stored with the scan.
  package init(from previous: ProcessesReading?, to current: ProcessesReading, over elapsed: Elapsed) {
    let span = ProcessSpan(from: previous, to: current, over: elapsed)
    self.init(span, ended: span.ended())
  }

  /// Summarizes a span.
  ///
  /// - Parameter all: processes that ended in it; nil where unknown.
  init(_ span: ProcessSpan, ended all: [EndedProcesses]?) {
    var best = [TopList(), TopList(), TopList()]
    let scan = span.current
    func moved(_ process: borrowing ProcessReading) -> UInt64 {
      (process.readBytes ?? 0) &+ (process.writtenBytes ?? 0)
    }
    span.forEachPlace { place, before, elapsed in
      count(scan.all[place].state, threads: scan.all[place].threads)
      // Processes with unknown rates do not rank by CPU or I/O.
      let isKnown = elapsed.seconds.isFinite || !span.elapsed.seconds.isFinite
      let ticks = scan.all[place].cpuTicks
      let used = isKnown ? ticks &- min(ticks, before.map { span.before[$0].cpuTicks } ?? 0) : 0
      let (now, then) = (moved(scan.all[place]), before.map { moved(span.before[$0]) } ?? 0)
      best[0].offer(used, place, before, elapsed)
      best[1].offer(scan.all[place].residentBytes, place, before, elapsed)
      best[2].offer(isKnown && now > then ? now - then : 0, place, before, elapsed)
    }
    for list in best {
      for entry in list.entries {
        let (process, before) = (scan.all[entry.place], entry.before.map { span.before[$0] })
        if top.contains(where: { $0.pid == process.pid }) { continue }
        top.append(span.process(process, before, entry.elapsed).listed)
      }
    }
    top.sort { Self.precedes($0, $1) }
    if let all {
      endedRate = all.reduce(0) { $0 + $1.count } / span.elapsed.seconds
      ended = Array(all.prefix(Self.topCount))
    }
    isPartial = scan.isPartial
    if scan.hidden > 0 { hidden = Double(scan.hidden) }
    if scan.withoutIO > 0 { withoutIO = Double(scan.withoutIO) }
  }

  /// Orders by CPU, then by memory, both descending, then by pid.
  private static func precedes(_ left: Process, _ right: Process) -> Bool {
    let (first, second) = (left.cpu.isFinite ? left.cpu : -1, right.cpu.isFinite ? right.cpu : -1)
    if first != second { return first > second }
    return left.resident != right.resident ? left.resident > right.resident : left.pid < right.pid
  }

  private mutating func count(_ state: UInt8, threads count: Int32) {
    total += 1
    threads += Int(max(0, count))
    switch state {
    case UInt8(ascii: "R"): running += 1
    case UInt8(ascii: "S"): sleeping += 1
    case UInt8(ascii: "D"): blocked += 1
    case UInt8(ascii: "I"): idle += 1
    case UInt8(ascii: "T"), UInt8(ascii: "t"): stopped += 1
    case UInt8(ascii: "Z"): zombie += 1
    default: break
    }
  }

  /// The processes with the largest measures so far.
  private struct TopList {
    struct Candidate {
      let measure: UInt64
      /// Its place in the scan, and in the earlier one.
      let place: Int
      let before: Int?
      let elapsed: Elapsed
    }
    var entries: [Candidate] = []

    mutating func offer(_ measure: UInt64, _ place: Int, _ before: Int?, _ elapsed: Elapsed) {
      guard measure > 0 else { return }
      if entries.count == topCount {
        guard measure > entries[topCount - 1].measure else { return }
        entries.removeLast()
      }
      let rank = entries.firstIndex { measure > $0.measure } ?? entries.count
      entries.insert(Candidate(measure: measure, place: place, before: before, elapsed: elapsed), at: rank)
    }
  }

  package static let table = Table<Processes>([
    .gauge("total", .count, "Processes, kernel threads included", source: "/proc", \.total).titled("Processes", "プロセス"),
    .gauge("running", .count, "Running or runnable (R)", source: "/proc/PID/stat", \.running),
    .gauge("sleeping", .count, "Sleeping (S)", source: "/proc/PID/stat", \.sleeping),
    .gauge("blocked", .count, "In uninterruptible sleep (D)", source: "/proc/PID/stat", \.blocked),
    .gauge("idle", .count, "Idle kernel threads (I)", source: "/proc/PID/stat", \.idle),
    .gauge("stopped", .count, "Stopped or traced (T, t)", source: "/proc/PID/stat", \.stopped),
    .gauge("zombie", .count, "Zombies, not reaped by their parent (Z)", source: "/proc/PID/stat", \.zombie).titled(
      "Zombies", "ゾンビ"),
    .gauge("threads", .count, "Threads of all processes", source: "/proc/PID/stat", \.threads),
    .flag(
      "partial", "Present where processes of other users are hidden (hidepid)", source: "/proc", \.isPartial,
      omitsFalse: true),
    .gauge("hidden", .count, "Processes that are listed and cannot be read", source: "/proc/PID/stat", \.hidden),
    .gauge("without_io", .count, "Processes whose I/O cannot be read", source: "/proc/PID/io", \.withoutIO),
    .gauge("ended_per_sec", .perSecond, "Processes that ended", source: "taskstats ÷ Δt", \.endedRate).titled(
      "Ended", "終了"),
    .list("top", keys: [Label("pid") { String($0.pid) }], isSeries: false, Process.table, \.top),
    .list(
      "ended",
      keys: [Label("name") { $0.name }, Label("user") { $0.user }, Label("workload") { $0.workload ?? "" }],
      isSeries: false, EndedProcesses.table, \.ended, omitsEmpty: true),
  ])
}
