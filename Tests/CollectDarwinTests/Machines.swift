import CDarwin
import CDarwinDouble

/// Macs whose counters grow by known rates, at a time after their boot.
enum Machines {
  /// Seconds since 1970 of every machine's boot, in September 2026.
  static let boot: UInt64 = 1_790_000_000
  static let mebibyte: UInt64 = 1_048_576

  /// A laptop with Apple's processor, run by its user: the use of the system's processes is unreadable.
  static func laptop(at time: Double) -> DarwinMachine {
    var machine = common(at: time, model: "Mac15,12", architecture: "arm64")
    machine.cpus = (0..<8).map { cpu(busy: $0 < 4 ? 0.5 : 0.1, at: time) }
    machine.topology = topology("Apple M3", cores: 8, threads: 8, hertz: 0)
    machine.load = [2.4, 1.9, 1.5]
    machine.timebase = cdarwin_timebase(numerator: 125, denominator: 3)
    machine.memory = memory(total: 16_384, pageSize: 16_384, swap: 2_048, at: time)
    machine.filesystems = [
      filesystem("/", "/dev/disk3s1s1", isReadOnly: true),
      filesystem("/dev", "devfs", type: "devfs"),
      filesystem("/System/Volumes/VM", "/dev/disk3s6", isHidden: true),
      filesystem("/System/Volumes/Data", "/dev/disk3s5", isHidden: true),
    ]
    machine.spaces = [
      "/": (0, space(total: 471_000, free: 90_000)), "/System/Volumes/Data": (0, space(total: 471_000, free: 90_000)),
    ]
    machine.interfaces = [
      interface("lo0", type: 24, rate: 5_000, at: time, isLoopback: true),
      interface("en0", type: 6, speed: 1_200_000_000, rate: 250_000, at: time),
      interface("awdl0", type: 6, rate: 100, at: time), interface("utun0", type: 1, rate: 0, at: time, isUp: false),
    ]
    machine.processes = processes(at: time, isRoot: false)
    return machine
  }

  /// A Mac Studio with an agent of root, and a file server.
  static func studio(at time: Double) -> DarwinMachine {
    var machine = common(at: time, model: "Mac15,14", architecture: "arm64")
    machine.cpus = (0..<32).map { cpu(busy: $0 < 24 ? 0.75 : 0, at: time) }
    machine.topology = topology("Apple M3 Ultra", cores: 32, threads: 32, hertz: 0)
    machine.load = [26.1, 24.8, 20]
    machine.timebase = cdarwin_timebase(numerator: 125, denominator: 3)
    machine.memory = memory(total: 524_288, pageSize: 16_384, swap: 0, at: time)
    machine.filesystems = [
      filesystem("/", "/dev/disk3s1s1", isReadOnly: true),
      filesystem("/System/Volumes/Data", "/dev/disk3s5", isHidden: true),
      filesystem("/Volumes/Projects", "//render@nas/Projects", type: "smbfs"),
    ]
    machine.spaces = [
      "/": (0, space(total: 7_600_000, free: 2_500_000)),
      "/System/Volumes/Data": (0, space(total: 7_600_000, free: 2_500_000)),
      "/Volumes/Projects": (60, cdarwin_space()),
    ]
    machine.interfaces = [
      interface("lo0", type: 24, rate: 5_000, at: time, isLoopback: true),
      interface("en0", type: 6, speed: 10_000_000_000, rate: 90_000_000, at: time),
      interface("bridge0", type: 209, rate: 0, at: time),
    ]
    machine.processes = processes(at: time, isRoot: true)
    return machine
  }

  // MARK: Parts

  private static func common(at time: Double, model: String, architecture: String) -> DarwinMachine {
    var machine = DarwinMachine()
    var host = cdarwin_host()
    host.boot = Int64(boot)
    (host.open_files, host.open_files_limit) = (9_400, 491_520)
    set(&host.hostname, "worker-17.local")
    set(&host.version, "26.1")
    set(&host.build, "25B78")
    set(&host.release, "25.1.0")
    set(&host.architecture, architecture)
    set(&host.model, model)
    machine.host = host
    machine.users = [501: "anna", 88: "_windowserver"]
    machine.arguments = [
      6_000: arguments("/Applications/Render.app/Contents/MacOS/render", ["render", "--token", "s3cret", "scene 1"])
    ]
    machine.paths = [6_000: "/Applications/Render.app/Contents/MacOS/render"]
    machine.directories = [6_000: "/Users/anna/scenes"]
    return machine
  }

  /// As sysctl KERN_PROCARGS2 returns them, with padding after the path and an environment.
  static func arguments(_ path: String, _ arguments: [String], count: Int32? = nil) -> [UInt8] {
    let number = UInt32(bitPattern: count ?? Int32(arguments.count))
    var bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
    bytes += Array(path.utf8) + [0, 0, 0]
    for argument in arguments { bytes += Array(argument.utf8) + [0] }
    return bytes + Array("PASSWORD=hidden\0HOME=/Users/anna\0".utf8)
  }

