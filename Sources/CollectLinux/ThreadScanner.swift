public import AgentMetrics
internal import SystemIO

/// Threads of processes, of /proc/PID/task/TID/stat; each look tells what they did since the one before.
public final class ThreadScanner {
  /// Threads of one look at most, so that no look takes long.
  static let most = 4_000

  private struct Known {
    var start: UInt64
    var ticks: UInt64
  }

  private let root: String
  private let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  private let buffer = ReadBuffer(capacity: 4_096)
  private var known: [Int32: Known] = [:]
  private var last = Double.nan

  /// Those of the machine whose /proc lies under `root`.
  public init(root: String) {
    self.root = root
  }

  /// The threads of these processes, of as many as there is room for.
  ///
  /// - Parameter now: the monotonic clock.
  public func scan(_ processes: [Int32], now: Double) -> [ProcessThread] {
    var threads: [ProcessThread] = []
    var seen: [Int32: Known] = [:]
    let elapsed = now - last
    for process in processes {
      guard threads.count < Self.most else { break }
      let folder = root + "/proc/" + String(process) + "/task/"
      for name in Files.names(in: folder) {
        guard threads.count < Self.most, let thread = Int32(name),
          let bytes = try? Files.contents(of: folder + name + "/stat", buffer: buffer)
        else { continue }
        // Of a thread the kernel says the same as of a process.
        var reading = ProcessReading(pid: thread)
        guard ProcessStatParser.parse(bytes.span, pageSize: 1, into: &reading) else { continue }
        var cpu = Double.nan
        if let before = known[thread], before.start == reading.start, elapsed > 0 {
          cpu = Double(reading.cpuTicks - min(reading.cpuTicks, before.ticks)) / ticksPerSecond / elapsed
        }
        seen[thread] = Known(start: reading.start, ticks: reading.cpuTicks)
        threads.append(
          ProcessThread(process: process, thread: thread, name: reading.name, state: reading.state, cpu: cpu))
      }
    }
    known = seen
    last = now
    return threads
  }
}
