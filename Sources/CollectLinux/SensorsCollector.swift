package import AgentMetrics
package import Collect
internal import SystemIO

/// Temperatures, fans and power: hwmon's chips, thermal zones that no chip mirrors, and energy counters.
///
/// A chip may be slow (one behind a slow bus, a drive), so all chips are read on a thread that starts at the beginning
/// of the tick. The tick waits for it a few milliseconds, or a twentieth of a second if the last values are old. If
/// that is not enough it uses the last values, until a sweep has hung for half a minute. Energy counters are read in
/// the tick itself, since they do not block; power is their difference between two `Reading`s. A machine without chips
/// is checked again at every 30th read.
package final class SensorsCollector: Collector {
  package let name = "sensors"

  /// Unreadable parts in one line; nil if all are readable.
  package var note: String? { isHidden ? "no /sys/class: sensors are hidden" : powercap.note }

  /// Age of the chips' values in seconds; NaN before the first.
  package private(set) var age: Double

  /// Reads between two checks of a machine without sensors.
  static let rest = 30

  /// Maximum seconds of a hanging sweep before the last values are dropped.
  static let deadline = 30.0

  private let source: BlockingSource<SensorSweep>
  /// Reads a recording's chips, which cannot hang, in the tick; nil if they may hang.
  private let sweepHere: (@Sendable () -> SensorSweep)?
  private let powercap: Powercap
  private let deadline: Double
  private var instant = Double.nan
  private var isPrepared = false
  private var resting = 0
  private let isHidden: Bool

  /// Creates a collector that reads /sys under `root`.
  package convenience init(root: String) {
    let isLive = isRunningMachine(root: root)
    let chips = Condition(HardwareMonitor(root: root))
    self.init(root: root, isLive: isLive) { chips.withState { $0.sweep() } }
  }

  /// - Parameters:
  ///   - isLive: whether reading the chips may hang, and needs a thread.
  ///   - deadline: maximum seconds of a hanging sweep.
  ///   - sweep: reads all chips.
  init(
    root: String, isLive: Bool, deadline: Double = SensorsCollector.deadline,
    sweep: @escaping @Sendable () -> SensorSweep
  ) {
    source = BlockingSource(sweep)
    sweepHere = isLive ? nil : sweep
    powercap = Powercap(root: root)
    isHidden = !Files.exists(root + "/sys/class")
    self.deadline = deadline
    age = isLive ? .nan : 0
  }

  /// Starts a sweep of the chips.
  package func prepare() {
    isPrepared = true
    if resting > 0 {
      resting -= 1
    } else if sweepHere == nil {
      source.ask()
    }
  }

  /// Writes `reading.temperatures`, `reading.fans` and `reading.powers`.
  ///
  /// - Throws: CollectorError if the chips have not answered for half a minute.
  package func read(into reading: inout Reading) throws(CollectorError) {
    if !isPrepared { prepare() }
    isPrepared = false
    let hangs = source.asking ?? 0
    let sweep = sweepHere?() ?? latestSweep(hangs)
    reading.temperatures = sweep?.temperatures ?? []
    reading.fans = sweep?.fans ?? []
    var used = 0
    powercap.read(into: &reading.powers, &used)
    for power in sweep?.powers ?? [] { Powercap.put(power, into: &reading.powers, &used) }
    if used < reading.powers.count { reading.powers.removeLast(reading.powers.count - used) }
    if sweep == nil, hangs >= deadline, source.asking != nil {
      throw CollectorError("no answer from the chips of hwmon for \(Int(min(hangs, 1e9))) s")
    }
  }

  /// The last sweep; nil before the first, or if the thread has hung for too long.
  private func latestSweep(_ hangs: Double) -> SensorSweep? {
    let isOld = !(Clock.boottime - instant < 2)
    let latest = source.answer(waiting: hangs > 0.2 ? 0 : isOld ? 0.05 : 0.005)
    instant = latest.instant
    age = Clock.boottime - instant
    if latest.answer?.isEmpty == true {
      age = 0
      if resting == 0 { resting = Self.rest }
    }
    return hangs >= deadline && source.asking != nil ? nil : latest.answer
  }
}

/// Values of all chips.
struct SensorSweep: Sendable {
  /// Temperatures, by chip.
  var temperatures: [Temperature] = []
  /// Fans, by chip.
  var fans: [Fan] = []
  /// Power meters that report watts, by chip.
  var powers: [PowerReading] = []
  /// Whether the machine has no chip with supported inputs.
  var isEmpty = false
}
