internal import NodeMetrics

/// Writes a NodeReading's values of /proc and of the clock under node_exporter's names.
enum NodeKernelWriter {
  static func write(_ reading: NodeReading, to exposition: inout Exposition) {
    writeMemory(reading, to: &exposition)
    writeDevices(reading, to: &exposition)
    writeProtocols(reading, to: &exposition)
    writeQueues(reading, to: &exposition)
    writeScheduler(reading.scheduler, to: &exposition)
    writeNumbers(reading, to: &exposition)
    writeNames(reading, to: &exposition)
    if let clock = reading.clock { NodeClockWriter.write(clock, to: &exposition) }
    if let devices = reading.devices { NodeDeviceWriter.write(devices, to: &exposition) }
  }

  // MARK: Memory

  private static func writeMemory(_ reading: NodeReading, to exposition: inout Exposition) {
    // `Active(anon):  123 kB` is node_memory_Active_anon_bytes.
    for line in reading.memory {
      if line.isBytes {
        exposition.family(
          "node_memory_", line.name, suffix: "_bytes", .gauge, "A line of /proc/meminfo, in bytes")
      } else {
        exposition.family("node_memory_", line.name, .gauge, "A line of /proc/meminfo")
      }
      exposition.sample()
      exposition.value(line.value)
    }
    for count in reading.vmstat {
      exposition.family("node_vmstat_", count.name, .unknown, "A counter of /proc/vmstat")
      exposition.sample()
      exposition.value(count.value)
    }
  }

  // MARK: Disks and interfaces

  /// A column of a kernel file.
  private struct Column {
    let name: StaticString
    let help: StaticString
    var kind = Exposition.ExposedType.counter
    var unit: UInt64 = 1
    var decimals = 0
  }

  private static let diskColumns: [Column] = [
    Column(name: "node_disk_reads_completed_total", help: "Reads completed"),
    Column(name: "node_disk_reads_merged_total", help: "Reads merged with others"),
    Column(name: "node_disk_read_bytes_total", help: "Bytes read", unit: 512),
    Column(name: "node_disk_read_time_seconds_total", help: "Time that reads took, summed", decimals: 3),
    Column(name: "node_disk_writes_completed_total", help: "Writes completed"),
    Column(name: "node_disk_writes_merged_total", help: "Writes merged with others"),
    Column(name: "node_disk_written_bytes_total", help: "Bytes written", unit: 512),
    Column(name: "node_disk_write_time_seconds_total", help: "Time that writes took, summed", decimals: 3),
    Column(name: "node_disk_io_now", help: "Requests in flight", kind: .gauge),
    Column(name: "node_disk_io_time_seconds_total", help: "Time with a request in flight", decimals: 3),
    Column(name: "node_disk_io_time_weighted_seconds_total", help: "Time in flight, summed over requests", decimals: 3),
    Column(name: "node_disk_discards_completed_total", help: "Discards completed"),
    Column(name: "node_disk_discards_merged_total", help: "Discards merged"),
    Column(name: "node_disk_discarded_sectors_total", help: "Sectors discarded"),
    Column(name: "node_disk_discard_time_seconds_total", help: "Time that discards took, summed", decimals: 3),
    Column(name: "node_disk_flush_requests_total", help: "Flushes completed"),
    Column(name: "node_disk_flush_requests_time_seconds_total", help: "Time that flushes took, summed", decimals: 3),
  ]

