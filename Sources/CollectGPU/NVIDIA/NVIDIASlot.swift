internal import SystemIO

/// An NVIDIA GPU in the kernel's list of PCI devices; reading the list does not wake it.
struct NVIDIASlot: Hashable {
  let address: String
  let isAsleep: Bool
  /// Whether the kernel may suspend it.
  let maySleep: Bool

  /// All GPUs bound to NVIDIA's driver, by ascending address.
  static func find(root: String) -> [NVIDIASlot] {
    let folder = root + "/sys/bus/pci/drivers/nvidia"
    return Files.names(in: folder).filter { $0.contains(":") }.sorted().compactMap { address in
      let device = folder + "/" + address
      guard isDisplay(device) else { return nil }
      return NVIDIASlot(
        address: address, isAsleep: Files.line(of: device + "/power/runtime_status")?.hasPrefix("suspend") == true,
        maySleep: Files.line(of: device + "/power/control") == "auto")
    }
  }

  /// Whether there are NVIDIA GPUs, but all of them with another driver or without one: nouveau, vfio-pci.
  ///
  /// NVML must not be called then: it may load NVIDIA's driver.
  static func areOthers(root: String) -> Bool {
    let folder = root + "/sys/bus/pci/devices"
    let devices = Files.names(in: folder).map { folder + "/" + $0 }
      .filter { Files.hexadecimal(of: $0 + "/vendor") == 0x10DE && isDisplay($0) }
    return !devices.isEmpty && !Files.exists(root + "/dev/nvidiactl")
      && devices.allSatisfy { Files.linkName($0 + "/driver") != "nvidia" }
  }

  /// Model by the list of PCI names, for a GPU that was never read.
  func model(root: String) -> String? {
    let path = root + "/sys/bus/pci/drivers/nvidia/" + address + "/device"
    guard let id = Files.hexadecimal(of: path).flatMap({ UInt16(exactly: $0) }) else { return nil }
    return PCINames.model(vendor: 0x10DE, device: id, maker: "NVIDIA", root: root)
  }

  /// Whether a device is a display controller, of class 0x03…; a card's sound and USB ports are separate devices.
  private static func isDisplay(_ device: String) -> Bool {
    Files.line(of: device + "/class")?.hasPrefix("0x03") == true
  }
}
