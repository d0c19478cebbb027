import CWindows
import CWindowsDouble

/// Machines whose counters grow by known rates, at a time after their boot.
enum Machines {
  /// FILETIME of every machine's boot, in September 2024.
  static let boot: UInt64 = 133_700_000_000_000_000
  /// Units of 100 ns in a second.
  static let second = 1e7
  static let mebibyte: UInt64 = 1_048_576

  /// A server with 8 groups of 64 processors; one in four is busy for a quarter of the time.
  static func server(at time: Double) -> WindowsMachine {
    var machine = common(at: time, product: "Windows Server 2022 Datacenter", build: 20_348, isServer: true)
    machine.processors = (0..<512).map { index in
      processor(index, at: time, busy: index % 4 == 0 ? 0.25 : 0, interruptsPerSecond: 10_000_000)
    }
    machine.topology = topology("Intel(R) Xeon(R) Platinum 8490H", packages: 8, cores: 256, threads: 512, base: 1_900)
    // Only the first group's clocks are reported.
    machine.frequencies = (0..<512).map { index in
      cwindows_frequency(current_mhz: index < 64 ? 2_900 : 0, maximum_mhz: 1_900)
    }
    machine.memory = memory(total: 2_097_152, available: 1_572_864, at: time, lists: true)
    machine.disks = (0..<2).map { disk($0, at: time, busy: $0 == 0 ? 0.5 : 0) }
    machine.diskModels = [0: "NVMe SAMSUNG MZWLR7T6HALA", 1: "DELL PERC H755 Front"]
    machine.diskLetters = ["C": 0, "D": 1, "E": 1]
    machine.volumes = [volume("C:\\"), volume("D:\\"), volume("E:\\")]
    machine.spaces = [
      "C:\\": (0, space(total: 7_000_000, free: 3_500_000, type: "NTFS", device: "\\\\?\\Volume{c}\\")),
      "D:\\": (0, space(total: 50_000_000, free: 5_000_000, type: "ReFS", device: "\\\\?\\Volume{d}\\")),
      "E:\\": (0x8031_0000, cwindows_space()),
    ]
    machine.interfaces = [
      interface("Ethernet 1", type: 6, isHardware: true, gigabits: 100, rate: 1_000_000, at: time),
      interface("Ethernet 2", type: 6, isHardware: true, gigabits: 0, rate: 0, at: time, state: 2),
      interface("vEthernet (Default Switch)", type: 6, isHardware: false, gigabits: 10, rate: 500_000, at: time),
      interface("Local Area Connection* 1", type: 23, isHardware: false, gigabits: 0, rate: 0, at: time, state: 2),
      interface("Loopback Pseudo-Interface 1", type: 24, isHardware: false, gigabits: 1, rate: 10, at: time),
    ]
    return machine
  }

  /// A laptop whose clocks are reported as the base clock; its card reader is empty.
  static func laptop(at time: Double) -> WindowsMachine {
    var machine = common(at: time, product: "Windows 10 Pro", build: 22_631, isServer: false)
    machine.processors = (0..<8).map { processor($0, at: time, busy: 0.5, interruptsPerSecond: 500) }
    machine.topology = topology(
      "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", packages: 1, cores: 4, threads: 8, base: 2_803)
    machine.frequencies = (0..<8).map { _ in cwindows_frequency(current_mhz: 2_803, maximum_mhz: 2_803) }
    machine.memory = memory(total: 16_100, available: 6_000, at: time, lists: false)
    machine.disks = [disk(0, at: time, busy: 0.05)]
    machine.diskModels = [0: "KXG60ZNV512G KIOXIA"]
    machine.diskLetters = ["C": 0]
    machine.volumes = [volume("C:\\"), volume("D:\\", isRemovable: true)]
    machine.spaces = [
      "C:\\": (0, space(total: 487_000, free: 40_000, type: "NTFS", device: "\\\\?\\Volume{c}\\")),
      "D:\\": (21, cwindows_space()),
    ]
    machine.interfaces = [
      interface("Wi-Fi", type: 71, isHardware: true, gigabits: 1.2, rate: 250_000, at: time)
    ]
    machine.gpus = [
      gpu(vendor: 0x8086, "Intel(R) Iris(R) Xe Graphics", dedicated: 128, shared: 8_050, busy: 0.3, at: time)
    ]
    return machine
  }

