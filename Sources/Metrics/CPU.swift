/// CPU time by mode since boot, in ticks: hundredths of a second, as exported.
///
/// `user` contains `guest` and `nice` contains `guestNice`, as in the kernel (kernel/sched/cputime.c,
/// account_guest_time); fields that an old kernel does not print are 0.
package struct CPUTime: Sendable, Hashable {
  /// Time in user mode, guests' included.
  package var user: UInt64 = 0
  /// Time in user mode with a positive nice value, guests' included.
  package var nice: UInt64 = 0
  /// Time in the kernel.
  package var system: UInt64 = 0
  /// Idle time without outstanding I/O.
  package var idle: UInt64 = 0
  /// Idle time while I/O was outstanding.
  package var iowait: UInt64 = 0
  /// Time in hardware interrupts.
  package var irq: UInt64 = 0
  /// Time in soft interrupts.
  package var softirq: UInt64 = 0
  /// Time in which the hypervisor ran something else.
  package var steal: UInt64 = 0
  /// Time running guests; part of `user`.
  package var guest: UInt64 = 0
  /// Time running niced guests; part of `nice`.
  package var guestNice: UInt64 = 0

  package init() {}
}

/// CPU counters at one instant.
package struct CPUReading: Sendable, Hashable {
  /// One logical CPU.
  package struct CoreReading: Sendable, Hashable {
    /// The kernel's CPU number; offline CPUs leave gaps.
    package var cpu: Int
    package var time: CPUTime
    /// Current frequency in hertz; NaN where unknown.
    package var frequency: Double

    package init(cpu: Int, time: CPUTime = CPUTime(), frequency: Double = .nan) {
      self.cpu = cpu
      self.time = time
      self.frequency = frequency
    }
  }

  /// Processor model and layout; changes only by hotplug.
  package struct Topology: Sendable, Hashable {
    package var model: String?
    /// Sockets with at least one CPU.
    package var sockets: Int?
    /// Physical cores in all sockets.
    package var cores: Int?
    /// Logical CPUs online, where their times cannot be read; nil where they can.
    package var threads: Int?

    package init() {}
  }

  /// Times summed over all CPUs.
  package var total = CPUTime()
  /// The logical CPUs that are online, by ascending number.
  package var cores: [CoreReading] = []
  package var topology = Topology()
  /// Mean current frequency in hertz; NaN where unknown.
  package var frequency = Double.nan
  /// Context switches since boot.
  package var contextSwitches: UInt64?
  /// Interrupts served since boot.
  package var interrupts: UInt64?
  /// Processes and threads created since boot.
  package var forks: UInt64?
  /// Ticks of ``CPUTime`` in a second.
  package var ticksPerSecond = 100.0
  /// Whether the system counts nice, iowait, steal and guest time; Windows and macOS do not.
  package var hasUnixModes = true
  /// Whether it counts time in interrupts and soft interrupts; macOS does not.
  package var hasInterruptModes = true

  package init() {}
}

