internal import AgentMetrics
internal import NodeMetrics

/// Writes a Reading's values under node_exporter's names and labels.
///
/// Serves all platforms; a group with more values in the NodeReading is left to ``NodeKernelWriter``.
struct NodeWriter {
  let reading: Reading
  let node: NodeReading
  /// node_exporter's names of sensors; others keep the names of the Reading.
  private let sensors: [[String]: DeviceReading.Sensor]
  /// The requested collectors; nil for all.
  private let collectors: NodeCollectors?

  init(reading: Reading, node: NodeReading, collectors: NodeCollectors? = nil) {
    self.reading = reading
    self.node = node
    self.collectors = collectors
    sensors = Dictionary(
      (node.devices?.sensors ?? []).map { sensor in
        ([sensor.chip, sensor.sensor, String(sensor.nodeSensor.prefix { !$0.isNumber })], sensor)
      }, uniquingKeysWith: { first, _ in first })
  }

  func write(to exposition: inout Exposition) {
    writeCPU(to: &exposition)
    writeSystem(to: &exposition)
    writePressure(to: &exposition)
    if node.memory.isEmpty { writeMemory(to: &exposition) }
    if node.vmstat.isEmpty { writeVmstat(to: &exposition) }
    if node.disks == nil { writeDisks(to: &exposition) }
    if node.traffic == nil { writeTraffic(to: &exposition) }
    if node.devices?.interfaces.isEmpty ?? true { writeInterfaces(to: &exposition) }
    writeFilesystems(to: &exposition)
    writeSensors(to: &exposition)
    writeProcesses(to: &exposition)
    writeSources(to: &exposition)
  }

  // MARK: CPU and system

  private func writeCPU(to exposition: inout Exposition) {
    exposition.family(
      "node_cpu_seconds_total", .counter, "Time of each CPU in each mode; user contains guest")
    for core in reading.cpu.cores {
      func mode(_ name: StaticString, _ ticks: UInt64) {
        exposition.sample()
        exposition.label("cpu", core.cpu)
        exposition.label("mode", name)
        // Ticks are hundredths of a second.
        exposition.value(ticks, decimals: 2)
      }
      mode("idle", core.time.idle)
      if reading.cpu.hasUnixModes { mode("iowait", core.time.iowait) }
      if reading.cpu.hasInterruptModes { mode("irq", core.time.irq) }
      if reading.cpu.hasUnixModes { mode("nice", core.time.nice) }
      if reading.cpu.hasInterruptModes { mode("softirq", core.time.softirq) }
      if reading.cpu.hasUnixModes { mode("steal", core.time.steal) }
      mode("system", core.time.system)
      mode("user", core.time.user)
    }
    exposition.family("node_cpu_guest_seconds_total", .counter, "Time that each CPU has spent running guests")
    for core in reading.cpu.cores where reading.cpu.hasUnixModes {
      for (mode, ticks) in [("nice" as StaticString, core.time.guestNice), ("user", core.time.guest)] {
        exposition.sample()
        exposition.label("cpu", core.cpu)
        exposition.label("mode", mode)
        exposition.value(ticks, decimals: 2)
      }
    }
    exposition.family("node_cpu_scaling_frequency_hertz", .gauge, "Current frequency of each CPU")
    for core in reading.cpu.cores {
      exposition.sample()
      exposition.label("cpu", core.cpu)
      exposition.value(core.frequency)
    }
    exposition.counter("node_context_switches_total", "Context switches since boot", reading.cpu.contextSwitches)
    exposition.counter("node_intr_total", "Interrupts served since boot", reading.cpu.interrupts)
    exposition.counter("node_forks_total", "Processes and threads created since boot", reading.cpu.forks)
  }