  /// A Server Core with disk counters off, without the privilege of the memory lists, DXGI or a list of services.
  static func serverCore(at time: Double) -> WindowsMachine {
    var machine = common(at: time, product: "Windows Server 2019 Standard", build: 17_763, isServer: true)
    machine.processors = (0..<4).map { processor($0, at: time, busy: 0.1, interruptsPerSecond: 100) }
    machine.topology = topology("AMD EPYC 7763 64-Core Processor", packages: 1, cores: 2, threads: 4, base: 2_445)
    machine.frequencies = nil
    machine.memory = memory(total: 8_191, available: 5_000, at: time, lists: false)
    var off = cwindows_disk()
    off.error = 50
    machine.disks = [off]
    machine.diskModels = [0: "Msft Virtual Disk"]
    machine.volumes = [volume("C:\\")]
    machine.spaces = ["C:\\": (0, space(total: 130_000, free: 100_000, type: "NTFS", device: "\\\\?\\Volume{c}\\"))]
    machine.interfaces = [
      interface("Ethernet", type: 6, isHardware: true, gigabits: 10, rate: 1_000, at: time)
    ]
    machine.services = nil
    machine.users = [:]
    machine.gpus = nil
    machine.displays = nil
    return machine
  }

  /// The server core with graphics adapters.
  static func workstation(at time: Double, gpus: [cwindows_gpu]) -> WindowsMachine {
    var machine = laptop(at: time)
    machine.gpus = gpus
    return machine
  }

  static func radeon(at time: Double) -> cwindows_gpu {
    var gpu = gpu(vendor: 0x1002, "AMD Radeon RX 7900 XTX", dedicated: 24_560, shared: 32_000, busy: 0.75, at: time)
    gpu.luid = 7
    (gpu.bus, gpu.slot, gpu.function) = (3, 0, 0)
    (gpu.temperature, gpu.fan_rpm, gpu.memory_clock) = (615, 1_420, 2_500_000_000)
    return gpu
  }

  static func geforce(at time: Double) -> cwindows_gpu {
    var gpu = gpu(vendor: 0x10DE, "NVIDIA GeForce RTX 4090", dedicated: 24_200, shared: 32_000, busy: 0.9, at: time)
    gpu.luid = 9
    (gpu.bus, gpu.slot, gpu.function) = (1, 0, 0)
    return gpu
  }

  static func integrated(at time: Double) -> cwindows_gpu {
    var gpu = gpu(vendor: 0x8086, "Intel(R) UHD Graphics 770", dedicated: 128, shared: 32_000, busy: 0.1, at: time)
    gpu.luid = 11
    (gpu.bus, gpu.slot, gpu.function) = (0, 2, 0)
    return gpu
  }

  // MARK: Parts

  private static func common(at time: Double, product: String, build: UInt32, isServer: Bool) -> WindowsMachine {
    var machine = WindowsMachine()
    var host = cwindows_host()
    (host.major, host.minor, host.build, host.revision) = (10, 0, build, 4_317)
    host.is_server = isServer
    host.uptime_ms = UInt64(time * 1_000)
    host.boot = boot
    set(&host.hostname, "WORKER-17")
    set(&host.product, product)
    set(&host.release, isServer ? "" : "23H2")
    set(&host.architecture, "x86_64")
    set(&host.model, "PowerEdge XE9680")
    machine.host = host
    machine.processes = processes(at: time)
    machine.users = [
      4: "S-1-5-18", 880: "S-1-5-20", 4_242: "S-1-5-80-1", 6_000: "S-1-5-21-1-2-3-1001",
    ]
    machine.accounts = ["S-1-5-80-1": "WorkerMonitorAgent", "S-1-5-21-1-2-3-1001": "anna"]
    machine.commands = [6_000: "\"C:\\Program Files\\Render\\render.exe\" --all", 4_242: "agent.exe service run"]
    machine.paths = [6_000: "C:\\Program Files\\Render\\render.exe"]
    machine.services =
      ["Dnscache", "NlaSvc", "CryptSvc", "WinRM"].map { service($0, 880) }
      + [service("WorkerMonitorAgent", 4_242)]
    return machine
  }

