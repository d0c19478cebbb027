internal import AgentMetrics
internal import SystemIO

/// Current frequencies: cpufreq's policies, else the `cpu MHz` lines of /proc/cpuinfo.
///
/// A policy may cover many CPUs, and its number is that of only one of them. Reading is expensive: with some drivers
/// each read interrupts the CPU concerned. So at most 32 policies are read per tick, in turn, and a machine that needs
/// more than half a millisecond per read is read only at every 30th tick. The kernel generates /proc/cpuinfo for all
/// CPUs at each read, so it is read at every 10th tick, on large machines at every 60th.
final class CPUFrequencies {
  /// A cpufreq policy: its file, and the CPUs that run at its frequency.
  private struct Policy {
    let file: PersistentFile
    let cpus: [Int]
  }

  private static let share = 32
  private static let slow = 0.000_5

  private let root: String
  private let cpuinfo: PersistentFile
  private var policies: [Policy] = []
  /// Hertz by CPU number; NaN if unknown.
  private var hertz: [Double] = []
  private var next = 0
  private var isFirst = true
  private var resting = 0

  init(root: String) {
    self.root = root
    cpuinfo = PersistentFile(root + "/proc/cpuinfo")
  }

  /// Finds the policies of the CPUs that are online.
  func find(cpus: [Int]) {
    hertz = Array(repeating: .nan, count: (cpus.last ?? -1) + 1)
    next = 0
    isFirst = true
    resting = 0
    let folder = root + "/sys/devices/system/cpu/"
    var found: [(number: Int, policy: Policy)] = []
    for name in Files.names(in: folder + "cpufreq") where name.hasPrefix("policy") {
      guard let number = Int(name.dropFirst("policy".count)) else { continue }
      let path = folder + "cpufreq/" + name
      let affected = (try? Files.contents(of: path + "/affected_cpus")).map { CPUListParser.cpus($0.span) } ?? []
      if affected.isEmpty { continue }
      found.append((number, Policy(file: PersistentFile(path + "/scaling_cur_freq"), cpus: affected)))
    }
    if found.isEmpty {
      // Before kernel 4.3 each CPU has a folder, and those of one policy are links to one of them.
      for cpu in cpus where Files.exists(folder + "cpu\(cpu)/cpufreq/scaling_cur_freq") {
        found.append((cpu, Policy(file: PersistentFile(folder + "cpu\(cpu)/cpufreq/scaling_cur_freq"), cpus: [cpu])))
      }
    }
    policies = found.sorted { $0.number < $1.number }.map(\.policy)
  }

  /// Writes the frequencies of the cores, and their mean.
  func read(into cpu: inout CPUReading, _ buffer: ReadBuffer) {
    if resting > 0 {
      resting -= 1
    } else if policies.isEmpty {
      hertz.withUnsafeMutableBufferPointer { hertz in
        for index in hertz.indices { hertz[index] = .nan }
        _ = cpuinfo.readIfPresent(into: buffer) { CPUInfoParser.frequencies($0, into: hertz) }
      }
      resting = cpu.cores.count > 64 ? 59 : 9
    } else {
      readPolicies(buffer)
    }
    var sum = 0.0
    var count = 0
    for index in cpu.cores.indices {
      let number = cpu.cores[index].cpu
      let frequency = number < hertz.count ? hertz[number] : .nan
      cpu.cores[index].frequency = frequency
      if frequency.isFinite {
        sum += frequency
        count += 1
      }
    }
    if cpu.cores.isEmpty {
      // Without /proc/stat there are no cores to write to, but still a mean.
      for frequency in hertz where frequency.isFinite {
        sum += frequency
        count += 1
      }
    }
    cpu.frequency = count > 0 ? sum / Double(count) : .nan
  }

  private func readPolicies(_ buffer: ReadBuffer) {
    let count = isFirst ? policies.count : min(policies.count, Self.share)
    let start = Clock.monotonic
    hertz.withUnsafeMutableBufferPointer { hertz in
      for _ in 0..<count {
        let policy = policies[next]
        let kilohertz = policy.file.readIfPresent(into: buffer) { bytes in
          var position = 0
          return bytes.unsigned(&position)
        }
        let frequency = (kilohertz ?? nil).map { Double($0) * 1_000 } ?? .nan
        for index in policy.cpus.indices where policy.cpus[index] < hertz.count {
          hertz[policy.cpus[index]] = frequency > 0 ? frequency : .nan
        }
        next = (next + 1) % policies.count
      }
    }
    if !isFirst, (Clock.monotonic - start) / Double(count) > Self.slow { resting = 29 }
    isFirst = false
  }
}

/// Parser of CPU lists in sysfs, "0-3 8" (affected_cpus) or "0-3,8" (thread_siblings_list).
package enum CPUListParser {
  /// The numbers in their order; at most the kernel's maximum.
  package static func cpus(_ bytes: Span<UInt8>) -> [Int] {
    var cpus: [Int] = []
    var position = 0
    while let first = bytes.unsigned(&position), first < UInt64(StatParser.maximumCPUs) {
      var last = first
      if bytes.skip("-", &position) { last = bytes.unsigned(&position) ?? first }
      last = min(last, UInt64(StatParser.maximumCPUs - 1))
      if first <= last { for cpu in first...last { cpus.append(Int(cpu)) } }
      if cpus.count > StatParser.maximumCPUs { break }
      _ = bytes.skip(",", &position)
    }
    return cpus
  }
}