  private static let trafficColumns: [Column] = [
    Column(name: "node_network_receive_bytes_total", help: "Bytes received"),
    Column(name: "node_network_receive_packets_total", help: "Packets received"),
    Column(name: "node_network_receive_errs_total", help: "Receive errors"),
    Column(name: "node_network_receive_drop_total", help: "Received packets dropped"),
    Column(name: "node_network_receive_fifo_total", help: "Received packets lost by FIFO overruns of the device"),
    Column(name: "node_network_receive_frame_total", help: "Received frames that were malformed"),
    Column(name: "node_network_receive_compressed_total", help: "Compressed packets received"),
    Column(name: "node_network_receive_multicast_total", help: "Multicast packets received"),
    Column(name: "node_network_transmit_bytes_total", help: "Bytes sent"),
    Column(name: "node_network_transmit_packets_total", help: "Packets sent"),
    Column(name: "node_network_transmit_errs_total", help: "Transmit errors"),
    Column(name: "node_network_transmit_drop_total", help: "Packets dropped before they were sent"),
    Column(name: "node_network_transmit_fifo_total", help: "Packets lost by FIFO overruns of the device"),
    Column(name: "node_network_transmit_colls_total", help: "Collisions"),
    Column(name: "node_network_transmit_carrier_total", help: "Packets lost without a carrier"),
    Column(name: "node_network_transmit_compressed_total", help: "Compressed packets sent"),
  ]

  private static func writeDevices(_ reading: NodeReading, to exposition: inout Exposition) {
    write(reading.disks ?? [], diskColumns, to: &exposition)
    write(reading.traffic ?? [], trafficColumns, to: &exposition)
  }

  private static func write(
    _ devices: [NodeReading.DeviceCounters], _ columns: [Column], to exposition: inout Exposition
  ) {
    for (index, column) in columns.enumerated() {
      exposition.family(column.name, column.kind, column.help)
      for device in devices where index < device.values.count {
        exposition.sample()
        exposition.label("device", device.name)
        exposition.value(device.values[index] &* column.unit, decimals: column.decimals)
      }
    }
  }

  // MARK: Network

  private static func writeProtocols(_ reading: NodeReading, to exposition: inout Exposition) {
    for count in reading.protocols {
      exposition.family("node_netstat_", count.name, .unknown, "A counter of the kernel's network protocols (RFC 1213)")
      exposition.sample()
      exposition.value(count.value)
    }
    let help: StaticString = "A value of /proc/net/sockstat or sockstat6"
    for count in reading.sockets {
      exposition.family("node_sockstat_", count.name, .gauge, help)
      exposition.sample()
      exposition.value(count.value)
      guard let bytes = count.bytes else { continue }
      exposition.family("node_sockstat_", count.name, suffix: "_bytes", .gauge, help)
      exposition.sample()
      exposition.value(bytes)
    }
  }

  private static let softnetColumns: [(index: Int, name: StaticString, help: StaticString)] = [
    (0, "node_softnet_processed_total", "Packets processed by each CPU"),
    (1, "node_softnet_dropped_total", "Packets dropped because a CPU's queue was full"),
    (2, "node_softnet_times_squeezed_total", "Times that a CPU exceeded its packet budget"),
    (9, "node_softnet_received_rps_total", "Times that a CPU was woken by another to process packets"),
    (10, "node_softnet_flow_limit_count_total", "Packets dropped because a flow exceeded its limit"),
  ]

  /// Names of TCP's states by their number.
  private static let states: [StaticString] = [
    "", "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "close", "close_wait",
    "last_ack", "listen", "closing", "",
  ]

  private static func writeQueues(_ reading: NodeReading, to exposition: inout Exposition) {
    for column in softnetColumns {
      exposition.family(column.name, .counter, column.help)
      for row in reading.softnet where column.index < row.values.count {
        exposition.sample()
        exposition.label("cpu", row.cpu)
        exposition.value(row.values[column.index])
      }
    }
    exposition.family("node_arp_entries", .gauge, "Known neighbors, by interface")
    for count in reading.neighbors {
      exposition.sample()
      exposition.label("device", count.name)
      exposition.value(count.value)
    }
    exposition.family("node_udp_queues", .gauge, "Bytes in the queues of UDP's sockets")
    for (ip, totals) in [("v4" as StaticString, reading.udp), ("v6", reading.udp6)] {
      guard let totals else { continue }
      for (queue, bytes) in [("rx" as StaticString, totals.receiveQueue), ("tx", totals.transmitQueue)] {
        exposition.sample()
        exposition.label("ip", ip)
        exposition.label("queue", queue)
        exposition.value(bytes)
      }
    }
    if let tcp = reading.tcp { write(connections: tcp, to: &exposition) }
  }

