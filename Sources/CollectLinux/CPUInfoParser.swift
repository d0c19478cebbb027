internal import SystemIO

/// Contents of /proc/cpuinfo.
struct CPUInfo: Hashable {
  /// Processor model; several joined for a hybrid one.
  var model: String?
  /// Number of different physical ids.
  var sockets: Int?
  /// Number of different pairs of physical id and core id.
  var cores: Int?
  /// Numbers of the CPUs.
  var cpus: [Int] = []
}

/// Parser of /proc/cpuinfo: `key<tab>: value` lines, a block per CPU, with keys that differ by architecture
/// (show_cpuinfo in arch/*/kernel).
enum CPUInfoParser {
  /// Keys of the processor's name, the best first.
  ///
  /// x86, Elbrus, IA-64 and Sunway have `model name`, LoongArch `Model Name`, MIPS and Alpha `cpu model`, POWER, SPARC
  /// and PA-RISC `cpu`, RISC-V `uarch`, SuperH `cpu type`, m68k and Nios II `CPU`, C-SKY `C-SKY CPU model`, Xtensa
  /// `model`, MicroBlaze `CPU-Family`.
  private static let nameKeys: [StaticString] = [
    "model name", "Model Name", "cpu model", "cpu", "uarch", "cpu type", "CPU", "C-SKY CPU model", "CPU-Family",
  ]

  /// Keys of last resort, better than no name: ARM's platform and processor line, RISC-V's instruction set, Xtensa's
  /// and x86's model number.
  private static let lastKeys: [StaticString] = ["Hardware", "Processor", "system type", "isa", "model"]

  /// Values of one block or the whole text, by the keys above.
  private struct Names {
    var values: [StaticString.Key: String] = [:]

    subscript(_ key: StaticString) -> String? { values[StaticString.Key(key)] }
  }

  /// Parses model, sockets, cores and the CPU numbers.
  static func parse(_ bytes: Span<UInt8>) -> CPUInfo {
    var info = CPUInfo()
    var names = Names()
    var implementer: UInt64 = 0
    var vendor: UInt64?
    var architecture: UInt64?
    var parts: [(name: String, count: Int)] = []
    var machine: String?
    var isPARISC = false
    var packages: Set<UInt64> = []
    var cores: Set<[UInt64]> = []
    var package: UInt64 = 0
    var position = 0
    while let (key, value) = CPUInfoLines.next(bytes, &position) {
      var number = value.lowerBound
      if let cpu = CPUInfoLines.cpu(bytes, key, value) {
        if info.cpus.count < StatParser.maximumCPUs { info.cpus.append(cpu) }
      }
      if bytes.equals(key, "physical id") || bytes.equals(key, "package") {
        package = bytes.unsigned(&number) ?? 0
        packages.insert(package)
      } else if bytes.equals(key, "core id") || bytes.equals(key, "core") {
        if let core = bytes.unsigned(&number), cores.count < StatParser.maximumCPUs { cores.insert([package, core]) }
      } else if bytes.equals(key, "CPU implementer") {
        implementer = hexadecimal(bytes, value) ?? 0
      } else if bytes.equals(key, "mvendorid") {
        vendor = hexadecimal(bytes, value)
      } else if bytes.equals(key, "marchid") {
        architecture = hexadecimal(bytes, value)
      } else if bytes.equals(key, "CPU part") {
        guard let part = hexadecimal(bytes, value) else { continue }
        let name = ARMParts.name(implementer: implementer, part: part)
        if let index = parts.firstIndex(where: { $0.name == name }) {
          parts[index].count += 1
        } else if parts.count < 8 {
          parts.append((name, 1))
        }
      } else if machine == nil, let type = mainframe(bytes, key, value) {
        machine = type
      } else if bytes.equals(key, "cpu family") {
        isPARISC = bytes.starts(with: "PA-RISC", at: value.lowerBound)
      }
      // On x86 `model` is a number.
      guard !value.isEmpty, !bytes.equals(key, "model") || !bytes[value.lowerBound].isDigit else { continue }
      for wanted in nameKeys + lastKeys where bytes.equals(key, wanted) && names[wanted] == nil {
        names.values[StaticString.Key(wanted)] = collapsed(bytes.string(value))
      }
    }
    info.sockets = packages.isEmpty ? nil : packages.count
    info.cores = cores.isEmpty ? nil : cores.count
    let board = RISCVCores.name(vendor: vendor, architecture: architecture)
    let last = lastKeys.lazy.compactMap { names[$0] }.first
    info.model = machine.map { IBMMainframes.name(type: $0) } ?? name(names, parts, isPARISC: isPARISC) ?? board ?? last
    return info
  }

