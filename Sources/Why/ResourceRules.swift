internal import AgentMetrics

extension WhyRule {
  /// All tasks wait for memory part of the time.
  static let memoryStall = WhyRule(name: "memory-stall") { situation in
    let sample = situation.sample
    let stall = sample.pressure?.memory?.full
    let full = sample.stalled(stall)
    guard full > 0.1 else { return nil }
    var text = ValueText.percent(full) + sample.ofStalledTime(stall) + " all tasks waited for memory"
    var evidence = [sample.evidence(of: stall, "pressure.memory.full")]
    if sample.ram.available.isFinite {
      text += ", " + ValueText.bytes(sample.ram.available) + " are available"
      evidence.append(Finding.Evidence(metric: "ram.available_mb", value: sample.ram.available / 1_048_576))
    }
    if let swap = sample.swap, swap.inRate > 1e6 {
      text += ", " + ValueText.rate(swap.inRate) + " come from swap"
      evidence.append(Finding.Evidence(metric: "swap.in_bytes_per_sec", value: swap.inRate))
    }
    if let culprit = Culprit(sample, { $0.resident }, of: { $0.workingSet }), sample.ram.total > 0 {
      text += "; " + culprit.text + " holds " + ValueText.percent(culprit.amount / sample.ram.total)
    }
    return (text, evidence)
  }

  /// Pages move between memory and swap; the sign of a lack of memory where the kernel has no PSI.
  static let swapTraffic = WhyRule(name: "swap-traffic") { situation in
    let sample = situation.sample
    if sample.stalled(sample.pressure?.memory?.full).isFinite { return nil }
    guard let swap = sample.swap, swap.inRate > 5e6, swap.outRate > 1e6 else { return nil }
    var text =
      "Memory is short: " + ValueText.rate(swap.inRate) + " come from swap, " + ValueText.rate(swap.outRate)
      + " go there"
    if let culprit = Culprit(sample, { $0.resident }, of: { $0.workingSet }), sample.ram.total > 0 {
      text += "; " + culprit.text + " holds " + ValueText.percent(culprit.amount / sample.ram.total)
    }
    return (
      text,
      [
        Finding.Evidence(metric: "swap.in_bytes_per_sec", value: swap.inRate),
        Finding.Evidence(metric: "swap.out_bytes_per_sec", value: swap.outRate),
      ]
    )
  }

  /// All tasks wait for disks part of the time.
  static let ioStall = WhyRule(name: "io-stall") { situation in
    let sample = situation.sample
    let stall = sample.pressure?.io?.full
    let full = sample.stalled(stall)
    let wait = sample.cpu.modes?.iowait ?? .nan
    let text: String
    var evidence: [Finding.Evidence]
    if full.isFinite {
      guard full > 0.2 else { return nil }
      text = ValueText.percent(full) + sample.ofStalledTime(stall) + " all tasks waited for disks"
      evidence = [sample.evidence(of: stall, "pressure.io.full")]
    } else {
      guard wait > 0.3 else { return nil }
      text = "CPUs waited for disks " + ValueText.percent(wait) + " of the time"
      evidence = [Finding.Evidence(metric: "cpu.modes.iowait", value: wait)]
    }
    var parts = [text]
    if let disk = sample.disks.filter(\.isPhysical).max(by: { zeroed($0.busy) < zeroed($1.busy) }), disk.busy > 0.3 {
      let latency = max(zeroed(disk.readLatency), zeroed(disk.writeLatency))
      parts[0] +=
        ", most of all " + (disk.name ?? disk.device) + " (busy " + ValueText.percent(disk.busy)
        + (latency > 0 ? ", " + ValueText.time(latency) + " a request)" : ")")
      evidence.append(Finding.Evidence(metric: "disks.busy{device=\"\(disk.device)\"}", value: disk.busy))
    }
    if let culprit = Culprit(sample, { $0.ioRate }, of: { $0.ioRate }), culprit.amount > 1e5 {
      parts.append(culprit.text + " moves " + ValueText.rate(culprit.amount))
    }
    return (parts.joined(separator: "; "), evidence)
  }

