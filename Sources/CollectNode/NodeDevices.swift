internal import Collect
internal import CollectLinux
internal import KernelFiles
internal import NodeMetrics
internal import SystemIO

/// Reads values of sysfs for which drivers are asked.
///
/// A read may wait for a lock or for firmware. It runs on a background thread; a scrape waits for it briefly, then uses
/// the last values, or none.
final class NodeDevices: Sendable {
  /// Seconds between two readings; each opens some twenty files per interface.
  static let period = 10.0
  /// Maximum seconds that a scrape waits.
  static let patience = 0.25
  /// Seconds after which the last values expire.
  static let deadline = 30.0

  private let source: BlockingSource<DeviceReading>
  private let sweepHere: (@Sendable () -> DeviceReading)?

  init(root: String, isLive: Bool) {
    let monitor = Condition(HardwareMonitor(root: root))
    let sweep: @Sendable () -> DeviceReading = {
      monitor.withState { DeviceReading(root: root, sensors: NodeSensors.find(root: root, $0)) }
    }
    source = BlockingSource(sweep)
    // A recording cannot hang.
    sweepHere = isLive ? nil : sweep
  }

  /// Begins to read, unless the last values are recent.
  func ask() {
    if sweepHere == nil, !(Clock.boottime - source.answer(waiting: 0).instant < Self.period) { source.ask() }
  }

  /// The last values; nil if they have expired.
  var latest: DeviceReading? {
    if let sweepHere { return sweepHere() }
    let latest = source.answer(waiting: Self.patience)
    return Clock.boottime - latest.instant < Self.deadline ? latest.answer : nil
  }
}

extension DeviceReading {
  /// Interfaces that are read; each costs some twenty files.
  private static let maxInterfaces = 256

  /// Reads all values now.
  fileprivate init(root: String, sensors: [Sensor]) {
    self.init()
    self.sensors = sensors
    let buffer = ReadBuffer(capacity: 512)
    let net = root + "/sys/class/net/"
    let devices = Files.names(in: net).filter { Files.exists(net + $0 + "/ifindex") || Files.exists(net + $0 + "/mtu") }
    for device in devices.sorted().prefix(Self.maxInterfaces) {
      let folder = net + device + "/"
      let values = Self.attributes.map { attribute -> Int64? in
        let value = Self.number(folder + attribute, buffer)
        // Megabits; −1 if unknown, which "Node Exporter Full" expects.
        return attribute == "speed" ? value.map { $0 &* 125_000 } : value
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
      coolingDevices.append(
        CoolingDevice(
          name: String(name.dropFirst("cooling_device".count)), type: Files.line(of: thermal + name + "/type") ?? "",
          state: Self.number(thermal + name + "/cur_state", buffer),
          maximum: Self.number(thermal + name + "/max_state", buffer)))
    }
    let power = root + "/sys/class/power_supply/"
    for name in Files.names(in: power).sorted() {
      powerSupplies.append(PowerSupply(name: name, online: Self.number(power + name + "/online", buffer)))
    }
  }

  private mutating func readFrequencyLimits(_ root: String, _ buffer: ReadBuffer) {
    let folder = root + "/sys/devices/system/cpu/cpufreq/"
    for policy in Files.names(in: folder) where policy.hasPrefix("policy") {
      let path = folder + policy + "/"
      func hertz(_ file: String) -> Double { Self.number(path + file, buffer).map { Double($0) * 1_000 } ?? .nan }
      let (scalingMaximum, scalingMinimum) = (hertz("scaling_max_freq"), hertz("scaling_min_freq"))
      let (maximum, minimum) = (hertz("cpuinfo_max_freq"), hertz("cpuinfo_min_freq"))
      let cpus = (try? Files.contents(of: path + "affected_cpus", buffer: buffer)).map { CPUListParser.cpus($0.span) }
      for cpu in cpus ?? [] {
        frequencyLimits.append(
          FrequencyLimits(
            cpu: cpu, scalingMaximum: scalingMaximum, scalingMinimum: scalingMinimum, maximum: maximum,
            minimum: minimum))
      }
    }
    frequencyLimits.sort { $0.cpu < $1.cpu }
  }

  /// The number in a file; nil if it is absent, unreadable (an interface that is down has no carrier) or not a number.
  private static func number(_ path: String, _ buffer: ReadBuffer) -> Int64? {
    guard let bytes = try? Files.contents(of: path, buffer: buffer) else { return nil }
    return NumberParser.number(bytes.span)
  }
}
