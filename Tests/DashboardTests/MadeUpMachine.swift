import AgentMetrics
import SampleStore

/// A simulated machine: Readings from a seed, equal in every run.
struct MadeUpMachine {
  var name = "worker-17"
  var threads = 2
  var model: String? = "AMD EPYC 7B13"
  var gpus = 0
  var gpuModel = "NVIDIA H100 80GB HBM3"
  /// GiB and watts per GPU.
  var gpuMemory = 80.0
  var gpuPower = 700.0
  var memoryTotal: UInt64 = 4 << 30
  var swapTotal: UInt64 = 0
  var memoryLimit: UInt64?
  var cpuLimit: Double?
  var steal = false
  var disks: [String] = ["vda"]
  var networks: [String] = ["eth0"]
  var mounts: [(path: String, total: UInt64, share: Double)] = [("/", 40 << 30, 0.62)]
  var staleMount: String?
  var sensors: [(chip: String, name: String, celsius: Double)] = []
  var hasPressure = true
  var hasProcesses = true
  var sleepingGPU: Int?
  var lostGPU: Int?
  /// Ticks of events on the axis.
  var outOfMemoryAt: Int?
  /// Mean load, 0…1.
  var load = 0.3

  private var random: SplitMix

  init(seed: UInt64) {
    random = SplitMix(state: seed)
  }

  /// A small virtual machine with a noisy neighbor.
  static var smallVM: MadeUpMachine {
    var machine = MadeUpMachine(seed: 1)
    machine.steal = true
    machine.memoryLimit = 3 << 30
    machine.cpuLimit = 1.5
    machine.swapTotal = 1 << 30
    return machine
  }

  /// 64 threads, 8 GPUs, and many devices.
  static var gpuServer: MadeUpMachine {
    var machine = MadeUpMachine(seed: 2)
    machine.name = "train-03.cluster.example.org"
    machine.threads = 64
    machine.model = "Intel(R) Xeon(R) Platinum 8462Y+"
    machine.gpus = 8
    machine.memoryTotal = 1 << 40
    machine.disks = ["nvme0n1", "nvme1n1", "nvme2n1", "nvme3n1", "md0", "dm-0"]
    machine.networks = ["lo", "eth0", "ib0", "ib1", "docker0", "veth12ab34c"]
    machine.mounts = [
      ("/", 100 << 30, 0.41), ("/boot/efi", 512 << 20, 0.02), ("/scratch", 14 << 40, 0.93),
      ("/home/数据", 2 << 40, 0.7),
    ]
    machine.sensors = [
      ("coretemp", "Package id 0", 71), ("coretemp-1", "Package id 1", 68), ("nvme", "Composite", 44),
      ("nvme-1", "Composite", 82.5), ("acpitz", "temp1", 31),
    ]
    machine.load = 0.55
    return machine
  }

  /// 256 threads.
  static var manyThreads: MadeUpMachine {
    var machine = MadeUpMachine(seed: 3)
    machine.name = "epyc-256"
    machine.threads = 256
    machine.model = "AMD EPYC 9754 128-Core Processor"
    machine.memoryTotal = 768 << 30
    machine.swapTotal = 8 << 30
    machine.disks = ["sda", "sdb"]
    machine.sensors = [("k10temp", "Tctl", 63)]
    machine.load = 0.7
    return machine
  }

  /// A hung filesystem, another without any answer, a process with a hostile name.
  static var staleFilesystem: MadeUpMachine {
    var machine = MadeUpMachine(seed: 4)
    machine.threads = 8
    machine.gpus = 1
    machine.gpuModel = "NVIDIA GeForce RTX 3080"
    (machine.gpuMemory, machine.gpuPower) = (10, 320)
    machine.mounts = [("/", 40 << 30, 0.35), ("/mnt/nfs", 8 << 40, 0.8), ("/mnt/gone", 0, 0)]
    machine.staleMount = "/mnt/nfs"
    machine.sensors = [("k10temp", "Tctl", 93)]
    return machine
  }

  /// 256 threads and 16 GPUs, one asleep and one lost.
  static var sixteenGPUs: MadeUpMachine {
    var machine = manyThreads
    machine.name = "hgx-16"
    machine.gpus = 16
    machine.sleepingGPU = 5
    machine.lostGPU = 11
    return machine
  }

