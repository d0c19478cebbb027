package import AgentMetrics
package import Collect

/// A simulated machine: 64 cores, 8 GPUs and three jobs on them, for trying the program without one.
///
/// It writes whole Readings with counters, so that its values go the same way as real ones. They depend only on the
/// Reading's boot-time clock: the same instant gives the same machine, and it has a past.
package final class DemoCollector: Collector {
  /// "demo".
  package let name = "demo"

  private let version: String
  private var last = Double.nan
  private var counters = DemoCounters()
  /// The newest scan of the processes, and the one that a table's rates are averaged since.
  private var scan: ProcessesReading?
  private var earlier: ProcessesReading?
  private var workloads: WorkloadsReading?
  private var earlierWorkloads: WorkloadsReading?

  /// A demo machine whose agent calls itself `version`.
  package init(version: String) {
    self.version = version
  }

  /// Returns the command line of a simulated process; nil for a pid that the machine does not have.
  package static func commandLine(of pid: Int32) -> String? {
    DemoMachine.processes.first { $0.pid == pid }?.command
  }

  /// Returns the memory of simulated processes: little of it is shared, none swapped out.
  package static func memory(of pids: [Int32], _ parts: ProcessMemory.Parts) -> [Int32: ProcessMemory] {
    var found: [Int32: ProcessMemory] = [:]
    for process in DemoMachine.processes where pids.contains(process.pid) {
      let shared = min(process.resident * 0.2, 48e6)
      var memory = ProcessMemory()
      if parts.contains(.shared) { memory.shared = shared }
      if parts.contains(.proportional) { memory.proportional = process.resident - shared / 2 }
      if parts.contains(.swapped) { memory.swapped = 0 }
      found[process.pid] = memory
    }
    return found
  }

  /// Writes the whole of `reading`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    let now = reading.boottime
    let load = DemoLoad(at: now)
    // Counters begin as if the machine had been up for some weeks at this load.
    let elapsed = last.isNaN ? DemoMachine.uptime : max(0, now - last)
    last = now
    counters.add(load, over: elapsed)
    DemoMachine.write(load, counters, at: now, into: &reading)
    reading.agent.version = version
    // A request may come shortly before a tick: the table's rates then cover the time since the scan before.
    if earlier == nil || now - (scan?.instant ?? now) >= 0.9 {
      earlier = scan
      earlierWorkloads = workloads
    }
    scan = reading.processes
    workloads = reading.workloads
    reading.workloads?.earlier = earlierWorkloads?.all
    reading.workloads?.earlierInstant = earlierWorkloads?.instant ?? .nan
    reading.processes?.earlier = earlier?.all
    reading.processes?.earlierInstant = earlier?.instant ?? .nan
  }
}

/// Smooth noise without memory: the same time gives the same value.
enum DemoNoise {
  /// A value in 0…1 that wanders within about `period` seconds; different `seed`s wander apart.
  static func wave(_ time: Double, period: Double, seed: Int) -> Double {
    let position = time / period
    let whole = position.rounded(.down)
    let part = position - whole
    let smooth = part * part * (3 - 2 * part)
    let (from, to) = (hash(whole, seed), hash(whole + 1, seed))
    return from + (to - from) * smooth
  }

  /// A value in 0…1 that jumps at each multiple of `period`.
  static func step(_ time: Double, period: Double, seed: Int) -> Double {
    hash((time / period).rounded(.down), seed)
  }

  private static func hash(_ position: Double, _ seed: Int) -> Double {
    var bits = position.bitPattern &+ UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    return Double(bits >> 11) / Double(1 << 53)
  }
}

/// How busy every part is at one instant.
struct DemoLoad {
  /// Busy share of each of 8 GPUs.
  var gpus: [Double] = []
  /// Share of each GPU's memory in use.
  var vram: [Double] = []
  /// Busy share of each of 128 logical CPUs.
  var cpus: [Double] = []
  /// Share of time waiting for I/O.
  var iowait = 0.0
  /// Share of memory in use.
  var memory = 0.0
  /// Bytes per second.
  var diskRead = 0.0
  /// Bytes per second.
  var diskWrite = 0.0
  /// Bytes per second.
  var networkReceive = 0.0
  /// Bytes per second.
  var networkTransmit = 0.0

