internal import SystemIO

/// A graphics device of the kernel's direct rendering manager, /sys/class/drm/cardN.
struct DRMDevice: Hashable {
  /// Name, such as "card0".
  var card: String
  /// Path of ROOT/sys/class/drm/card0.
  var folder: String
  /// PCI address, "0000:03:00.0"; nil for a device on no PCI bus.
  var pciAddress: String?
  /// Kernel driver, such as "amdgpu".
  var driver: String?
  /// PCI ids; nil for a device on no PCI bus.
  var vendor: UInt16?
  var device: UInt16?
  var revision: UInt8?
  /// Names under /dev/dri, such as "card0" and "renderD128".
  var nodes: [String]
  /// Inode of the device's folder, which differs for another device at the same address.
  var inode: UInt64

  /// Path of the PCI device, ROOT/sys/class/drm/card0/device.
  var deviceFolder: String { folder + "/device" }

  /// All devices of a PCI vendor, by ascending number.
  static func all(ofVendor vendor: UInt16, root: String) -> [DRMDevice] {
    cards(root).compactMap { card in
      // Of other vendors' devices only the vendor is read.
      guard number(root + "/sys/class/drm/" + card + "/device/vendor") == UInt64(vendor) else { return nil }
      return DRMDevice(card: card, root: root)
    }
  }

  /// Names of cards, without their connectors ("card0-HDMI-A-1"), by ascending number.
  private static func cards(_ root: String) -> [String] {
    Files.names(in: root + "/sys/class/drm")
      .compactMap { name -> (Int, String)? in
        guard name.hasPrefix("card"), let number = Int(name.dropFirst(4)) else { return nil }
        return (number, name)
      }
      .sorted { $0.0 < $1.0 }
      .map(\.1)
  }

  private static func number(_ path: String) -> UInt64? { Files.hexadecimal(of: path) }

  private init(card: String, root: String) {
    self.card = card
    folder = root + "/sys/class/drm/" + card
    let device = folder + "/device"
    let uevent = (try? Files.contents(of: device + "/uevent")) ?? []
    let address = Self.value(of: "PCI_SLOT_NAME=", in: uevent.span) ?? Files.linkName(device)
    pciAddress = address.flatMap { $0.utf8.filter { $0 == UInt8(ascii: ":") }.count == 2 ? $0.lowercased() : nil }
    driver = Self.value(of: "DRIVER=", in: uevent.span) ?? Files.linkName(device + "/driver")
    vendor = Self.number(device + "/vendor").flatMap { UInt16(exactly: $0) }
    self.device = Self.number(device + "/device").flatMap { UInt16(exactly: $0) }
    revision = Self.number(device + "/revision").flatMap { UInt8(exactly: $0) }
    nodes = Files.names(in: device + "/drm").filter { $0.hasPrefix("renderD") || $0 == card }.sorted()
    if nodes.isEmpty { nodes = [card] }
    var status = stat()
    inode = stat(device + "/", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// The value of a key at the beginning of a line, or nil.
  static func value(of key: StaticString, in bytes: Span<UInt8>) -> String? {
    var position = 0
    while position < bytes.count {
      if bytes.skip(key, &position) {
        return bytes.word(&position).map { bytes.string($0) }
      }
      bytes.skipLine(&position)
    }
    return nil
  }
}