  private static func write(connections: NodeReading.SocketTotals, to exposition: inout Exposition) {
    exposition.family(
      "node_tcp_connection_states", .gauge, "TCP's connections and listeners by state, and bytes in their queues")
    for (state, name) in states.enumerated() where name.utf8CodeUnitCount > 0 {
      exposition.sample()
      exposition.label("state", name)
      exposition.value(connections.states[state])
    }
    exposition.sample()
    exposition.label("state", "rx_queued_bytes" as StaticString)
    exposition.value(connections.receiveQueue)
    exposition.sample()
    exposition.label("state", "tx_queued_bytes" as StaticString)
    exposition.value(connections.transmitQueue)
  }

  // MARK: System

  private static func writeScheduler(_ rows: [NodeReading.SchedulerRow], to exposition: inout Exposition) {
    func column(
      _ name: StaticString, _ help: StaticString, decimals: Int, _ value: (NodeReading.SchedulerRow) -> UInt64
    ) {
      exposition.family(name, .counter, help)
      for row in rows {
        exposition.sample()
        exposition.label("cpu", row.cpu)
        exposition.value(value(row), decimals: decimals)
      }
    }
    column("node_schedstat_running_seconds_total", "Time that tasks ran on each CPU", decimals: 9) {
      $0.runningNanoseconds
    }
    column("node_schedstat_waiting_seconds_total", "Time that tasks waited for each CPU", decimals: 9) {
      $0.waitingNanoseconds
    }
    column("node_schedstat_timeslices_total", "Timeslices of each CPU", decimals: 0) { $0.timeslices }
  }

  private static func writeNumbers(_ reading: NodeReading, to exposition: inout Exposition) {
    let numbers = reading.numbers
    exposition.gauge(
      "node_entropy_available_bits", "Available bits of the kernel's random number source", numbers.entropy)
    exposition.gauge(
      "node_entropy_pool_size_bits", "Capacity of the kernel's random number source in bits", numbers.entropyPool)
    exposition.gauge(
      "node_nf_conntrack_entries", "Connections tracked by the firewall", numbers.trackedConnections)
    exposition.gauge(
      "node_nf_conntrack_entries_limit", "Maximum tracked connections", numbers.trackedConnectionsLimit)
    exposition.gauge("node_processes_max_processes", "Maximum processes", numbers.pidLimit)
    exposition.gauge("node_processes_max_threads", "Maximum threads", numbers.threadLimit)
    exposition.gauge("node_kernel_hung_tasks", "Hung tasks detected since boot", numbers.hungTasks)
    exposition.gauge("node_filefd_allocated", "File handles allocated", reading.fileHandles?.allocated)
    exposition.gauge("node_filefd_maximum", "Maximum file handles", reading.fileHandles?.maximum)
  }

  private static func writeNames(_ reading: NodeReading, to exposition: inout Exposition) {
    if let names = reading.names {
      exposition.family("node_uname_info", .gauge, "Names of the system from uname(2); always 1")
      exposition.sample()
      exposition.label("domainname", names.domain)
      exposition.label("machine", names.machine)
      exposition.label("nodename", names.node)
      exposition.label("release", names.release)
      exposition.label("sysname", names.system)
      exposition.label("version", names.version)
      exposition.value(1 as UInt64)
    }
    if !reading.distribution.isEmpty {
      exposition.family("node_os_info", .gauge, "The distribution from os-release(5); always 1")
      exposition.sample()
      for (key, value) in reading.distribution { exposition.label(named: key, value) }
      exposition.value(1 as UInt64)
    }
  }
}
