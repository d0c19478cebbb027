internal import CollectLinux
internal import NodeMetrics
internal import SystemIO

/// Reads the usage of this very process.
final class NodeProcess {
  private let buffer = ReadBuffer(capacity: 4_096)
  private let stat = PersistentFile("/proc/self/stat")
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  private let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  /// Wall clock time at boot, fixed at the first scrape: a start time that moves would look like a restart.
  private lazy var bootTime = Clock.realtime - Clock.boottime

  func read() -> ProcessUsage {
    var usage = ProcessUsage()
    usage.cpuMicroseconds = Clock.processCPUNanoseconds / 1_000
    if let stat = stat.readIfPresent(into: buffer, ProcessStatParser.usage) ?? nil {
      usage.virtualBytes = stat.virtual
      usage.residentBytes = stat.residentPages &* pageSize
      usage.startTime = ((bootTime + Double(stat.start) / ticks) * 100).rounded() / 100
    }
    let open = openDescriptors
    if open > 0 { usage.openDescriptors = UInt64(open) }
    usage.descriptorLimit = limit(RLIMIT_NOFILE)
    usage.virtualLimit = limit(RLIMIT_AS)
    return usage
  }

  /// Open descriptors: since kernel 6.2 the size of their folder, without listing it.
  private var openDescriptors: Int {
    var status = SystemIO.stat()
    if lstat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
    // Less the one that lists them.
    return Files.names(in: "/proc/self/fd").count - 1
  }

  private func limit(_ resource: __rlimit_resource) -> UInt64? {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0 else { return nil }
    return UInt64(limits.rlim_cur)
  }
}
