internal import AgentMetrics
internal import SystemIO

/// RAPL's energy counters (Documentation/power/powercap/powercap.rst): packages, the parts of each (`package-0/core`,
/// `package-0/dram`), and the platform (`psys`).
///
/// Since kernel 5.10 only root may read them; ``note`` reports that. Packages also have a second interface
/// (`intel-rapl-mmio`), used for those that the first does not count. A counter at exactly 0, as in virtual machines,
/// does not count. Other control types (AMD's, ARM's dtpm) are read if they have a counter.
final class Powercap {
  private struct PowercapZone {
    /// Its name, preceded by those of its ancestors.
    let sensor: String
    /// Its entry in /sys/class/powercap, such as "intel-rapl:0:2".
    let chip: String
    let range: UInt64?
    var energy: BackoffFile
    /// Index in `domains` of the same domain in the first interface.
    var preferred: Int?
    var isCounting = false
  }

  /// Unreadable parts in one line; nil if all are readable.
  private(set) var note: String?

  /// Reads between two searches if no domain was found.
  static let rest = 30

  private let root: String
  private let buffer = ReadBuffer(capacity: 64)
  private var domains: [PowercapZone] = []
  private var resting = 0

  /// Creates a reader of the counters in /sys under `root`.
  init(root: String) {
    self.root = root
  }

  /// Writes the counters from entry `used` on.
  func read(into powers: inout [PowerReading], _ used: inout Int) {
    if domains.isEmpty {
      if resting > 0 {
        resting -= 1
        return
      }
      resting = Self.rest
      find()
    }
    for index in domains.indices {
      domains[index].isCounting = false
      if let preferred = domains[index].preferred, domains[preferred].isCounting { continue }
      let energy = domains[index].energy.readIfPresent(into: buffer) { EnergyParser.microjoules($0) } ?? nil
      guard let energy, energy > 0 else { continue }
      domains[index].isCounting = true
      var power = PowerReading(chip: domains[index].chip, sensor: domains[index].sensor)
      power.energy = energy
      power.energyRange = domains[index].range
      Self.put(power, into: &powers, &used)
    }
  }

  /// Writes a meter at entry `used`.
  static func put(_ power: PowerReading, into powers: inout [PowerReading], _ used: inout Int) {
    if used < powers.count { powers[used] = power } else { powers.append(power) }
    used += 1
  }

  private func find() {
    let folder = root + "/sys/class/powercap/"
    let entries = Files.names(in: folder).compactMap { PowercapEntry($0) }.sorted()
    domains = []
    note = nil
    for entry in entries {
      let path = folder + entry.name
      guard Files.exists(path + "/energy_uj") else { continue }
      if access(path + "/energy_uj", R_OK) != 0, SystemError.last == EACCES || SystemError.last == EPERM {
        note = "energy counters of /sys/class/powercap need root"
      }
      let names = entry.lineage.map { Files.line(of: folder + $0 + "/name") ?? $0 }
      let range = (try? Files.contents(of: path + "/max_energy_range_uj")).flatMap { EnergyParser.microjoules($0.span) }
      let sensor = names.joined(separator: "/")
      // "intel-rapl" sorts before "intel-rapl-mmio".
      let preferred = entry.isSecond ? domains.firstIndex { $0.sensor == sensor } : nil
      domains.append(
        PowercapZone(
          sensor: sensor, chip: entry.name, range: range, energy: BackoffFile(path + "/energy_uj"), preferred: preferred
        ))
    }
  }
}

/// An entry's name in /sys/class/powercap, such as "intel-rapl:0:2": interface, package, part.
struct PowercapEntry: Comparable {
  let name: String
  let interface: String
  let numbers: [Int]

  /// Parses a name; nil if it is not of a domain.
  init?(_ name: String) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst().compactMap { Int($0) }
    guard let interface = parts.first, !interface.isEmpty, !numbers.isEmpty, numbers.count == parts.count - 1 else {
      return nil
    }
    self.name = name
    self.interface = String(interface)
    self.numbers = numbers
  }

  /// Whether its interface duplicates another one.
  var isSecond: Bool { interface.hasSuffix("-mmio") }

  /// Names of the entries from the outermost down to this one.
  var lineage: [String] {
    numbers.indices.map { last in ([interface] + numbers[...last].map { String($0) }).joined(separator: ":") }
  }

  static func < (left: PowercapEntry, right: PowercapEntry) -> Bool {
    left.interface == right.interface
      ? left.numbers.lexicographicallyPrecedes(right.numbers) : left.interface < right.interface
  }
}

/// Parser of energy_uj and max_energy_range_uj: one number.
enum EnergyParser {
  /// Microjoules, or nil.
  static func microjoules(_ bytes: Span<UInt8>) -> UInt64? {
    var position = 0
    return bytes.unsigned(&position)
  }
}
