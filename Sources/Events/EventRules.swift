internal import AgentMetrics

/// The conditions with a beginning and an end that a sample can show.
enum EventRules {
  /// Share in use from which a filesystem is nearly full, and below which it no longer is.
  static let full = 0.95
  static let roomy = 0.93
  /// Seconds without throttling after which it ends: GPUs at their limit throttle from second to second.
  static let throttleQuiet = 60.0
  /// The same for a power limit or set clocks, which a busy GPU reaches all the time.
  static let limitQuiet = 300.0
  /// Seconds after which a filesystem hangs.
  private static let hung = 15.0
  /// Share of the CPU limit's periods with throttling at which it begins.
  private static let throttled = 0.1

  static func subject(of gpu: GPU) -> String { "GPU \(gpu.index)" }

  static func conditions(_ sample: Sample) -> [EventCondition] {
    var conditions: [EventCondition] = []
    conditions.reserveCapacity(3 * (sample.gpus.count + sample.filesystems.count) + sample.networks.count + 1)
    for gpu in sample.gpus { add(gpu, to: &conditions) }
    if let group = sample.cgroup { add(group, to: &conditions) }
    for filesystem in sample.filesystems { add(filesystem, to: &conditions) }
    for network in sample.networks where network.isPhysical { add(network, to: &conditions) }
    return conditions
  }

  private static func add(_ gpu: GPU, to conditions: inout [EventCondition]) {
    let subject = subject(of: gpu)
    conditions.append(
      EventCondition(
        begin: .gpuLost, subject: subject, holds: gpu.state == .lost, beginText: { subject + " does not respond" },
        endText: { subject + " responds again" + after($0) }))
    // A lost or sleeping GPU has no throttle reasons.
    guard gpu.state == .active, let reasons = gpu.throttleReasons else { return }
    let words = reasons.split(separator: ",")
    let isTrouble = words.contains { troubles.contains(String($0)) }
    let text = String(reasons.map { $0 == "_" ? " " : $0 })
    // A power cap or set clocks are intended by an operator; their state is unknown during a harmful throttling.
    conditions.append(
      EventCondition(
        begin: .throttleBegin, subject: subject, holds: isTrouble ? nil : !words.isEmpty, quiet: limitQuiet,
        severity: .info, beginText: { subject + " throttled: " + text },
        endText: { subject + " no longer throttled" + after($0) }))
    conditions.append(
      EventCondition(
        begin: .throttleBegin, subject: subject, aspect: "trouble", holds: isTrouble, quiet: throttleQuiet,
        beginText: { subject + " throttled: " + text }, endText: { subject + " no longer throttled" + after($0) }))
  }

  /// Reasons of a driver for lower clocks that are trouble.
  private static let troubles: Set = ["hw_thermal", "sw_thermal", "power_brake", "hw_slowdown"]

  private static func add(_ group: Cgroup, to conditions: inout [EventCondition]) {
    guard group.throttled.isFinite else { return }
    let limit = EventText.tenths(group.cpuLimit)
    conditions.append(
      EventCondition(
        begin: .throttleBegin, subject: "container", holds: group.throttled >= throttled, quiet: throttleQuiet,
        beginText: { "container throttled to " + limit + " CPUs" },
        endText: { "container no longer throttled" + after($0) }))
  }

  private static func add(_ filesystem: Filesystem, to conditions: inout [EventCondition]) {
    let mount = filesystem.mountpoint
    let isHung = filesystem.error != nil && filesystem.age > hung
    conditions.append(
      EventCondition(
        begin: .filesystemHung, subject: mount,
        holds: isHung ? true : filesystem.error == nil ? false : nil,
        beginText: { mount + " (" + filesystem.fstype + ") does not answer" },
        endText: { mount + " answers again" + after($0) }))
    // Stale values do not show the current state.
    let isCurrent = filesystem.error == nil
    conditions.append(
      EventCondition(
        begin: .filesystemReadOnly, subject: mount, holds: isCurrent ? filesystem.isReadOnly : nil,
        beginText: { mount + " is read-only" }, endText: { mount + " is writable again" + after($0) }))
    // Images are full by nature.
    guard !filesystem.isReadOnly else { return }
    let (usage, inodes) = (filesystem.usage, filesystem.inodesUsage)
    let isFull = usage >= full || inodes >= full
    let hasRoom = usage < roomy && !(inodes >= roomy)
    conditions.append(
      EventCondition(
        begin: .filesystemFull, subject: mount, holds: !isCurrent ? nil : isFull ? true : hasRoom ? false : nil,
        beginText: {
          usage >= full
            ? mount + " is " + EventText.percent(usage) + " full"
            : mount + " has used " + EventText.percent(inodes) + " of its inodes"
        }, endText: { mount + " has room again: " + EventText.percent(usage) + " full" + after($0, ", ") }))
  }

  private static func add(_ network: Network, to conditions: inout [EventCondition]) {
    let device = network.device
    let isDown: Bool? =
      switch network.state {
      case "up": false
      case "down", "lowerlayerdown": true
      default: nil
      }
    conditions.append(
      EventCondition(
        begin: .linkDown, subject: device, holds: isDown, beginText: { device + " has no link" },
        endText: { length in
          let speed = network.speed > 0 ? ": " + EventText.linkSpeed(network.speed) : ""
          return device + " has a link again" + after(length) + speed
        }))
  }

  /// " after 3m 20s"; empty where it is unknown.
  private static func after(_ length: String, _ separator: String = " ") -> String {
    length.isEmpty ? "" : separator + "after " + length
  }
}
