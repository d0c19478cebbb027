internal import AgentMetrics

/// A simulated process and its share of the load.
struct DemoProcess {
  let pid: Int32
  var parent: Int32 = 1
  let name: String
  /// Its command line; nil for the name alone.
  var command: String?
  let user: String
  var service: String?
  var threads: Int32 = 1
  /// Bytes.
  var resident: Double = 20e6
  /// GPUs that it uses, and what share of their memory.
  var gpus: Range<Int> = 0..<0
  var kind = "compute"
  /// Share of the machine's disk traffic.
  var readShare = 0.0
  var writeShare = 0.0
  /// CPUs' worth of time at a load.
  var cores: @Sendable (DemoLoad) -> Double = { _ in 0.001 }
}

/// The demo machine as it is whatever it does.
enum DemoMachine {
  /// Seconds that it seems to be up when it begins.
  static let uptime = 41.0 * 86_400

  static let processes: [DemoProcess] = [
    DemoProcess(pid: 1, name: "systemd", command: "/sbin/init", user: "root", service: nil, resident: 14e6),
    DemoProcess(
      pid: 812, name: "sshd", command: "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", user: "root",
      service: "ssh.service", resident: 9e6),
    DemoProcess(
      pid: 903, name: "dockerd", command: "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock",
      user: "root", service: "docker.service", threads: 61, resident: 112e6,
      cores: { _ in 0.02 }),
    DemoProcess(
      pid: 1_477, name: "agent", command: "/usr/bin/agent --serve", user: "root", service: "worker-agent.service",
      threads: 4, resident: 12e6,
      cores: { _ in 0.001 }),
    DemoProcess(
      pid: 20_114, name: "torchrun",
      command: "/opt/train/bin/python3 /opt/train/bin/torchrun --nproc-per-node 4 pretrain.py --config large.yaml",
      user: "mira", service: "slurm:48213", threads: 6, resident: 310e6,
      cores: { _ in 0.01 }),
    DemoProcess(
      pid: 20_131, parent: 20_114, name: "python3",
      command: "/opt/train/bin/python3 -u pretrain.py --config large.yaml --rank 0", user: "mira",
      service: "slurm:48213", threads: 148, resident: 41e9, gpus: 0..<1,
      readShare: 0.25, writeShare: 0.97, cores: { 6.1 * $0.gpus[0] + 0.4 }),
    DemoProcess(
      pid: 20_132, parent: 20_114, name: "python3",
      command: "/opt/train/bin/python3 -u pretrain.py --config large.yaml --rank 1", user: "mira",
      service: "slurm:48213", threads: 148, resident: 40e9, gpus: 1..<2,
      readShare: 0.25, writeShare: 0.01, cores: { 6.0 * $0.gpus[1] + 0.2 }),
    DemoProcess(
      pid: 20_133, parent: 20_114, name: "python3",
      command: "/opt/train/bin/python3 -u pretrain.py --config large.yaml --rank 2", user: "mira",
      service: "slurm:48213", threads: 148, resident: 40e9, gpus: 2..<3,
      readShare: 0.25, writeShare: 0.01, cores: { 5.9 * $0.gpus[2] + 0.2 }),
    DemoProcess(
      pid: 20_134, parent: 20_114, name: "python3",
      command: "/opt/train/bin/python3 -u pretrain.py --config large.yaml --rank 3", user: "mira",
      service: "slurm:48213", threads: 148, resident: 40e9, gpus: 3..<4,
      readShare: 0.25, writeShare: 0.01, cores: { 6.2 * $0.gpus[3] + 0.2 }),
    DemoProcess(
      pid: 31_007, parent: 903, name: "vllm", command: "vllm serve llama-70b --tensor-parallel-size 2 --port 8000",
      user: "serve", service: "docker:9f2c17d04be1", threads: 212, resident: 88e9,
      gpus: 4..<6, cores: { 9.5 * $0.gpus[4] + 0.3 }),
    DemoProcess(
      pid: 31_240, parent: 903, name: "nginx", command: "nginx: worker process", user: "www-data",
      service: "docker:71ac5503c9d8", resident: 31e6,
      cores: { 0.7 * $0.gpus[4] }),
    DemoProcess(
      pid: 40_551, name: "ffmpeg",
      command: "ffmpeg -hwaccel cuda -i /scratch/in/reel-3.mov -c:v h264_nvenc /scratch/out/reel-3.mp4", user: "render",
      service: "render@3.service", threads: 37, resident: 1.9e9,
      gpus: 6..<7, kind: "compute+graphics", cores: { 5.1 + $0.gpus[6] }),
    DemoProcess(
      pid: 51_902, name: "rsync", command: "rsync -a --delete /home/ backup.example.org::home", user: "backup",
      service: "backup.service", resident: 26e6, cores: { _ in 0.18 }),
    DemoProcess(
      pid: 61_777, parent: 812, name: "bash", command: "-bash", user: "mira", resident: 6e6, cores: { _ in 0 }),
  ]

