package import AgentMetrics
package import Collect
internal import CDarwin

/// Counters of the network interfaces (sysctl NET_RT_IFLIST2).
///
/// All interfaces are included except those that are down and never carried a byte. Ethernet and Wi-Fi (`en0`, `en1`, …)
/// count in the total; bridges, tunnels and Apple's own links (`awdl0`, `llw0`) do not.
package final class NetworkCollector: Collector {
  package let name = "network"

  /// IFT_ETHER, also of Wi-Fi.
  private static let ethernet: UInt32 = 6

  private var interfaces = CList(cdarwin_interface(), capacity: 32, limit: 4_096)

  package init() {}

  /// Writes `reading.networks`, by the index of the interfaces.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.networks = []
    guard interfaces.read({ cdarwin_interfaces($0, $1) }) else {
      throw CollectorError("sysctl NET_RT_IFLIST2: no list of interfaces")
    }
    for index in 0..<interfaces.count {
      let interface = interfaces[index]
      if !interface.is_up, interface.receive_bytes == 0, interface.transmit_bytes == 0 { continue }
      reading.networks.append(Self.reading(of: interface))
    }
  }

  private static func reading(of interface: cdarwin_interface) -> NetworkReading {
    var network = NetworkReading(device: text(interface.name))
    network.isPhysical = interface.type == ethernet && network.device.hasPrefix("en")
    network.state = interface.is_up ? "up" : "down"
    if interface.is_up, interface.speed > 0, !interface.is_loopback { network.speed = Double(interface.speed) / 8 }
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
