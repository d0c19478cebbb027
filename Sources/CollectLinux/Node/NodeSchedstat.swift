internal import PrometheusExport
internal import SystemIO

/// /proc/schedstat (Documentation/scheduler/sched-stats.rst): `cpu0 … running waiting timeslices`, the first two in
/// nanoseconds.
enum NodeSchedstat {
  /// Writes all CPUs.
  static func write(_ bytes: Span<UInt8>, to exposition: inout Exposition) {
    var rows: [(cpu: Int, running: UInt64, waiting: UInt64, timeslices: UInt64)] = []
    var position = 0
    while position < bytes.count, rows.count < StatParser.maximumCPUs {
      var place = position
      bytes.skipLine(&position)
      guard bytes.endsLine(before: position) else { break }
      guard bytes.skip("cpu", &place), let cpu = bytes.unsigned(&place) else { continue }
      for _ in 0..<6 { bytes.skipWord(&place) }
      guard let running = bytes.unsigned(&place), let waiting = bytes.unsigned(&place),
        let timeslices = bytes.unsigned(&place)
      else { continue }
      rows.append((Int(clamping: cpu), running, waiting, timeslices))
    }
    exposition.family("node_schedstat_running_seconds_total", .counter, "Time that tasks ran on each CPU")
    for row in rows { sample(row.cpu, row.running, decimals: 9, &exposition) }
    exposition.family("node_schedstat_waiting_seconds_total", .counter, "Time that tasks waited for each CPU")
    for row in rows { sample(row.cpu, row.waiting, decimals: 9, &exposition) }
    exposition.family("node_schedstat_timeslices_total", .counter, "Timeslices of each CPU")
    for row in rows { sample(row.cpu, row.timeslices, decimals: 0, &exposition) }
  }

  private static func sample(_ cpu: Int, _ value: UInt64, decimals: Int, _ exposition: inout Exposition) {
    exposition.sample()
    exposition.label("cpu", cpu)
    exposition.value(value, decimals: decimals)
  }
}
