public import AgentMetrics
public import Collect
internal import SystemIO

/// Traffic of network interfaces: /proc/net/dev, with what /sys/class/net tells of each.
///
/// The total counts interfaces with a device behind them, once: bridges, bonds, VLANs, tunnels and the host's ends of
/// containers' cables carry the same bytes again and are listed only. A container has none of its own hardware; there
/// the total counts its ends of cables. Interfaces that are down and never carried a byte are left out.
public final class NetworkCollector: Collector {
  /// "network".
  public let name = "network"

  /// Reads between two looks at a link's speed, for which some drivers ask their hardware.
  private static let rest = 60
  /// With more interfaces than this, their states are read only now and then too.
  private static let many = 64

  private let root: String
  private let buffer = ReadBuffer()
  private var dev: RestingFile
  private var facts = DeviceFacts<NetworkFacts>()
  private var look = 0

  /// The interfaces of the machine whose /proc and /sys lie under `root`.
  public init(root: String) {
    self.root = root
    // Of the agent's own network namespace; /proc/net is a link to it.
    dev = RestingFile(root + (Files.exists(root + "/proc/self/net/dev") ? "/proc/self/net/dev" : "/proc/net/dev"))
  }

  /// Writes `reading.networks`, in the order of /proc/net/dev.
  public func read(into reading: inout Reading) throws(CollectorError) {
    look &+= 1
    do {
      let isThere = try dev.read(into: buffer) { bytes in read(bytes, into: &reading.networks) } != nil
      if !isThere {
        reading.networks = []
        return
      }
    } catch {
      reading.networks = []
      throw error
    }
    // The buffer is free again: states and speeds are read into it.
    for index in reading.networks.indices { complete(&reading.networks[index]) }
    if !hasHardware(reading.networks) {
      for index in reading.networks.indices where isCable(reading.networks[index].device) {
        reading.networks[index].isPhysical = true
      }
    }
  }

  private func read(_ bytes: Span<UInt8>, into networks: inout [NetworkReading]) {
    var position = 0
    var line = 0
    var shown = 0
    while let device = NetDevParser.device(bytes, &position), line < NetDevParser.maximumInterfaces {
      facts.place(line, bytes, device) { NetworkFacts(root: root, device: $0) }
      if shown == networks.count {
        networks.append(NetworkReading(device: facts.entries[line].name))
      } else if networks[shown].device != facts.entries[line].name {
        networks[shown] = NetworkReading(device: facts.entries[line].name)
      }
      NetDevParser.counters(bytes, &position, into: &networks[shown])
      let hasCarried = networks[shown].receiveBytes != 0 || networks[shown].transmitBytes != 0
      facts.update(line) { $0.isShown = $0.isShown || hasCarried }
      if facts.entries[line].fact.isShown || isUp(line) { shown += 1 }
      bytes.skipLine(&position)
      line += 1
    }
    facts.keep(line)
    if shown < networks.count { networks.removeLast(networks.count - shown) }
  }

  /// Whether an interface that never carried anything could: told once it has been looked at.
  private func isUp(_ line: Int) -> Bool {
    facts.entries[line].fact.isPhysical || facts.entries[line].fact.state == "up"
  }

  private func complete(_ network: inout NetworkReading) {
    var line = 0
    while line < facts.entries.count, facts.entries[line].name != network.device { line += 1 }
    guard line < facts.entries.count else { return }
    let count = facts.entries.count
    facts.update(line) { fact in
      if count <= Self.many || look % Self.rest == 1 { fact.readState(buffer) }
      if look >= fact.speedAt {
        fact.readSpeed(buffer)
        fact.speedAt = look &+ Self.rest
      }
    }
    network.isPhysical = facts.entries[line].fact.isPhysical
    network.state = facts.entries[line].fact.state
    network.speed = facts.entries[line].fact.state == "down" ? .nan : facts.entries[line].fact.speed
  }

  private func hasHardware(_ networks: [NetworkReading]) -> Bool {
    for index in networks.indices where networks[index].isPhysical { return true }
    return false
  }

  private func isCable(_ device: String) -> Bool {
    var line = 0
    while line < facts.entries.count, facts.entries[line].name != device { line += 1 }
    return line < facts.entries.count && facts.entries[line].fact.isCable
  }
}

/// What /sys/class/net tells of an interface (Documentation/ABI/testing/sysfs-class-net).
struct NetworkFacts {
  /// Whether a device stands behind it.
  let isPhysical: Bool
  /// Whether it may be a container's end of a cable.
  let isCable: Bool
  var isShown: Bool
  var state: String?
  var speed = Double.nan
  var speedAt = 0
  private let stateFile: KeptFile
  private let speedFile: KeptFile