  private func writeSystem(to exposition: inout Exposition) {
    let load = reading.load ?? Load()
    exposition.gauge("node_load1", "Load average of one minute", load.load1)
    exposition.gauge("node_load5", "Load average of five minutes", load.load5)
    exposition.gauge("node_load15", "Load average of fifteen minutes", load.load15)
    exposition.gauge("node_procs_running", "Runnable tasks", load.running)
    exposition.gauge("node_procs_blocked", "Tasks blocked on I/O", load.blocked)
    exposition.gauge("node_boot_time_seconds", "POSIX time of boot", reading.host.bootTime)
    if node.clock == nil {
      exposition.gauge("node_time_seconds", "POSIX time of the machine", reading.timestamp.seconds)
    }
    if node.fileHandles == nil {
      exposition.gauge("node_filefd_allocated", "File handles in use", reading.host.openFiles)
      exposition.gauge("node_filefd_maximum", "Maximum file handles", reading.host.openFilesLimit)
    }
    let host = reading.host
    if node.names == nil, let nodename = host.hostname {
      let words = (host.kernel ?? "").split(separator: " ", maxSplits: 1).map(String.init)
      exposition.family("node_uname_info", .gauge, "Names of the system from uname(2); always 1")
      exposition.sample()
      exposition.label("domainname", "(none)" as StaticString)
      exposition.label("machine", host.architecture ?? "")
      exposition.label("nodename", nodename)
      exposition.label("release", words.count > 1 ? words[1] : "")
      exposition.label("sysname", words.first ?? "")
      exposition.label("version", "" as StaticString)
      exposition.value(1 as UInt64)
    }
    if node.distribution.isEmpty, let name = host.os {
      exposition.family("node_os_info", .gauge, "The distribution from os-release(5); always 1")
      exposition.sample()
      exposition.label("pretty_name", name)
      exposition.value(1 as UInt64)
    }
  }

  private func writePressure(to exposition: inout Exposition) {
    func stalled(_ name: StaticString, _ help: StaticString, _ line: PressureReading.StallTotals?) {
      guard let line else { return }
      exposition.family(name, .counter, help)
      exposition.sample()
      exposition.value(line.total, decimals: 6)
    }
    let pressure = reading.pressure
    stalled("node_pressure_cpu_waiting_seconds_total", "Time that tasks waited for a CPU", pressure?.cpu?.some)
    stalled("node_pressure_memory_waiting_seconds_total", "Time that tasks waited for memory", pressure?.memory?.some)
    stalled(
      "node_pressure_memory_stalled_seconds_total", "Time that all tasks simultaneously waited for memory",
      pressure?.memory?.full)
    stalled("node_pressure_io_waiting_seconds_total", "Time that tasks waited for I/O", pressure?.io?.some)
    stalled(
      "node_pressure_io_stalled_seconds_total", "Time that all tasks simultaneously waited for I/O", pressure?.io?.full)
    stalled("node_pressure_irq_stalled_seconds_total", "Time lost to interrupts", pressure?.irq?.full)
  }

  // MARK: Memory

  private func writeMemory(to exposition: inout Exposition) {
    let memory = reading.memory
    func bytes(_ name: StaticString, _ help: StaticString, _ value: UInt64?) {
      guard let value else { return }
      exposition.family(name, .gauge, help)
      exposition.sample()
      exposition.value(value)
    }
    bytes("node_memory_MemTotal_bytes", "Total memory", memory.total)
    bytes("node_memory_MemFree_bytes", "Unused memory", memory.free)
    bytes("node_memory_MemAvailable_bytes", "Memory usable without swapping", memory.available)
    bytes("node_memory_Buffers_bytes", "Block device buffers", memory.buffers)
    bytes("node_memory_Cached_bytes", "Page cache, shared memory included", memory.cached)
    bytes("node_memory_Shmem_bytes", "Shared memory and tmpfs", memory.shared)
    bytes("node_memory_Slab_bytes", "Slab (kernel objects)", memory.slab)
    bytes("node_memory_SReclaimable_bytes", "Reclaimable kernel objects", memory.reclaimable)
    bytes("node_memory_Dirty_bytes", "Dirty page cache, not yet written to disk", memory.dirty)
    bytes("node_memory_SwapTotal_bytes", "Swap space", memory.swapTotal)
    bytes("node_memory_SwapFree_bytes", "Swap space not in use", memory.swapFree)
    bytes("node_memory_SwapCached_bytes", "Swapped pages that are also in memory", memory.swapCached)
  }

  private func writeVmstat(to exposition: inout Exposition) {
    func count(_ name: StaticString, _ help: StaticString, _ value: UInt64?) {
      guard let value else { return }
      exposition.family(name, .unknown, help)
      exposition.sample()
      exposition.value(value)
    }
    count("node_vmstat_pgmajfault", "Page faults that needed I/O", reading.memory.majorFaults)
    count("node_vmstat_oom_kill", "OOM kills since boot", reading.memory.oomKills)
  }

  // MARK: Disks and filesystems

