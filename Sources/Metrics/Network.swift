/// Counters of one network interface at one instant, since the interface was created.
package struct NetworkReading: Sendable, Hashable {
  /// Interface name, "eth0".
  package var device: String
  /// Whether it is hardware (or a virtual machine's NIC) and counts in the total.
  package var isPhysical = false
  /// Operational state, "up", "down", "unknown" (RFC 2863).
  package var state: String?
  /// Link speed in bytes per second; NaN where unknown.
  package var speed = Double.nan
  /// Bytes received.
  package var receiveBytes: UInt64?
  /// Packets received.
  package var receivePackets: UInt64?
  package var receiveErrors: UInt64?
  /// Received packets dropped.
  package var receiveDrops: UInt64?
  /// Bytes sent.
  package var transmitBytes: UInt64?
  /// Packets sent.
  package var transmitPackets: UInt64?
  package var transmitErrors: UInt64?
  /// Outgoing packets dropped.
  package var transmitDrops: UInt64?

  package init(device: String) {
    self.device = device
  }
}

/// Traffic of one network interface, or of all hardware interfaces together; NaN where absent.
package struct Network: MetricGroup, Hashable {
  /// Interface name; empty for the total.
  package var device = ""
  /// Whether it counts in the total.
  package var isPhysical = false
  /// Operational state.
  package var state: String?
  /// Link speed in bytes per second.
  package var speed = Double.nan
  /// Bytes received per second.
  package var receiveRate = Double.nan
  /// Bytes sent per second.
  package var transmitRate = Double.nan
  /// Packets received per second.
  package var receivePackets = Double.nan
  /// Packets sent per second.
  package var transmitPackets = Double.nan
  /// Receive errors per second.
  package var receiveErrors = Double.nan
  /// Transmit errors per second.
  package var transmitErrors = Double.nan
  /// Received packets dropped per second.
  package var receiveDrops = Double.nan
  /// Outgoing packets dropped per second.
  package var transmitDrops = Double.nan
  /// Bytes received since the interface was created.
  package var receiveTotal = Double.nan
  /// Bytes sent since the interface was created.
  package var transmitTotal = Double.nan

  package init() {}

  /// Computes the traffic between two Readings.
  package init(from previous: NetworkReading?, to current: NetworkReading, over elapsed: Elapsed) {
    device = current.device
    isPhysical = current.isPhysical
    state = current.state
    speed = current.speed
    receiveRate = elapsed.rate(previous?.receiveBytes, current.receiveBytes)
    transmitRate = elapsed.rate(previous?.transmitBytes, current.transmitBytes)
    receivePackets = elapsed.rate(previous?.receivePackets, current.receivePackets)
    transmitPackets = elapsed.rate(previous?.transmitPackets, current.transmitPackets)
    receiveErrors = elapsed.rate(previous?.receiveErrors, current.receiveErrors)
    transmitErrors = elapsed.rate(previous?.transmitErrors, current.transmitErrors)
    receiveDrops = elapsed.rate(previous?.receiveDrops, current.receiveDrops)
    transmitDrops = elapsed.rate(previous?.transmitDrops, current.transmitDrops)
    receiveTotal = metric(current.receiveBytes)
    transmitTotal = metric(current.transmitBytes)
  }

  /// Sums the hardware interfaces, so that a packet through a bridge, bond or veth counts once; nil where there are
  /// none.
  package init?(totalOf networks: [Network]) {
    guard networks.contains(where: \.isPhysical) else { return nil }
    for network in networks where network.isPhysical {
      receiveRate = sum(receiveRate, network.receiveRate)
      transmitRate = sum(transmitRate, network.transmitRate)
      receivePackets = sum(receivePackets, network.receivePackets)
      transmitPackets = sum(transmitPackets, network.transmitPackets)
      receiveErrors = sum(receiveErrors, network.receiveErrors)
      transmitErrors = sum(transmitErrors, network.transmitErrors)
      receiveDrops = sum(receiveDrops, network.receiveDrops)
      transmitDrops = sum(transmitDrops, network.transmitDrops)
      receiveTotal = sum(receiveTotal, network.receiveTotal)
      transmitTotal = sum(transmitTotal, network.transmitTotal)
    }
  }

  static let traffic: [Field<Network>] = [
    .gauge("receive_bytes_per_sec", .bytesPerSecond, "Bytes received", source: "/proc/net/dev", \.receiveRate).rate
      .titled(
        "Received", "受信"),
    .gauge("transmit_bytes_per_sec", .bytesPerSecond, "Bytes sent", source: "/proc/net/dev", \.transmitRate).rate
      .titled(
        "Sent", "送信"),
    .gauge("receive_packets_per_sec", .perSecond, "Packets received", source: "/proc/net/dev", \.receivePackets).rate,
    .gauge("transmit_packets_per_sec", .perSecond, "Packets sent", source: "/proc/net/dev", \.transmitPackets).rate,
    .gauge("receive_errors_per_sec", .perSecond, "Receive errors", source: "/proc/net/dev", \.receiveErrors).rate,
    .gauge("transmit_errors_per_sec", .perSecond, "Transmit errors", source: "/proc/net/dev", \.transmitErrors).rate,
    .gauge("receive_drops_per_sec", .perSecond, "Received packets dropped", source: "/proc/net/dev", \.receiveDrops)
      .rate,
    .gauge(
      "transmit_drops_per_sec", .perSecond, "Packets dropped before they were sent", source: "/proc/net/dev",
      \.transmitDrops
    ).rate,
    .counter(
      "receive_bytes_total", .bytes, "Bytes received since the interface was created", source: "/proc/net/dev",
      \.receiveTotal),
    .counter(
      "transmit_bytes_total", .bytes, "Bytes sent since the interface was created", source: "/proc/net/dev",
      \.transmitTotal),
  ]

  package static let totalTable = Table<Network>(traffic)

  package static let table = Table<Network>(
    [
      .text("device", "Name of the interface", source: "/proc/net/dev", \.device).titled("Interface", "インターフェイス"),
      .flag("physical", "Whether it counts in the total", source: "/sys/class/net/…/device exists", \.isPhysical),
      .text("state", "Operational state", source: "/sys/class/net/…/operstate", \.state),
      .gauge("speed_mbps", .megabitsPerSecond, "Link speed", source: "/sys/class/net/…/speed", \.speed).titled(
        "Link", "リンク"),
    ] + traffic)
}
