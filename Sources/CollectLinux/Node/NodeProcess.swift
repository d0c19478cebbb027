internal import PrometheusExport
internal import SystemIO

/// This process's resource usage, under the standard names of Prometheus client libraries.
final class NodeProcess {
  private let buffer = ReadBuffer(capacity: 4_096)
  private let stat = PersistentFile("/proc/self/stat")
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  private let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  /// Boot time by the wall clock of the first scrape: a changing start time would look like a restart.
  private lazy var bootTime = Clock.realtime - Clock.boottime

  func write(to exposition: inout Exposition) {
    func gauge(_ name: StaticString, _ help: StaticString, _ value: UInt64) {
      exposition.family(name, .gauge, help)
      exposition.sample()
      exposition.value(value)
    }
    exposition.family("process_cpu_seconds_total", .counter, "CPU time that the agent has used", unit: "seconds")
    exposition.sample()
    exposition.value(Clock.processCPUNanoseconds / 1_000, decimals: 6)
    if let metrics = stat.readIfPresent(into: buffer, NodeProcessParser.metrics) ?? nil {
      gauge("process_virtual_memory_bytes", "Addresses that the agent has mapped", metrics.virtual)
      gauge("process_resident_memory_bytes", "Memory of the agent that is resident", metrics.residentPages &* pageSize)
      exposition.family("process_start_time_seconds", .gauge, "POSIX time of the agent's start", unit: "seconds")
      exposition.sample()
      exposition.value(((bootTime + Double(metrics.start) / ticks) * 100).rounded() / 100)
    }
    let open = openDescriptors
    if open > 0 { gauge("process_open_fds", "Descriptors that the agent has open", UInt64(open)) }
    limit(RLIMIT_NOFILE, "process_max_fds", "Descriptors that the agent may have open", &exposition)
    limit(RLIMIT_AS, "process_virtual_memory_max_bytes", "Addresses that the agent may map", &exposition)
  }

  /// Number of open descriptors: since kernel 6.2 the size of their folder, available with a single call.
  private var openDescriptors: Int {
    var status = SystemIO.stat()
    if lstat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
    // Includes the one that lists them.
    return Files.names(in: "/proc/self/fd").count - 1
  }

  private func limit(
    _ resource: __rlimit_resource, _ name: StaticString, _ help: StaticString, _ exposition: inout Exposition
  ) {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0 else { return }
    exposition.family(name, .gauge, help)
    exposition.sample()
    exposition.value(UInt64(limits.rlim_cur))
  }
}

/// Parser of /proc/[pid]/stat (proc_pid_stat(5)).
enum NodeProcessParser {
  /// Start in ticks after boot, mapped bytes and resident pages: fields 22, 23 and 24.
  static func metrics(_ bytes: Span<UInt8>) -> (start: UInt64, virtual: UInt64, residentPages: UInt64)? {
    // The name may contain any character, and ends at the last parenthesis.
    guard var position = bytes.indices.last(where: { bytes[$0] == UInt8(ascii: ")") }) else { return nil }
    position += 1
    for _ in 3..<22 { bytes.skipWord(&position) }
    guard let start = bytes.unsigned(&position), let virtual = bytes.unsigned(&position),
      let resident = bytes.unsigned(&position)
    else { return nil }
    return (start, virtual, resident)
  }
}
