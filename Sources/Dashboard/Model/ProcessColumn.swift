internal import AgentMetrics

/// A column of the process table.
enum ProcessColumn: String, CaseIterable {
  case pid, user, state, threads, cpu, memory, read, write, gpu, vram, service, name
  case parent, priority, nice, virtual, time, start, faults, gpus, workload, command
  case memoryShare = "memory-share"
  case shared, swapped
  case proportional = "pss"

  /// Columns of the automatic choice, which depends on the width.
  static let automatic: [ProcessColumn] = [
    .pid, .user, .state, .threads, .cpu, .memory, .read, .write, .gpu, .vram, .name, .service, .command,
  ]

  /// Header.
  var title: String {
    switch self {
    case .pid: "PID"
    case .user: "USER"
    case .state: "S"
    case .threads: "THR"
    case .cpu: "CPU%"
    case .memory: "MEM"
    case .read: "READ/s"
    case .write: "WRITE/s"
    case .gpu: "GPU%"
    case .vram: "VRAM"
    case .service: "SERVICE"
    case .name: "NAME"
    case .parent: "PPID"
    case .priority: "PRI"
    case .nice: "NI"
    case .virtual: "VIRT"
    case .time: "TIME+"
    case .start: "START"
    case .faults: "MAJF/s"
    case .gpus: "GPUS"
    case .workload: "WORKLOAD"
    case .command: "COMMAND"
    case .memoryShare: "MEM%"
    case .shared: "SHR"
    case .proportional: "PSS"
    case .swapped: "SWAP"
    }
  }

  /// Name as a sort key, in words.
  var meaning: String {
    switch self {
    case .pid: "pid"
    case .user: "user"
    case .state: "state"
    case .threads: "threads"
    case .cpu: "CPU"
    case .memory: "memory"
    case .read: "read rate"
    case .write: "write rate"
    case .gpu: "GPU"
    case .vram: "GPU memory"
    case .service: "service"
    case .name: "name"
    case .parent: "parent's pid"
    case .priority: "priority"
    case .nice: "nice value"
    case .virtual: "mapped memory"
    case .time: "CPU time"
    case .start: "start time"
    case .faults: "page faults that needed I/O"
    case .gpus: "indexes of its GPUs"
    case .workload: "workload"
    case .command: "command line"
    case .memoryShare: "share of memory"
    case .shared: "memory that may be shared"
    case .proportional: "memory, shared parts divided by their users"
    case .swapped: "swapped memory"
    }
  }

  /// Whether it holds text, which is sorted in ascending order.
  var isText: Bool {
    switch self {
    case .pid, .user, .state, .service, .name, .workload, .command: true
    default: false
    }
  }

  /// Whether its cells begin at the left.
  var isLeft: Bool { isText && self != .pid }

  /// Width among chosen columns; the last text takes the rest of the row.
  var width: Int {
    switch self {
    case .state: 1
    case .priority, .nice: 3
    case .threads: 4
    case .cpu, .memory, .gpu, .vram, .virtual, .memoryShare, .gpus, .shared, .proportional, .swapped: 5
    case .read, .faults, .start: 6
    case .pid, .parent, .write: 7
    case .time, .user: 9
    case .name: 16
    case .service: 20
    case .workload: 26
    case .command: 40
    }
  }

  /// Its value in a row as a number to sort by; nil for text.
  func measure(_ row: ProcessRow) -> Double? {
    let process = row.process
    switch self {
    case .pid, .user, .state, .service, .name, .workload, .command: return nil
    case .threads: return Double(process.threads)
    case .cpu: return process.cpu
    case .memory, .memoryShare: return process.resident
    case .read: return process.readRate
    case .write: return process.writeRate
    case .gpu: return row.gpuUtil.isFinite ? row.gpuUtil : row.usesGPU ? 0 : -1
    case .gpus: return row.gpus.first.map { -Double($0) } ?? -.infinity
    case .vram: return row.vram
    case .parent: return Double(process.parent)
    case .priority: return process.priority
    case .nice: return process.nice
    case .virtual: return process.virtual
    case .time: return process.cpuTime
    case .start: return process.start
    case .faults: return process.majorFaults
    case .shared: return row.memory.shared
    case .proportional: return row.memory.proportional
    case .swapped: return row.memory.swapped
    }
  }

  /// The part of a process's memory that it shows and that scans do not read.
  var memoryPart: ProcessMemory.Parts {
    switch self {
    case .shared: .shared
    case .proportional: .proportional
    case .swapped: .swapped
    default: []
    }
  }
}
