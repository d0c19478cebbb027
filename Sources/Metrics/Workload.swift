/// One workload during one interval; NaN where absent.
package struct Workload: MetricGroup, Hashable {
  package var kind = WorkloadKind.other
  /// Unique name, "service:ssh.service".
  package var id = ""
  package var name = ""
  package var user: String?
  package var engine: String?
  package var image: String?
  package var pod: String?
  package var podName: String?
  package var isGroup = false
  /// CPU time per second, in CPUs.
  package var cpu = Double.nan
  /// Seconds of CPU time since its start.
  package var cpuTotal = Double.nan
  package var cpuLimit = Float.nan
  /// CPU time per second of processes that ended within the interval, or that are hidden.
  package var endedCPU = Float.nan
  /// Share of enforcement periods in which it was throttled.
  package var throttled = Float.nan
  package var throttledTotal = Double.nan
  package var memory = Double.nan
  package var workingSet = Double.nan
  package var memoryPeak = Double.nan
  package var memoryLimit = Double.nan
  package var swap = Double.nan
  package var oomKills = Double.nan
  package var readRate = Double.nan
  package var writeRate = Double.nan
  package var readTotal = Double.nan
  package var writtenTotal = Double.nan
  /// Requests per second.
  package var reads = Double.nan
  package var writes = Double.nan
  package var readsTotal = Double.nan
  package var writesTotal = Double.nan
  package var receiveRate = Double.nan
  package var transmitRate = Double.nan
  package var receiveTotal = Double.nan
  package var transmitTotal = Double.nan
  package var restarts = Double.nan
  /// Shares of the interval in which at least one task waited.
  package var cpuPressure = Float.nan
  package var memoryPressure = Float.nan
  package var ioPressure = Float.nan
  package var tasks = Float.nan
  package var tasksLimit = Float.nan
  /// GPU time per second, in GPUs.
  package var gpu = Float.nan
  package var gpuMemory = Double.nan
  /// Estimated share of the GPUs' power, in watts.
  package var gpuPower = Float.nan

  package init() {}

  /// A workload with nothing but its id, "service:ssh.service".
  package init(id: String) {
    let colon = id.firstIndex(of: ":") ?? id.startIndex
    (self.id, name) = (id, String(id[colon...].drop { $0 == ":" }))
    kind = WorkloadKind(rawValue: String(id[..<colon])) ?? .other
  }

  /// Computes the use between two readings.
  package init(from previous: WorkloadReading?, to current: WorkloadReading, over elapsed: Elapsed) {
    let facts = current.names.facts
    (kind, id, name) = (facts.kind, facts.id, facts.name)
    (user, engine, image, pod, podName) = (facts.user, facts.engine, facts.image, facts.pod, facts.podName)
    isGroup = current.isGroup
    cpu = elapsed.rate(previous?.cpu, current.cpu, unit: 1e-6)
    cpuTotal = metric(current.cpu) * 1e-6
    cpuLimit = Float(current.cpuLimit ?? .nan)
    let periods = metric(elapsed.growth(previous?.periods, current.periods))
    throttled = Float(
      share(metric(elapsed.growth(previous?.throttledPeriods, current.throttledPeriods)), of: periods))
    throttledTotal = metric(current.throttled) * 1e-6
    memory = metric(current.memory)
    if let used = current.memory, let inactive = current.inactiveFile {
      workingSet = Double(used - min(used, inactive))
    }
    memoryPeak = metric(current.memoryPeak)
    memoryLimit = metric(current.memoryLimit)
    swap = metric(current.swap)
    oomKills = metric(current.oomKills)
    readRate = elapsed.rate(previous?.readBytes, current.readBytes)
    writeRate = elapsed.rate(previous?.writtenBytes, current.writtenBytes)
    readTotal = metric(current.readBytes)
    writtenTotal = metric(current.writtenBytes)
    reads = elapsed.rate(previous?.reads, current.reads)
    writes = elapsed.rate(previous?.writes, current.writes)
    readsTotal = metric(current.reads)
    writesTotal = metric(current.writes)
    if let network = current.network {
      (receiveRate, transmitRate) = (network.receiveRate, network.sendRate)
      (receiveTotal, transmitTotal) = (Double(network.now.receivedBytes), Double(network.now.sentBytes))
    }
    restarts = metric(current.restarts)
    cpuPressure = Self.pressure(previous?.cpuStall, current.cpuStall, elapsed)
    memoryPressure = Self.pressure(previous?.memoryStall, current.memoryStall, elapsed)
    ioPressure = Self.pressure(previous?.ioStall, current.ioStall, elapsed)
    tasks = Float(metric(current.tasks))
    tasksLimit = Float(metric(current.tasksLimit))
  }

  private static func pressure(_ previous: UInt64?, _ current: UInt64?, _ elapsed: Elapsed) -> Float {
    // The two clocks are read one after the other.
    let ratio = Float(elapsed.rate(previous, current, unit: 1e-6))
    return ratio > 1 ? 1 : ratio
  }

  /// Whether it was made in the interval of its rates: these have all of its CPU time.
  ///
  /// - Parameter seconds: length of the interval, whose clock is read at another time than the counters.
  package func began(within seconds: Double) -> Bool { cpuTotal > 0 && cpu * seconds > 0.9 * cpuTotal }

  /// Whether it is the sum of workloads that came and went in a slice.
  package var isRemainder: Bool { kind == .other && id.hasSuffix(Self.remainderSuffix) }

  /// End of the ids of such sums.
  package static let remainderSuffix = "/(ended)"

  /// Used memory ÷ its limit; NaN without a limit.
  package var memoryUsage: Double { share(memory, of: memoryLimit) }

  /// Bytes read and written per second; NaN where both are absent.
  package var ioRate: Double { sum(readRate, writeRate) }

  /// The highest of its pressures; NaN where all are absent.
  package var pressure: Double {
    [cpuPressure, memoryPressure, ioPressure].reduce(Double.nan) { $0.isNaN ? Double($1) : max($0, Double($1)) }
  }

  package static let table = Table<Workload>(
    names + cpuFields + memoryFields + ioFields + networkFields + otherFields)

  private static let names: [Field<Workload>] = [
    .text("id", "Unique name of the workload, KIND:NAME", source: "path of its control group", \.id),
    .word(
      "kind", "container, pod, service, session, user, job, vm or other", source: "path of its control group", \.kind
    ).titled("Kind", "種類"),
    .text("name", "Name or short id", source: "path of its control group", \.name).titled("Name", "名前"),
    .text("user", "User that it runs for", source: "path of its control group, /etc/passwd", \.user).titled(
      "User", "ユーザー"),
    .text("engine", "Container engine or batch system", source: "path of its control group", \.engine),
    .text("image", "Image of the container", source: "the container engine's files", \.image).titled("Image", "イメージ"),
    .text("pod", "Uid of the pod that holds it", source: "path of its control group", \.pod),
    .text("pod_name", "That pod, NAMESPACE/NAME", source: "the container engine's files; /var/log/pods", \.podName)
      .titled("Pod"),
    .flag(
      "group", "Present where it only holds other workloads and is not added up", source: "path of its control group",
      \.isGroup, omitsFalse: true),
  ]

  private static let cpuFields: [Field<Workload>] = [
    .gauge("cpu", .cores, "CPUs' worth of time used", source: "Δ cpu.stat usage_usec; cpuacct.usage ÷ Δt", \.cpu).rate
      .titled("CPU"),
    .counter("cpu_seconds_total", .seconds, "CPU time used", source: "cpu.stat usage_usec; cpuacct.usage", \.cpuTotal),
    .gauge(
      "cpu_limit_cores", .cores, "CPUs' worth of time allowed", source: "cpu.max; cpu.cfs_quota_us ÷ period", \.cpuLimit
    ),
    .gauge(
      "ended_cpu", .cores, "CPUs' worth of time of processes that have ended or are hidden",
      source: "cpu − sum over its processes", \.endedCPU
    ).rate.titled("Ended processes", "終了したプロセス"),
    .gauge(
      "throttled", .ratio, "Share of periods throttled", source: "cpu.stat nr_throttled ÷ nr_periods", \.throttled
    ).rate.titled("Throttled", "スロットリング"),
    .counter(
      "throttled_seconds_total", .seconds, "Time throttled, summed over CPUs",
      source: "cpu.stat throttled_usec; throttled_time", \.throttledTotal),
  ]

  private static let memoryFields: [Field<Workload>] = [
    .gauge(
      "memory_bytes", .bytes, "Memory charged, page cache included", source: "memory.current; memory.usage_in_bytes",
      \.memory
    ).titled("Memory", "メモリ"),
    .gauge(
      "memory_working_set_bytes", .bytes, "Memory without reclaimable page cache",
      source: "memory.current − inactive_file; memory.usage_in_bytes − total_inactive_file", \.workingSet),
    .gauge(
      "memory_peak_bytes", .bytes, "Highest memory charged", source: "memory.peak; memory.max_usage_in_bytes",
      \.memoryPeak),
    .gauge(
      "memory_limit_bytes", .bytes, "Memory allowed", source: "memory.max; memory.limit_in_bytes", \.memoryLimit),
    .gauge("swap_bytes", .bytes, "Swap in use", source: "memory.swap.current; memory.stat total_swap", \.swap),
    .counter(
      "oom_kills_total", .count, "Processes killed by the OOM killer",
      source: "memory.events oom_kill; memory.oom_control", \.oomKills
    ).titled("OOM kills", "OOM による強制終了"),
  ]

  private static let ioFields: [Field<Workload>] = [
    .gauge(
      "read_bytes_per_sec", .bytesPerSecond, "Read from block devices",
      source: "Δ io.stat rbytes; blkio.throttle.io_service_bytes_recursive ÷ Δt", \.readRate
    ).rate.titled("Read", "読み取り"),
    .gauge(
      "write_bytes_per_sec", .bytesPerSecond, "Written to block devices",
      source: "Δ io.stat wbytes; blkio.throttle.io_service_bytes_recursive ÷ Δt", \.writeRate
    ).rate.titled("Written", "書き込み"),
    .counter(
      "read_bytes_total", .bytes, "Bytes read from block devices",
      source: "io.stat rbytes; blkio.throttle.io_service_bytes_recursive", \.readTotal),
    .counter(
      "written_bytes_total", .bytes, "Bytes written to block devices",
      source: "io.stat wbytes; blkio.throttle.io_service_bytes_recursive", \.writtenTotal),
    .gauge(
      "reads_per_sec", .perSecond, "Reads of block devices",
      source: "Δ io.stat rios; blkio.throttle.io_serviced_recursive ÷ Δt",
      \.reads
    ).rate,
    .gauge(
      "writes_per_sec", .perSecond, "Writes of block devices",
      source: "Δ io.stat wios; blkio.throttle.io_serviced_recursive ÷ Δt", \.writes
    ).rate,
    .counter(
      "reads_total", .count, "Reads of block devices", source: "io.stat rios; blkio.throttle.io_serviced_recursive",
      \.readsTotal),
    .counter(
      "writes_total", .count, "Writes of block devices", source: "io.stat wios; blkio.throttle.io_serviced_recursive",
      \.writesTotal),
  ]

  private static let networkFields: [Field<Workload>] = [
    .gauge(
      "receive_bytes_per_sec", .bytesPerSecond,
      "Received by its network namespace, loopback excluded; absent where that is the machine's",
      source: "/proc/[pid]/net/dev of a process", \.receiveRate
    ).titled("Received", "受信"),
    .gauge(
      "transmit_bytes_per_sec", .bytesPerSecond, "Sent by its network namespace",
      source: "/proc/[pid]/net/dev of a process", \.transmitRate
    ).titled("Sent", "送信"),
    .counter(
      "receive_bytes_total", .bytes, "Bytes received by its network namespace",
      source: "/proc/[pid]/net/dev of a process", \.receiveTotal),
    .counter(
      "transmit_bytes_total", .bytes, "Bytes sent by its network namespace", source: "/proc/[pid]/net/dev of a process",
      \.transmitTotal),
  ]

  private static let otherFields: [Field<Workload>] = [
    .counter(
      "restarts_total", .count, "Times it began again since the agent's start", source: "its control group made again",
      \.restarts
    ).titled("Restarts", "再起動"),
    .gauge(
      "pressure_cpu", .ratio, "Share of time in which a task waited for a CPU",
      source: "Δ cpu.pressure some total ÷ Δt", \.cpuPressure
    ).rate.titled("CPU pressure", "CPU 待ち"),
    .gauge(
      "pressure_memory", .ratio, "Share of time in which a task waited for memory",
      source: "Δ memory.pressure some total ÷ Δt", \.memoryPressure
    ).rate.titled("Memory pressure", "メモリ待ち"),
    .gauge(
      "pressure_io", .ratio, "Share of time in which a task waited for I/O", source: "Δ io.pressure some total ÷ Δt",
      \.ioPressure
    ).rate.titled("I/O pressure", "I/O 待ち"),
    .gauge("tasks", .count, "Tasks", source: "pids.current", \.tasks).titled("Tasks", "タスク"),
    .gauge("tasks_limit", .count, "Tasks allowed", source: "pids.max", \.tasksLimit),
    .gauge(
      "gpu", .count, "GPUs' worth of time used", source: "the driver's use by its processes", \.gpu
    ).fractional.titled("GPU"),
    .gauge(
      "gpu_memory_bytes", .bytes, "Memory of GPUs in use", source: "the driver's memory by its processes", \.gpuMemory
    ).titled("GPU memory", "GPU メモリ"),
    .gauge(
      "gpu_power_watts", .watts, "Estimated share of the GPUs' power",
      source: "power of each GPU by the processes' share of its time, else of its memory", \.gpuPower),
  ]
}