  /// Writes the machine's state at one instant.
  static func write(_ load: DemoLoad, _ counters: DemoCounters, at now: Double, into reading: inout Reading) {
    writeHost(at: now, into: &reading)
    writeCPU(load, counters, into: &reading)
    writeMemory(load, into: &reading)
    writeDisks(load, counters, into: &reading)
    writeNetworks(counters, into: &reading)
    writeSensors(load, at: now, into: &reading)
    writeGPUs(load, at: now, into: &reading)
    writeProcesses(counters, at: now, into: &reading)
    DemoWorkloads.write(counters, at: now, into: &reading)
  }

  private static func writeHost(at now: Double, into reading: inout Reading) {
    var host = Host()
    host.isDemo = true
    host.hostname = "demo"
    host.os = "Simulated machine"
    host.kernel = "Linux 6.8.0-demo"
    host.architecture = "x86_64"
    host.product = "agent --demo"
    host.uptime = uptime
    host.bootTime = (reading.timestamp.seconds - uptime).rounded()
    host.openFiles = 21_400
    reading.host = host
  }

  private static func writeCPU(_ load: DemoLoad, _ counters: DemoCounters, into reading: inout Reading) {
    var cpu = CPUReading()
    var busyCPUs = 0.0
    for index in load.cpus.indices {
      var time = CPUTime()
      time.system = UInt64(counters.busy[index] * 0.11)
      time.softirq = UInt64(counters.busy[index] * 0.02)
      time.user = UInt64(counters.busy[index] * 0.87)
      time.iowait = UInt64(counters.iowait[index])
      time.idle = UInt64(counters.idle[index])
      cpu.total.user += time.user
      cpu.total.system += time.system
      cpu.total.softirq += time.softirq
      cpu.total.iowait += time.iowait
      cpu.total.idle += time.idle
      let frequency = (1.5 + 2.2 * min(1, load.cpus[index] * 1.6)) * 1e9
      cpu.cores.append(CPUReading.CoreReading(cpu: index, time: time, frequency: frequency))
      busyCPUs += load.cpus[index]
    }
    cpu.topology.model = "Demo Processor 64-Core"
    cpu.topology.sockets = 2
    cpu.topology.cores = 64
    cpu.frequency = cpu.cores.map(\.frequency).reduce(0, +) / Double(cpu.cores.count)
    cpu.contextSwitches = UInt64(counters.contextSwitches)
    cpu.interrupts = UInt64(counters.contextSwitches * 0.7)
    cpu.forks = UInt64(counters.contextSwitches * 0.0004)
    reading.cpu = cpu
    var average = Load()
    average.load1 = (busyCPUs * 100).rounded() / 100
    average.load5 = 31.4
    average.load15 = 30.87
    average.running = busyCPUs.rounded()
    average.blocked = load.iowait > 0.01 ? 6 : 0
    average.tasks = 2_411
    reading.load = average
    func line(_ total: Double, _ share: Double) -> PressureReading.StallTotals {
      var line = PressureReading.StallTotals()
      line.avg10 = share
      line.avg60 = share * 0.8
      line.avg300 = share * 0.5
      line.total = UInt64(total)
      return line
    }
    var pressure = PressureReading()
    pressure.cpu = PressureReading.Resource()
    pressure.cpu?.some = line(counters.cpuStall, 0.004)
    pressure.memory = PressureReading.Resource()
    pressure.memory?.some = line(0, 0)
    pressure.memory?.full = line(0, 0)
    pressure.io = PressureReading.Resource()
    pressure.io?.some = line(counters.ioStall, load.iowait * 3)
    pressure.io?.full = line(counters.ioStall * 0.7, load.iowait * 2)
    reading.pressure = pressure
  }