  private static func name(_ names: Names, _ parts: [(name: String, count: Int)], isPARISC: Bool) -> String? {
    // On PA-RISC `model name` is the board's.
    if isPARISC, let cpu = names["cpu"] { return cpu }
    // "Alpha" and "EV67".
    if let cpu = names["cpu"], let model = names["cpu model"] {
      return model.hasPrefix(cpu) ? model : cpu + " " + model
    }
    let name = nameKeys.lazy.compactMap { names[$0] }.first
    // "ARMv7 Processor rev 4 (v7l)" is the instruction set; the part is the processor.
    if let name, !parts.isEmpty, name.hasPrefix("ARMv") || name.hasPrefix("AArch64") { return joined(parts) }
    return name ?? joined(parts)
  }

  /// s390x: "processor 0: version = FF,  identification = 0133E8,  machine = 3931", and `machine : 3931` of a block.
  private static func mainframe(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) -> String? {
    if bytes.equals(key, "machine") {
      // On POWER and MIPS it is the board.
      let text = bytes.string(value)
      return text.utf8.count == 4 && text.utf8.allSatisfy(\.isDigit) ? text : nil
    }
    guard bytes.starts(with: "processor ", at: key.lowerBound) else { return nil }
    let parts = bytes.string(value).split(separator: "machine = ", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 ? String(parts[1].prefix { !$0.isWhitespace && $0 != "," }) : nil
  }

  /// Joins names as "4 × Cortex-A55 + 2 × Cortex-A76", with numbers only for several kinds.
  private static func joined(_ parts: [(name: String, count: Int)]) -> String? {
    if parts.isEmpty { return nil }
    if parts.count == 1 { return parts[0].name }
    return parts.map { "\($0.count) × \($0.name)" }.joined(separator: " + ")
  }

  /// Removes vendors' padding: "Intel(R) Xeon(R) CPU           E5620".
  private static func collapsed(_ text: String) -> String {
    text.split(separator: " ").joined(separator: " ")
  }

  /// Parses "0xd08", or nil.
  private static func hexadecimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
    let text = bytes.string(range)
    return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil
  }
}

// MARK: Frequencies

extension CPUInfoParser {
  /// Hertz per unit.
  private static let (kilohertz, megahertz, gigahertz) = (1e3, 1e6, 1e9)

  /// Writes the hertz of each CPU to its index; a frequency without a CPU is written to all.
  ///
  /// x86, Elbrus, IA-64, PA-RISC and Xtensa have `cpu MHz`, LoongArch `CPU MHz`, s390x `cpu MHz dynamic`, POWER
  /// `clock`, SPARC `Cpu0ClkTck` (hertz, hexadecimal), Alpha `cycle frequency [Hz]`, m68k and Nios II `Clocking`,
  /// MicroBlaze `CPU-MHz`, ARC `CPU speed`, OpenRISC `frequency`, RISC-V boards of SpacemiT and T-Head `cpu-freq`.
  static func frequencies(_ bytes: Span<UInt8>, into hertz: UnsafeMutableBufferPointer<Double>) {
    var cpu: Int?
    var position = 0
    while let (key, value) = CPUInfoLines.next(bytes, &position) {
      if let number = CPUInfoLines.cpu(bytes, key, value) {
        cpu = number
        continue
      }
      guard let found = frequency(bytes, key, value), found.hertz > 0, found.hertz < 1e12 else { continue }
      if let place = found.cpu ?? cpu {
        // In range by the condition.
        if hertz.indices.contains(place) { hertz[place] = found.hertz }
      } else {
        for place in hertz.indices { hertz[place] = found.hertz }
      }
    }
  }

  /// The frequency of a line, and the CPU that its key names, or nil.
  private static func frequency(
    _ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>
  ) -> (hertz: Double, cpu: Int?)? {
    var position = value.lowerBound
    if bytes.starts(with: "Cpu", at: key.lowerBound) {
      var end = key.lowerBound + 3
      guard let cpu = bytes.unsigned(&end).flatMap({ Int(exactly: $0) }), bytes.equals(end..<key.upperBound, "ClkTck"),
        let hertz = UInt64(bytes.string(value), radix: 16)
      else { return nil }
      return (Double(hertz), cpu)
    }
    guard let unit = unit(ofKey: key, bytes), let number = bytes.decimal(&position) else { return nil }
    return (number * (self.unit(bytes, position) ?? unit), nil)
  }

