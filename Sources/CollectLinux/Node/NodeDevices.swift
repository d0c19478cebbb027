internal import Collect
internal import PrometheusExport
internal import SystemIO

/// Values from drivers in sysfs: interfaces' attributes, CPUs' frequency limits, cooling devices, power supplies.
///
/// A read may wait for a lock or for firmware. It runs on a thread of its own; a scrape waits a little for it and then
/// continues with the last values, or without.
final class NodeDevices: Sendable {
  /// Seconds between two sweeps; each reads some twenty files per interface.
  static let period = 10.0
  /// Maximum seconds that a scrape waits.
  static let patience = 0.25
  /// Seconds after which the last values expire.
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

  /// Starts a sweep, unless the last one is recent.
  func ask() {
    if sweepHere == nil, !(Clock.boottime - source.answer(waiting: 0).instant < Self.period) { source.ask() }
  }

  /// The current values; nil if they are missing or expired.
  var latest: NodeDeviceSweep? {
    if let sweepHere { return sweepHere() }
    let latest = source.answer(waiting: Self.patience)
    return Clock.boottime - latest.instant < Self.deadline ? latest.answer : nil
  }
}

/// One sweep of sysfs.
struct NodeDeviceSweep: Sendable {
  private struct Interface: Sendable {
    let device: String
    /// Values in the order of ``NodeDeviceSweep/attributes``.
    var values: [Int64?]
    var isUp: Bool?
    var notHandled: Int64?
  }

  private struct Named: Sendable {
    let name: String
    let type: String
    let values: [Int64?]
  }

  /// Maximum number of interfaces; each costs some twenty files.
  static let maxInterfaces = 256

  private static let attributes:
    [(file: String, name: StaticString, kind: Exposition.ExposedType, help: StaticString)] = [
      ("addr_assign_type", "node_network_address_assign_type", .gauge, "Origin of the interface's address"),
      ("carrier", "node_network_carrier", .gauge, "Whether the link has a carrier"),
      ("carrier_changes", "node_network_carrier_changes_total", .counter, "Times that the link went up or down"),
      ("carrier_down_count", "node_network_carrier_down_changes_total", .counter, "Times that the link went down"),
      ("carrier_up_count", "node_network_carrier_up_changes_total", .counter, "Times that the link went up"),
      ("dev_id", "node_network_device_id", .gauge, "Distinguishes devices with the same address"),
      ("dormant", "node_network_dormant", .gauge, "Whether the interface is dormant"),
      ("flags", "node_network_flags", .gauge, "Flags of the interface (if.h)"),
      ("ifindex", "node_network_iface_id", .gauge, "Index of the interface"),
      ("iflink", "node_network_iface_link", .gauge, "Index of the underlying interface"),
      ("link_mode", "node_network_iface_link_mode", .gauge, "Link mode of the interface"),
      ("mtu", "node_network_mtu_bytes", .gauge, "Maximum transmission unit in bytes"),
      ("name_assign_type", "node_network_name_assign_type", .gauge, "Origin of the interface's name"),
      ("netdev_group", "node_network_net_dev_group", .gauge, "Group of the interface"),
      ("type", "node_network_protocol_type", .gauge, "Protocol of the hardware (if_arp.h)"),
      ("speed", "node_network_speed_bytes", .gauge, "Link speed in bytes per second"),
      ("tx_queue_len", "node_network_transmit_queue_length", .gauge, "Length of the transmit queue"),
    ]

  private var interfaces: [Interface] = []
  private var frequencyLimits: [(cpu: Int, values: [Double])] = []
  private var coolers: [Named] = []
  private var supplies: [Named] = []
  /// hwmon's sensors without their values.
  let sensors: [NodeSensor]

  /// Reads all values now.
  init(root: String, sensors: [NodeSensor]) {
    self.sensors = sensors
    let buffer = ReadBuffer(capacity: 512)
    let net = root + "/sys/class/net/"
    let devices = Files.names(in: net).filter { Files.exists(net + $0 + "/ifindex") || Files.exists(net + $0 + "/mtu") }
    for device in devices.sorted().prefix(Self.maxInterfaces) {
      let folder = net + device + "/"
      let values = Self.attributes.map { attribute -> Int64? in
        let value = Self.number(folder + attribute.file, buffer)
        // Megabits; −1 if unknown, which "Node Exporter Full" expects.
        return attribute.file == "speed" ? value.map { $0 &* 125_000 } : value
      }
      interfaces.append(
        Interface(
          device: device, values: values, isUp: Files.line(of: folder + "operstate").map { $0 == "up" },
          // Like /proc/net/dev, without the loopback interface.
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

  /// The number in a file; nil if absent, unreadable (an interface that is down has no carrier) or malformed.
  private static func number(_ path: String, _ buffer: ReadBuffer) -> Int64? {
    guard let bytes = try? Files.contents(of: path, buffer: buffer) else { return nil }
    return NodeNumberParser.number(bytes.span)
  }

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
    exposition.family("node_network_receive_nohandler_total", .counter, "Packets received without a handler")
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
      ("node_cpu_scaling_frequency_max_hertz", "Maximum allowed frequency of a CPU"),
      ("node_cpu_scaling_frequency_min_hertz", "Minimum allowed frequency of a CPU"),
      ("node_cpu_frequency_max_hertz", "Maximum hardware frequency of a CPU"),
      ("node_cpu_frequency_min_hertz", "Minimum hardware frequency of a CPU"),
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
      ("node_cooling_device_cur_state", "Current state of a cooling device"),
      ("node_cooling_device_max_state", "Maximum state of a cooling device"),
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
    exposition.family("node_power_supply_online", .gauge, "Whether a power supply is online")
    for supply in supplies {
      guard let value = supply.values[0] else { continue }
      exposition.sample()
      exposition.label("power_supply", supply.name)
      exposition.value(value)
    }
  }
}

/// Parser of a sysfs file with one number, decimal or hexadecimal after `0x`.
enum NodeNumberParser {
  /// The number, or nil.
  static func number(_ bytes: Span<UInt8>) -> Int64? {
    var position = 0
    if bytes.skip("0x", &position) {
      guard let word = bytes.word(&position) else { return nil }
      return bytes.hexadecimal(word).map { Int64(clamping: $0) }
    }
    return bytes.signed(&position)
  }
}
