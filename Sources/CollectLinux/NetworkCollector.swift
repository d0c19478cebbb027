package import AgentMetrics
package import Collect
internal import SystemIO

/// Counters of the network interfaces: /proc/net/dev, with state and speed of each from sysfs.
///
/// All interfaces are shown but virtual ones that are down and never carried a byte (dummy0, sit0). Which of them count
/// in the total, so that no packet counts twice, ``NetworkInterface`` decides. The state of hardware is read each time,
/// since it costs little and a cable pulled matters, that of virtual interfaces, of which there may be hundreds, at every
/// 10th read; the speed, for which drivers take a lock, when the state changes and at every 30th.
package final class NetworkCollector: Collector {
  /// "network".
  package let name = "network"

  /// More interfaces than a large machine has are not believed.
  static let maximumInterfaces = 4_096

  /// What is hidden; nil where nothing is.
  package private(set) var note: String?

  /// Reads between two looks at the state of virtual interfaces.
  static let shortRest = 10

  /// Virtual interfaces whose file of the state stays open, of the first in the list.
  static let keptFiles = 64

  /// Reads between two looks at speed and kind.
  static let longRest = 30

  /// A line's interface, and what sysfs said of it.
  private struct KnownInterface {
    let device: String
    let operstate: PersistentFile
    let speedFile: PersistentFile
    var kind: NetworkInterface
    var state: String?
    var speed = Double.nan
    var isShown = true
    /// Received bytes at the last read; a count that goes back belongs to another interface of that name.
    var received: UInt64 = 0
  }

  private let root: String
  private let buffer = ReadBuffer()
  private let stateBuffer = ReadBuffer(capacity: 64)
  private var dev: BackoffFile
  /// The lines of the last read, in their order.
  private var known: [KnownInterface] = []
  private var look = 0
  /// Whether there is no /sys/class/net to look interfaces up in.
  private var isHidden = false

  /// The interfaces of the machine whose /proc and /sys lie under `root`.
  package init(root: String) {
    self.root = root
    dev = BackoffFile(root + "/proc/net/dev")
  }

  /// Writes `reading.networks`, in the order of the kernel.
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

  /// Writes the interfaces that are shown from the first entry on; returns how many there are.
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

  /// Puts what is known of the line's interface at `index`, where it stands already unless interfaces came or went.
  private func recognise(_ line: NetDevParser.NetDevLine, _ bytes: Span<UInt8>, at index: Int) {
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
        // The files that are open may be those of an interface that is gone.
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
    // A read fails with EINVAL while the interface is down, and always where there is no such thing (Wi-Fi).
    if known[index].state == "down" || !known[index].kind.reportsSpeed { return }
    let speedFile = known[index].speedFile
    known[index].speed = speedFile.readIfPresent(into: stateBuffer) { NetSpeedParser.speed($0) } ?? .nan
    speedFile.close()
  }
}

/// What sysfs says of one network interface, and how it stands to the total.
///
/// The total has the interfaces that are hardware: those with a device in sysfs, but for ports of a switch (DSA), representors
/// of virtual functions, and those enslaved to an interface that has a device itself, such as the fast path of a Hyper-V NIC
/// or of a virtio failover pair.
///
/// Where nothing has a device, as in a container, those stand in that carry the traffic. Kinds of them are ranked, and only
/// the first kind that is there counts, because the packets of one kind pass the interfaces of another:
/// 1. what looks like a NIC: Ethernet without anything below it (veth, macvlan and ipvlan from outside);
/// 2. taps, by which user space carries packets (slirp4netns, pasta);
/// 3. NICs that are ports of a bridge or a bond, and VLANs whose parent is not there;
/// 4. veth interfaces that keep the kernel's name;
/// 5. what is no Ethernet and no tunnel: venet of OpenVZ, ppp, mobile data;
/// 6. tunnels: tun, WireGuard, IP in IP.
struct NetworkInterface {
  /// The rank of hardware.
  static let hardware = 0

  /// Whether sysfs has a device for it.
  var isDevice = false
  /// Its kind's place in the list above, 0 for hardware; nil for what never counts.
  var rank: Int?
  /// Whether its speed is a link's; veth, tap and bridges over them make 10 Gbit/s up.
  var reportsSpeed = false

  /// Kinds (DEVTYPE of uevent) that carry packets inside of others.
  private static let tunnels: Set<String> = [
    "bareudp", "erspan", "geneve", "gre", "gretap", "gtp", "hsr", "ip6erspan", "ip6gre", "ip6gretap", "ip6tnl", "ipip",
    "ovpn", "sit", "tun", "vti", "vti6", "vxlan", "wireguard", "xfrm",
  ]

  /// Kinds that are made of other interfaces.
  private static let stacked: Set<String> = ["bond", "bridge", "dsa", "macsec", "team", "vlan", "vrf"]

  /// Names by which interfaces go that only lead to containers and virtual machines, or nowhere.
  private static let inward = [
    "br-", "cali", "cilium", "cni", "docker", "dummy", "flannel", "fwbr", "fwln", "fwpr", "ifb", "incusbr", "kube-",
    "lxcbr", "lxdbr", "nodelocaldns", "podman", "teql", "virbr", "vmbr", "vmnet", "vnet",
  ]

