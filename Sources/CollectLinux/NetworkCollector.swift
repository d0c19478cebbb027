package import AgentMetrics
package import Collect
internal import KernelFiles
internal import SystemIO

/// Counters of the network interfaces: /proc/net/dev, with state and speed from sysfs.
///
/// All interfaces are included except virtual ones that are down and never carried a byte (dummy0, sit0).
/// ``NetworkInterface`` decides which count in the total, so that no packet counts twice. The state of hardware is read
/// each time, since it is cheap and an unplugged cable matters. The state of virtual interfaces, which may be hundreds,
/// is read at every 10th read. The speed, for which drivers take a lock, is read when the state changes and at
/// every 30th read.
package final class NetworkCollector: Collector {
  package let name = "network"

  /// Maximum number of interfaces, more than a large machine has.
  package static let maximumInterfaces = 4_096

  /// Hidden parts in one line; nil if everything is visible.
  package private(set) var note: String?

  /// Reads between two reads of the state of virtual interfaces.
  static let shortRest = 10

  /// Number of virtual interfaces, from the first in the list, whose state file stays open.
  static let keptFiles = 64

  /// Reads between two reads of speed and kind.
  static let longRest = 30

  /// A line's interface, with its properties from sysfs.
  private struct KnownInterface {
    let device: String
    let operstate: PersistentFile
    let speedFile: PersistentFile
    var kind: NetworkInterface
    var state: String?
    var speed = Double.nan
    var isShown = true
    /// Received bytes at the last read; a count that decreases belongs to another interface of that name.
    var received: UInt64 = 0
  }

  private let root: String
  private let buffer = ReadBuffer()
  private let stateBuffer = ReadBuffer(capacity: 64)
  private var dev: BackoffFile
  /// Interfaces of the last read, in its order.
  private var known: [KnownInterface] = []
  private var look = 0
  /// Whether /sys/class/net is missing.
  private var isHidden = false

  /// Creates a collector that reads /proc and /sys under `root`.
  package init(root: String) {
    self.root = root
    dev = BackoffFile(root + "/proc/net/dev")
  }

  /// Writes `reading.networks`, in the kernel's order.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if look % Self.longRest == 0 { isHidden = !Files.exists(root + "/sys/class/net") }
    look = (look + 1) % (Self.shortRest * Self.longRest)
    var used = 0
    do {
      let written = try dev.read(into: buffer) { write($0, into: &reading.networks) }
      let guess = isHidden ? "no /sys/class/net: kinds of interfaces are guessed by name" : nil
      note = written == nil ? "no /proc/net/dev" : guess
      used = written ?? 0
    } catch {
      reading.networks = []
      throw error
    }
    if used < reading.networks.count { reading.networks.removeLast(reading.networks.count - used) }
  }

  /// Writes the included interfaces from the first entry on; returns their number.
  private func write(_ bytes: Span<UInt8>, into networks: inout [NetworkReading]) -> Int {
    var position = 0
    var index = 0
    var used = 0
    var best = Int.max
    while index < Self.maximumInterfaces, let line = NetDevParser.next(bytes, &position) {
      recognise(line, bytes, at: index)
      let isIdle = known[index].state == "down" && line.receiveBytes == 0 && line.transmitBytes == 0
      if let rank = known[index].kind.rank, rank == NetworkInterface.hardware || !isIdle { best = min(best, rank) }
      known[index].isShown = known[index].kind.isDevice || !isIdle
      let interface = known[index]
      index += 1
      guard interface.isShown else { continue }
      if used == networks.count { networks.append(NetworkReading(device: interface.device)) }
      networks[used].device = interface.device
      networks[used].state = interface.state
      networks[used].speed = interface.speed
      networks[used].receiveBytes = line.receiveBytes
      networks[used].receivePackets = line.receivePackets
      networks[used].receiveErrors = line.receiveErrors
      networks[used].receiveDrops = line.receiveDrops
      networks[used].transmitBytes = line.transmitBytes
      networks[used].transmitPackets = line.transmitPackets
      networks[used].transmitErrors = line.transmitErrors
      networks[used].transmitDrops = line.transmitDrops
      used += 1
    }
    if index < known.count { known.removeLast(known.count - index) }
    var entry = 0
    for place in known.indices where known[place].isShown {
      networks[entry].isPhysical = known[place].kind.rank == best
      entry += 1
    }
    return used
  }

  /// Moves the known interface of a line to `index`, where it already is unless interfaces were added or removed.
  private func recognise(_ line: NetDevParser.Line, _ bytes: Span<UInt8>, at index: Int) {
    var place = index
    while place < known.count, !bytes.equals(line.name, known[place].device) { place += 1 }
    var isNew = place == known.count
    if isNew {
      let device = bytes.string(line.name)
      let path = root + "/sys/class/net/" + device
      known.insert(
        KnownInterface(
          device: device, operstate: PersistentFile(path + "/operstate"), speedFile: PersistentFile(path + "/speed"),
          kind: NetworkInterface(root: root, device: device)), at: index)
    } else {
      if place != index { known.swapAt(place, index) }
      let isDue = known[index].kind.isDevice && look % Self.longRest == 0
      if line.receiveBytes < known[index].received {
        // The open files may belong to a removed interface.
        known[index].operstate.close()
        isNew = true
      }
      if isNew || isDue { known[index].kind = NetworkInterface(root: root, device: known[index].device) }
    }
    known[index].received = line.receiveBytes
    readState(at: index, isNew: isNew)
  }

  private func readState(at index: Int, isNew: Bool) {
    let isDevice = known[index].kind.isDevice
    guard isNew || isDevice || look % Self.shortRest == 0 else { return }
    let file = known[index].operstate
    let before = known[index].state
    let hasChanged = file.readIfPresent(into: stateBuffer) { bytes in
      var position = 0
      guard let word = bytes.word(&position) else { return false }
      if let before, bytes.equals(word, before) { return false }
      known[index].state = bytes.string(word)
      return true
    }
    if hasChanged == nil { known[index].state = nil }
    // One descriptor for each of hundreds of virtual interfaces would be too many.
    if !isDevice, index >= Self.keptFiles { file.close() }
    guard isNew || hasChanged != false || look % Self.longRest == 0 else { return }
    known[index].speed = .nan
    // A read fails with EINVAL while the interface is down, and always if it has no speed (Wi-Fi).
    if known[index].state == "down" || !known[index].kind.reportsSpeed { return }
    let speedFile = known[index].speedFile
    known[index].speed = speedFile.readIfPresent(into: stateBuffer) { NetSpeed.bytes($0) } ?? .nan
    speedFile.close()
  }
}

