package import AgentMetrics
internal import Synchronization

/// Writes a Reading's totals under the agent's own names (``Counter``).
enum CounterWriter {
  static func write(_ reading: Reading, to exposition: inout Exposition) {
    for counter in Counter.all {
      exposition.family(named: counter.name, .counter, counter.help, unit: counter.unit.base)
      counter.values(in: reading) { first, second, total in
        exposition.sample()
        if let first { write(first, as: counter.labels[0], to: &exposition) }
        if let second { write(second, as: counter.labels[1], to: &exposition) }
        exposition.value(total, decimals: counter.decimals)
      }
    }
  }

  private static func write(_ value: Counter.LabelValue, as label: StaticString, to exposition: inout Exposition) {
    switch value {
    case .word(let word): exposition.label(label, word)
    case .number(let number): exposition.label(label, number)
    case .text(let text): exposition.label(label, text)
    }
  }
}

/// CPU times that never decrease between scrapes.
///
/// The kernel's idle and iowait times may decrease by some ticks (proc_stat(5)), which `rate()` interprets as a restart
/// from 0: a peak of the machine's whole uptime. Like in node_exporter, the highest value is kept until the kernel's
/// exceeds it. Idle time that decreases by more than three seconds is a CPU that was offline and counts from 0.
package final class SteadyCPUTimes: Sendable {
  private struct State {
    var boottime = -Double.infinity
    var total = CPUTime()
    var cores: [Int: CPUTime] = [:]
  }

  private let state = Mutex(State())

  /// Creates the state before the first scrape.
  package init() {}

  /// Returns the Reading with the previous times where they have decreased since.
  package func steadied(_ reading: Reading) -> Reading {
    var reading = reading
    state.withLock { state in
      // A Reading older than the last one has no effect.
      let isNewer = reading.boottime >= state.boottime
      let total = Self.steadied(reading.cpu.total, from: state.total)
      var cores: [Int: CPUTime] = [:]
      for index in reading.cpu.cores.indices {
        let cpu = reading.cpu.cores[index].cpu
        let time = Self.steadied(reading.cpu.cores[index].time, from: state.cores[cpu] ?? CPUTime())
        reading.cpu.cores[index].time = time
        cores[cpu] = time
      }
      reading.cpu.total = total
      if isNewer { state = State(boottime: reading.boottime, total: total, cores: cores) }
    }
    return reading
  }

  private static func steadied(_ time: CPUTime, from last: CPUTime) -> CPUTime {
    // Ticks of 10 ms.
    if time.idle &+ 300 < last.idle { return time }
    var time = time
    for path in [
      \CPUTime.user, \.nice, \.system, \.idle, \.iowait, \.irq, \.softirq, \.steal, \.guest, \.guestNice,
    ] {
      time[keyPath: path] = max(time[keyPath: path], last[keyPath: path])
    }
    return time
  }
}