  private static func processor(
    _ index: Int, at time: Double, busy: Double, interruptsPerSecond: Double
  ) -> cwindows_processor {
    var processor = cwindows_processor()
    processor.group = UInt16(index / 64)
    processor.number = UInt16(index % 64)
    // Half of the busy time is the kernel's, a tenth of that each for calls and interrupts.
    processor.user = UInt64(time * second * busy / 2)
    processor.idle = UInt64(time * second * (1 - busy))
    processor.kernel = UInt64(time * second * (1 - busy / 2))
    processor.dpc = UInt64(time * second * busy / 20)
    processor.interrupt = UInt64(time * second * busy / 20)
    processor.interrupts = UInt32(truncatingIfNeeded: Int(time * interruptsPerSecond))
    return processor
  }

  private static func topology(
    _ model: String, packages: Int32, cores: Int32, threads: Int32, base: UInt32
  ) -> cwindows_topology {
    var topology = cwindows_topology()
    (topology.packages, topology.cores, topology.threads, topology.base_mhz) = (packages, cores, threads, base)
    topology.groups = (threads + 63) / 64
    set(&topology.model, model)
    return topology
  }

  private static func memory(
    total: UInt64, available: UInt64, at time: Double, lists: Bool
  ) -> cwindows_memory {
    var memory = cwindows_memory()
    memory.total = total * mebibyte
    memory.available = available * mebibyte
    memory.commit = (total - available) * mebibyte
    memory.commit_limit = (total + 4_096) * mebibyte
    memory.cache = total / 4 * mebibyte
    memory.kernel_paged = 600 * mebibyte
    memory.kernel_nonpaged = 300 * mebibyte
    memory.free = lists ? available / 2 * mebibyte : cwindows_absent
    memory.standby = lists ? available / 2 * mebibyte : cwindows_absent
    memory.modified = lists ? 100 * mebibyte : cwindows_absent
    memory.page_file_total = lists ? 8_192 * mebibyte : cwindows_absent
    memory.page_file_used = lists ? 1_024 * mebibyte : cwindows_absent
    (memory.handles, memory.threads, memory.processes) = (90_000, 3_000, 240)
    // Wraps between the readings of the tests.
    memory.page_reads = UInt64(UInt32(truncatingIfNeeded: Int(UInt32.max) - 1_010 + Int(time)))
    memory.context_switches = UInt64(UInt32(truncatingIfNeeded: Int(time * 20_000)))
    return memory
  }

  private static func disk(_ number: UInt32, at time: Double, busy: Double) -> cwindows_disk {
    var disk = cwindows_disk()
    disk.number = number
    disk.reads = UInt32(time * 200 * busy)
    disk.writes = UInt32(time * 100 * busy)
    disk.bytes_read = UInt64(disk.reads) * 65_536
    disk.bytes_written = UInt64(disk.writes) * 8_192
    disk.read_time = UInt64(disk.reads) * 5_000
    disk.write_time = UInt64(disk.writes) * 20_000
    disk.idle_time = UInt64(time * second * (1 - busy))
    disk.query_time = boot + UInt64(time * second)
    disk.queue_depth = busy > 0.1 ? 3 : 0
    return disk
  }

  private static func volume(_ root: String, isRemovable: Bool = false) -> cwindows_volume {
    var volume = cwindows_volume()
    set(&volume.root, root)
    volume.is_removable = isRemovable
    return volume
  }