  /// The unit of a key's numbers without a unit of their own; nil for other keys.
  private static func unit(ofKey key: Range<Int>, _ bytes: Span<UInt8>) -> Double? {
    if bytes.equals(key, "cpu MHz") || bytes.equals(key, "CPU MHz") || bytes.equals(key, "cpu MHz dynamic") {
      return megahertz
    }
    if bytes.equals(key, "clock") || bytes.equals(key, "Clocking") { return megahertz }
    if bytes.equals(key, "CPU-MHz") || bytes.equals(key, "CPU speed") { return megahertz }
    if bytes.equals(key, "cycle frequency [Hz]") || bytes.equals(key, "frequency") { return 1 }
    return bytes.equals(key, "cpu-freq") ? gigahertz : nil
  }

  /// The unit after a number, "2902.000000MHz", or nil.
  private static func unit(_ bytes: Span<UInt8>, _ start: Int) -> Double? {
    var position = start
    bytes.skipBlanks(&position)
    guard let letter = bytes.byte(at: position), let next = bytes.byte(at: position + 1), next | 0x20 == 0x68 else {
      return nil
    }
    switch letter | 0x20 {
    case UInt8(ascii: "k"): return kilohertz
    case UInt8(ascii: "m"): return megahertz
    case UInt8(ascii: "g"): return gigahertz
    default: return nil
    }
  }
}

/// The lines that ``CPUInfoParser`` reads.
private enum CPUInfoLines {
  /// Ranges of the next line's key and value; nil at the end.
  static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> (key: Range<Int>, value: Range<Int>)? {
    while position < bytes.count {
      let start = position
      var colon: Int?
      while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
        if bytes[position] == UInt8(ascii: ":"), colon == nil { colon = position }
        position += 1
      }
      let end = position
      position += 1
      if let colon { return (trimmed(bytes, start..<colon), trimmed(bytes, (colon + 1)..<end)) }
    }
    return nil
  }

  /// The CPU of a block: `processor : 0`, on s390x `cpu number : 0`, on SPARC `CPU0 : online`.
  static func cpu(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) -> Int? {
    var position = value.lowerBound
    if bytes.equals(key, "processor") || bytes.equals(key, "cpu number") {
      return bytes.unsigned(&position).flatMap { Int(exactly: $0) }
    }
    guard bytes.equals(value, "online"), bytes.starts(with: "CPU", at: key.lowerBound) else { return nil }
    position = key.lowerBound + 3
    return bytes.unsigned(&position).flatMap { Int(exactly: $0) }
  }

  private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high, bytes[low].isBlankOrNewline { low += 1 }
    while high > low, bytes[high - 1].isBlankOrNewline { high -= 1 }
    return low..<high
  }
}

/// Names of IBM mainframes by machine type, the only identification in s390x's /proc/cpuinfo.
enum IBMMainframes {
  private static let names: [String: String] = [
    "2064": "z900", "2066": "z800", "2084": "z990", "2086": "z890", "2094": "z9 EC", "2096": "z9 BC", "2097": "z10 EC",
    "2098": "z10 BC", "2817": "z196", "2818": "z114", "2827": "zEC12", "2828": "zBC12", "2964": "z13", "2965": "z13s",
    "3906": "z14", "3907": "z14 ZR1", "8561": "z15", "8562": "z15 T02", "3931": "z16", "3932": "z16 A02", "9175": "z17",
  ]

  /// Name such as "IBM z16 (3931)"; only the type if it is not listed.
  static func name(type: String) -> String {
    names[type].map { "IBM \($0) (\(type))" } ?? "IBM/S390 type " + type
  }
}

/// Names of RISC-V cores by the vendor and architecture ids, for kernels that print no `uarch`.
enum RISCVCores {
  private static let vendors: [UInt64: String] = [
    0x31E: "Andes", 0x489: "SiFive", 0x5B7: "T-Head", 0x602: "lowRISC", 0x61F: "Ventana", 0x67E: "Tenstorrent",
    0x710: "SpacemiT",
  ]

  /// Name such as "SiFive core 0x8000000000000007"; nil for an unlisted vendor, as emulators have none.
  static func name(vendor: UInt64?, architecture: UInt64?) -> String? {
    guard let vendor, let name = vendors[vendor] else { return nil }
    return architecture.map { name + " core 0x" + String($0, radix: 16) } ?? name
  }
}

extension StaticString {
  /// A static string as a dictionary's key, by its text.
  fileprivate struct Key: Hashable {
    let text: String
    init(_ string: StaticString) { text = string.description }
  }
}