  private func writeDisks(to exposition: inout Exposition) {
    func disks(
      _ name: StaticString, _ kind: Exposition.ExposedType, _ help: StaticString, decimals: Int = 0,
      _ value: (DiskReading) -> UInt64?
    ) {
      exposition.family(name, kind, help)
      for disk in reading.disks {
        guard let value = value(disk) else { continue }
        exposition.sample()
        exposition.label("device", disk.device)
        exposition.value(value, decimals: decimals)
      }
    }
    disks("node_disk_reads_completed_total", .counter, "Reads completed") { $0.reads }
    disks("node_disk_read_bytes_total", .counter, "Bytes read") { $0.bytesRead }
    disks("node_disk_read_time_seconds_total", .counter, "Time that reads took, summed", decimals: 3) {
      $0.readMilliseconds
    }
    disks("node_disk_writes_completed_total", .counter, "Writes completed") { $0.writes }
    disks("node_disk_written_bytes_total", .counter, "Bytes written") { $0.bytesWritten }
    disks("node_disk_write_time_seconds_total", .counter, "Time that writes took, summed", decimals: 3) {
      $0.writeMilliseconds
    }
    disks("node_disk_io_now", .gauge, "Requests in flight") { $0.inFlight }
    disks("node_disk_io_time_seconds_total", .counter, "Time with a request in flight", decimals: 3) {
      $0.busyMilliseconds
    }
    disks("node_disk_io_time_weighted_seconds_total", .counter, "Time in flight, summed over requests", decimals: 3) {
      $0.queueMilliseconds
    }
  }

  private func writeFilesystems(to exposition: inout Exposition) {
    func filesystems(_ name: StaticString, _ help: StaticString, _ value: (Filesystem) -> Double) {
      exposition.family(name, .gauge, help)
      for filesystem in reading.filesystems {
        exposition.sample()
        exposition.label("device", filesystem.device)
        exposition.label("fstype", filesystem.fstype)
        exposition.label("mountpoint", filesystem.mountpoint)
        exposition.value(value(filesystem))
      }
    }
    filesystems("node_filesystem_size_bytes", "Size") { $0.total.rounded() }
    filesystems("node_filesystem_free_bytes", "Free, root's reserve included") { $0.free.rounded() }
    filesystems("node_filesystem_avail_bytes", "Free for users other than root") { $0.available.rounded() }
    filesystems("node_filesystem_files", "Inodes") {
      $0.inodes.isNaN && !$0.total.isNaN ? 0 : $0.inodes.rounded()
    }
    filesystems("node_filesystem_files_free", "Inodes free") {
      $0.inodesFree.isNaN && !$0.total.isNaN ? 0 : $0.inodesFree.rounded()
    }
    filesystems("node_filesystem_readonly", "Whether it is read-only") { $0.isReadOnly ? 1 : 0 }
    filesystems("node_filesystem_device_error", "Whether it cannot be read") { $0.error == nil ? 0 : 1 }
  }

  // MARK: Network

  private func writeTraffic(to exposition: inout Exposition) {
    func traffic(_ name: StaticString, _ help: StaticString, _ value: (NetworkReading) -> UInt64?) {
      exposition.family(name, .counter, help)
      for network in reading.networks where network.device != "lo" {
        guard let value = value(network) else { continue }
        exposition.sample()
        exposition.label("device", network.device)
        exposition.value(value)
      }
    }
    traffic("node_network_receive_bytes_total", "Bytes received") { $0.receiveBytes }
    traffic("node_network_receive_packets_total", "Packets received") { $0.receivePackets }
    traffic("node_network_receive_errs_total", "Receive errors") { $0.receiveErrors }
    traffic("node_network_receive_drop_total", "Received packets dropped") { $0.receiveDrops }
    traffic("node_network_transmit_bytes_total", "Bytes sent") { $0.transmitBytes }
    traffic("node_network_transmit_packets_total", "Packets sent") { $0.transmitPackets }
    traffic("node_network_transmit_errs_total", "Transmit errors") { $0.transmitErrors }
    traffic("node_network_transmit_drop_total", "Packets dropped before they were sent") { $0.transmitDrops }
  }

  private func writeInterfaces(to exposition: inout Exposition) {
    func interfaces(_ name: StaticString, _ help: StaticString, _ value: (NetworkReading) -> Double) {
      exposition.family(name, .gauge, help)
      for network in reading.networks {
        exposition.sample()
        exposition.label("device", network.device)
        exposition.value(value(network))
      }
    }
    interfaces("node_network_up", "Whether its operational state is up") {
      $0.state == nil ? .nan : $0.state == "up" ? 1 : 0
    }
    interfaces("node_network_speed_bytes", "Link speed in bytes per second") { $0.speed }
  }

