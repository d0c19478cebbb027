internal import CollectLinux
internal import NodeMetrics
internal import SystemIO

/// Parser of /proc/schedstat (Documentation/scheduler/sched-stats.rst): `cpu0 … running waiting timeslices`, the first two
/// in nanoseconds.
enum SchedstatParser {
  /// Fills the rows with the CPUs in the order of the file.
  static func parse(_ bytes: Span<UInt8>, into rows: inout [NodeReading.SchedulerRow]) {
    rows.removeAll(keepingCapacity: true)
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
      rows.append(
        NodeReading.SchedulerRow(
          cpu: Int(clamping: cpu), runningNanoseconds: running, waitingNanoseconds: waiting, timeslices: timeslices))
    }
  }
}