  /// More tasks want to run than there are CPUs.
  static let crowdedCPU = WhyRule(name: "cpu-crowded") { situation in
    let sample = situation.sample
    let running = sample.load?.running ?? .nan
    let threads = sample.cpu.threads
    // As many runnable tasks as CPUs is the purpose of a build with -j.
    guard sample.cpu.usage > 0.9, threads > 0, running > 2 * threads + 1 else { return nil }
    let stall = sample.pressure?.cpu?.some
    let some = sample.stalled(stall)
    guard !(some < 0.5) else { return nil }
    var text = ValueText.tenths(running) + " tasks want to run on " + ValueText.tenths(threads) + " CPUs"
    var evidence = [
      Finding.Evidence(metric: "load.running", value: running),
      Finding.Evidence(metric: "cpu.usage", value: sample.cpu.usage),
    ]
    if some.isFinite {
      text += ", some waited " + ValueText.percent(some) + sample.ofStalledTime(stall)
      evidence.append(sample.evidence(of: stall, "pressure.cpu.some"))
    }
    if let culprit = Culprit(sample, { $0.cpu }, of: { $0.cpu }) {
      text += "; " + culprit.text + " uses " + ValueText.percent(culprit.amount / threads) + " of the CPU time"
    }
    return (text, evidence)
  }

  /// The hypervisor gives the CPUs to others.
  static let steal = WhyRule(name: "cpu-steal") { situation in
    guard let steal = situation.sample.cpu.modes?.steal, steal > 0.1 else { return nil }
    return (
      "The host took " + ValueText.percent(steal) + " of the CPU time for other machines",
      [Finding.Evidence(metric: "cpu.modes.steal", value: steal)]
    )
  }

  /// Many tasks are in uninterruptible sleep although the disks are idle.
  static let blockedTasks = WhyRule(name: "blocked-tasks") { situation in
    let sample = situation.sample
    let blocked = sample.load?.blocked ?? .nan
    guard blocked > max(8, zeroed(sample.cpu.threads)) else { return nil }
    if sample.disks.contains(where: { $0.busy > 0.3 }) { return nil }
    return (
      ValueText.tenths(blocked)
        + " tasks wait uninterruptibly while the disks are idle: a network filesystem, a driver",
      [Finding.Evidence(metric: "load.blocked", value: blocked)]
    )
  }

  /// The kernel killed processes for lack of memory since the previous sample.
  static let oomKill = WhyRule(name: "oom-kill") { situation in
    MemoryKills(from: situation.previous, to: situation.sample).map(killed)
  }

  /// The sentence for kills of one interval, or of a window.
  static func killed(_ kills: MemoryKills) -> (text: String, evidence: [Finding.Evidence]) {
    var text =
      "The kernel killed " + kills.count.fixed(0) + (kills.count == 1 ? " process" : " processes")
      + " for lack of memory"
    let victim = kills.victim.map { $0.name + " (" + ValueText.bytes($0.resident) + ")" }
    func name(_ place: MemoryKills.Place) -> String {
      "in " + Culprit.text(of: place.workload) + (place.hasEnded ? " (ended)" : "")
    }
    if let first = kills.places.first, kills.places.count == 1, first.count >= kills.count {
      if first.isProbable {
        text += ", probably " + (victim.map { $0 + " " } ?? "") + name(first)
        return (text, [Finding.Evidence(metric: kills.metric, value: kills.count)])
      }
      text += " " + name(first)
    } else if !kills.places.isEmpty {
      let named = kills.places.prefix(maxPlaces)
      var parts = named.map { $0.count.fixed(0) + ($0.isProbable ? " probably " : " ") + name($0) }
      let rest = kills.count - named.reduce(0) { $0 + $1.count }
      if rest > 0 { parts.append(rest.fixed(0) + " elsewhere") }
      text += ": " + parts.joined(separator: ", ")
    }
    if let victim { text += (kills.count > 1 ? ", among them probably " : ", probably ") + victim }
    return (text, [Finding.Evidence(metric: kills.metric, value: kills.count)])
  }

  /// Workloads that are named in one sentence.
  private static let maxPlaces = 3
}

extension Sample {
  /// Share of the time stalled: exact over an interval of ten seconds or more, else the kernel's mean of ten seconds,
  /// since a second of waiting is no reason for alarm.
  func stalled(_ stall: Pressure.Stall?) -> Double {
    guard let stall else { return .nan }
    return isSmoothed(stall) ? stall.avg10 : stall.ratio
  }

  private func isSmoothed(_ stall: Pressure.Stall?) -> Bool { elapsed < 10 && stall?.avg10.isFinite == true }

  /// The time that a share of ``stalled(_:)`` is of.
  func ofStalledTime(_ stall: Pressure.Stall?) -> String { isSmoothed(stall) ? " of the last 10 s" : " of the time" }

  /// The value of ``stalled(_:)`` as evidence.
  ///
  /// - Parameter id: the metric without its last part: "pressure.cpu.some".
  func evidence(of stall: Pressure.Stall?, _ id: String) -> Finding.Evidence {
    Finding.Evidence(metric: id + (isSmoothed(stall) ? ".avg10" : ".ratio"), value: stalled(stall))
  }
}

/// A value for comparisons: 0 where absent.
func zeroed(_ value: Double) -> Double { value.isFinite ? value : 0 }