  /// Four GPUs train and stop every five minutes to write a checkpoint, two serve requests in bursts, one renders
  /// video, the last is idle.
  init(at time: Double) {
    let phase = time.truncatingRemainder(dividingBy: 300)
    let isCheckpoint = phase > 272 && phase < 291
    for gpu in 0..<8 {
      let jitter = DemoNoise.wave(time, period: 7, seed: gpu)
      switch gpu {
      case 0..<4:
        gpus.append(isCheckpoint ? 0.03 * jitter : 0.93 + 0.07 * jitter - (jitter > 0.93 ? 0.2 : 0))
        vram.append(0.86 + 0.01 * Double(gpu) + 0.004 * jitter)
      case 4..<6:
        let burst = DemoNoise.wave(time, period: 23, seed: 40)
        gpus.append(min(1, max(0.04, burst * burst * 1.1 + 0.15 * jitter - 0.1)))
        vram.append(0.52 + 0.1 * DemoNoise.wave(time, period: 47, seed: gpu))
      case 6:
        gpus.append(0.3 + 0.12 * jitter)
        vram.append(0.11 + 0.02 * jitter)
      default:
        gpus.append(0)
        vram.append(0.005)
      }
    }
    let training = gpus[0..<4].reduce(0, +) / 4
    let serving = (gpus[4] + gpus[5]) / 2
    for cpu in 0..<128 {
      let own = DemoNoise.wave(time, period: 5 + Double(cpu % 7), seed: 1_000 + cpu)
      let busy: Double
      switch cpu % 64 {
      case 0..<16: busy = isCheckpoint ? 0.15 * own : 0.55 * training + 0.4 * own
      case 16..<24: busy = 0.75 * serving + 0.2 * own
      case 24..<28: busy = 0.7 + 0.25 * own
      default: busy = 0.06 * own
      }
      cpus.append(min(1, max(0, busy)))
    }
    iowait = isCheckpoint ? 0.04 : 0.002
    memory = 0.55 + 0.06 * DemoNoise.wave(time, period: 240, seed: 7) + (isCheckpoint ? 0.03 : 0)
    diskRead = isCheckpoint ? 4e6 : 1.9e9 * training * (0.8 + 0.4 * DemoNoise.wave(time, period: 4, seed: 8))
    diskWrite = isCheckpoint ? 5.2e9 * (0.8 + 0.2 * DemoNoise.wave(time, period: 2, seed: 9)) : 6e6
    networkReceive = 1.1e9 * serving + 2.4e9 * training * DemoNoise.wave(time, period: 6, seed: 10) + 2e6
    networkTransmit = 2.2e9 * serving + 2.3e9 * training * DemoNoise.wave(time, period: 6, seed: 11) + 1e6
  }
}

/// Counters of the machine, as fractions of their units, so that short intervals add up.
struct DemoCounters {
  /// Busy ticks of each CPU.
  var busy = [Double](repeating: 0, count: 128)
  /// Idle ticks of each CPU.
  var idle = [Double](repeating: 0, count: 128)
  /// Ticks of each CPU waiting for I/O.
  var iowait = [Double](repeating: 0, count: 128)
  /// Bytes.
  var diskRead = 0.0
  /// Bytes.
  var diskWrite = 0.0
  /// Bytes.
  var networkReceive = 0.0
  /// Bytes.
  var networkTransmit = 0.0
  /// Microseconds of stall.
  var ioStall = 0.0
  /// Microseconds of stall.
  var cpuStall = 0.0
  /// Events.
  var contextSwitches = 0.0
  /// Seconds that have passed.
  var seconds = 0.0
  /// Ticks of CPU time of each process.
  var processes = [Double](repeating: 0, count: DemoMachine.processes.count)
  /// Bytes read by each process.
  var processReads = [Double](repeating: 0, count: DemoMachine.processes.count)
  /// Bytes written by each process.
  var processWrites = [Double](repeating: 0, count: DemoMachine.processes.count)

  /// Lets the counters go on for `seconds` at a load.
  mutating func add(_ load: DemoLoad, over seconds: Double) {
    let ticks = 100 * seconds
    self.seconds += seconds
    for cpu in load.cpus.indices {
      busy[cpu] += load.cpus[cpu] * ticks
      let waiting = (1 - load.cpus[cpu]) * load.iowait
      iowait[cpu] += waiting * ticks
      idle[cpu] += (1 - load.cpus[cpu] - waiting) * ticks
    }
    diskRead += load.diskRead * seconds
    diskWrite += load.diskWrite * seconds
    networkReceive += load.networkReceive * seconds
    networkTransmit += load.networkTransmit * seconds
    ioStall += load.iowait * 3e6 * seconds
    cpuStall += 0.004e6 * seconds
    contextSwitches += (22_000 + 90_000 * load.gpus[4]) * seconds
    for (index, process) in DemoMachine.processes.enumerated() {
      processes[index] += process.cores(load) * ticks
      processReads[index] += process.readShare * load.diskRead * seconds
      processWrites[index] += process.writeShare * load.diskWrite * seconds
    }
  }
}
