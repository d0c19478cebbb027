internal import AgentMetrics

/// Sums of the whole machine that have moved since a group's files were read.
///
/// While one stands still, no group's part of it can have moved, so that the groups' files need not be read. The kernel
/// rounds pressure to microseconds per CPU and blocks to KiB: an error is below that, and ends with the next read.
struct MachineMoves: OptionSet {
  let rawValue: UInt8

  /// Time in which a task waited for memory.
  static let memoryStall = MachineMoves(rawValue: 1)
  /// Time in which a task waited for I/O.
  static let ioStall = MachineMoves(rawValue: 2)
  static let oomKills = MachineMoves(rawValue: 4)
  /// Whether there is swap.
  static let swap = MachineMoves(rawValue: 8)
  /// Bytes of all block devices.
  static let blockIO = MachineMoves(rawValue: 64)
  /// Tasks that started or ended.
  static let tasks = MachineMoves(rawValue: 128)

  // Of the group itself.
  /// Whether the group has a CPU limit.
  static let limit = MachineMoves(rawValue: 16)
  /// Whether the group's bytes of I/O have moved.
  static let io = MachineMoves(rawValue: 32)

  /// The sums of one reading; nil where unknown.
  struct Sums: Equatable {
    var memoryStall: UInt64?
    var ioStall: UInt64?
    var oomKills: UInt64?
    var swap: UInt64?
    var blockIO: UInt64?
    /// Tasks created since boot.
    var forks: UInt64?
    /// Tasks that exist; NaN where unknown.
    var tasks = Double.nan

    init() {}

    init(_ reading: Reading) {
      memoryStall = reading.pressure?.memory?.some?.total
      ioStall = reading.pressure?.io?.some?.total
      oomKills = reading.memory.oomKills
      swap = reading.memory.swapTotal
      blockIO = reading.memory.pagedKilobytes
      forks = reading.cpu.forks
      tasks = reading.load?.tasks ?? .nan
    }

    /// Takes over later sums, except those whose files were not read.
    mutating func advance(to now: Sums, except unread: MachineMoves) {
      let before = self
      self = now
      if unread.contains(.blockIO) { blockIO = before.blockIO }
      if unread.contains(.tasks) { (forks, tasks) = (before.forks, before.tasks) }
    }
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sums that have moved between two readings; an unknown one may have.
  init(from last: Sums, to now: Sums) {
    self = []
    func hasMoved(_ last: UInt64?, _ now: UInt64?) -> Bool { now == nil || last != now }
    if hasMoved(last.memoryStall, now.memoryStall) { insert(.memoryStall) }
    if hasMoved(last.ioStall, now.ioStall) { insert(.ioStall) }
    if hasMoved(last.oomKills, now.oomKills) { insert(.oomKills) }
    if now.swap != 0 || last.swap != 0 { insert(.swap) }
    if hasMoved(last.blockIO, now.blockIO) { insert(.blockIO) }
    // NaN is unequal to itself.
    if hasMoved(last.forks, now.forks) || last.tasks != now.tasks { insert(.tasks) }
  }
}
