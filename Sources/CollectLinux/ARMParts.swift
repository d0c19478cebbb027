/// Names of ARM cores by the implementer and part number of their main ID register (MIDR_EL1), the only identification
/// that Linux exposes (arch/arm64/include/asm/cputype.h, and the makers' technical reference manuals).
enum ARMParts {
  /// The name, such as "Cortex-A72"; the numbers for an unlisted part.
  static func name(implementer: UInt64, part: UInt64) -> String {
    if let name = names[implementer << 16 | part] { return name }
    let maker = makers[implementer] ?? "implementer 0x" + String(implementer, radix: 16)
    return maker + " part 0x" + String(part, radix: 16)
  }

  private static let makers: [UInt64: String] = [
    0x41: "ARM", 0x42: "Broadcom", 0x43: "Cavium", 0x46: "Fujitsu", 0x48: "HiSilicon", 0x4E: "NVIDIA", 0x50: "APM",
    0x51: "Qualcomm", 0x53: "Samsung", 0x56: "Marvell", 0x61: "Apple", 0x66: "Faraday", 0x69: "Intel",
    0x6D: "Microsoft", 0x70: "Phytium", 0xC0: "Ampere",
  ]

  /// Names by implementer << 16 | part.
  private static let names: [UInt64: String] = [
    0x41_0B02: "ARM11 MPCore", 0x41_0B36: "ARM1136", 0x41_0B56: "ARM1156", 0x41_0B76: "ARM1176",
    0x41_0C05: "Cortex-A5", 0x41_0C07: "Cortex-A7", 0x41_0C08: "Cortex-A8", 0x41_0C09: "Cortex-A9",
    0x41_0C0E: "Cortex-A17", 0x41_0C0F: "Cortex-A15", 0x41_0D01: "Cortex-A32",
    0x41_0D02: "Cortex-A34", 0x41_0D03: "Cortex-A53", 0x41_0D04: "Cortex-A35",
    0x41_0D05: "Cortex-A55", 0x41_0D06: "Cortex-A65", 0x41_0D07: "Cortex-A57", 0x41_0D08: "Cortex-A72",
    0x41_0D09: "Cortex-A73", 0x41_0D0A: "Cortex-A75", 0x41_0D0B: "Cortex-A76", 0x41_0D0C: "Neoverse-N1",
    0x41_0D0D: "Cortex-A77", 0x41_0D0E: "Cortex-A76AE", 0x41_0D40: "Neoverse-V1", 0x41_0D41: "Cortex-A78",
    0x41_0D42: "Cortex-A78AE", 0x41_0D43: "Cortex-A65AE", 0x41_0D44: "Cortex-X1", 0x41_0D46: "Cortex-A510",
    0x41_0D47: "Cortex-A710", 0x41_0D48: "Cortex-X2", 0x41_0D49: "Neoverse-N2", 0x41_0D4A: "Neoverse-E1",
    0x41_0D4B: "Cortex-A78C", 0x41_0D4C: "Cortex-X1C", 0x41_0D4D: "Cortex-A715", 0x41_0D4E: "Cortex-X3",
    0x41_0D4F: "Neoverse-V2", 0x41_0D80: "Cortex-A520", 0x41_0D81: "Cortex-A720", 0x41_0D82: "Cortex-X4",
    0x41_0D83: "Neoverse-V3AE", 0x41_0D84: "Neoverse-V3", 0x41_0D85: "Cortex-X925", 0x41_0D87: "Cortex-A725",
    0x41_0D8E: "Neoverse-N3",
    0x42_0516: "ThunderX2", 0x43_00A1: "ThunderX", 0x43_00AF: "ThunderX2",
    0x46_0001: "A64FX", 0x48_0D01: "Kunpeng-920",
    0x4E_0000: "Denver", 0x4E_0003: "Denver 2", 0x4E_0004: "Carmel", 0x4E_0010: "Olympus",
    0x50_0000: "X-Gene",
    0x51_0001: "Oryon", 0x51_0800: "Kryo 2xx Gold", 0x51_0801: "Kryo 2xx Silver", 0x51_0802: "Kryo 3xx Gold",
    0x51_0803: "Kryo 3xx Silver", 0x51_0804: "Kryo 4xx Gold", 0x51_0805: "Kryo 4xx Silver", 0x51_0C00: "Falkor",
    0x61_0022: "Apple M1 Icestorm", 0x61_0023: "Apple M1 Firestorm", 0x61_0024: "Apple M1 Pro Icestorm",
    0x61_0025: "Apple M1 Pro Firestorm", 0x61_0028: "Apple M1 Max Icestorm", 0x61_0029: "Apple M1 Max Firestorm",
    0x61_0032: "Apple M2 Blizzard", 0x61_0033: "Apple M2 Avalanche", 0x61_0034: "Apple M2 Pro Blizzard",
    0x61_0035: "Apple M2 Pro Avalanche", 0x61_0038: "Apple M2 Max Blizzard", 0x61_0039: "Apple M2 Max Avalanche",
    0x6D_0D49: "Azure Cobalt 100", 0x70_0662: "FTC662", 0x70_0663: "FTC663",
    0xC0_0AC3: "Ampere-1", 0xC0_0AC4: "Ampere-1A", 0xC0_0AC5: "Ampere-1B",
  ]
}