/// CPU use during one interval.
package struct CPU: MetricGroup, Hashable {
  /// Shares of time by mode; they sum to 1, since guest time is taken out of `user` and `nice`.
  package struct Modes: MetricGroup, Hashable {
    /// User mode, guests not counted.
    package var user = Double.nan
    /// Niced user mode, niced guests not counted.
    package var nice = Double.nan
    /// Kernel.
    package var system = Double.nan
    package var idle = Double.nan
    /// Idle with outstanding I/O.
    package var iowait = Double.nan
    /// Hardware interrupts.
    package var irq = Double.nan
    /// Soft interrupts.
    package var softirq = Double.nan
    /// Taken by the hypervisor.
    package var steal = Double.nan
    /// Running guests, niced ones included.
    package var guest = Double.nan
    /// Everything but idle and iowait; steal is busy, since work had to wait for it.
    package var usage = Double.nan

    package init() {}

    /// Computes the shares between two instants; nil where no time passed.
    ///
    /// Deltas saturate at 0: counters go backwards at a hotplug, and iowait may at any time (proc_stat(5)). No mode can
    /// grow by more than the elapsed time. A mode that did (steal, after a virtual machine was migrated) counts only
    /// for the rest of that time, and so does idle time that went backwards with a CPU that went offline.
    ///
    /// - Parameter ticks: elapsed time in ticks, summed over the CPUs; NaN where unknown.
    package init?(from previous: CPUTime, to current: CPUTime, ticks: Double = .nan) {
      func delta(_ old: UInt64, _ new: UInt64) -> Double {
        new > old ? Double(new - old) : 0
      }
      var user = delta(previous.user, current.user)
      var nice = delta(previous.nice, current.nice)
      var system = delta(previous.system, current.system)
      var idle = delta(previous.idle, current.idle)
      var iowait = delta(previous.iowait, current.iowait)
      var irq = delta(previous.irq, current.irq)
      var softirq = delta(previous.softirq, current.softirq)
      var steal = delta(previous.steal, current.steal)
      if ticks > 0 {
        // The kernel sometimes counts a tick too many, and reading takes time, too.
        let limit = ticks * 1.25 + 25
        var counted = 0.0
        for delta in [user, nice, system, idle, iowait, irq, softirq, steal] where delta <= limit { counted += delta }
        func bound(_ delta: inout Double) {
          guard delta > limit else { return }
          delta = max(0, ticks - counted)
          counted += delta
        }
        bound(&idle)
        if current.idle < previous.idle, counted < ticks / 2 {
          idle = ticks - counted
          counted = ticks
        }
        bound(&iowait)
        bound(&user)
        bound(&nice)
        bound(&system)
        bound(&irq)
        bound(&softirq)
        bound(&steal)
      }
      let guest = min(user, delta(previous.guest, current.guest))
      let guestNice = min(nice, delta(previous.guestNice, current.guestNice))
      let busy = user + nice + system + irq + softirq + steal
      let total = busy + idle + iowait
      guard total > 0 else { return nil }
      self.user = (user - guest) / total
      self.nice = (nice - guestNice) / total
      self.system = system / total
      self.idle = idle / total
      self.iowait = iowait / total
      self.irq = irq / total
      self.softirq = softirq / total
      self.steal = steal / total
      self.guest = (guest + guestNice) / total
      usage = busy / total
    }

    /// Clears the modes that only Unix counts.
    fileprivate mutating func removeUnixModes() {
      nice = .nan
      iowait = .nan
      steal = .nan
      guest = .nan
    }

    /// Clears the time in interrupts, which macOS counts as the kernel's.
    fileprivate mutating func removeInterruptModes() {
      irq = .nan
      softirq = .nan
    }

    static let table = Table<Modes>([
      .gauge("user", .ratio, "Share of time in user mode, guests not counted", source: "/proc/stat", \.user).titled(
        "User", "ユーザー"),
      .gauge("nice", .ratio, "Share of time in niced user mode", source: "/proc/stat", \.nice).titled("Nice", "nice"),
      .gauge("system", .ratio, "Share of time in the kernel", source: "/proc/stat", \.system).titled("System", "システム"),
      .gauge("idle", .ratio, "Share of time idle", source: "/proc/stat", \.idle).titled("Idle", "アイドル"),
      .gauge("iowait", .ratio, "Share of time idle with outstanding I/O", source: "/proc/stat", \.iowait).titled(
        "I/O wait", "I/O 待ち"),
      .gauge("irq", .ratio, "Share of time in hardware interrupts", source: "/proc/stat", \.irq).titled(
        "Interrupts", "割り込み"),
      .gauge("softirq", .ratio, "Share of time in soft interrupts", source: "/proc/stat", \.softirq).titled(
        "Soft interrupts", "ソフト割り込み"),
      .gauge("steal", .ratio, "Share of time taken by the hypervisor", source: "/proc/stat", \.steal).titled(
        "Steal", "スティール"),
      .gauge("guest", .ratio, "Share of time running guests", source: "/proc/stat", \.guest).titled("Guests", "ゲスト"),
    ])
  }

  /// One logical CPU; single precision, because a history of up to 256 CPUs is kept.
  package struct Core: MetricGroup, Hashable {
    /// The kernel's CPU number.
    package var cpu = Int32(0)
    /// Share of time busy, 0…1; NaN where absent.
    package var usage = Float.nan
    /// Hertz; NaN where unknown.
    package var frequency = Float.nan

    package init() {}

    package init(cpu: Int32, usage: Float = .nan, frequency: Float = .nan) {
      self.cpu = cpu
      self.usage = usage
      self.frequency = frequency
    }

    static let table = Table<Core>([
      .gauge("cpu", .count, "Number of the logical CPU", source: "/proc/stat", \.cpu),
      .gauge("usage", .ratio, "Share of time busy", source: "/proc/stat", \.usage).rate.titled("Usage", "使用率"),
      .gauge(
        "frequency_mhz", .megahertz, "Current frequency", source: "cpufreq scaling_cur_freq, else /proc/cpuinfo",
        \.frequency),
    ])
  }

  /// Model name; nil where the machine does not report it.
  package var model: String?
  /// Sockets; NaN where unknown.
  package var sockets = Double.nan
  /// Physical cores; NaN where unknown.
  package var cores = Double.nan
  /// Logical CPUs online.
  package var threads = Double.nan
  /// Share of time busy over all CPUs, 0…1; NaN where absent.
  package var usage = Double.nan
  /// Mean frequency in hertz; NaN where unknown.
  package var frequency = Double.nan
  /// Shares by mode; nil for a lone Reading.
  package var modes: Modes?
  /// Logical CPUs that are online, by number.
  package var perCore: [Core] = []
  /// Context switches per second.
  package var contextSwitches = Double.nan
  /// Interrupts per second.
  package var interrupts = Double.nan
  /// Processes and threads created per second.
  package var forks = Double.nan

  package init() {}

  /// Computes the use between two Readings; a lone Reading gives only values that need no earlier one.
  package init(from previous: CPUReading?, to current: CPUReading, over elapsed: Elapsed) {
    model = current.topology.model
    sockets = metric(current.topology.sockets)
    cores = metric(current.topology.cores)
    threads = current.cores.isEmpty ? metric(current.topology.threads) : Double(current.cores.count)
    frequency = current.frequency
    let start = elapsed.isSinceBoot ? CPUTime() : previous?.total
    // In a container, the counters may be older than its uptime.
    let ticks = elapsed.isSinceBoot ? .nan : elapsed.seconds * current.ticksPerSecond
    let count = Double(max(current.cores.count, previous?.cores.count ?? 0))
    modes = start.flatMap { Modes(from: $0, to: current.total, ticks: ticks * count) }
    if !current.hasUnixModes { modes?.removeUnixModes() }
    if !current.hasInterruptModes { modes?.removeInterruptModes() }
    usage = modes?.usage ?? .nan
    perCore.reserveCapacity(current.cores.count)
    for (index, core) in current.cores.enumerated() {
      let before =
        elapsed.isSinceBoot
        ? CPUTime() : previous?.cores.entry(near: index, where: { $0.cpu == core.cpu })?.time
      let usage = before.flatMap { Modes(from: $0, to: core.time, ticks: ticks)?.usage } ?? .nan
      perCore.append(
        Core(cpu: Int32(clamping: core.cpu), usage: Float(usage), frequency: Float(core.frequency)))
    }
    contextSwitches = elapsed.rate(previous?.contextSwitches, current.contextSwitches)
    interrupts = elapsed.rate(previous?.interrupts, current.interrupts)
    forks = elapsed.rate(previous?.forks, current.forks)
  }

  package static let table = Table<CPU>([
    .text("model", "Processor model", source: "/proc/cpuinfo, devicetree on ARM", \.model),
    .gauge("cores", .count, "Physical cores", source: "/proc/cpuinfo, cpuN/topology", \.cores),
    .gauge("threads", .count, "Logical CPUs online", source: "/proc/stat", \.threads),
    .gauge(
      "usage", .ratio, "Share of time busy over all CPUs; steal is busy, iowait is idle",
      source: "/proc/stat: 1 − Δ(idle + iowait) ÷ Δ(user…steal)", \.usage
    ).rate.titled("Usage", "使用率"),
    .gauge(
      "frequency_mhz", .megahertz, "Mean current frequency",
      source: "mean of cpufreq/policyN/scaling_cur_freq, else /proc/cpuinfo", \.frequency
    ).titled("Clock", "クロック"),
    .gauge("sockets", .count, "Processor packages", source: "/proc/cpuinfo physical id, topology", \.sockets),
    .part("modes", Modes.table, \.modes).rate,
    .list("per_core", keys: [Label("cpu") { String($0.cpu) }], Core.table, \.perCore, isSame: { $0.cpu == $1.cpu }),
    .gauge("context_switches_per_sec", .perSecond, "Context switches", source: "/proc/stat ctxt", \.contextSwitches)
      .rate
      .titled("Context switches", "コンテキストスイッチ"),
    .gauge("interrupts_per_sec", .perSecond, "Interrupts served", source: "/proc/stat intr", \.interrupts).rate.titled(
      "Interrupts", "割り込み"),
    .gauge("forks_per_sec", .perSecond, "Processes and threads created", source: "/proc/stat processes", \.forks).rate
      .titled("Forks", "フォーク"),
  ])
}

/// Converts a count that may be absent: nil becomes NaN.
func metric(_ value: Int?) -> Double {
  value.map { Double($0) } ?? .nan
}
