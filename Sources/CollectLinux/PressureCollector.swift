package import AgentMetrics
package import Collect
internal import SystemIO

/// Pressure stall information: /proc/pressure/{cpu,memory,io,irq}.
///
/// Absent on kernels before 4.20, on those built without PSI, and if it is off, which reads report as EOPNOTSUPP.
package final class PressureCollector: Collector {
  package let name = "pressure"

  private let buffer = ReadBuffer(capacity: 512)
  private var cpu: BackoffFile
  private var memory: BackoffFile
  private var io: BackoffFile
  private var irq: BackoffFile

  /// Creates a collector that reads /proc under `root`.
  package init(root: String) {
    cpu = BackoffFile(root + "/proc/pressure/cpu")
    memory = BackoffFile(root + "/proc/pressure/memory")
    io = BackoffFile(root + "/proc/pressure/io")
    irq = BackoffFile(root + "/proc/pressure/irq")
  }

  /// Reads the four files into `reading.pressure`.
  package func read(into reading: inout Reading) throws(CollectorError) {
    reading.pressure = nil
    var pressure = PressureReading()
    pressure.cpu = try cpu.read(into: buffer) { PressureParser.resource($0) } ?? nil
    pressure.memory = try memory.read(into: buffer) { PressureParser.resource($0) } ?? nil
    pressure.io = try io.read(into: buffer) { PressureParser.resource($0) } ?? nil
    pressure.irq = try irq.read(into: buffer) { PressureParser.resource($0) } ?? nil
    if pressure.cpu != nil || pressure.memory != nil || pressure.io != nil || pressure.irq != nil {
      reading.pressure = pressure
    }
  }
}

/// Parser of /proc/pressure/cpu, /proc/pressure/memory, /proc/pressure/io and /proc/pressure/irq: `some avg10=0.12 avg60=0.05 avg300=0.01 total=123456` and a line `full`
/// (kernel/sched/psi.c, psi_show).
enum PressureParser {
  /// Parses the text; nil if it has neither line.
  static func resource(_ bytes: Span<UInt8>) -> PressureReading.Resource? {
    var resource = PressureReading.Resource()
    var position = 0
    while position < bytes.count {
      if bytes.skip("some ", &position) {
        resource.some = line(bytes, &position)
      } else if bytes.skip("full ", &position) {
        resource.full = line(bytes, &position)
      }
      bytes.skipLine(&position)
    }
    return resource.some == nil && resource.full == nil ? nil : resource
  }

  /// Parses the rest of a line; nil without its total, which is last.
  private static func line(_ bytes: Span<UInt8>, _ position: inout Int) -> PressureReading.StallTotals? {
    var line = PressureReading.StallTotals()
    var hasTotal = false
    while true {
      bytes.skipBlanks(&position)
      if bytes.skip("avg10=", &position) {
        line.avg10 = share(bytes, &position)
      } else if bytes.skip("avg60=", &position) {
        line.avg60 = share(bytes, &position)
      } else if bytes.skip("avg300=", &position) {
        line.avg300 = share(bytes, &position)
      } else if bytes.skip("total=", &position) {
        guard let total = bytes.unsigned(&position) else { return nil }
        line.total = total
        hasTotal = true
      } else if !bytes.skipWord(&position) {
        return hasTotal ? line : nil
      }
    }
  }

  /// Parses a percentage as a share.
  private static func share(_ bytes: Span<UInt8>, _ position: inout Int) -> Double {
    bytes.decimal(&position).map { $0 / 100 } ?? .nan
  }
}
