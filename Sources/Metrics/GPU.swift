/// One graphics processor; NaN where absent; a level, so that Reading and Sample hold the same.
public struct GPU: Sendable, Hashable {
  /// Place in the list, by PCI address.
  public var index: Int
  /// "nvidia", "amd" or "intel".
  public var vendor: String
  /// Model name.
  public var model: String?
  /// The vendor's unique id.
  public var uuid: String?
  /// PCI address, "0000:3b:00.0".
  public var pciAddress: String?
  /// Whether it shares the CPU's package and memory.
  public var isIntegrated = false
  /// Share of time busy, 0…1.
  public var util = Double.nan
  /// Degrees Celsius.
  public var temperature = Double.nan
  /// Bytes of its memory.
  public var vramTotal = Double.nan
  /// Bytes of its memory in use.
  public var vramUsed = Double.nan
  /// Watts.
  public var power = Double.nan
  /// Watts that it may draw.
  public var powerLimit = Double.nan
  /// Core clock in hertz.
  public var clock = Double.nan

  /// A GPU without figures.
  public init(index: Int, vendor: String) {
    self.index = index
    self.vendor = vendor
  }

  /// Used ÷ total memory.
  public var vramUsage: Double { share(vramUsed, of: vramTotal) }

  /// The one that the specification's `gpu` shows: the first by PCI address that is not integrated, else the first.
  public static func primary(of gpus: [GPU]) -> GPU? {
    gpus.first { !$0.isIntegrated } ?? gpus.first
  }

  /// The figures of a GPU.
  public static let table = Table<GPU>([
    .text("vendor", "nvidia, amd or intel", source: "the driver") { $0.vendor },
    .text("model", "Model name", source: "the driver") { $0.model },
    .gauge("util", .ratio, "Share of time busy", source: "the driver") { $0.util },
    .gauge("temperature_c", .celsius, "Temperature", source: "the driver") { $0.temperature },
    .gauge("vram_total_mb", .mebibytes, "Its memory", source: "the driver") { $0.vramTotal },
    .gauge("vram_used_mb", .mebibytes, "Its memory in use", source: "the driver") { $0.vramUsed },
    .gauge("index", .count, "Place in the list, by PCI address", source: "the driver") { Double($0.index) },
    .text("uuid", "The vendor's unique id", source: "the driver") { $0.uuid },
    .text("pci_address", "PCI address", source: "the driver") { $0.pciAddress },
    .gauge("power_watts", .watts, "Power drawn", source: "the driver") { $0.power },
    .gauge("power_limit_watts", .watts, "Power allowed", source: "the driver") { $0.powerLimit },
    .gauge("clock_mhz", .megahertz, "Core clock", source: "the driver") { $0.clock },
  ])
}
