internal import Collect
internal import PrometheusExport
internal import SystemIO

/// What drivers answer through sysfs: interfaces' attributes, CPUs' frequency limits, cooling devices, power supplies.
///
/// A read may wait for a lock or for firmware. It is done on a thread of its own, for which a scrape waits a little and
/// then goes on with what was read last, or without.
final class NodeDevices: Sendable {
  /// Seconds between two looks; each reads some twenty files of every interface.
  static let period = 10.0
  /// Seconds that a scrape waits.
  static let patience = 0.25
  /// Seconds after which what was read last is told no more.
  static let deadline = 30.0

  private let source: BlockingSource<NodeDeviceSweep>
  private let sweepHere: (@Sendable () -> NodeDeviceSweep)?

  init(root: String, isLive: Bool) {
    let monitor = Condition(HardwareMonitor(root: root))
    let sweep: @Sendable () -> NodeDeviceSweep = {
      monitor.withState { NodeDeviceSweep(root: root, sensors: NodeSensor.find(root: root, $0)) }
    }
    source = BlockingSource(sweep)
    // A recording cannot hang.
    sweepHere = isLive ? nil : sweep
  }

  /// Begins to read, unless what was read last is young.
  func ask() {
    if sweepHere == nil, !(Clock.boottime - source.answer(waiting: 0).instant < Self.period) { source.ask() }
  }

  /// What there is now; nil where there is nothing that is not too old.
  var latest: NodeDeviceSweep? {
    if let sweepHere { return sweepHere() }
    let latest = source.answer(waiting: Self.patience)
    return Clock.boottime - latest.instant < Self.deadline ? latest.answer : nil
  }
}

/// One look at sysfs.
struct NodeDeviceSweep: Sendable {
  private struct Interface: Sendable {
    let device: String
    /// As ``NodeDeviceSweep/attributes`` has them.
    var values: [Int64?]
    var isUp: Bool?
    var notHandled: Int64?
  }

  private struct Named: Sendable {
    let name: String
    let type: String
    let values: [Int64?]
  }

  /// Interfaces that are looked at; each costs some twenty files.
  static let maxInterfaces = 256

  private static let attributes:
    [(file: String, name: StaticString, kind: Exposition.ExposedType, help: StaticString)] = [
      ("addr_assign_type", "node_network_address_assign_type", .gauge, "How the interface got its address"),
      ("carrier", "node_network_carrier", .gauge, "Whether the link is there"),
      ("carrier_changes", "node_network_carrier_changes_total", .counter, "Times that the link came or went"),
      ("carrier_down_count", "node_network_carrier_down_changes_total", .counter, "Times that the link went"),
      ("carrier_up_count", "node_network_carrier_up_changes_total", .counter, "Times that the link came"),
      ("dev_id", "node_network_device_id", .gauge, "What tells apart devices with one address"),
      ("dormant", "node_network_dormant", .gauge, "Whether the interface waits for something outside"),
      ("flags", "node_network_flags", .gauge, "Flags of the interface (if.h)"),
      ("ifindex", "node_network_iface_id", .gauge, "Number of the interface"),
      ("iflink", "node_network_iface_link", .gauge, "Number of the interface that it stands on"),
      ("link_mode", "node_network_iface_link_mode", .gauge, "Who says that the link is up"),
      ("mtu", "node_network_mtu_bytes", .gauge, "Bytes of the largest packet"),
      ("name_assign_type", "node_network_name_assign_type", .gauge, "How the interface got its name"),
      ("netdev_group", "node_network_net_dev_group", .gauge, "Group of the interface"),
      ("type", "node_network_protocol_type", .gauge, "Protocol of the hardware (if_arp.h)"),
      ("speed", "node_network_speed_bytes", .gauge, "Bytes per second that the link carries"),
      ("tx_queue_len", "node_network_transmit_queue_length", .gauge, "Packets that may wait to be sent"),
    ]

  private var interfaces: [Interface] = []
  private var frequencyLimits: [(cpu: Int, values: [Double])] = []
  private var coolers: [Named] = []
  private var supplies: [Named] = []
  /// Sensors of hwmon's, without their figures.
  let sensors: [NodeSensor]

  /// Reads all of it now.
  init(root: String, sensors: [NodeSensor]) {
    self.sensors = sensors
    let buffer = ReadBuffer(capacity: 512)
    let net = root + "/sys/class/net/"
    let devices = Files.names(in: net).filter { Files.exists(net + $0 + "/ifindex") || Files.exists(net + $0 + "/mtu") }
    for device in devices.sorted().prefix(Self.maxInterfaces) {
      let folder = net + device + "/"
      let values = Self.attributes.map { attribute -> Int64? in
        let value = Self.number(folder + attribute.file, buffer)
        // Megabits; −1 where nobody knows, which "Node Exporter Full" reckons with.
        return attribute.file == "speed" ? value.map { $0 &* 125_000 } : value
      }
      interfaces.append(
        Interface(
          device: device, values: values, isUp: Files.line(of: folder + "operstate").map { $0 == "up" },
          // As /proc/net/dev, without the loopback.
          notHandled: device == "lo" ? nil : Self.number(folder + "statistics/rx_nohandler", buffer)))
    }
    readFrequencyLimits(root, buffer)
    let thermal = root + "/sys/class/thermal/"
    for name in Files.names(in: thermal).sorted() where name.hasPrefix("cooling_device") {
      coolers.append(
        Named(
          name: String(name.dropFirst("cooling_device".count)), type: Files.line(of: thermal + name + "/type") ?? "",
          values: ["cur_state", "max_state"].map { Self.number(thermal + name + "/" + $0, buffer) }))
    }
    let power = root + "/sys/class/power_supply/"
    for name in Files.names(in: power).sorted() {
      supplies.append(Named(name: name, type: "", values: [Self.number(power + name + "/online", buffer)]))
    }
  }

