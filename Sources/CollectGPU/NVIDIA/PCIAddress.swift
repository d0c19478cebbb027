/// PCI addresses as sysfs writes them, "0000:3b:00.0".
enum PCIAddress {
  /// The address of a device's first function.
  static func text(domain: UInt32, bus: UInt32, device: UInt32) -> String {
    func hexadecimal(_ value: UInt32, _ digits: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    return hexadecimal(domain, 4) + ":" + hexadecimal(bus, 2) + ":" + hexadecimal(device, 2) + ".0"
  }

  /// Converts an address as NVIDIA writes it, such as "00000000:3B:00.0"; nil if it is malformed.
  static func text(_ written: String) -> String? {
    let parts = written.lowercased().split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let domain = UInt32(parts[0], radix: 16), let bus = UInt32(parts[1], radix: 16) else {
      return nil
    }
    let place = parts[2].split(separator: ".", omittingEmptySubsequences: false)
    guard place.count == 2, place[1] == "0", let device = UInt32(place[0], radix: 16) else { return nil }
    return text(domain: domain, bus: bus, device: device)
  }
}
