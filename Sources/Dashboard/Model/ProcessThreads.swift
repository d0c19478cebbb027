internal import SystemIO

/// A thread of a process.
public struct ProcessThread: Sendable, Equatable {
  /// Process that it belongs to.
  public var process: Int32
  /// Thread id; the main thread's is the process's.
  public var thread: Int32
  /// Name as the kernel keeps it.
  public var name: String
  /// State letter.
  public var state: UInt8
  /// CPUs' worth of time; NaN before the second look.
  public var cpu: Double

  /// A thread.
  public init(process: Int32, thread: Int32, name: String, state: UInt8, cpu: Double) {
    self.process = process
    self.thread = thread
    self.name = name
    self.state = state
    self.cpu = cpu
  }
}

/// proc(5) of the threads of processes that do something; each look tells what they did since the one before.
final class ThreadScanner {
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

  init(root: String = "") {
    self.root = root
  }

  /// The threads of these processes, of as many as there is room for.
  ///
  /// - Parameter now: the monotonic clock.
  func scan(_ processes: [Int32], now: Double = Clock.monotonic) -> [ProcessThread] {
    var threads: [ProcessThread] = []
    var seen: [Int32: Known] = [:]
    let elapsed = now - last
    for process in processes {
      guard threads.count < Self.most else { break }
      let folder = root + "/proc/" + String(process) + "/task/"
      for name in Files.names(in: folder) {
        guard threads.count < Self.most, let thread = Int32(name),
          let bytes = try? Files.contents(of: folder + name + "/stat", buffer: buffer),
          let stat = Self.parse(bytes)
        else { continue }
        var cpu = Double.nan
        if let before = known[thread], before.start == stat.start, elapsed > 0 {
          cpu = Double(stat.ticks - min(stat.ticks, before.ticks)) / ticksPerSecond / elapsed
        }
        seen[thread] = Known(start: stat.start, ticks: stat.ticks)
        threads.append(
          ProcessThread(process: process, thread: thread, name: stat.name, state: stat.state, cpu: cpu))
      }
    }
    known = seen
    last = now
    return threads
  }

  /// Name, state, user and system time together, and start, of `/proc/PID/task/TID/stat`; nil where it is malformed.
  static func parse(_ bytes: [UInt8]) -> (name: String, state: UInt8, ticks: UInt64, start: UInt64)? {
    // The name may hold anything, parentheses too.
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
      open < close
    else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
    // From field 3, state, on: utime is field 14, stime 15, starttime 22.
    guard fields.count > 19, let state = fields[0].first else { return nil }
    func number(_ index: Int) -> UInt64? { UInt64(String(decoding: fields[index], as: UTF8.self)) }
    guard let user = number(11), let system = number(12), let start = number(19) else { return nil }
    return (String(decoding: bytes[(open + 1)..<close], as: UTF8.self), state, user &+ system, start)
  }
}
