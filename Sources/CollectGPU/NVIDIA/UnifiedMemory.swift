package import AgentMetrics

/// Chips that use the machine's memory: GB10 (DGX Spark), Jetson, Thor.
///
/// Excludes GH200 and similar, whose processor and GPU can access each other's memory but each have their own.
package enum UnifiedMemory {
  /// Names of such chips, for drivers that report memory for them nonetheless.
  private static let names = ["GB10", "N1X", "Tegra", "Jetson", "Xavier", "Orin", "Thor"]

  /// Whether a model is known to have no memory of its own.
  package static func isKnown(_ model: String?) -> Bool {
    guard let model else { return false }
    // Whole words only: "GB100" is a chip with memory of its own.
    return model.split { !$0.isLetter && !$0.isNumber }.contains { word in names.contains { $0 == word } }
  }

  /// Marks a GPU as using the machine's memory, of that many bytes, without a PCI Express link of its own.
  package static func mark(_ gpu: inout GPU, machineMemory: Double) {
    gpu.hasUnifiedMemory = true
    gpu.isIntegrated = true
    gpu.vramTotal = machineMemory
    gpu.vramUsed = .nan
    (gpu.pcieGeneration, gpu.pcieWidth) = (.nan, .nan)
  }

  /// Sets the use of unified memory to the sum over its processes; absent if the driver does not list them.
  package static func sumUse(_ gpu: inout GPU) {
    guard gpu.hasUnifiedMemory, let processes = gpu.processes else { return }
    let reported = processes.map(\.vram).filter { !$0.isNaN }
    gpu.vramUsed = reported.isEmpty && !processes.isEmpty ? .nan : Plausible.bytes(reported.reduce(0, +))
  }
}