  /// One core and few devices.
  static var oneCore: MadeUpMachine {
    var machine = MadeUpMachine(seed: 5)
    machine.name = "tiny"
    machine.threads = 1
    machine.model = nil
    machine.memoryTotal = 512 << 20
    machine.hasPressure = false
    return machine
  }

  /// Returns a history of some ticks; a range of them may be missing.
  mutating func history(ticks: Int, interval: Int = 1, gap: Range<Int> = 0..<0) -> History {
    let history = History(capacity: 1000, interval: interval)
    var reading = Reading()
    begin(&reading)
    var previous: Reading?
    for tick in 0..<ticks {
      advance(&reading, tick: tick, seconds: Double(interval))
      // A machine resumed from suspend has no previous Reading.
      if gap.contains(tick) {
        previous = nil
        continue
      }
      if let previous { history.append(Sample(from: previous, to: reading)) }
      previous = reading
    }
    return history
  }

  private mutating func begin(_ reading: inout Reading) {
    reading.timestamp = Timestamp(seconds: 1_770_273_900)
    reading.monotonic = 1_000_000
    reading.boottime = 1_000_000
    reading.host.hostname = name
    reading.host.os = "Debian GNU/Linux 12 (bookworm)"
    reading.host.kernel = "Linux 6.1.0-18-amd64"
    reading.host.uptime = 273_840
    reading.cpu.cores = (0..<threads).map { CPUReading.CoreReading(cpu: $0) }
    reading.cpu.topology.model = model
    reading.cpu.topology.sockets = threads > 32 ? 2 : 1
    reading.cpu.topology.cores = max(1, threads / 2)
    reading.cpu.frequency = 2.45e9
    reading.cpu.contextSwitches = 0
    reading.cpu.interrupts = 0
    reading.cpu.forks = 0
    reading.load = Load()
    reading.memory.total = memoryTotal
    reading.memory.swapTotal = swapTotal
    reading.disks = disks.map { name in
      var disk = DiskReading(device: name)
      disk.isPhysical = !name.hasPrefix("md") && !name.hasPrefix("dm")
      if name.hasPrefix("nvme") { disk.model = "SAMSUNG MZQL23T8HCLS" }
      if name == "dm-0" { disk.name = "vg0-root" }
      (disk.reads, disk.bytesRead, disk.writes, disk.bytesWritten, disk.busyMilliseconds) = (0, 0, 0, 0, 0)
      (disk.readMilliseconds, disk.writeMilliseconds, disk.queueMilliseconds) = (0, 0, 0)
      return disk
    }
    reading.networks = networks.map { name in
      var network = NetworkReading(device: name)
      network.isPhysical = name.hasPrefix("eth") || name.hasPrefix("ib")
      network.state = name == "docker0" ? "down" : name == "lo" ? "unknown" : "up"
      network.speed = name.hasPrefix("ib") ? 50e9 : name.hasPrefix("eth") ? 1.25e9 : .nan
      (network.receiveBytes, network.transmitBytes, network.receiveDrops) = (0, 0, 0)
      return network
    }
    if hasPressure {
      var pressure = PressureReading()
      var resource = PressureReading.Resource()
      resource.some = PressureReading.StallTotals()
      pressure.cpu = resource
      resource.full = PressureReading.StallTotals()
      pressure.memory = resource
      pressure.io = resource
      reading.pressure = pressure
    }
    if memoryLimit != nil || cpuLimit != nil {
      reading.cgroup = CgroupReading(version: 2, path: "/kubepods/pod1")
      reading.cgroup?.memoryLimit = memoryLimit
      reading.cgroup?.cpuLimit = cpuLimit
      reading.cgroup?.cpuMicroseconds = 0
    }
    if hasProcesses { reading.processes = processTable() }
    reading.agent.version = "1.0.0"
    reading.agent.resident = 14 << 20
    reading.agent.cpuNanoseconds = 0
    reading.agent.sources = ["cpu", "memory", "filesystem"].enumerated().map { index, name in
      SourceReading(name: name, duration: 0.0002 * Double(index + 1), success: true, age: 0)
    }
  }