  private mutating func readFrequencyLimits(_ root: String, _ buffer: ReadBuffer) {
    let folder = root + "/sys/devices/system/cpu/cpufreq/"
    let files = ["scaling_max_freq", "scaling_min_freq", "cpuinfo_max_freq", "cpuinfo_min_freq"]
    for policy in Files.names(in: folder) where policy.hasPrefix("policy") {
      let path = folder + policy + "/"
      let values = files.map { Self.number(path + $0, buffer).map { Double($0) * 1_000 } ?? .nan }
      let cpus = (try? Files.contents(of: path + "affected_cpus", buffer: buffer)).map { CPUListParser.cpus($0.span) }
      for cpu in cpus ?? [] { frequencyLimits.append((cpu, values)) }
    }
    frequencyLimits.sort { $0.cpu < $1.cpu }
  }

  /// The number in a file; nil where it is absent, unreadable (an interface that is down has no carrier) or none.
  private static func number(_ path: String, _ buffer: ReadBuffer) -> Int64? {
    guard let bytes = try? Files.contents(of: path, buffer: buffer) else { return nil }
    return NodeNumberParser.number(bytes.span)
  }

  /// Writes all of it.
  func write(to exposition: inout Exposition) -> NodeGroups {
    for (index, attribute) in Self.attributes.enumerated() {
      exposition.family(attribute.name, attribute.kind, attribute.help)
      for interface in interfaces {
        guard let value = interface.values[index] else { continue }
        exposition.sample()
        exposition.label("device", interface.device)
        exposition.value(value)
      }
    }
    exposition.family("node_network_up", .gauge, "Whether the operational state is up")
    for interface in interfaces {
      guard let isUp = interface.isUp else { continue }
      exposition.sample()
      exposition.label("device", interface.device)
      exposition.value((isUp ? 1 : 0) as Int64)
    }
    exposition.family("node_network_receive_nohandler_total", .counter, "Packets received that nobody wanted")
    for interface in interfaces {
      guard let count = interface.notHandled else { continue }
      exposition.sample()
      exposition.label("device", interface.device)
      exposition.value(count)
    }
    writeFrequencyLimits(to: &exposition)
    writeNamed(to: &exposition)
    NodeSensor.write(sensors, to: &exposition)
    return interfaces.isEmpty ? [] : .interfaces
  }

  private func writeFrequencyLimits(to exposition: inout Exposition) {
    let families: [(name: StaticString, help: StaticString)] = [
      ("node_cpu_scaling_frequency_max_hertz", "Highest frequency that a CPU may run at"),
      ("node_cpu_scaling_frequency_min_hertz", "Lowest frequency that a CPU may run at"),
      ("node_cpu_frequency_max_hertz", "Highest frequency that a CPU can run at"),
      ("node_cpu_frequency_min_hertz", "Lowest frequency that a CPU can run at"),
    ]
    for (index, family) in families.enumerated() {
      exposition.family(family.name, .gauge, family.help)
      for limit in frequencyLimits {
        exposition.sample()
        exposition.label("cpu", limit.cpu)
        exposition.value(limit.values[index])
      }
    }
  }

  private func writeNamed(to exposition: inout Exposition) {
    let states: [(name: StaticString, help: StaticString)] = [
      ("node_cooling_device_cur_state", "How much a cooling device cools"),
      ("node_cooling_device_max_state", "How much it can cool"),
    ]
    for (index, state) in states.enumerated() {
      exposition.family(state.name, .gauge, state.help)
      for cooler in coolers {
        guard let value = cooler.values[index] else { continue }
        exposition.sample()
        exposition.label("name", cooler.name)
        exposition.label("type", cooler.type)
        exposition.value(value)
      }
    }
    exposition.family("node_power_supply_online", .gauge, "Whether a power supply gives power")
    for supply in supplies {
      guard let value = supply.values[0] else { continue }
      exposition.sample()
      exposition.label("power_supply", supply.name)
      exposition.value(value)
    }
  }
}

/// A file of sysfs with one number, decimal or hexadecimal after `0x`.
enum NodeNumberParser {
  /// The number; nil where there is none.
  static func number(_ bytes: Span<UInt8>) -> Int64? {
    var position = 0
    if bytes.skip("0x", &position) {
      guard let word = bytes.word(&position) else { return nil }
      return bytes.hexadecimal(word).map { Int64(clamping: $0) }
    }
    return bytes.signed(&position)
  }
}
