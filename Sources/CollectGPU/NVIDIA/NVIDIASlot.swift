internal import SystemIO

/// A GPU of NVIDIA's as the kernel's list of PCI devices has it; reading that wakes nothing.
struct NVIDIASlot: Hashable {
  let address: String
  let isAsleep: Bool
  /// Whether the kernel may put it to sleep.
  let maySleep: Bool

  /// All that NVIDIA's driver is bound to, by ascending address.
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

  /// Whether there are GPUs of NVIDIA's, all of which another driver has, or none: nouveau, vfio-pci.
  ///
  /// NVML must not be asked then: it may load NVIDIA's driver to find out.
  static func areOthers(root: String) -> Bool {
    let folder = root + "/sys/bus/pci/devices"
    let devices = Files.names(in: folder).map { folder + "/" + $0 }
      .filter { Files.hexadecimal(of: $0 + "/vendor") == 0x10DE && isDisplay($0) }
    return !devices.isEmpty && !Files.exists(root + "/dev/nvidiactl")
      && devices.allSatisfy { Files.linkName($0 + "/driver") != "nvidia" }
  }

  /// Its model by the list of PCI devices' names, for one that was never asked.
  func model(root: String) -> String? {
    let path = root + "/sys/bus/pci/drivers/nvidia/" + address + "/device"
    guard let id = Files.hexadecimal(of: path).flatMap({ UInt16(exactly: $0) }) else { return nil }
    return PCINames.model(vendor: 0x10DE, device: id, maker: "NVIDIA", root: root)
  }

  /// Whether it is a display controller, of class 0x03…; a card's sound and USB ports are devices of their own.
  private static func isDisplay(_ device: String) -> Bool {
    Files.line(of: device + "/class")?.hasPrefix("0x03") == true
  }
}