  private static func writeMemory(_ load: DemoLoad, into reading: inout Reading) {
    let total = 1_024.0 * 1_073_741_824
    var memory = MemoryReading()
    memory.total = UInt64(total)
    memory.available = UInt64(total * (1 - load.memory))
    memory.free = UInt64(total * (1 - load.memory) * 0.18)
    memory.cached = UInt64(total * (1 - load.memory) * 0.78)
    memory.buffers = 2 << 30
    memory.shared = 31 << 30
    memory.slab = 12 << 30
    memory.reclaimable = 9 << 30
    memory.swapTotal = 0
    memory.swapFree = 0
    memory.oomKills = 0
    reading.memory = memory
  }

  private static func writeDisks(_ load: DemoLoad, _ counters: DemoCounters, into reading: inout Reading) {
    reading.disks = (0..<5).map { index in
      var disk = DiskReading(device: index < 4 ? "nvme\(index)n1" : "md0")
      disk.isPhysical = index < 4
      disk.name = index < 4 ? nil : "scratch"
      disk.model = index < 4 ? "Demo NVMe 7.68TB" : nil
      let share = index < 4 ? 0.25 : 1
      disk.bytesRead = UInt64(counters.diskRead * share / 512) * 512
      disk.bytesWritten = UInt64(counters.diskWrite * share / 512) * 512
      disk.reads = UInt64(counters.diskRead * share / 131_072)
      disk.writes = UInt64(counters.diskWrite * share / 262_144)
      disk.readMilliseconds = UInt64(counters.diskRead * share / 131_072 * 0.21)
      disk.writeMilliseconds = UInt64(counters.diskWrite * share / 262_144 * 0.48)
      disk.busyMilliseconds = UInt64((counters.diskRead / 3.4e9 + counters.diskWrite / 6e9) * 1_000)
      disk.queueMilliseconds = UInt64((counters.diskRead / 1.2e9 + counters.diskWrite / 0.9e9) * 1_000)
      disk.inFlight = UInt64(load.diskWrite / 4e8)
      return disk
    }
    func filesystem(_ mountpoint: String, _ device: String, _ type: String, _ total: Double, _ used: Double)
      -> Filesystem
    {
      var filesystem = Filesystem(mountpoint: mountpoint, device: device, fstype: type, isReadOnly: false)
      filesystem.total = total
      filesystem.used = total * used
      filesystem.free = total * (1 - used)
      filesystem.available = total * (1 - used) * 0.95
      filesystem.inodes = total / 16_384
      filesystem.inodesFree = total / 16_384 * 0.9
      return filesystem
    }
    reading.filesystems = [
      filesystem("/", "/dev/nvme4n1p2", "ext4", 480e9, 0.38),
      filesystem("/scratch", "/dev/md0", "xfs", 30.7e12, 0.91),
      filesystem("/home", "nas:/export/home", "nfs4", 80e12, 0.64),
    ]
  }

  private static func writeNetworks(_ counters: DemoCounters, into reading: inout Reading) {
    reading.networks = ["lo", "eth0", "ib0", "docker0"].map { name in
      var network = NetworkReading(device: name)
      network.isPhysical = name == "eth0" || name == "ib0"
      network.state = name == "lo" ? "unknown" : "up"
      network.speed = name == "eth0" ? 25e9 / 8 : name == "ib0" ? 400e9 / 8 : .nan
      let share = name == "ib0" ? 0.92 : name == "eth0" ? 0.08 : name == "docker0" ? 0.05 : 0.001
      network.receiveBytes = UInt64(counters.networkReceive * share)
      network.transmitBytes = UInt64(counters.networkTransmit * share)
      network.receivePackets = UInt64(counters.networkReceive * share / 3_800)
      network.transmitPackets = UInt64(counters.networkTransmit * share / 3_800)
      network.receiveErrors = 0
      network.transmitErrors = 0
      network.receiveDrops = 0
      network.transmitDrops = 0
      return network
    }
  }

