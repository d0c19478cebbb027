/// Use of all GPUs by one process; NaN where no driver reports it.
package struct GPUShare: Sendable, Equatable {
  /// GPU time per second, in GPUs: 1.0 is one GPU, or two at one half.
  package var util = Double.nan
  /// Bytes of GPU memory, summed over the GPUs.
  package var memory = Double.nan
  /// Estimated watts: each GPU's power by its processes' shares of its time, else of its memory.
  package var power = Double.nan
  /// Indexes of the GPUs, ascending.
  package var gpus: [Int] = []

  package init() {}

  /// Sums the use over GPUs, by pid.
  package static func byProcess(of gpus: [GPU]) -> [Int32: GPUShare] {
    var shares: [Int32: GPUShare] = [:]
    for gpu in gpus {
      let processes = gpu.processes ?? []
      let time = processes.reduce(0) { $0 + ($1.util.isFinite ? $1.util : 0) }
      let memory = processes.reduce(0) { $0 + ($1.vram.isFinite ? $1.vram : 0) }
      for process in processes {
        var share = shares[process.pid] ?? GPUShare()
        share.util = plus(share.util, process.util)
        share.memory = plus(share.memory, process.vram)
        let part = time > 0 ? process.util / time : process.vram / memory
        share.power = plus(share.power, gpu.power * part)
        // A driver may list a process twice, for computing and for graphics.
        if share.gpus.last != gpu.index { share.gpus.append(gpu.index) }
        shares[process.pid] = share
      }
    }
    return shares
  }

  /// Adds another process's use, for rows that stand for several processes.
  package mutating func add(_ other: GPUShare) {
    util = Self.plus(util, other.util)
    memory = Self.plus(memory, other.memory)
    power = Self.plus(power, other.power)
    gpus = Set(gpus).union(other.gpus).sorted()
  }

  private static func plus(_ left: Double, _ right: Double) -> Double {
    left.isNaN ? right : right.isNaN ? left : left + right
  }
}
