package import AgentMetrics
package import Collect
internal import CDarwin

/// Memory and swap files, as Activity Monitor counts them.
///
/// Used memory is that of apps (`internal` pages that cannot be purged), wired memory and the compressor's. The contents of
/// files and purgeable memory are the cache, and available.
package final class MemoryCollector: Collector {
  package let name = "memory"

  package init() {}

  /// Writes `reading.memory`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.memory = MemoryReading()
    var memory = cdarwin_memory()
    guard cdarwin_memory(&memory) else { throw CollectorError("host_statistics64 does not report the memory") }
    func bytes(_ pages: UInt64) -> UInt64 {
      let (bytes, isTooLarge) = pages.multipliedReportingOverflow(by: memory.page_size)
      return isTooLarge ? .max : bytes
    }
    func sum(_ parts: UInt64...) -> UInt64 {
      parts.reduce(0) { total, part in
        let (sum, isTooLarge) = total.addingReportingOverflow(part)
        return isTooLarge ? .max : sum
      }
    }
    var result = MemoryReading()
    result.total = memory.total
    let purgeable = min(memory.purgeable, memory.internal)
    let used = bytes(sum(memory.internal - purgeable, memory.wired, memory.compressor))
    result.available = memory.total - min(memory.total, used)
    result.free = bytes(memory.free - min(memory.free, memory.speculative))
    result.cached = bytes(sum(memory.external, purgeable))
    result.majorFaults = memory.page_ins
    result.swappedIn = bytes(memory.swap_ins)
    result.swappedOut = bytes(memory.swap_outs)
    if let total = known(memory.swap_total) {
      result.swapTotal = total
      result.swapFree = known(memory.swap_used).map { total - min(total, $0) }
    }
    result.removeImpossible()
    reading.memory = result
  }
}
