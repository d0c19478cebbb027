internal import AgentMetrics
internal import SystemIO

/// Model, sockets and cores of the CPUs that are online.
enum CPUTopology {
  /// Reads /proc/cpuinfo and cpuN/topology.
  static func read(root: String, cpus: [Int]) -> CPUReading.Topology {
    let info = (try? Files.contents(of: root + "/proc/cpuinfo")).map { CPUInfoParser.parse($0.span) } ?? CPUInfo()
    var topology = CPUReading.Topology()
    topology.model = info.model ?? HostFacts.board(root: root)
    let places = cpus.map { Place(root: root, cpu: $0) }
    // Some ARM kernels say −1: they do not know.
    let packages = places.compactMap(\.package).filter { $0 >= 0 }
    topology.sockets = packages.count == cpus.count && !cpus.isEmpty ? Set(packages).count : info.sockets
    if !cpus.isEmpty, places.allSatisfy({ $0.firstSibling != nil }) {
      // A core is known by the first of the CPUs that share it; only those online are listed.
      topology.cores = Set(places.compactMap(\.firstSibling)).count
    } else if !cpus.isEmpty, places.allSatisfy({ $0.core != nil }) {
      topology.cores = Set(places.map { [$0.package ?? 0, $0.die ?? 0, $0.core ?? 0] }).count
    } else {
      topology.cores = info.cores
    }
    return topology
  }

  /// Where a CPU sits (Documentation/ABI/stable/sysfs-devices-system-cpu).
  private struct Place {
    let package: Int?
    let die: Int?
    let core: Int?
    let firstSibling: Int?

    init(root: String, cpu: Int) {
      let folder = root + "/sys/devices/system/cpu/cpu\(cpu)/topology/"
      package = Files.number(of: folder + "physical_package_id")
      die = Files.number(of: folder + "die_id")
      core = Files.number(of: folder + "core_id")
      // Since kernel 5.3 also called core_cpus_list.
      firstSibling = (try? Files.contents(of: folder + "thread_siblings_list")).flatMap {
        CPUListParser.cpus($0.span).first
      }
    }
  }
}

/// What /proc/cpuinfo told.
struct CPUInfo: Hashable {
  /// Model of the processor, several joined for a hybrid one.
  var model: String?
  /// Different physical ids.
  var sockets: Int?
  /// Different pairs of physical id and core id.
  var cores: Int?
}

/// /proc/cpuinfo: `key<tab>: value` lines, a block for each CPU, with keys that differ by architecture.
enum CPUInfoParser {
  /// Model, sockets and cores.
  ///
  /// The name is the first of: x86's and LoongArch's `model name`, MIPS' `cpu model`, POWER's `cpu`, RISC-V's `uarch`,
  /// the parts of ARM's identification registers, ARM's `Hardware`.
  static func parse(_ bytes: Span<UInt8>) -> CPUInfo {
    var info = CPUInfo()
    var named: [String: String] = [:]
    var implementer: UInt64 = 0
    var parts: [(name: String, count: Int)] = []
    var packages: Set<UInt64> = []
    var cores: Set<[UInt64]> = []
    var package: UInt64 = 0
    var position = 0
    while position < bytes.count {
      let start = position
      var colon: Int?
      var end = bytes.count
      while position < bytes.count {
        if bytes[position] == UInt8(ascii: ":"), colon == nil { colon = position }
        if bytes[position] == UInt8(ascii: "\n") {
          end = position
          break
        }
        position += 1
      }
      position += 1
      guard let colon else { continue }
      let key = trimmed(bytes, start..<colon)
      let value = trimmed(bytes, (colon + 1)..<end)
      var number = value.lowerBound
      if bytes.equals(key, "physical id") {
        package = bytes.unsigned(&number) ?? 0
        packages.insert(package)
      } else if bytes.equals(key, "core id") {
        if let core = bytes.unsigned(&number), cores.count < StatParser.maximumCPUs { cores.insert([package, core]) }
      } else if bytes.equals(key, "CPU implementer") {
        implementer = hexadecimal(bytes, value) ?? 0
      } else if bytes.equals(key, "CPU part") {
        guard let part = hexadecimal(bytes, value) else { continue }
        let name = ARMParts.name(implementer: implementer, part: part)
        if let index = parts.firstIndex(where: { $0.name == name }) {
          parts[index].count += 1
        } else if parts.count < 8 {
          parts.append((name, 1))
        }
      } else {
        for wanted in ["model name", "Model Name", "cpu model", "cpu", "uarch", "Hardware"] {
          if named[wanted] == nil, !value.isEmpty, bytes.equals(key, wanted) {
            named[wanted] = collapsed(bytes.string(value))
          }
        }
      }
    }
    info.sockets = packages.isEmpty ? nil : packages.count
    info.cores = cores.isEmpty ? nil : cores.count
    info.model =
      named["model name"] ?? named["Model Name"] ?? named["cpu model"] ?? named["cpu"] ?? named["uarch"]
      ?? joined(parts) ?? named["Hardware"]
    return info
  }

  /// Writes the hertz of each `cpu MHz` (x86) or `clock` (POWER) line to the place of its CPU.
  static func frequencies(_ bytes: Span<UInt8>, into hertz: UnsafeMutableBufferPointer<Double>) {
    var cpu = -1
    var position = 0
    while position < bytes.count {
      if bytes.skip("processor", &position) {
        skipColon(bytes, &position)
        cpu = bytes.unsigned(&position).flatMap { Int(exactly: $0) } ?? -1
      } else if bytes.skip("cpu MHz", &position) || bytes.skip("clock", &position) {
        skipColon(bytes, &position)
        if let megahertz = bytes.decimal(&position), megahertz > 0, hertz.indices.contains(cpu) {
          // In range by the line before.
          hertz[cpu] = megahertz * 1_000_000
        }
      }
      bytes.skipLine(&position)
    }
  }

  private static func skipColon(_ bytes: Span<UInt8>, _ position: inout Int) {
    bytes.skipBlanks(&position)
    _ = bytes.skip(":", &position)
  }

  /// "4 × Cortex-A55 + 2 × Cortex-A76"; the number only where there are several kinds.
  private static func joined(_ parts: [(name: String, count: Int)]) -> String? {
    if parts.isEmpty { return nil }
    if parts.count == 1 { return parts[0].name }
    return parts.map { "\($0.count) × \($0.name)" }.joined(separator: " + ")
  }

  /// Vendors pad their names: "Intel(R) Xeon(R) CPU           E5620".
  private static func collapsed(_ text: String) -> String {
    text.split(separator: " ").joined(separator: " ")
  }

  private static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high, bytes[low].isBlankOrNewline { low += 1 }
    while high > low, bytes[high - 1].isBlankOrNewline { high -= 1 }
    return low..<high
  }

  /// "0xd08"; nil when it is no such number.
  private static func hexadecimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
    let text = bytes.string(range)
    return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil
  }
}
