package import AgentMetrics
package import CollectGPU
internal import KernelFiles
internal import SystemIO

/// NVIDIA's GPUs by sysfs and proc.
package final class LinuxNVIDIASystem: NVIDIASystem {
  private let root: String
  private var tegra: TegraGPU?
  private var hasSoughtTegra = false

  /// - Parameter root: "" for the running machine, else the directory that holds its `proc` and `sys`.
  package init(root: String) {
    self.root = root
  }

  /// Names of the library, and its path in Windows' Subsystem for Linux.
  package let libraries = ["libnvidia-ml.so.1", "libnvidia-ml.so", "/usr/lib/wsl/lib/libnvidia-ml.so.1"]

  package func slots() -> [NVIDIASlot] {
    let folder = root + "/sys/bus/pci/drivers/nvidia"
    return Files.names(in: folder).filter { $0.contains(":") }.sorted().compactMap { address in
      let device = folder + "/" + address
      guard Self.isDisplay(device) else { return nil }
      return NVIDIASlot(
        address: address, isAsleep: Files.line(of: device + "/power/runtime_status")?.hasPrefix("suspend") == true,
        maySleep: Files.line(of: device + "/power/control") == "auto")
    }
  }

  package func areOthers() -> Bool {
    let folder = root + "/sys/bus/pci/devices"
    let devices = Files.names(in: folder).map { folder + "/" + $0 }
      .filter { Files.hexadecimal(of: $0 + "/vendor") == 0x10DE && Self.isDisplay($0) }
    return !devices.isEmpty && !Files.exists(root + "/dev/nvidiactl")
      && devices.allSatisfy { Files.linkName($0 + "/driver") != "nvidia" }
  }

  package var isDriverLoaded: Bool { Files.exists(root + "/proc/driver/nvidia/version") }

  package var driverVersion: String? { Files.line(of: root + "/sys/module/nvidia/version") }

  /// Model by the list of PCI names.
  package func model(of slot: NVIDIASlot) -> String? {
    let path = root + "/sys/bus/pci/drivers/nvidia/" + slot.address + "/device"
    guard let id = Files.hexadecimal(of: path).flatMap({ UInt16(exactly: $0) }) else { return nil }
    return PCINames.model(vendor: 0x10DE, device: id, maker: "NVIDIA", root: root)
  }

  package var machineMemory: Double {
    guard let bytes = try? Files.contents(of: root + "/proc/meminfo") else { return .nan }
    return MeminfoParser.total(bytes.span).map { Double($0) } ?? .nan
  }

  /// Searches only for those that proc does not have, since a search is expensive.
  package func processIDs(of pids: Set<Int32>) -> [Int32: Int32] {
    NamespacePIDs.find(pids.filter { !Files.exists(root + "/proc/\($0)") }, root: root)
  }

  package func integratedGPU() -> GPU? {
    if !hasSoughtTegra {
      hasSoughtTegra = true
      tegra = TegraGPU(root: root)
    }
    return tegra?.read(machineMemory: machineMemory)
  }

  /// Whether a device is a display controller, of class 0x03…; a card's sound and USB ports are separate devices.
  private static func isDisplay(_ device: String) -> Bool {
    Files.line(of: device + "/class")?.hasPrefix("0x03") == true
  }
}
