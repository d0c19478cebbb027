/// Which GPUs may be asked, so that none is woken and none is kept awake.
///
/// Asking a GPU needs it open, and an open one cannot fall asleep. One that could (power/control is "auto") and has been
/// idle for half a minute is let go. It is taken up again when it has been awake for longer than its driver needs to fall
/// asleep, since then somebody else uses it; if it turns out that nobody did, it is let go at once, and looked at half as
/// often the next time, down to once a minute.
struct NVIDIAPower {
  /// Seconds for which a GPU must have been idle before it is let go.
  static let patience = 30.0
  /// Seconds in which a GPU that nobody uses falls asleep.
  static let settling = 15.0
  /// Seconds between two looks at one that is awake and idle, at most.
  static let longest = 60.0

  private struct PowerRecord {
    var isHeld = false
    /// Whether it was taken up to see whether it is used.
    var isProbe = false
    var idleSince = Double.nan
    var leftAt = Double.nan
    var wait = settling
  }

  private var entries: [String: PowerRecord] = [:]

  /// The addresses of those that may be asked now.
  mutating func wanted(_ slots: [NVIDIASlot], at instant: Double) -> Set<String> {
    entries = entries.filter { entry in slots.contains { $0.address == entry.key } }
    var wanted: Set<String> = []
    for slot in slots {
      var entry = entries[slot.address] ?? PowerRecord()
      if slot.isAsleep {
        entry = PowerRecord(leftAt: instant)
      } else if !slot.maySleep {
        entry = PowerRecord(isHeld: true)
      } else if !entry.isHeld, entry.leftAt.isNaN || instant - entry.leftAt >= entry.wait {
        entry = PowerRecord(isHeld: true, isProbe: !entry.leftAt.isNaN, wait: entry.wait)
      }
      entries[slot.address] = entry
      if entry.isHeld { wanted.insert(slot.address) }
    }
    return wanted
  }

  /// Takes note of whether a GPU that was asked is idle; true when it is to be let go.
  mutating func isToBeLeft(_ slot: NVIDIASlot, isIdle: Bool, at instant: Double) -> Bool {
    guard slot.maySleep, var entry = entries[slot.address], entry.isHeld else { return false }
    defer { entries[slot.address] = entry }
    guard isIdle else {
      entry = PowerRecord(isHeld: true)
      return false
    }
    if entry.idleSince.isNaN { entry.idleSince = instant }
    guard entry.isProbe || instant - entry.idleSince >= Self.patience else { return false }
    entry = PowerRecord(leftAt: instant, wait: entry.isProbe ? min(Self.longest, entry.wait * 2) : Self.settling)
    return true
  }
}
