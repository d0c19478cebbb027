internal import SystemIO

/// A task that ended, by the kernel's statistics (include/uapi/linux/taskstats.h).
struct TaskExit: Hashable {
  var pid: Int32 = 0
  /// Its process; equal to `pid` for a main thread, and before version 12 of the statistics.
  var process: Int32 = 0
  var parent: Int32 = 0
  var user: UInt32 = 0
  var name = ""
  /// Seconds from its start to its end.
  var seconds = 0.0
  /// CPU time of this task alone, in microseconds, by ``TaskstatsParser/cpu(sampled:exact:)``.
  var cpu: UInt64 = 0
  var readBytes: UInt64 = 0
  var writtenBytes: UInt64 = 0
  var peakBytes: UInt64 = 0
}

/// Parser of the messages of taskstats: netlink headers, attributes, and a struct that newer kernels extend.
enum TaskstatsParser {
  private static let aggregate: UInt16 = 4  // TASKSTATS_TYPE_AGGR_PID
  private static let statistics: UInt16 = 3  // TASKSTATS_TYPE_STATS
  /// Bytes of a netlink and a generic netlink header.
  private static let headers = 20

  /// The tasks in a message; sums over the threads of a process are left out.
  static func exits(_ bytes: Span<UInt8>) -> [TaskExit] {
    var exits: [TaskExit] = []
    var message = 0
    // Several messages may follow each other.
    while let length = bytes.int(at: message), length >= headers, message + length <= bytes.count {
      forEachAttribute(bytes, message + headers, message + length) { type, range in
        guard type == aggregate else { return }
        forEachAttribute(bytes, range.lowerBound, range.upperBound) { type, range in
          if type == statistics, let exit = exit(bytes, range) { exits.append(exit) }
        }
      }
      message += (length + 3) & ~3
    }
    return exits
  }

  private static func forEachAttribute(
    _ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ body: (UInt16, Range<Int>) -> Void
  ) {
    var place = start
    while place + 4 <= end {
      let length = Int(bytes.number(UInt16.self, at: place))
      guard length >= 4, place + length <= end else { return }
      // The upper bits are flags: nested, in network order.
      body(bytes.number(UInt16.self, at: place + 2) & 0x3FFF, (place + 4)..<(place + length))
      place += (length + 3) & ~3
    }
  }

  private static func exit(_ bytes: Span<UInt8>, _ range: Range<Int>) -> TaskExit? {
    // The members up to the bytes written are in all versions.
    guard range.count >= 264 else { return nil }
    let start = range.lowerBound
    let version = bytes.number(UInt16.self, at: start)
    var exit = TaskExit()
    var end = start + 80
    while end < start + 112, bytes[end] != 0 { end += 1 }
    exit.name = bytes.string((start + 80)..<end)
    exit.user = bytes.number(UInt32.self, at: start + 120)
    exit.pid = Int32(truncatingIfNeeded: bytes.number(UInt32.self, at: start + 128))
    exit.parent = Int32(truncatingIfNeeded: bytes.number(UInt32.self, at: start + 132))
    exit.seconds = Double(bytes.number(UInt64.self, at: start + 144)) * 1e-6
    let sampled = bytes.number(UInt64.self, at: start + 152) &+ bytes.number(UInt64.self, at: start + 160)
    // A kernel without delay accounting leaves both run times 0.
    let hasExact = bytes.number(UInt64.self, at: start + 64) > 0 || bytes.number(UInt64.self, at: start + 72) > 0
    exit.cpu = cpu(sampled: sampled, exact: hasExact ? bytes.number(UInt64.self, at: start + 72) / 1_000 : nil)
    exit.peakBytes = bytes.number(UInt64.self, at: start + 200) &* 1_024
    exit.readBytes = bytes.number(UInt64.self, at: start + 248)
    exit.writtenBytes = bytes.number(UInt64.self, at: start + 256)
    exit.process = exit.pid
    if version >= 12, range.count >= 372 {
      exit.process = Int32(truncatingIfNeeded: bytes.number(UInt32.self, at: start + 368))
    }
    guard exit.pid > 0, exit.process > 0 else { return nil }
    return exit
  }

  /// Longest interval of the kernel's timer tick, in microseconds (CONFIG_HZ=100).
  private static let tick: UInt64 = 10_000

  /// The best estimate of a task's CPU time, in microseconds.
  ///
  /// `ac_utime` and `ac_stime` count whole timer ticks: a task that wakes at each tick seems to run all the time, and one
  /// that sleeps over them never (kernel/sched/cputime.c, TICK_CPU_ACCOUNTING). `cpu_run_virtual_total` is the scheduler's
  /// own clock, `se.sum_exec_runtime`, by which /proc/PID/stat is scaled; but it lacks the time since its last update,
  /// up to a tick. Most tasks of a build live no longer than that, so that only the mean of the ticks has their time.
  static func cpu(sampled: UInt64, exact: UInt64?) -> UInt64 {
    guard let exact else { return sampled }
    return exact >= 2 * tick ? exact : min(sampled, exact + tick)
  }
}

extension Span<UInt8> {
  /// A number in the machine's order, which is little-endian on all supported machines; in range by the caller.
  fileprivate func number<Number: FixedWidthInteger>(_: Number.Type, at place: Int) -> Number {
    var number: Number = 0
    for index in (0..<(Number.bitWidth / 8)).reversed() { number = number << 8 | Number(self[place + index]) }
    return number
  }

  /// A message's length; nil beyond the end.
  fileprivate func int(at place: Int) -> Int? {
    place + 4 <= count ? Int(number(UInt32.self, at: place)) : nil
  }
}