  private func processTable() -> ProcessesReading {
    var table = ProcessesReading()
    let names = [
      "systemd", "kworker/0:1H", "sshd", "postgres", "nginx", "node", "python3", "a) R 1 (b", "\u{1B}[31mred\n",
      "日本語プロセス", "java", "containerd",
    ]
    for (index, name) in names.enumerated() {
      var process = ProcessReading(pid: Int32(1 + index * 317))
      process.start = UInt64(index)
      process.name = name
      process.user = index == 0 || index == 1 ? "root" : index % 3 == 0 ? "postgres" : "a-very-long-user-name"
      process.state = [UInt8(ascii: "S"), UInt8(ascii: "R"), UInt8(ascii: "D"), UInt8(ascii: "S")][index % 4]
      process.threads = Int32(index * 3 + 1)
      process.isKernelThread = index == 1
      process.parent = index < 2 ? 0 : index < 6 ? 1 : Int32(1 + (index - 4) * 317)
      if index > 4 { process.service = index % 2 == 0 ? "docker-8f31c2a0b1d7" : "worker.service" }
      (process.readBytes, process.writtenBytes) = (0, 0)
      table.all.append(process)
    }
    return table
  }

  private mutating func advance(_ reading: inout Reading, tick: Int, seconds: Double) {
    reading.timestamp.seconds += seconds
    reading.monotonic += seconds
    reading.boottime += seconds
    reading.host.uptime += seconds
    reading.agent.cpuNanoseconds? += UInt64(seconds * 4e6)
    // A slow wave under the noise.
    let phase = Double(tick % 90) / 90
    let wave = 0.6 + 0.8 * (phase < 0.5 ? phase : 1 - phase)
    let busy = min(0.98, load * wave + random.unit * 0.1)
    reading.load?.load1 = busy * Double(threads)
    reading.load?.load5 = load * Double(threads)
    reading.load?.load15 = load * 0.9 * Double(threads)
    let ticks = UInt64(seconds * 100)
    reading.cpu.total = CPUTime()
    for index in reading.cpu.cores.indices {
      let own = min(1, max(0, busy * 2 * random.unit + (index == 0 ? 0.2 : 0)))
      let used = UInt64(own * Double(ticks))
      var time = reading.cpu.cores[index].time
      time.user += used * 7 / 10
      time.system += used - used * 7 / 10 - (steal ? used / 10 : 0)
      time.steal += steal ? used / 10 : 0
      time.iowait += (ticks - used) / 20
      time.idle += ticks - used - (ticks - used) / 20
      reading.cpu.cores[index].time = time
      reading.cpu.total.user += time.user
      reading.cpu.total.system += time.system
      reading.cpu.total.steal += time.steal
      reading.cpu.total.iowait += time.iowait
      reading.cpu.total.idle += time.idle
    }
    reading.cpu.contextSwitches? += UInt64(seconds * 12_345 * (0.5 + random.unit))
    reading.cpu.interrupts? += UInt64(seconds * 4_321 * (0.5 + random.unit))
    reading.cpu.forks? += UInt64(seconds * 3)
    let used = UInt64(Double(memoryTotal) * (0.3 + 0.3 * busy))
    reading.memory.available = memoryTotal - used
    reading.memory.free = (memoryTotal - used) / 3
    reading.memory.cached = (memoryTotal - used) / 2
    reading.memory.shared = memoryTotal / 100
    reading.memory.swapFree = swapTotal - swapTotal / 50
    reading.memory.oomKills = tick >= outOfMemoryAt ?? .max ? 1 : 0
    if let memoryLimit {
      reading.cgroup?.memoryUsage = memoryLimit / 10 * 8
      reading.cgroup?.memoryInactiveFile = memoryLimit / 20
    }
    reading.cgroup?.cpuMicroseconds? += UInt64(seconds * 1e6 * 0.7)
    for index in reading.disks.indices {
      let rate = index == 0 || random.unit < 0.3 ? random.unit * random.unit * 200e6 : 0
      reading.disks[index].bytesRead? += UInt64(rate * seconds / 512) * 512
      reading.disks[index].bytesWritten? += UInt64(rate * 0.4 * seconds / 512) * 512
      let requests = UInt64(rate * seconds / 131_072)
      reading.disks[index].reads? += requests
      reading.disks[index].readMilliseconds? += requests / 4
      reading.disks[index].queueMilliseconds? += requests / 4
      reading.disks[index].busyMilliseconds? += UInt64(min(1, rate / 150e6) * seconds * 1000)
    }
    for index in reading.networks.indices where reading.networks[index].state != "down" {
      let rate = random.unit * random.unit * (reading.networks[index].isPhysical ? 90e6 : 9e3)
      reading.networks[index].receiveBytes? += UInt64(rate * seconds)
      reading.networks[index].transmitBytes? += UInt64(rate * 0.2 * seconds)
      if index == 1 { reading.networks[index].receiveDrops? += UInt64(12 * seconds) }
    }
    for path in [\PressureReading.cpu, \PressureReading.memory, \PressureReading.io] {
      let stalled = UInt64(random.unit * busy * 4e5 * seconds)
      reading.pressure?[keyPath: path]?.some?.total += stalled
      reading.pressure?[keyPath: path]?.full?.total += stalled / 5
    }
    reading.filesystems = mounts.map { mount in
      var filesystem = Filesystem(mountpoint: mount.path, device: "/dev/vda1", fstype: "ext4", isReadOnly: false)
      if mount.total > 0 {
        filesystem.total = Double(mount.total)
        filesystem.used = Double(mount.total) * mount.share
        filesystem.free = filesystem.total - filesystem.used
        filesystem.available = filesystem.free * 0.95
      } else {
        filesystem.error = "no answer in 2 s"
      }
      if mount.path == staleMount { filesystem.age = 42 }
      return filesystem
    }
    reading.temperatures = sensors.map { sensor in
      var temperature = Temperature(chip: sensor.chip, sensor: sensor.name, celsius: sensor.celsius + random.unit)
      if sensor.chip.hasPrefix("nvme") { (temperature.high, temperature.critical) = (81, 85) }
      return temperature
    }
    reading.gpus = (0..<gpus).map { index in
      var gpu = GPU(index: index, vendor: "nvidia")
      gpu.model = gpuModel
      gpu.util = min(1, 0.8 * wave + random.unit * 0.3)
      gpu.temperature = 58 + Double(index % 9) * 3
      gpu.vramTotal = gpuMemory * 1_073_741_824
      gpu.vramUsed = gpu.vramTotal * (0.5 + 0.05 * Double(index % 10))
      gpu.power = gpuPower / 2 + gpu.util * gpuPower / 7 * 3
      gpu.powerLimit = gpuPower
      gpu.clock = 1.755e9
      (gpu.pcieGeneration, gpu.pcieWidth) = (5, 16)
      (gpu.pcieReceive, gpu.pcieTransmit) = (3e9 * gpu.util, 1e9 * gpu.util)
      if index == sleepingGPU || index == lostGPU {
        gpu.state = index == sleepingGPU ? .asleep : .lost
        (gpu.util, gpu.temperature, gpu.vramUsed, gpu.power) = (.nan, .nan, .nan, .nan)
        gpu.age = index == lostGPU ? 42 : 0
        return gpu
      }
      var user = GPUProcess(pid: Int32(1 + (index % 3 + 6) * 317))
      user.vram = gpu.vramUsed * 0.9
      user.util = gpu.util
      user.name = "python3"
      gpu.processes = [user]
      return gpu
    }
    if var table = reading.processes {
      for index in table.all.indices {
        table.all[index].cpuTicks += UInt64(
          random.unit * busy * 100 * seconds * Double(index == 6 ? min(threads, 12) : 1))
        table.all[index].residentBytes = UInt64((index * 7 % 11) << 24) + 9_000_000
        table.all[index].writtenBytes? += index % 4 == 3 ? UInt64(random.unit * 3e6 * seconds) : 0
      }
      reading.processes = table
    }
  }
}

/// A small pseudo-random generator, equal on every platform.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in 0..<1.
  var unit: Double {
    mutating get { Double(next() >> 11) * 0x1p-53 }
  }
}
