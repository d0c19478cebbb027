/// Origins of the metrics on Windows, by their ids in the catalog, and of the counters, by their names.
///
/// A metric that is missing here has no source on Windows, or one that is the same everywhere.
package let windowsSources: [String: String] = {
  var sources = counters
  for (prefix, texts) in sourcesByGroup {
    for (name, text) in texts { sources[prefix + "." + name] = text }
  }
  return sources
}()

private let counters = [
  "agent_cpu_seconds_total": times, "agent_cpu_per_core_seconds_total": times,
  "agent_cpu_context_switches_total": "NtQuerySystemInformation(SystemPerformanceInformation) ContextSwitches",
  "agent_cpu_interrupts_total": times + ", InterruptCount",
  "agent_ram_major_faults_total": "NtQuerySystemInformation(SystemPerformanceInformation) PageReadIoCount",
  "agent_disk_read_seconds_total": disks + " ReadTime", "agent_disk_write_seconds_total": disks + " WriteTime",
  "agent_disk_busy_seconds_total": disks + " QueryTime − boot − IdleTime",
  "agent_disk_queue_seconds_total": disks + " ReadTime + WriteTime",
  "agent_network_receive_packets_total": interfaces + " InUcastPkts + InNUcastPkts",
  "agent_network_transmit_packets_total": interfaces + " OutUcastPkts + OutNUcastPkts",
  "agent_network_receive_errors_total": interfaces + " InErrors",
  "agent_network_transmit_errors_total": interfaces + " OutErrors",
  "agent_network_receive_drops_total": interfaces + " InDiscards",
  "agent_network_transmit_drops_total": interfaces + " OutDiscards",
]

private let interfaces = "GetIfTable2, by MIB_IF_ROW2"
private let disks = "IOCTL_DISK_PERFORMANCE"
private let times = "NtQuerySystemInformationEx(SystemProcessorPerformanceInformation) of each processor group"
private let processList = "NtQuerySystemInformation(SystemProcessInformation)"
private let statistics = "D3DKMTQueryStatistics"
private let performance = "D3DKMTQueryAdapterInfo(KMTQAITYPE_ADAPTERPERFDATA)"

private let sourcesByGroup: [(prefix: String, texts: [String: String])] = [
  (
    "cpu",
    [
      "model": "registry CentralProcessor\\0 ProcessorNameString",
      "cores": "GetLogicalProcessorInformationEx, processor cores",
      "sockets": "GetLogicalProcessorInformationEx, processor packages",
      "threads": times,
      "usage": times + ": 1 − ΔIdleTime ÷ Δ(KernelTime + UserTime); kernel time contains idle time. "
        + "Task Manager shows Processor Utility, which also counts turbo clocks",
      "frequency_mhz": "mean of CallNtPowerInformation(ProcessorInformation) CurrentMhz, "
        + "which is the base clock on many machines",
      "context_switches_per_sec": "NtQuerySystemInformation(SystemPerformanceInformation) ContextSwitches",
      "interrupts_per_sec": times + ", InterruptCount",
    ]
  ),
  (
    "cpu.modes",
    [
      "user": times + ", UserTime", "idle": times + ", IdleTime", "irq": times + ", InterruptTime",
      "softirq": times + ", DpcTime (deferred procedure calls)",
      "system": times + ", KernelTime − IdleTime − DpcTime − InterruptTime",
    ]
  ),
  (
    "cpu.per_core",
    [
      "cpu": "number in the order of the processor groups", "usage": times,
      "frequency_mhz": "CallNtPowerInformation(ProcessorInformation) CurrentMhz",
    ]
  ),
  (
    "ram",
    [
      "total_mb": "GlobalMemoryStatusEx ullTotalPhys", "used_mb": "ullTotalPhys − ullAvailPhys",
      "available_mb": "GlobalMemoryStatusEx ullAvailPhys",
      "free_mb": "NtQuerySystemInformation(SystemMemoryListInformation), zeroed and free pages",
      "cached_mb": "SystemMemoryListInformation, standby and modified pages; "
        + "without the privilege GetPerformanceInfo SystemCache",
      "dirty_mb": "SystemMemoryListInformation, modified pages",
      "slab_mb": "GetPerformanceInfo KernelPaged + KernelNonpaged (pools)",
      "major_faults_per_sec": "NtQuerySystemInformation(SystemPerformanceInformation) PageReadIoCount",
    ]
  ),
  (
    "swap",
    [
      "total_mb": "NtQuerySystemInformation(SystemPageFileInformation), else commit limit − memory",
      "used_mb": "NtQuerySystemInformation(SystemPageFileInformation)",
      "free_mb": "NtQuerySystemInformation(SystemPageFileInformation)",
    ]
  ),
  (
    "host",
    [
      "hostname": "GetComputerNameEx", "os": "registry CurrentVersion ProductName, DisplayVersion",
      "kernel": "RtlGetVersion, registry CurrentVersion UBR", "architecture": "GetNativeSystemInfo",
      "product": "registry HARDWARE\\DESCRIPTION\\System\\BIOS SystemProductName",
      "boot_time_seconds": "NtQuerySystemInformation(SystemTimeOfDayInformation) BootTime",
      "uptime_seconds": "GetTickCount64",
    ]
  ),
  ("disk", diskTraffic),
  (
    "disks",
    diskTraffic.merging([
      "device": "\\\\.\\PhysicalDriveN", "name": "IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS of each drive letter",
      "model": "IOCTL_STORAGE_QUERY_PROPERTY", "physical": "all are",
      "busy": disks + ": 1 − ΔIdleTime ÷ ΔQueryTime", "queue": disks + ": Δ(ReadTime + WriteTime) ÷ Δt",
      "read_latency_ms": disks + ": ΔReadTime ÷ ΔReadCount",
      "write_latency_ms": disks + ": ΔWriteTime ÷ ΔWriteCount",
    ]) { first, _ in first }
  ),
  (
    "filesystems",
    [
      "mountpoint": "GetLogicalDrives, GetDriveType", "device": "GetVolumeNameForVolumeMountPoint",
      "fstype": "GetVolumeInformation", "read_only": "GetVolumeInformation FILE_READ_ONLY_VOLUME",
      "total_mb": "GetDiskFreeSpaceEx", "used_mb": "GetDiskFreeSpaceEx, total − free",
      "free_mb": "GetDiskFreeSpaceEx", "available_mb": "GetDiskFreeSpaceEx, within the quota",
      "usage": "used ÷ (used + available)",
    ]
  ),
  ("network", networkTraffic),
  (
    "networks",
    networkTraffic.merging([
      "device": interfaces + " Alias", "physical": interfaces + " HardwareInterface",
      "state": interfaces + " OperStatus", "speed_mbps": interfaces + " ReceiveLinkSpeed",
    ]) { first, _ in first }
  ),
  (
    "processes",
    [
      "total": processList, "threads": processList + " NumberOfThreads",
      "running": processList + ", with a thread that is running or ready",
      "sleeping": processList + ", all threads wait", "stopped": processList + ", all threads are suspended",
      "blocked": noState, "idle": noState, "zombie": noState,
    ]
  ),
  ("processes.top", process),
  ("agent", ["rss_bytes": "GetProcessMemoryInfo WorkingSetSize"]),
  ("gpu", gpu),
  ("gpus", gpu),
  ("gpu.processes", gpuProcess),
  ("gpus.processes", gpuProcess),
]

