internal import AgentMetrics

/// Sums of the whole machine that have moved since the last pass.
///
/// While one stands still, no group's part of it can have moved, so that the groups' files need not be read. The kernel
/// rounds pressure to microseconds per CPU: an error is below a microsecond for each CPU, and ends with the next read.
struct MachineMoves: OptionSet {
  let rawValue: UInt8

  /// Time in which a task waited for memory.
  static let memoryStall = MachineMoves(rawValue: 1)
  /// Time in which a task waited for I/O.
  static let ioStall = MachineMoves(rawValue: 2)
  static let oomKills = MachineMoves(rawValue: 4)
  /// Whether there is swap.
  static let swap = MachineMoves(rawValue: 8)

  // Of the group itself.
  /// Whether the group has a CPU limit.
  static let limit = MachineMoves(rawValue: 16)
  /// Whether the group's bytes of I/O have moved.
  static let io = MachineMoves(rawValue: 32)

  /// The sums of one reading.
  struct Sums {
    let memoryStall: UInt64?
    let ioStall: UInt64?
    let oomKills: UInt64?
    let swap: UInt64?

    init(_ reading: Reading) {
      memoryStall = reading.pressure?.memory?.some?.total
      ioStall = reading.pressure?.io?.some?.total
      oomKills = reading.memory.oomKills
      swap = reading.memory.swapTotal
    }
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sums that have moved between two readings; an unknown one may have.
  init(from last: Sums?, to now: Sums) {
    self = []
    func hasMoved(_ last: UInt64?, _ now: UInt64?) -> Bool { now == nil || last != now }
    if hasMoved(last?.memoryStall, now.memoryStall) { insert(.memoryStall) }
    if hasMoved(last?.ioStall, now.ioStall) { insert(.ioStall) }
    if hasMoved(last?.oomKills, now.oomKills) { insert(.oomKills) }
    if now.swap != 0 || last?.swap != 0 { insert(.swap) }
  }
}
