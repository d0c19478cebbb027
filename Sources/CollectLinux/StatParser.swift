internal import AgentMetrics
internal import SystemIO

/// Parser of /proc/stat (proc_stat(5), fs/proc/stat.c).
package enum StatParser {
  /// Maximum number of CPUs, the highest of any kernel (NR_CPUS of x86 is at most 8,192).
  package static let maximumCPUs = 8_192

  /// Writes CPU times and counters into `cpu` and the run queue into `load`; missing values become absent.
  ///
  /// The cores' frequencies stay unchanged.
  ///
  /// - Returns: whether the text has the sum line.
  static func parse(_ bytes: Span<UInt8>, into cpu: inout CPUReading, _ load: inout Load) -> Bool {
    cpu.total = CPUTime()
    cpu.contextSwitches = nil
    cpu.interrupts = nil
    cpu.forks = nil
    load.running = .nan
    load.blocked = .nan
    var hasTotal = false
    var used = 0
    var last = -1
    var isAscending = true
    var position = 0
    while position < bytes.count {
      if bytes.skip("cpu", &position) {
        if bytes.byte(at: position)?.isDigit == true {
          if let number = bytes.unsigned(&position), number < UInt64(maximumCPUs), used < maximumCPUs,
            let time = time(bytes, &position)
          {
            let number = Int(number)
            if used < cpu.cores.count {
              cpu.cores[used].cpu = number
              cpu.cores[used].time = time
            } else {
              cpu.cores.append(CPUReading.CoreReading(cpu: number, time: time))
            }
            isAscending = isAscending && number > last
            last = number
            used += 1
          }
        } else if bytes.byte(at: position)?.isBlank == true, let time = time(bytes, &position) {
          cpu.total = time
          hasTotal = true
        }
      } else if bytes.skip("intr ", &position) {
        // The sum, followed by the count of each interrupt.
        cpu.interrupts = bytes.unsigned(&position)
      } else if bytes.skip("ctxt ", &position) {
        cpu.contextSwitches = bytes.unsigned(&position)
      } else if bytes.skip("processes ", &position) {
        cpu.forks = bytes.unsigned(&position)
      } else if bytes.skip("procs_running ", &position) {
        load.running = bytes.unsigned(&position).map { Double($0) } ?? .nan
      } else if bytes.skip("procs_blocked ", &position) {
        load.blocked = bytes.unsigned(&position).map { Double($0) } ?? .nan
      }
      bytes.skipLongLine(&position)
    }
    if used < cpu.cores.count { cpu.cores.removeLast(cpu.cores.count - used) }
    if !isAscending { order(&cpu.cores) }
    return hasTotal
  }

  /// POSIX time of boot, from the btime line, or nil.
  static func bootTime(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    while position < bytes.count {
      if bytes.skip("btime ", &position) { return bytes.unsigned(&position) }
      bytes.skipLongLine(&position)
    }
    return nil
  }

  /// Parses the fields of a CPU's line; nil with fewer than four, as in a truncated line.
  ///
  /// Kernels before 2.5.41 print four, later ones up to ten.
  private static func time(_ bytes: Span<UInt8>, _ position: inout Int) -> CPUTime? {
    var time = CPUTime()
    guard let user = bytes.unsigned(&position), let nice = bytes.unsigned(&position),
      let system = bytes.unsigned(&position), let idle = bytes.unsigned(&position)
    else { return nil }
    time.user = user
    time.nice = nice
    time.system = system
    time.idle = idle
    time.iowait = bytes.unsigned(&position) ?? 0
    time.irq = bytes.unsigned(&position) ?? 0
    time.softirq = bytes.unsigned(&position) ?? 0
    time.steal = bytes.unsigned(&position) ?? 0
    time.guest = bytes.unsigned(&position) ?? 0
    time.guestNice = bytes.unsigned(&position) ?? 0
    return time
  }

  /// Sorts CPUs that are out of order, and removes duplicates.
  private static func order(_ cores: inout [CPUReading.CoreReading]) {
    cores.sort { $0.cpu < $1.cpu }
    var kept = 0
    for index in cores.indices where index == 0 || cores[index].cpu != cores[kept - 1].cpu {
      cores[kept] = cores[index]
      kept += 1
    }
    cores.removeLast(cores.count - kept)
  }
}

/// Parser of /proc/loadavg (proc_loadavg(5)).
enum LoadParser {
  /// Writes the averages and the number of tasks into `load`; missing values become absent.
  static func parse(_ bytes: Span<UInt8>, into load: inout Load) {
    var position = 0
    load.load1 = bytes.decimal(&position) ?? .nan
    load.load5 = bytes.decimal(&position) ?? .nan
    load.load15 = bytes.decimal(&position) ?? .nan
    // "3/456": runnable tasks and all tasks. /proc/stat has the runnable ones too.
    load.tasks = .nan
    guard bytes.unsigned(&position) != nil, bytes.skip("/", &position) else { return }
    load.tasks = bytes.unsigned(&position).map { Double($0) } ?? .nan
  }
}
