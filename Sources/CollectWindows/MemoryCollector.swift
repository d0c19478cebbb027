package import AgentMetrics
package import Collect
internal import CWindows

/// Memory and page files.
///
/// The lists of pages need a privilege that services have; without it the system cache stands for the cached pages, and
/// free memory is absent. Without the list of page files, their size is the commit limit less the memory.
package final class MemoryCollector: Collector {
  package let name = "memory"

  private var faults = WideCounters()

  package init() {}

  /// Writes `reading.memory`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.memory = MemoryReading()
    var memory = cwindows_memory()
    guard cwindows_memory(&memory) else { throw CollectorError("GlobalMemoryStatusEx: no memory status") }
    var result = MemoryReading()
    result.total = known(memory.total)
    result.available = known(memory.available)
    result.free = known(memory.free)
    if let standby = known(memory.standby) {
      // As in Task Manager; modified pages are written before they are free.
      result.cached = standby &+ (known(memory.modified) ?? 0)
    } else {
      result.cached = known(memory.cache)
    }
    result.dirty = known(memory.modified)
    if let paged = known(memory.kernel_paged), let nonpaged = known(memory.kernel_nonpaged) {
      result.slab = paged &+ nonpaged
    }
    if let total = known(memory.page_file_total) {
      result.swapTotal = total
      result.swapFree = known(memory.page_file_used).map { total - min(total, $0) }
    } else if let limit = known(memory.commit_limit), let total = result.total, limit >= total {
      result.swapTotal = limit - total
    }
    result.majorFaults = faults.add(reported: memory.page_reads, at: 0)
    result.removeImpossible()
    reading.memory = result
  }
}

/// Bytes of the machine's memory; NaN if unknown.
package func machineMemoryBytes() -> Double {
  var memory = cwindows_memory()
  return cwindows_memory(&memory) ? number(memory.total) : .nan
}
