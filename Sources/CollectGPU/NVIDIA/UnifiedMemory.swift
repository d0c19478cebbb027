internal import AgentMetrics

/// Chips whose memory is the machine's: GB10 (DGX Spark), Jetson, Thor.
///
/// Not GH200 and its like, whose processor and GPU reach each other's memory but have each their own.
enum UnifiedMemory {
  /// Names of such chips, for drivers that print memory of theirs all the same.
  private static let names = ["GB10", "N1X", "Tegra", "Jetson", "Xavier", "Orin", "Thor"]

  /// Whether a model is known to have no memory of its own.
  static func isKnown(_ model: String?) -> Bool {
    guard let model else { return false }
    // Whole words: "GB100" is a chip with its own.
    return model.split { !$0.isLetter && !$0.isNumber }.contains { word in names.contains { $0 == word } }
  }

  /// Makes a GPU one with the machine's memory, of that many bytes, and without a link of its own.
  static func mark(_ gpu: inout GPU, machineMemory: Double) {
    gpu.hasUnifiedMemory = true
    gpu.isIntegrated = true
    gpu.vramTotal = machineMemory
    gpu.vramUsed = .nan
    (gpu.pcieGeneration, gpu.pcieWidth) = (.nan, .nan)
  }

  /// Sets the use of unified memory to the sum over its processes; absent where the driver does not list them.
  static func sumUse(_ gpu: inout GPU) {
    guard gpu.hasUnifiedMemory, let processes = gpu.processes else { return }
    let reported = processes.map(\.vram).filter { !$0.isNaN }
    gpu.vramUsed = reported.isEmpty && !processes.isEmpty ? .nan : Plausible.bytes(reported.reduce(0, +))
  }
}