  private static func space(total: UInt64, free: UInt64, type: String, device: String) -> cwindows_space {
    var space = cwindows_space()
    (space.total, space.free, space.available) = (total * mebibyte, free * mebibyte, free * mebibyte)
    set(&space.type, type)
    set(&space.device, device)
    return space
  }

  private static func interface(
    _ name: String, type: UInt32, isHardware: Bool, gigabits: Double, rate: Double, at time: Double, state: UInt32 = 1
  ) -> cwindows_interface {
    var interface = cwindows_interface()
    set(&interface.name, name)
    (interface.type, interface.state, interface.is_hardware) = (type, state, isHardware)
    interface.speed = gigabits > 0 ? UInt64(gigabits * 1e9) : cwindows_absent
    interface.receive_bytes = UInt64(time * rate)
    interface.transmit_bytes = UInt64(time * rate / 10)
    interface.receive_packets = UInt64(time * rate / 1_000)
    interface.transmit_packets = UInt64(time * rate / 10_000)
    return interface
  }

  private static func processes(at time: Double) -> [cwindows_process] {
    [
      process(4, "System", parent: 0, cpu: 0.02, threads: 200, at: time),
      process(140, "Registry", parent: 4, cpu: 0, threads: 4, at: time),
      process(500, "smss.exe", parent: 4, cpu: 0, threads: 2, at: time),
      process(880, "svchost.exe", parent: 700, cpu: 0.001, threads: 20, at: time),
      process(4_242, "agent.exe", parent: 700, cpu: 0.002, threads: 9, at: time),
      process(5_000, "SearchApp.exe", parent: 880, cpu: 0, threads: 12, suspended: 12, at: time),
      process(6_000, "render.exe", parent: 5_900, cpu: 3.5, threads: 16, running: 4, at: time),
    ]
  }

  private static func process(
    _ pid: UInt32, _ name: String, parent: UInt32, cpu: Double, threads: UInt32, running: UInt32 = 0,
    suspended: UInt32 = 0, at time: Double
  ) -> cwindows_process {
    var process = cwindows_process()
    (process.pid, process.parent, process.threads) = (pid, parent, threads)
    (process.running_threads, process.suspended_threads) = (running, suspended)
    process.created = boot + UInt64(pid) * 1_000_000
    process.user = UInt64(time * second * cpu * 0.75)
    process.kernel = UInt64(time * second * cpu * 0.25)
    process.working_set = UInt64(pid) * 65_536
    process.private_bytes = UInt64(pid) * 32_768
    process.bytes_read = UInt64(time * Double(pid) * 100)
    process.bytes_written = UInt64(time * Double(pid) * 10)
    set(&process.name, name)
    return process
  }

  private static func service(_ name: String, _ pid: UInt32) -> cwindows_service {
    var service = cwindows_service()
    service.pid = pid
    set(&service.name, name)
    return service
  }

  private static func gpu(
    vendor: UInt32, _ name: String, dedicated: UInt64, shared: UInt64, busy: Double, at time: Double
  ) -> cwindows_gpu {
    var gpu = cwindows_gpu()
    gpu.luid = 1
    (gpu.vendor, gpu.device) = (vendor, 0x1234)
    (gpu.bus, gpu.slot, gpu.function) = (0, 2, 0)
    gpu.dedicated_total = dedicated * mebibyte
    gpu.dedicated_used = dedicated / 4 * mebibyte
    gpu.shared_total = shared * mebibyte
    gpu.shared_used = 512 * mebibyte
    (gpu.temperature, gpu.fan_rpm, gpu.memory_clock) = (cwindows_absent, cwindows_absent, cwindows_absent)
    gpu.engines = 3
    gpu.engine.0 = 1
    gpu.engine.1 = 2
    gpu.engine.2 = 3
    gpu.running_time.0 = UInt64(time * second * busy)
    gpu.running_time.1 = UInt64(time * second * busy / 2)
    gpu.running_time.2 = cwindows_absent
    gpu.instant = UInt64(time * second)
    set(&gpu.name, name)
    return gpu
  }
}
