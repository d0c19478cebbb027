internal import SystemIO

/// PCI Express link of a device's slot (drivers/pci/pci-sysfs.c).
///
/// Many cards carry a switch of their own. The processor's own link then ends at that switch, always at full speed (AMD
/// since Navi) or always at 2.5 GT/s and one lane (Intel's Arc), and does not describe the slot. The switch's upstream
/// link is the slot's.
struct PCILink {
  private let speed: SysfsFile
  private let width: SysfsFile
  private let maximumSpeed: SysfsFile
  private let maximumWidth: SysfsFile

  /// Finds the link of the slot that a device sits in; `folder` is the device's.
  init(deviceFolder folder: String) {
    var slot = folder
    let vendor = Files.hexadecimal(of: folder + "/vendor")
    // Two bridges: the downstream and upstream ports of the card's own switch. Without a switch, a root port of the
    // same maker describes the same link from its other end.
    for _ in 0..<2 {
      let parent = slot + "/.."
      guard let parentClass = Files.hexadecimal(of: parent + "/class"), parentClass >> 8 == 0x0604,
        Files.hexadecimal(of: parent + "/vendor") == vendor
      else { break }
      slot = parent
    }
    speed = SysfsFile(slot + "/current_link_speed")
    width = SysfsFile(slot + "/current_link_width")
    maximumSpeed = SysfsFile(slot + "/max_link_speed")
    maximumWidth = SysfsFile(slot + "/max_link_width")
  }

  /// Generation, 1…7, and lanes; NaN if unknown.
  ///
  /// A link with a maximum of one lane at 2.5 GT/s is omitted: it is a placeholder in the configuration space of chips
  /// on another bus, and of an Arc whose switch a virtual machine does not see.
  func read(_ buffer: ReadBuffer) -> (generation: Double, width: Double) {
    let lanes = width.number(buffer)
    let link = (generation: Self.generation(rate: Self.rate(speed, buffer)), width: lanes)
    if link == (1, 1), maximumWidth.number(buffer) == 1, Self.generation(rate: Self.rate(maximumSpeed, buffer)) == 1 {
      return (.nan, .nan)
    }
    return (link.generation, lanes >= 1 && lanes <= 32 ? lanes : .nan)
  }

  /// Parses "16.0 GT/s PCIe" as 16; NaN for "Unknown".
  private static func rate(_ file: SysfsFile, _ buffer: ReadBuffer) -> Double {
    file.read(buffer) { bytes in
      var position = 0
      return bytes.decimal(&position) ?? .nan
    } ?? .nan
  }

  /// The generation whose lanes run at `rate` GT/s, or NaN.
  static func generation(rate: Double) -> Double {
    guard rate.isFinite else { return .nan }
    return [2.5, 5, 8, 16, 32, 64, 128].firstIndex(of: rate).map { Double($0 + 1) } ?? .nan
  }
}