/// Properties of a network interface in sysfs, and its part in the total.
///
/// The total consists of hardware interfaces: those with a device in sysfs, except ports of a switch (DSA),
/// representors of virtual functions, and those enslaved to an interface that has a device itself, such as the fast
/// path of a Hyper-V NIC or of a virtio failover pair.
///
/// If no interface has a device, as in a container, those that carry the traffic replace them. Their kinds are ranked,
/// and only the first kind present counts, because the packets of one kind pass through the interfaces of another:
/// 1. likely NICs: Ethernet without a lower interface (veth, macvlan and ipvlan from outside);
/// 2. taps, by which user space carries packets (slirp4netns, pasta);
/// 3. NICs that are ports of a bridge or a bond, and VLANs without a visible parent;
/// 4. veth interfaces with the kernel's name;
/// 5. neither Ethernet nor tunnels: venet of OpenVZ, ppp, mobile data;
/// 6. tunnels: tun, WireGuard, IP in IP.
struct NetworkInterface {
  /// The rank of hardware.
  static let hardware = 0

  /// Whether it has a device in sysfs.
  var isDevice = false
  /// Rank of its kind in the list above, 0 for hardware; nil if it never counts.
  var rank: Int?
  /// Whether its speed is that of a link; veth, tap and bridges over them report a nominal 10 Gbit/s.
  var reportsSpeed = false

  /// Kinds (DEVTYPE of uevent) that encapsulate packets.
  private static let tunnels: Set<String> = [
    "bareudp", "erspan", "geneve", "gre", "gretap", "gtp", "hsr", "ip6erspan", "ip6gre", "ip6gretap", "ip6tnl", "ipip",
    "ovpn", "sit", "tun", "vti", "vti6", "vxlan", "wireguard", "xfrm",
  ]

  /// Kinds that consist of other interfaces.
  private static let stacked: Set<String> = ["bond", "bridge", "dsa", "macsec", "team", "vlan", "vrf"]

