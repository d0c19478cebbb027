package import AgentMetrics

/// The operating system's own data on NVIDIA's GPUs, read without a call of their driver.
///
/// Each member has a default for a system without such data: all GPUs are read, as the driver lists them.
package protocol NVIDIASystem: AnyObject {
  /// Paths of NVML to try, in order; the dynamic linker resolves a name without a folder.
  var libraries: [String] { get }
  /// GPUs bound to NVIDIA's driver, by ascending address; empty where the system does not list them.
  func slots() -> [NVIDIASlot]
  /// Whether there are NVIDIA GPUs, but all of them with another driver or without one: nouveau, vfio-pci.
  ///
  /// NVML must not be called then: it may load NVIDIA's driver.
  func areOthers() -> Bool
  /// Whether NVIDIA's driver is known to be loaded.
  var isDriverLoaded: Bool { get }
  /// Version of that driver.
  var driverVersion: String? { get }
  /// Model of a GPU that was never read.
  func model(of slot: NVIDIASlot) -> String?
  /// Bytes of the machine's memory; NaN where unknown.
  var machineMemory: Double { get }
  /// Ids by which the machine's process table knows processes that the driver numbers otherwise, as in a container.
  func processIDs(of pids: Set<Int32>) -> [Int32: Int32]
  /// A GPU that the system reads without NVML, such as a Jetson's; nil on other machines.
  func integratedGPU() -> GPU?
}

extension NVIDIASystem {
  package func slots() -> [NVIDIASlot] { [] }
  package func areOthers() -> Bool { false }
  package var isDriverLoaded: Bool { false }
  package var driverVersion: String? { nil }
  package func model(of slot: NVIDIASlot) -> String? { nil }
  package var machineMemory: Double { .nan }
  package func processIDs(of pids: Set<Int32>) -> [Int32: Int32] { [:] }
  package func integratedGPU() -> GPU? { nil }
}
