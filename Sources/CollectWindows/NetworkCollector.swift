package import AgentMetrics
package import Collect
internal import CWindows

/// Counters of the network interfaces (GetIfTable2), without the duplicates of filter drivers.
///
/// All interfaces are included except those that are down and never carried a byte, such as the WAN miniports. Hardware
/// counts in the total; on a machine without any, the other interfaces that are up do, except loopback and tunnels.
package final class NetworkCollector: Collector {
  package let name = "network"

  /// IANA's interface types.
  private static let loopback: UInt32 = 24
  private static let tunnel: UInt32 = 131
  private static let up: UInt32 = 1
  /// Names of IfOperStatus, as RFC 2863 and Linux have them.
  private static let states = [
    "up", "down", "testing", "unknown", "dormant", "notpresent", "lowerlayerdown",
  ]

  private var interfaces = CList(cwindows_interface(), capacity: 64, limit: 4_096)

  package init() {}

  /// Writes `reading.networks`, by the index of the interfaces.
  package func read(into reading: inout Reading) throws(CollectorError) {
    guard interfaces.read({ cwindows_interfaces($0, $1) }) else {
      reading.networks = []
      throw CollectorError("GetIfTable2: no list of interfaces")
    }
    var networks: [NetworkReading] = []
    networks.reserveCapacity(interfaces.count)
    var hasHardware = false
    var standIns: [Int] = []
    for index in 0..<interfaces.count {
      let interface = interfaces[index]
      let isIdle = interface.state != Self.up && interface.receive_bytes == 0 && interface.transmit_bytes == 0
      if isIdle, !interface.is_hardware { continue }
      hasHardware = hasHardware || interface.is_hardware
      if interface.state == Self.up, interface.type != Self.loopback, interface.type != Self.tunnel {
        standIns.append(networks.count)
      }
      networks.append(Self.reading(of: interface))
    }
    if !hasHardware { for index in standIns { networks[index].isPhysical = true } }
    reading.networks = networks
  }

  private static func reading(of interface: cwindows_interface) -> NetworkReading {
    var network = NetworkReading(device: text(interface.name))
    network.isPhysical = interface.is_hardware
    let state = Int(interface.state) - 1
    network.state = states.indices.contains(state) ? states[state] : nil
    // A cable that is unplugged leaves 0, or the largest number.
    if interface.state == up, interface.speed > 0 { network.speed = number(interface.speed) / 8 }
    network.receiveBytes = interface.receive_bytes
    network.receivePackets = interface.receive_packets
    network.receiveErrors = interface.receive_errors
    network.receiveDrops = interface.receive_drops
    network.transmitBytes = interface.transmit_bytes
    network.transmitPackets = interface.transmit_packets
    network.transmitErrors = interface.transmit_errors
    network.transmitDrops = interface.transmit_drops
    return network
  }
}
