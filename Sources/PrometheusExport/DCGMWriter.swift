internal import AgentMetrics

/// Writes GPUs under dcgm-exporter's names, in its units: percent, mebibytes, megahertz, millijoules.
///
/// Includes GPUs of all vendors, so that one dashboard shows them all. Absent values are omitted, where dcgm-exporter
/// prints placeholders; the share of time of the tensor cores (DCGM_FI_PROF_PIPE_TENSOR_ACTIVE) is always absent.
enum DCGMWriter {
  static func write(_ sample: Sample, to exposition: inout Exposition) {
    func family(
      _ name: StaticString, _ help: StaticString, as kind: Exposition.ExposedType = .gauge, _ value: (GPU) -> Double
    ) {
      exposition.family(name, kind, help)
      for gpu in sample.gpus {
        exposition.sample()
        exposition.label("gpu", gpu.index)
        exposition.label("UUID", gpu.uuid ?? "")
        exposition.label("pci_bus_id", gpu.pciAddress ?? "")
        exposition.label("device", gpu.vendor + String(gpu.index))
        exposition.label("modelName", gpu.model ?? "")
        exposition.label("Hostname", sample.host.hostname ?? "")
        exposition.value(value(gpu))
      }
    }
    func percent(_ ratio: Double) -> Double { (ratio * 100).rounded() }
    family("DCGM_FI_DEV_SM_CLOCK", "Core clock in MHz") { ($0.clock / 1e6).rounded() }
    family("DCGM_FI_DEV_MEM_CLOCK", "Memory clock in MHz") { ($0.memoryClock / 1e6).rounded() }
    family("DCGM_FI_DEV_MEMORY_TEMP", "Temperature of the memory in degrees Celsius") { $0.memoryTemperature }
    family("DCGM_FI_DEV_GPU_TEMP", "Temperature in degrees Celsius") { $0.temperature }
    family("DCGM_FI_DEV_POWER_USAGE", "Power drawn in watts") { $0.power }
    family(
      "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Energy drawn since the driver was loaded in mJ", as: .unknown
    ) {
      ($0.energy * 1_000).rounded()
    }
    family("DCGM_FI_DEV_GPU_UTIL", "Share of time busy in percent") { percent($0.util) }
    family("DCGM_FI_DEV_MEM_COPY_UTIL", "Share of time with memory traffic in percent") { percent($0.memoryUtil) }
    family("DCGM_FI_DEV_ENC_UTIL", "Share of the encoder's time in percent") { percent($0.encoder) }
    family("DCGM_FI_DEV_DEC_UTIL", "Share of the decoder's time in percent") { percent($0.decoder) }
    family("DCGM_FI_DEV_FB_USED", "Memory in use in MiB") { ($0.vramUsed / 1_048_576).rounded() }
    family("DCGM_FI_DEV_FB_FREE", "Memory not in use in MiB") { (($0.vramTotal - $0.vramUsed) / 1_048_576).rounded() }
    family("DCGM_FI_DEV_XID_ERRORS", "Number of the driver's last error report") { $0.xid }
  }
}