  private static func writeSensors(_ load: DemoLoad, at now: Double, into reading: inout Reading) {
    func sensor(_ chip: String, _ name: String, _ celsius: Double, high: Double) -> Temperature {
      var temperature = Temperature(chip: chip, sensor: name, celsius: (celsius * 10).rounded() / 10)
      temperature.high = high
      temperature.critical = high + 10
      return temperature
    }
    let busy = load.cpus.reduce(0, +) / Double(load.cpus.count)
    let drift = DemoNoise.wave(now, period: 40, seed: 77)
    reading.temperatures = [
      sensor("coretemp-0", "Package id 0", 44 + 60 * busy + 3 * drift, high: 90),
      sensor("coretemp-1", "Package id 1", 42 + 58 * busy + 3 * drift, high: 90),
      sensor("nvme-0", "Composite", 39 + 9 * load.iowait * 25 + 2 * drift, high: 80),
    ]
    reading.fans = [Fan(chip: "ipmi", sensor: "FAN1", rpm: 7_200), Fan(chip: "ipmi", sensor: "FAN2", rpm: 7_140)]
    var power = PowerReading(chip: "ipmi", sensor: "PSU total")
    power.watts = 900 + 8 * 620 * load.gpus.reduce(0, +) / 8 + 500 * busy
    reading.powers = [power]
  }

  private static func writeGPUs(_ load: DemoLoad, at now: Double, into reading: inout Reading) {
    let memory = 80.0 * 1_073_741_824
    reading.gpus = load.gpus.indices.map { index in
      var gpu = GPU(index: index, vendor: "nvidia")
      let busy = load.gpus[index]
      gpu.model = "Demo GPU 80GB"
      gpu.uuid = "GPU-00000000-0000-0000-0000-00000000000\(index)"
      gpu.pciAddress = "0000:\(index < 4 ? "1" : "9")\(index % 4 + 1):00.0"
      gpu.driver = "570.00"
      gpu.cuda = "12.8"
      gpu.util = busy
      gpu.utilPeak = min(1, busy + 0.04)
      gpu.memoryUtil = busy * 0.58
      gpu.encoder = index == 6 ? 0.61 : 0
      gpu.decoder = index == 6 ? 0.35 : 0
      gpu.temperature = (31 + 41 * busy + 3 * DemoNoise.wave(now, period: 30, seed: 300 + index)).rounded()
      gpu.memoryTemperature = gpu.temperature + 9
      gpu.slowdownTemperature = 87
      gpu.vramTotal = memory
      gpu.vramUsed = (memory * load.vram[index] / 1_048_576).rounded() * 1_048_576
      gpu.power = ((72 + 620 * busy) * 10).rounded() / 10
      gpu.powerLimit = 700
      gpu.clock = busy > 0.02 ? 1_980e6 : 345e6
      gpu.clockMaximum = 1_980e6
      gpu.memoryClock = 2_619e6
      gpu.pcieGeneration = 5
      gpu.pcieWidth = 16
      gpu.pcieReceive = 3.1e9 * busy
      gpu.pcieTransmit = 1.2e9 * busy
      gpu.performanceState = busy > 0.02 ? "P0" : "P8"
      gpu.throttleReasons = busy > 0.985 ? "power_cap" : ""
      gpu.eccCorrected = index == 2 ? 3 : 0
      gpu.eccUncorrected = 0
      gpu.retiredPages = 0
      gpu.processes = processes.filter { $0.gpus.contains(index) }.map { process in
        var user = GPUProcess(pid: process.pid)
        user.kind = process.kind
        user.vram = gpu.vramUsed - 5e8
        user.util = busy
        user.name = process.name
        user.user = process.user
        user.service = process.service
        return user
      }
      return gpu
    }
  }

  private static func writeProcesses(_ counters: DemoCounters, at now: Double, into reading: inout Reading) {
    var scan = ProcessesReading()
    scan.instant = now
    scan.all = processes.enumerated().map { index, made in
      var process = ProcessReading(pid: made.pid)
      process.parent = made.pid == 1 ? 0 : made.parent
      process.start = UInt64(made.pid)
      process.state = UInt8(ascii: index % 3 == 0 ? "S" : "R")
      process.threads = made.threads
      process.cpuTicks = UInt64(counters.processes[index])
      process.residentBytes = UInt64(made.resident)
      process.readBytes = UInt64(counters.processReads[index])
      process.writtenBytes = UInt64(counters.processWrites[index])
      process.name = made.name
      process.user = made.user
      process.service = made.service
      process.workload = DemoWorkloads.id(of: made)
      return process
    }
    reading.processes = scan
  }
}
