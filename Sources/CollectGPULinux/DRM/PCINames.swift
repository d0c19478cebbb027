internal import SystemIO

/// Names of PCI devices, from the list that distributions install (pci.ids, of the package hwdata or pciutils), and for
/// AMD from libdrm's own list, which distinguishes products with the same PCI id.
enum PCINames {
  /// Name of a GPU, such as "AMD Radeon RX 7900 XTX"; `maker` and the id if it is not listed.
  static func model(_ device: DRMDevice, maker: String, root: String) -> String? {
    guard let vendor = device.vendor, let id = device.device else { return nil }
    if vendor == 0x1002, let revision = device.revision {
      for folder in ["/usr/share/libdrm", "/opt/amdgpu/share/libdrm"] {
        guard let bytes = try? Files.contents(of: root + folder + "/amdgpu.ids") else { continue }
        if let name = marketingName(device: id, revision: revision, in: bytes.span) { return name }
      }
    }
    return model(vendor: vendor, device: id, maker: maker, root: root)
  }

  /// Name of a GPU by its PCI ids; `maker` and the id if it is not listed.
  static func model(vendor: UInt16, device id: UInt16, maker: String, root: String) -> String {
    for path in ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids", "/var/lib/pciutils/pci.ids"] {
      guard let bytes = try? Files.contents(of: root + path) else { continue }
      if let name = name(vendor: vendor, device: id, in: bytes.span) { return full(product(name), maker) }
    }
    return maker + " GPU 0x" + hexadecimal(id)
  }

  /// Prefixes a product's name with its maker unless it has that prefix.
  static func full(_ product: String, _ maker: String) -> String {
    product.lowercased().hasPrefix(maker.lowercased()) ? product : maker + " " + product
  }

  /// The device's name in pci.ids, "744c" under "1002", or nil.
  static func name(vendor: UInt16, device: UInt16, in bytes: Span<UInt8>) -> String? {
    let (vendor, device) = (hexadecimal(vendor), hexadecimal(device))
    var position = 0
    var isVendor = false
    while position < bytes.count {
      let byte = bytes.byte(at: position)
      if byte == UInt8(ascii: "\t") {
        // Two tabs begin a subsystem.
        if isVendor, bytes.equals(position + 1..<min(bytes.count, position + 5), device) {
          position += 5
          return rest(of: bytes, &position)
        }
      } else if byte != UInt8(ascii: "#"), byte != UInt8(ascii: "\n") {
        // The list is ordered: this vendor's entries end at the next vendor.
        if isVendor { return nil }
        isVendor = bytes.equals(position..<min(bytes.count, position + 4), vendor)
      }
      bytes.skipLine(&position)
    }
    return nil
  }

  /// The device's name in libdrm's amdgpu.ids, "744C,\tC8,\tAMD Radeon RX 7900 XTX", or nil.
  static func marketingName(device: UInt16, revision: UInt8, in bytes: Span<UInt8>) -> String? {
    let device = hexadecimal(device)
    let revision = hexadecimal(UInt16(revision)).suffix(2)
    var position = 0
    while position < bytes.count {
      var column = position
      if let first = field(bytes, &column), equalsIgnoringCase(bytes, first, device),
        let second = field(bytes, &column), equalsIgnoringCase(bytes, second, String(revision))
      {
        return rest(of: bytes, &column)
      }
      bytes.skipLine(&position)
    }
    return nil
  }

  /// The product in a name of pci.ids: the text in the last brackets of "Navi 31 [Radeon RX 7900 XT/7900 XTX]".
  static func product(_ name: String) -> String {
    guard name.hasSuffix("]"), let open = name.lastIndex(of: "[") else { return name }
    let product = name[name.index(after: open)...].dropLast()
    return product.isEmpty ? name : String(product)
  }

  /// Formats an id as four lower-case digits.
  static func hexadecimal(_ id: UInt16) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }

  /// Parses the text before the line's next comma, and skips the comma.
  private static func field(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
    bytes.skipBlanks(&position)
    let start = position
    while let byte = bytes.byte(at: position), byte != UInt8(ascii: ","), byte != UInt8(ascii: "\n") { position += 1 }
    guard bytes.byte(at: position) == UInt8(ascii: ",") else { return nil }
    position += 1
    return start..<position - 1
  }

  private static func equalsIgnoringCase(_ bytes: Span<UInt8>, _ range: Range<Int>, _ lower: String) -> Bool {
    range.count == lower.utf8.count && bytes.string(range).lowercased() == lower
  }

  /// The rest of the line without surrounding blanks, or nil if it is empty.
  private static func rest(of bytes: Span<UInt8>, _ position: inout Int) -> String? {
    bytes.skipBlanks(&position)
    let start = position
    while let byte = bytes.byte(at: position), byte != UInt8(ascii: "\n") { position += 1 }
    var end = position
    while end > start, bytes[end - 1].isBlankOrNewline { end -= 1 }
    return end > start ? bytes.string(start..<end) : nil
  }
}