  /// Names of tunnels, where sysfs does not tell what they are.
  private static let tunnelNames = ["gre", "ip6tnl", "ip_vti", "sit", "tailscale", "tun", "utun", "wg", "zt"]

  /// Looks at an interface by its name.
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
    // linux/if_arp.h; without sysfs, names have to do.
    let type = Files.number(of: path + "/type")
    let loopback = 772
    let ethernet = 1
    // "eth0:1" is another address of eth0.
    if type == loopback || device == "lo" || device.contains(":") || isNamed(inward) { return nil }
    if ["bridge", "bonding"].contains(where: { Files.exists(path + "/" + $0) }) || kind == "bridge" || kind == "vrf" {
      return nil
    }
    // What passes an interface below this one counts there; links go to interfaces of the same namespace only.
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
      // A bond or a bridge, and an alias or a VLAN of something else.
      if isNamed(["bond", "br", "team", "vlan"]) || device.contains(".") { return 3 }
    }
    if isNamed(["veth", "lxc"]) { return Files.exists(path + "/master") ? nil : 4 }
    if let kind, stacked.contains(kind) { return 3 }
    return Files.exists(path + "/master") ? 3 : 1
  }

  /// Types of tunnels (linux/if_arp.h): IPIP, IPv6 in IPv6, SIT, GRE, GRE over IPv6, none.
  private static func isTunnelType(_ type: Int) -> Bool { [768, 769, 776, 778, 823, 65_534].contains(type) }
}

/// /proc/net/dev (net/core/net-procfs.c): two lines of header, then `name: ` and 16 numbers.
enum NetDevParser {
  /// One interface's counters, as NetworkReading has them.
  struct NetDevLine {
    /// Where the name stands.
    var name: Range<Int>
    var receiveBytes: UInt64
    var receivePackets: UInt64
    var receiveErrors: UInt64
    var receiveDrops: UInt64
    var transmitBytes: UInt64
    var transmitPackets: UInt64
    var transmitErrors: UInt64
    var transmitDrops: UInt64
  }

  /// The next whole line of an interface from a position on; nil at the end.
  static func next(_ bytes: Span<UInt8>, _ position: inout Int) -> NetDevLine? {
    while position < bytes.count {
      let line = line(bytes, &position)
      bytes.skipLine(&position)
      // A line that is cut off may hold a number that is.
      if let line, bytes.endsLine(before: position) { return line }
    }
    return nil
  }

  private static func line(_ bytes: Span<UInt8>, _ position: inout Int) -> NetDevLine? {
    bytes.skipBlanks(&position)
    let start = position
    // Up to the last colon: kernels before 2.6.36 leave no blank after it, and an alias has one in its name ("eth0:1").
    var end = start
    var scan = start
    while let byte = bytes.byte(at: scan), byte != UInt8(ascii: "\n") {
      if byte == UInt8(ascii: ":") { end = scan }
      scan += 1
    }
    guard end > start else { return nil }
    for index in start..<end where bytes[index].isBlankOrNewline || bytes[index] == UInt8(ascii: "/") { return nil }
    position = end + 1
    guard let receiveBytes = bytes.unsigned(&position), let receivePackets = bytes.unsigned(&position),
      let receiveErrors = bytes.unsigned(&position), let receiveDrops = bytes.unsigned(&position),
      bytes.unsigned(&position) != nil, bytes.unsigned(&position) != nil, bytes.unsigned(&position) != nil,
      bytes.unsigned(&position) != nil,
      let transmitBytes = bytes.unsigned(&position), let transmitPackets = bytes.unsigned(&position),
      let transmitErrors = bytes.unsigned(&position), let transmitDrops = bytes.unsigned(&position)
    else { return nil }
    return NetDevLine(
      name: start..<end, receiveBytes: receiveBytes, receivePackets: receivePackets, receiveErrors: receiveErrors,
      receiveDrops: receiveDrops, transmitBytes: transmitBytes, transmitPackets: transmitPackets,
      transmitErrors: transmitErrors, transmitDrops: transmitDrops)
  }
}

/// /sys/class/net/X/speed: megabits per second (Documentation/ABI/testing/sysfs-class-net).
enum NetSpeedParser {
  /// Bytes per second; NaN for −1, for the same as an unsigned number, and for 0.
  static func speed(_ bytes: Span<UInt8>) -> Double {
    var position = 0
    guard let speed = bytes.signed(&position), speed > 0, speed < 4_294_967_295 else { return .nan }
    return Double(speed) * 125_000
  }
}

/// A uevent file: `KEY=value`, one per line.
enum UeventParser {
  /// The value of DEVTYPE; nil where there is none.
  static func deviceType(_ bytes: Span<UInt8>) -> String? {
    var position = 0
    while position < bytes.count {
      if bytes.skip("DEVTYPE=", &position) { return bytes.word(&position).map { bytes.string($0) } }
      bytes.skipLine(&position)
    }
    return nil
  }
}