  init(root: String, device: String) {
    let folder = root + "/sys/class/net/" + device
    stateFile = KeptFile(folder + "/operstate")
    speedFile = KeptFile(folder + "/speed")
    isPhysical = Files.exists(folder + "/device")
    let type = (try? Files.contents(of: folder + "/uevent")).flatMap { NetDevParser.deviceType($0.span) }
    // 772 is ARPHRD_LOOPBACK.
    let isLoopback = device == "lo" || Files.number(of: folder + "/type") == 772
    let isVirtual =
      ["bridge", "tun_flags", "bonding", "master"].contains { Files.exists(folder + "/" + $0) }
      || NetworkFacts.virtualNames.contains { prefix in
        device.hasPrefix(prefix) && device.dropFirst(prefix.count).allSatisfy(\.isNumber)
      } || device.hasPrefix("br-") || device.contains(".")
    isCable = !isPhysical && !isLoopback && !isVirtual && type == nil
    isShown = isLoopback || isPhysical
    state = Files.line(of: folder + "/operstate")
  }

  /// Interfaces that the kernel or well-known programs make, followed by a number.
  private static let virtualNames = [
    "docker", "virbr", "ifb", "dummy", "sit", "tunl", "ip6tnl", "ip6_vti", "ip_vti", "gre", "gretap", "erspan", "wg",
    "tun",
    "tap", "tailscale", "cni", "flannel.", "vxlan", "bond", "team", "nlmon", "vmnet", "zt",
  ]

  mutating func readState(_ buffer: ReadBuffer) {
    let old = state
    let isSame = stateFile.readIfPresent(into: buffer) { bytes in
      var position = 0
      guard let word = bytes.word(&position) else { return false }
      if let state, bytes.equals(word, state) { return true }
      state = bytes.string(word)
      return true
    }
    if isSame != true { state = nil }
    // A link that comes up may have another speed.
    if state != old { speedAt = 0 }
  }

  /// The speed in megabits per second, absent where the link is down (EINVAL) or the driver does not know (−1, 0).
  mutating func readSpeed(_ buffer: ReadBuffer) {
    // Virtual interfaces make a number up, 10 Gbit/s.
    guard isPhysical else { return }
    let megabits = speedFile.readIfPresent(into: buffer) { bytes in
      var position = 0
      return bytes.signed(&position) ?? -1
    }
    speed = megabits.map { $0 > 0 ? Double($0) * 125_000 : .nan } ?? .nan
  }
}

/// /proc/net/dev: two lines of header, then `name: 16 numbers` (net/core/net-procfs.c).
enum NetDevParser {
  /// More lines are not believed.
  static let maximumInterfaces = 8_192

  /// The name in the line at `position`, passing over lines that have none; nil at the end.
  ///
  /// Moves to its counters, which old kernels write straight behind the colon. An alias has a colon in its name.
  static func device(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
    while position < bytes.count {
      if let word = bytes.word(&position) {
        var colon = word.upperBound - 1
        while colon > word.lowerBound, bytes[colon] != UInt8(ascii: ":") { colon -= 1 }
        if colon > word.lowerBound {
          position = colon + 1
          return word.lowerBound..<colon
        }
      }
      bytes.skipLine(&position)
    }
    return nil
  }

  /// Writes the counters into `network`; those that are missing become absent.
  static func counters(_ bytes: Span<UInt8>, _ position: inout Int, into network: inout NetworkReading) {
    network.receiveBytes = bytes.unsigned(&position)
    network.receivePackets = bytes.unsigned(&position)
    network.receiveErrors = bytes.unsigned(&position)
    network.receiveDrops = bytes.unsigned(&position)
    for _ in 0..<4 { _ = bytes.unsigned(&position) }
    network.transmitBytes = bytes.unsigned(&position)
    network.transmitPackets = bytes.unsigned(&position)
    network.transmitErrors = bytes.unsigned(&position)
    network.transmitDrops = bytes.unsigned(&position)
  }

  /// DEVTYPE in an interface's uevent, "bridge", "vlan", "wireguard", "wlan"; nil for a plain one.
  static func deviceType(_ bytes: Span<UInt8>) -> String? {
    var position = 0
    while position < bytes.count {
      if bytes.skip("DEVTYPE=", &position) { return bytes.word(&position).map { bytes.string($0) } }
      bytes.skipLine(&position)
    }
    return nil
  }
}
