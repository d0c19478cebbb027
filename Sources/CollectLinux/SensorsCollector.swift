package import AgentMetrics
package import Collect
internal import SystemIO

/// Temperatures, fans and power: hwmon's chips, thermal zones that no chip mirrors, and energy counters.
///
/// A chip may take long to answer (one behind a slow bus, a drive), so that all chips are read on a thread that begins when
/// the tick does. The tick waits for it a few milliseconds, or a twentieth of a second where the last answer is old, and
/// shows what was read last when that is not enough, until a sweep has hung for half a minute. Energy counters are read on
/// the tick itself: they answer at once, and power is what they grew by over the time between two Readings. A machine
/// without chips is looked at anew at every 30th read.
package final class SensorsCollector: Collector {
  /// "sensors".
  package let name = "sensors"

  /// What may not be read; nil where all may.
  package var note: String? { isHidden ? "/sys/class is not there: sensors cannot be seen" : powercap.note }

  /// Seconds since the chips were read; NaN when they never answered.
  package private(set) var age: Double

  /// Reads between two looks at a machine that had nothing to measure.
  static let rest = 30

  /// Seconds that a sweep may hang before what was read last is no longer shown.
  static let deadline = 30.0

  private let source: BlockingSource<SensorSweep>
  /// Reads a recording's chips, which cannot hang, on the tick; nil where they may.
  private let sweepHere: (@Sendable () -> SensorSweep)?
  private let powercap: Powercap
  private let deadline: Double
  private var instant = Double.nan
  private var isPrepared = false
  private var resting = 0
  private let isHidden: Bool

  /// The sensors of the machine whose /sys lies under `root`.
  package convenience init(root: String) {
    let isLive = root.isEmpty || Files.link(root + "/proc/self") != nil
    let chips = Condition(HardwareMonitor(root: root))
    self.init(root: root, isLive: isLive) { chips.withState { $0.sweep() } }
  }

  /// - Parameters:
  ///   - isLive: whether reading the chips may hang, and needs a thread.
  ///   - deadline: seconds that a sweep may hang.
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

  /// Begins to read the chips.
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
  /// - Throws: CollectorError when the chips have not answered for half a minute.
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

  /// What the thread read last; nil where that is nothing, or where it has hung for too long.
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

/// What all chips said.
struct SensorSweep: Sendable {
  /// Temperatures, by chip.
  var temperatures: [Temperature] = []
  /// Fans, by chip.
  var fans: [Fan] = []
  /// Power meters that tell watts, by chip.
  var powers: [PowerReading] = []
  /// Whether the machine has no chip that could say anything.
  var isEmpty = false
}
