internal import AgentMetrics
internal import CNVML

/// Processes that use a device, by its driver.
struct NVMLProcesses {
  private let nvml: NVML
  private let calls: NVMLCalls
  private var sampledUntil: UInt64 = 0
  private var sampleCapacity = 128
  private var listCapacity = 32

  init(_ nvml: NVML, _ calls: NVMLCalls) {
    self.nvml = nvml
    self.calls = calls
  }

  mutating func read(into gpu: inout GPU) {
    var processes: [Int32: GPUProcess] = [:]
    var isReported = false
    let lists: [(NVMLMetrics.NVMLMetric, NVML.ProcessList?, String)] = [
      (.compute, nvml.computeProcesses, "compute"), (.shared, nvml.sharedProcesses, "compute"),
      (.graphics, nvml.graphicsProcesses, "graphics"),
    ]
    for (metric, list, kind) in lists {
      guard let list, let found = self.list(metric, list) else { continue }
      isReported = true
      for (pid, memory) in found {
        var process = processes[pid] ?? GPUProcess(pid: pid)
        process.kind = process.kind.map { $0 == kind ? kind : "compute+graphics" } ?? kind
        if !(process.vram >= memory) { process.vram = memory }
        processes[pid] = process
      }
    }
    guard isReported else { return }
    for sample in processes.isEmpty ? [] : samples() {
      guard var process = processes[Int32(clamping: sample.pid)] else { continue }
      process.util = NVMLCalls.share(Double(sample.sm))
      process.encoder = NVMLCalls.share(Double(sample.encoder))
      process.decoder = NVMLCalls.share(Double(sample.decoder))
      processes[process.pid] = process
    }
    gpu.processes = processes.values.sorted {
      let (left, right) = ($0.vram.isNaN ? -1 : $0.vram, $1.vram.isNaN ? -1 : $1.vram)
      return (right, $0.pid) < (left, $1.pid)
    }
    UnifiedMemory.sumUse(&gpu)
  }

  /// Process ids and bytes; nil if unreported.
  ///
  /// Some drivers of 2023 write entries of 32 bytes instead of 24. So there is always room for the longer size, and
  /// bytes that changed their initial value show the one in use.
  private mutating func list(_ metric: NVMLMetrics.NVMLMetric, _ list: NVML.ProcessList) -> [(Int32, Double)]? {
    let longest = 32
    let untouched: UInt8 = 0xA5
    for _ in 0..<3 {
      var count = UInt32(listCapacity)
      var bytes = [UInt8](repeating: untouched, count: listCapacity * longest)
      var status = NVML.Status.success
      let isThere = calls.ask(metric, status: &status, accepting: .insufficientSize) {
        bytes.withUnsafeMutableBytes { list.call(calls.handle, &count, $0.baseAddress) }
      }
      guard isThere else { return nil }
      if status == .insufficientSize {
        // More processes may start meanwhile.
        guard count <= 65_536 else { return nil }
        listCapacity = max(listCapacity, Int(count)) + 16
        continue
      }
      let number = min(Int(count), listCapacity)
      let isLong = list.size == 24 && bytes[(number * 24)..<(number * longest)].contains { $0 != untouched }
      let size = isLong ? longest : list.size
      return bytes.withUnsafeBytes { bytes in
        (0..<number).compactMap { index in
          // In range: number × size ≤ listCapacity × longest; all layouts begin with pid and memory.
          let entry = bytes.loadUnaligned(fromByteOffset: index * size, as: CNVMLProcess.self)
          guard let pid = Int32(exactly: entry.pid), pid > 0 else { return nil }
          // NVML_VALUE_NOT_AVAILABLE.
          return (pid, entry.used_memory == .max ? .nan : Plausible.bytes(Double(entry.used_memory)))
        }
      }
    }
    return nil
  }

  /// The newest sample of each process since the last reading; values above 100 and old ones are left over in the
  /// driver's buffer.
  private mutating func samples() -> [CNVMLProcessUtilization] {
    guard let call = nvml.processUtilization else { return [] }
    for _ in 0..<2 {
      var samples = [CNVMLProcessUtilization](repeating: CNVMLProcessUtilization(), count: sampleCapacity)
      var count = UInt32(sampleCapacity)
      var status = NVML.Status.success
      // Without new samples it returns "not found": no change.
      let isReported = calls.ask(.processUtilization, status: &status, accepting: .insufficientSize) {
        call(calls.handle, &samples, &count, sampledUntil)
      }
      guard isReported else { return [] }
      if status == .insufficientSize {
        guard count > sampleCapacity, count <= 65_536 else { return [] }
        sampleCapacity = Int(count) + 16
        continue
      }
      let last = samples.prefix(Int(count)).map(\.timestamp).max() ?? 0
      let since = sampledUntil > 0 ? sampledUntil : last - min(last, NVMLCalls.firstWindow)
      var newest: [UInt32: CNVMLProcessUtilization] = [:]
      for sample in samples.prefix(Int(count)) where sample.timestamp > since && sample.sm <= 100 {
        if newest[sample.pid].map({ $0.timestamp < sample.timestamp }) ?? true { newest[sample.pid] = sample }
      }
      sampledUntil = max(sampledUntil, last)
      return Array(newest.values)
    }
    return []
  }
}
