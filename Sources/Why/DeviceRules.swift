internal import AgentMetrics

extension WhyRule {
  static let lostGPU = WhyRule(name: "gpu-lost") { situation in
    let lost = situation.sample.gpus.filter { $0.state == .lost }
    guard let first = lost.first else { return nil }
    let text =
      lost.count == 1
      ? "GPU \(first.index) is lost: its driver no longer reaches it"
      : "\(lost.count) of \(situation.sample.gpus.count) GPUs are lost: their driver no longer reaches them"
    return (text, lost.map { Finding.Evidence(metric: "gpus.lost{index=\"\($0.index)\"}", value: 1) })
  }

  /// Reasons of a driver for lower clocks that are trouble; a power cap or set clocks are an operator's choice.
  private static let troubles: [(reason: String, text: String)] = [
    ("hw_thermal", "its temperature (hardware)"), ("sw_thermal", "its temperature"),
    ("power_brake", "the power supply's brake"), ("hw_slowdown", "its hardware"),
  ]

  static let slowGPU = WhyRule(name: "gpu-throttled") { situation in
    for gpu in situation.sample.gpus {
      let reasons = gpu.throttleReasons?.split(separator: ",").map(String.init) ?? []
      // The first one that applies: hardware slowdown accompanies all others.
      guard let trouble = troubles.first(where: { reasons.contains($0.reason) }) else { continue }
      var text = "GPU \(gpu.index) is slowed down by " + trouble.text
      var evidence: [Finding.Evidence] = []
      if gpu.temperature.isFinite {
        text += ", \(ValueText.tenths(gpu.temperature)) °C"
        evidence.append(
          Finding.Evidence(metric: "gpus.temperature_c{index=\"\(gpu.index)\"}", value: gpu.temperature))
      }
      if gpu.clock.isFinite, gpu.clockMaximum > 0 {
        text += ", at " + ValueText.percent(gpu.clock / gpu.clockMaximum) + " of its clock"
        evidence.append(
          Finding.Evidence(metric: "gpus.clock_mhz{index=\"\(gpu.index)\"}", value: gpu.clock / 1_000_000))
      }
      return (text, evidence)
    }
    return nil
  }

  static let hungFilesystem = WhyRule(name: "filesystem-hung") { situation in
    guard
      let hung = situation.sample.filesystems.filter({ $0.error != nil && $0.age > 15 }).max(by: { $0.age < $1.age })
    else { return nil }
    return (
      hung.mountpoint + " (" + hung.fstype + ") does not answer for " + ValueText.time(hung.age),
      [Finding.Evidence(metric: "filesystems.age_seconds{mountpoint=\"\(hung.mountpoint)\"}", value: hung.age)]
    )
  }

  static let fullFilesystem = WhyRule(name: "filesystem-full") { situation in
    // Nearly full, for a large disk and for a small one.
    let full = situation.sample.filesystems.filter { one in
      !one.isReadOnly && (one.usage >= 0.995 && one.available < 1_073_741_824 || one.inodesUsage >= 0.995)
    }
    guard let worst = full.max(by: { ($0.usage, $1.mountpoint) < ($1.usage, $0.mountpoint) }) else { return nil }
    let labels = "{mountpoint=\"\(worst.mountpoint)\"}"
    if worst.usage < 0.995 {
      return (
        worst.mountpoint + " has no inodes left (" + ValueText.percent(worst.inodesUsage) + " used)",
        [Finding.Evidence(metric: "filesystems.inodes_usage" + labels, value: worst.inodesUsage)]
      )
    }
    var text = worst.mountpoint + " is full (" + ValueText.bytes(worst.available) + " left)"
    if let culprit = Culprit(situation.sample, { $0.writeRate }, of: { $0.writeRate }), culprit.amount > 1e5 {
      text += "; " + culprit.text + " writes " + ValueText.rate(culprit.amount)
    }
    return (text, [Finding.Evidence(metric: "filesystems.usage" + labels, value: worst.usage)])
  }

  static let losses = WhyRule(name: "network-losses") { situation in
    let rated = situation.sample.networks.filter(\.isPhysical).map { one in
      (
        network: one,
        losses: [one.receiveErrors, one.receiveDrops, one.transmitErrors, one.transmitDrops].reduce(0) {
          $0 + zeroed($1)
        },
        packets: zeroed(one.receivePackets) + zeroed(one.transmitPackets)
      )
    }
    // Some drops are normal: unknown protocols are counted, too.
    guard
      let worst = rated.filter({ $0.losses > 10 && $0.losses > 0.01 * $0.packets }).max(by: { $0.losses < $1.losses })
    else { return nil }
    return (
      worst.network.device + " loses " + ValueText.tenths(worst.losses) + " packets a second, "
        + ValueText.percent(min(1, worst.losses / max(1, worst.packets))) + " of all",
      [
        Finding.Evidence(
          metric: "networks.receive_drops_per_sec{device=\"\(worst.network.device)\"}",
          value: zeroed(worst.network.receiveDrops))
      ]
    )
  }

  /// A physical interface that carried traffic in the previous sample is down.
  static let linkDown = WhyRule(name: "link-down") { situation in
    for network in situation.sample.networks where network.isPhysical && network.state == "down" {
      guard let before = situation.previous?.networks.first(where: { $0.device == network.device }),
        before.state != "down"
      else { continue }
      return (
        network.device + " went down",
        [
          Finding.Evidence(metric: "networks.speed_mbps{device=\"\(network.device)\"}", value: 0)
        ]
      )
    }
    return nil
  }

  static let connections = WhyRule(name: "connections-full") { situation in
    guard let table = situation.sample.conntrack, table.usage > 0.97 else { return nil }
    return (
      "The firewall's connection table is full (" + ValueText.percent(table.usage) + "): new connections are dropped",
      [Finding.Evidence(metric: "conntrack.usage", value: table.usage)]
    )
  }
}