  static func cpu(busy: Double, at time: Double) -> cdarwin_cpu {
    var cpu = cdarwin_cpu()
    // Wraps between the readings of the tests.
    cpu.user = UInt32(truncatingIfNeeded: Int(UInt32.max) - 101_000 * 60 / 100 + Int(time * 100 * busy * 0.75))
    cpu.system = UInt32(time * 100 * busy * 0.25)
    cpu.idle = UInt32(truncatingIfNeeded: Int(UInt32.max) - 101_500 + Int(time * 100 * (1 - busy)))
    return cpu
  }

  static func topology(_ model: String, cores: Int32, threads: Int32, hertz: UInt64) -> cdarwin_topology {
    var topology = cdarwin_topology()
    (topology.packages, topology.cores, topology.threads, topology.hertz) = (1, cores, threads, hertz)
    set(&topology.model, model)
    return topology
  }

  private static func memory(total: UInt64, pageSize: UInt64, swap: UInt64, at time: Double) -> cdarwin_memory {
    var memory = cdarwin_memory()
    let pages = total * mebibyte / pageSize
    (memory.total, memory.page_size) = (total * mebibyte, pageSize)
    (memory.free, memory.speculative) = (pages / 16, pages / 32)
    (memory.internal, memory.external, memory.purgeable) = (pages / 2, pages / 4, pages / 32)
    (memory.wired, memory.compressor) = (pages / 8, pages / 16)
    memory.page_ins = UInt64(time * 25)
    (memory.swap_ins, memory.swap_outs) = swap > 0 ? (UInt64(time * 10), UInt64(time * 20)) : (0, 0)
    (memory.swap_total, memory.swap_used) = (swap * mebibyte, swap / 4 * mebibyte)
    return memory
  }

  private static func filesystem(
    _ mountpoint: String, _ device: String, type: String = "apfs", isReadOnly: Bool = false, isHidden: Bool = false
  ) -> cdarwin_filesystem {
    var filesystem = cdarwin_filesystem()
    (filesystem.is_read_only, filesystem.is_hidden) = (isReadOnly, isHidden)
    set(&filesystem.mountpoint, mountpoint)
    set(&filesystem.device, device)
    set(&filesystem.type, type)
    return filesystem
  }

  private static func space(total: UInt64, free: UInt64) -> cdarwin_space {
    cdarwin_space(
      total: total * mebibyte, free: free * mebibyte, available: free * mebibyte, files: 4_000_000_000,
      files_free: 3_999_000_000)
  }

  private static func interface(
    _ name: String, type: UInt32, speed: UInt64 = 0, rate: Double, at time: Double, isUp: Bool = true,
    isLoopback: Bool = false
  ) -> cdarwin_interface {
    var interface = cdarwin_interface()
    set(&interface.name, name)
    (interface.is_up, interface.is_loopback, interface.type, interface.speed) = (isUp, isLoopback, type, speed)
    interface.receive_bytes = UInt64(time * rate)
    interface.transmit_bytes = UInt64(time * rate / 10)
    interface.receive_packets = UInt64(time * rate / 1_000)
    interface.transmit_packets = UInt64(time * rate / 10_000)
    return interface
  }

  private static func processes(at time: Double, isRoot: Bool) -> [cdarwin_process] {
    [
      process(1, "launchd", parent: 0, user: 0, cpu: 0.01, threads: 4, isReadable: isRoot, at: time),
      process(170, "WindowServer", parent: 1, user: 88, cpu: 0.2, threads: 20, isReadable: isRoot, at: time),
      process(5_000, "zsh", parent: 1, user: 501, cpu: 0, threads: 1, state: 4, at: time),
      process(5_500, "sort", parent: 5_000, user: 501, cpu: 0, threads: 0, state: 5, isReadable: false, at: time),
      process(6_000, "render", parent: 5_000, user: 501, cpu: 3.5, threads: 16, running: 4, at: time),
    ]
  }

  static func process(
    _ pid: Int32, _ name: String, parent: Int32, user: UInt32, cpu: Double, threads: Int32, running: Int32 = 0,
    state: UInt8 = 2, isReadable: Bool = true, at time: Double
  ) -> cdarwin_process {
    var process = cdarwin_process()
    (process.pid, process.parent, process.user, process.state) = (pid, parent, user, state)
    process.started = boot * 1_000_000 + UInt64(pid) * 100_000
    (process.bytes_read, process.bytes_written) = (cdarwin_absent, cdarwin_absent)
    set(&process.name, name)
    process.is_readable = isReadable
    guard isReadable else { return process }
    (process.threads, process.running_threads) = (threads, running)
    // 24 million units in a second, as on Apple's processors.
    process.user_time = UInt64(time * 24e6 * cpu * 0.75)
    process.system_time = UInt64(time * 24e6 * cpu * 0.25)
    process.resident_bytes = UInt64(pid) * 65_536
    process.virtual_bytes = UInt64(pid) * 1_048_576
    process.page_ins = UInt64(time)
    (process.bytes_read, process.bytes_written) = (UInt64(time * Double(pid) * 100), UInt64(time * Double(pid) * 10))
    return process
  }
}