  // MARK: Sensors

  private func writeSensors(to exposition: inout Exposition) {
    let temperatures = reading.temperatures.filter { !$0.chip.hasPrefix(Self.zone) }
    func sensors<Sensor>(
      _ name: StaticString, _ help: StaticString, _ sensors: [Sensor], _ value: (Sensor) -> (String, String, Double)
    ) {
      let kind = Sensor.self == Fan.self ? "fan" : "temp"
      exposition.family(name, .gauge, help)
      for sensor in sensors {
        let (chip, sensor, value) = value(sensor)
        let names = self.sensors[[chip, sensor, kind]]
        exposition.sample()
        exposition.label("chip", names?.nodeChip ?? chip)
        exposition.label("sensor", names?.nodeSensor ?? sensor)
        exposition.value(value)
      }
    }
    sensors("node_hwmon_temp_celsius", "Temperature", temperatures) { ($0.chip, $0.sensor, $0.celsius) }
    sensors("node_hwmon_temp_max_celsius", "The chip's high limit", temperatures) { ($0.chip, $0.sensor, $0.high) }
    sensors("node_hwmon_temp_crit_celsius", "The chip's critical limit", temperatures) {
      ($0.chip, $0.sensor, $0.critical)
    }
    sensors("node_hwmon_fan_rpm", "Speed of a fan", reading.fans) { ($0.chip, $0.sensor, $0.rpm) }
    exposition.family("node_hwmon_chip_names", .gauge, "The driver's name of a chip; always 1")
    var seen: Set<String> = []
    let known = temperatures.map { ($0.chip, $0.sensor, "temp") } + reading.fans.map { ($0.chip, $0.sensor, "fan") }
    for (chip, sensor, kind) in known {
      let names = self.sensors[[chip, sensor, kind]]
      let name = names?.nodeChip ?? chip
      guard seen.insert(name).inserted else { continue }
      exposition.sample()
      exposition.label("chip", name)
      // A driver's name contains no hyphen (drivers/hwmon/hwmon.c).
      exposition.label("chip_name", names?.driver ?? String(chip.prefix { $0 != "-" }))
      exposition.value(1 as UInt64)
    }
    exposition.family("node_thermal_zone_temp", .gauge, "Temperature of a thermal zone in degrees Celsius")
    for temperature in reading.temperatures where temperature.chip.hasPrefix(Self.zone) {
      exposition.sample()
      exposition.label("type", temperature.sensor)
      exposition.label("zone", String(temperature.chip.dropFirst(Self.zone.count)))
      exposition.value(temperature.celsius)
    }
  }

  /// Name prefix of thermal zones that replace chips.
  private static let zone = "thermal_zone"

  // MARK: Processes and sources

  private func writeProcesses(to exposition: inout Exposition) {
    guard let processes = reading.processes?.all, !processes.isEmpty else { return }
    var states = [Int](repeating: 0, count: 128)
    var threads = 0
    for process in processes {
      states[Int(process.state & 0x7F)] += 1
      threads += Int(max(0, process.threads))
    }
    exposition.family("node_processes_state", .gauge, "Processes in each state (proc_pid_stat(5))")
    for (state, count) in states.enumerated() where count > 0 && state > 0x20 {
      exposition.sample()
      exposition.label("state", String(UnicodeScalar(UInt8(state))))
      exposition.value(Int64(count))
    }
    exposition.gauge("node_processes_pids", "Processes", Double(processes.count))
    exposition.gauge("node_processes_threads", "Threads", Double(threads))
  }

  private func writeSources(to exposition: inout Exposition) {
    let sources = reading.agent.sources.filter { collectors?.contains(source: $0.name) ?? true }
    exposition.family("node_scrape_collector_duration_seconds", .gauge, "Read time of a source")
    for source in sources {
      exposition.sample()
      exposition.label("collector", source.name)
      exposition.value(source.duration)
    }
    exposition.family("node_scrape_collector_success", .gauge, "Whether a source's last read succeeded")
    for source in sources {
      exposition.sample()
      exposition.label("collector", source.name)
      exposition.value((source.success ? 1 : 0) as UInt64)
    }
  }
}
