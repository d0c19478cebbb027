/// Origins of the metrics on macOS, by their ids in the catalog, and of the counters, by their names.
///
/// A metric that is missing here has no source on macOS, or one that is the same everywhere.
package let darwinSources: [String: String] = {
  var sources = counters
  for (prefix, texts) in sourcesByGroup {
    for (name, text) in texts { sources[prefix + "." + name] = text }
  }
  return sources
}()

private let ticks = "host_processor_info(PROCESSOR_CPU_LOAD_INFO)"
private let pages = "host_statistics64(HOST_VM_INFO64)"
private let interfaces = "sysctl NET_RT_IFLIST2, if_data64"
private let processList = "sysctl KERN_PROC_ALL"
private let task = "proc_pidinfo(PROC_PIDTASKINFO)"
private let usage = "proc_pid_rusage(RUSAGE_INFO_V2)"

private let counters = [
  "agent_cpu_seconds_total": ticks, "agent_cpu_per_core_seconds_total": ticks,
  "agent_ram_major_faults_total": pages + " pageins",
  "agent_swap_in_bytes_total": pages + " swapins", "agent_swap_out_bytes_total": pages + " swapouts",
  "agent_network_receive_packets_total": interfaces + " ifi_ipackets",
  "agent_network_transmit_packets_total": interfaces + " ifi_opackets",
  "agent_network_receive_errors_total": interfaces + " ifi_ierrors",
  "agent_network_transmit_errors_total": interfaces + " ifi_oerrors",
  "agent_network_receive_drops_total": interfaces + " ifi_iqdrops",
  "agent_network_transmit_drops_total": "sysctl NET_RT_IFLIST2, ifm_snd_drops",
]

private let sourcesByGroup: [(prefix: String, texts: [String: String])] = [
  (
    "cpu",
    [
      "model": "sysctl machdep.cpu.brand_string", "cores": "sysctl hw.physicalcpu", "sockets": "sysctl hw.packages",
      "threads": ticks, "usage": ticks + ": 1 − Δidle ÷ Δ(user + nice + system + idle)",
      "frequency_mhz": "sysctl hw.cpufrequency, the nominal clock; Apple's processors report none",
    ]
  ),
  ("cpu.modes", ["user": ticks + ", user + nice", "system": ticks, "idle": ticks]),
  ("cpu.per_core", ["cpu": "number in the order of the kernel", "usage": ticks]),
  ("load", ["load1": "getloadavg", "load5": "getloadavg", "load15": "getloadavg"]),
  (
    "ram",
    [
      "total_mb": "sysctl hw.memsize", "used_mb": pages + ": internal − purgeable + wired + compressor",
      "available_mb": "total − used", "free_mb": pages + ": free − speculative",
      "cached_mb": pages + ": external + purgeable", "major_faults_per_sec": pages + " pageins",
    ]
  ),
  (
    "swap",
    [
      "total_mb": "sysctl vm.swapusage", "used_mb": "sysctl vm.swapusage", "free_mb": "sysctl vm.swapusage",
      "in_bytes_per_sec": pages + " swapins", "out_bytes_per_sec": pages + " swapouts",
    ]
  ),
  (
    "host",
    [
      "hostname": "sysctl kern.hostname", "os": "sysctl kern.osproductversion, kern.osversion",
      "kernel": "sysctl kern.osrelease", "architecture": "sysctl hw.machine", "product": "sysctl hw.model",
      "boot_time_seconds": "sysctl kern.boottime", "uptime_seconds": "clock_gettime(CLOCK_MONOTONIC_RAW)",
      "open_files": "sysctl kern.num_files", "open_files_limit": "sysctl kern.maxfiles",
    ]
  ),
  (
    "filesystems",
    [
      "mountpoint": "getfsstat", "device": "getfsstat", "fstype": "getfsstat", "read_only": "getfsstat MNT_RDONLY",
      "total_mb": "statfs", "used_mb": "statfs, total − free", "free_mb": "statfs", "available_mb": "statfs",
      "usage": "used ÷ (used + available)", "inodes": "statfs", "inodes_free": "statfs", "inodes_usage": "statfs",
    ]
  ),
  ("network", networkTraffic),
  (
    "networks",
    networkTraffic.merging([
      "device": interfaces, "physical": "Ethernet and Wi-Fi, whose names begin with en",
      "state": "IFF_UP and IFF_RUNNING", "speed_mbps": interfaces + " ifi_baudrate",
    ]) { first, _ in first }
  ),
  (
    "processes",
    [
      "total": processList, "threads": task + " pti_threadnum", "running": task + " pti_numrunning",
      "sleeping": task + ", without a running thread", "stopped": processList + " SSTOP",
      "zombie": processList + " SZOMB",
      "blocked": noState, "idle": noState,
    ]
  ),
  ("processes.top", process),
  ("agent", ["rss_bytes": task + " pti_resident_size"]),
]

private let noState = "none: macOS has no such state"

private let networkTraffic = [
  "receive_bytes_per_sec": interfaces + " ifi_ibytes", "transmit_bytes_per_sec": interfaces + " ifi_obytes",
  "receive_packets_per_sec": interfaces + " ifi_ipackets", "transmit_packets_per_sec": interfaces + " ifi_opackets",
  "receive_errors_per_sec": interfaces + " ifi_ierrors", "transmit_errors_per_sec": interfaces + " ifi_oerrors",
  "receive_drops_per_sec": interfaces + " ifi_iqdrops",
  "transmit_drops_per_sec": "sysctl NET_RT_IFLIST2, ifm_snd_drops",
  "receive_bytes_total": interfaces + " ifi_ibytes", "transmit_bytes_total": interfaces + " ifi_obytes",
]

private let process = [
  "pid": processList, "ppid": processList, "name": processList + " p_comm", "user": processList + ", getpwuid_r",
  "state": processList + " p_stat, " + task + " pti_numrunning", "nice": processList + " p_nice",
  "cpu": task + " Δ(pti_total_user + pti_total_system) ÷ Δt", "rss_bytes": task + " pti_resident_size",
  "virtual_bytes": task + " pti_virtual_size", "threads": task + " pti_threadnum",
  "major_faults_per_sec": task + " pti_pageins",
  "read_bytes_per_sec": usage + " ri_diskio_bytesread", "write_bytes_per_sec": usage + " ri_diskio_byteswritten",
  "start_seconds": processList + " p_starttime", "command": "sysctl KERN_PROCARGS2",
  "kernel_thread": "none: the kernel's process is omitted",
]