private let noState = "none: Windows has no such state"

private let gpuProcess = [
  "name": "the process table", "user": "the process table", "service": "the process table",
]

private let diskTraffic = [
  "read_bytes_per_sec": disks + " ΔBytesRead ÷ Δt", "write_bytes_per_sec": disks + " ΔBytesWritten ÷ Δt",
  "reads_per_sec": disks + " ReadCount", "writes_per_sec": disks + " WriteCount", "in_flight": disks + " QueueDepth",
  "read_bytes_total": disks + " BytesRead", "written_bytes_total": disks + " BytesWritten",
  "reads_total": disks + " ReadCount", "writes_total": disks + " WriteCount",
]

private let networkTraffic = [
  "receive_bytes_per_sec": interfaces + " InOctets", "transmit_bytes_per_sec": interfaces + " OutOctets",
  "receive_packets_per_sec": interfaces + " InUcastPkts + InNUcastPkts",
  "transmit_packets_per_sec": interfaces + " OutUcastPkts + OutNUcastPkts",
  "receive_errors_per_sec": interfaces + " InErrors", "transmit_errors_per_sec": interfaces + " OutErrors",
  "receive_drops_per_sec": interfaces + " InDiscards", "transmit_drops_per_sec": interfaces + " OutDiscards",
  "receive_bytes_total": interfaces + " InOctets", "transmit_bytes_total": interfaces + " OutOctets",
]

private let process = [
  "pid": processList, "ppid": processList, "name": processList + " ImageName",
  "user": "GetTokenInformation(TokenUser), LookupAccountSid", "state": processList + ", states of its threads",
  "cpu": processList + " Δ(UserTime + KernelTime) ÷ Δt", "rss_bytes": processList + " WorkingSetSize",
  "threads": processList + " NumberOfThreads",
  "read_bytes_per_sec": processList + " ReadTransferCount: files, devices, pipes and sockets",
  "write_bytes_per_sec": processList + " WriteTransferCount: files, devices, pipes and sockets",
  "start_seconds": processList + " CreateTime",
  "kernel_thread": "System and its children without a program",
  "service": "EnumServicesStatusEx", "command": "NtQueryInformationProcess(ProcessCommandLineInformation)",
]

private let gpu = [
  "vendor": "NVML, else DXGI adapter VendorId", "model": "NVML, else DXGI adapter Description, SetupAPI",
  "util": "NVML; else the busiest engine: ΔRunningTime of " + statistics + " ÷ Δt",
  "encoder_util": "NVML, else " + statistics, "decoder_util": "NVML, else " + statistics,
  "temperature_c": "NVML, else " + performance, "fan_rpm": performance,
  "memory_clock_mhz": "NVML, else " + performance,
  "vram_total_mb": "NVML, else DXGI adapter DedicatedVideoMemory",
  "vram_used_mb": "NVML, else " + statistics + " of dedicated segments",
  "shared_used_mb": statistics + " of aperture segments",
  "pci_address": "NVML, else D3DKMTQueryAdapterInfo(KMTQAITYPE_ADAPTERADDRESS)",
  "driver": "NVML, else registry Class DriverVersion",
  "integrated": "less than 1 GiB of memory of its own", "unified_memory": "less than 1 GiB of memory of its own",
]
