import AgentMetrics
import SampleStore

/// Two instants of an imaginary machine, with values whose sample can be calculated by hand.
enum MadeUpSample {
  /// 2026-02-05T06:45:00Z.
  static let time = 1_770_273_900.0

  /// The second instant, ten seconds after the first.
  static func sample(at seconds: Double = time) -> Sample {
    Sample(from: reading(seconds - 10, step: 0), to: reading(seconds, step: 1))
  }

  /// A history of `samples` samples, `interval` seconds apart, the newest at ``time``.
  static func history(samples: Int, interval: Int = 10, capacity: Int = 720) -> History {
    let history = History(capacity: capacity, interval: interval)
    for index in 0..<samples { history.append(sample(at: time - Double((samples - 1 - index) * interval))) }
    return history
  }

  private static func reading(_ seconds: Double, step: UInt64) -> Reading {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: seconds)
    reading.monotonic = seconds
    reading.boottime = seconds
    reading.cpu.topology.model = "Intel Core i7-9700K"
    reading.cpu.topology.cores = 8
    reading.cpu.topology.sockets = 1
    reading.cpu.frequency = 3.6e9
    reading.cpu.total.user = 100 + 450 * step
    reading.cpu.total.idle = 200 + 550 * step
    reading.cpu.cores = [CPUReading.CoreReading(cpu: 0, time: reading.cpu.total, frequency: 3.6e9)]
    reading.memory.total = 16_384 << 20
    reading.memory.free = 8_192 << 20
    reading.memory.available = 8_192 << 20
    var gpu = GPU(index: 0, vendor: "nvidia")
    gpu.model = "NVIDIA GeForce RTX 3080"
    gpu.util = 0.75
    gpu.temperature = 65
    gpu.vramTotal = 10_240 * 1_048_576
    gpu.vramUsed = 7_680 * 1_048_576
    reading.gpus = [gpu]
    var network = NetworkReading(device: "eth0")
    network.isPhysical = true
    network.receiveBytes = 1_000 + 12_345 * step
    network.transmitBytes = 500
    reading.networks = [network]
    var filesystem = Filesystem(mountpoint: "/a \"b\"\n", device: "/dev/vda1", fstype: "ext4", isReadOnly: true)
    filesystem.error = "no answer in 2 s"
    reading.filesystems = [filesystem]
    return reading
  }
}

/// A body's JSON without the trailing line feed; comparisons fail without one.
func json(_ body: [UInt8]) -> String {
  body.last == UInt8(ascii: "\n") ? String(decoding: body.dropLast(), as: UTF8.self) : "no line feed at the end"
}

/// A process with the values of the sort keys.
func process(
  _ pid: Int32, cpu: Double = .nan, resident: Double = 0, read: Double = .nan, write: Double = .nan
) -> Process {
  var process = Process(
    from: nil, to: ProcessReading(pid: pid), over: Elapsed(seconds: .nan), secondsPerTick: 0.01)
  process.name = "p\(pid)"
  process.user = "root"
  process.state = UInt8(ascii: "S")
  process.threads = 1
  (process.cpu, process.resident, process.readRate, process.writeRate) = (cpu, resident, read, write)
  return process
}