  /// Name prefixes of interfaces that lead only to containers and virtual machines, or nowhere.
  private static let inward = [
    "br-", "cali", "cilium", "cni", "docker", "dummy", "flannel", "fwbr", "fwln", "fwpr", "ifb", "incusbr", "kube-",
    "lxcbr", "lxdbr", "nodelocaldns", "podman", "teql", "virbr", "vmbr", "vmnet", "vnet",
  ]

  /// Name prefixes of tunnels, if sysfs does not show their kind.
  private static let tunnelNames = ["gre", "ip6tnl", "ip_vti", "sit", "tailscale", "tun", "utun", "wg", "zt"]

  /// Reads the properties of an interface by its name.
  init(root: String, device: String) {
    let path = root + "/sys/class/net/" + device
    isDevice = Files.exists(path + "/device")
    let kind = (try? Files.contents(of: path + "/uevent")).flatMap { UeventParser.deviceType($0.span) }
    if isDevice {
      let isRepresentor = Files.line(of: path + "/phys_port_name")?.contains("pf") == true
      reportsSpeed = true
      let isCounted = kind != "dsa" && !isRepresentor && !Files.exists(path + "/master/device")
      rank = isCounted ? Self.hardware : nil
      return
    }
    reportsSpeed = kind == "bond" || kind == "team" || Files.exists(path + "/bonding")
    rank = Self.rank(path: path, device: device, kind: kind)
  }

  private static func rank(path: String, device: String, kind: String?) -> Int? {
    func isNamed(_ names: [String]) -> Bool { names.contains { device.hasPrefix($0) } }
    // linux/if_arp.h; without sysfs the name decides.
    let type = Files.number(of: path + "/type")
    let loopback = 772
    let ethernet = 1
    // "eth0:1" is another address of eth0.
    if type == loopback || device == "lo" || device.contains(":") || isNamed(inward) { return nil }
    if ["bridge", "bonding"].contains(where: { Files.exists(path + "/" + $0) }) || kind == "bridge" || kind == "vrf" {
      return nil
    }
    // Its packets count at the interface below it; links exist only to interfaces of the same namespace.
    if Files.names(in: path).contains(where: { $0.hasPrefix("lower_") }) { return nil }
    let isKnown = type != nil
    if type ?? ethernet != ethernet {
      let isTunnel = kind.map { tunnels.contains($0) } ?? false || isNamed(tunnelNames) || isTunnelType(type ?? 0)
      return isTunnel || Files.exists(path + "/tun_flags") ? 6 : 5
    }
    if let kind, tunnels.contains(kind) { return 6 }
    if Files.exists(path + "/tun_flags") || !isKnown && isNamed(["tap"]) {
      return Files.exists(path + "/master") ? nil : 2
    }
    if !isKnown {
      if isNamed(tunnelNames) { return 6 }
      if isNamed(["ppp", "venet", "rmnet", "wwan"]) { return 5 }
      // A bond or a bridge, and an alias or a VLAN of another interface.
      if isNamed(["bond", "br", "team", "vlan"]) || device.contains(".") { return 3 }
    }
    if isNamed(["veth", "lxc"]) { return Files.exists(path + "/master") ? nil : 4 }
    if let kind, stacked.contains(kind) { return 3 }
    return Files.exists(path + "/master") ? 3 : 1
  }

  /// Types of tunnels (linux/if_arp.h): IPIP, IPv6 in IPv6, SIT, GRE, GRE over IPv6, none.
  private static func isTunnelType(_ type: Int) -> Bool { [768, 769, 776, 778, 823, 65_534].contains(type) }
}

/// Value of /sys/class/net/X/speed: megabits per second (Documentation/ABI/testing/sysfs-class-net).
enum NetSpeed {
  /// Bytes per second; NaN for −1, for the same as an unsigned number, and for 0.
  static func bytes(_ bytes: Span<UInt8>) -> Double {
    guard let speed = NumberParser.number(bytes), speed > 0, speed < 4_294_967_295 else { return .nan }
    return Double(speed) * 125_000
  }
}

/// Parser of a uevent file: `KEY=value`, one per line.
enum UeventParser {
  /// The value of DEVTYPE, or nil.
  static func deviceType(_ bytes: Span<UInt8>) -> String? {
    var position = 0
    while position < bytes.count {
      if bytes.skip("DEVTYPE=", &position) { return bytes.word(&position).map { bytes.string($0) } }
      bytes.skipLine(&position)
    }
    return nil
  }
}
