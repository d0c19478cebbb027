/// Decides which GPUs to read, so that none is woken or kept awake.
///
/// Reading a GPU requires opening it, and an open GPU cannot sleep. One that could (power/control is "auto") and has
/// been idle for half a minute is closed. It is opened again when it has been awake for longer than its driver needs to
/// suspend it, since then another program uses it. If it turns out to be idle, it is closed immediately, and the wait
/// doubles, up to one minute.
struct NVIDIAPower {
  /// Seconds of idleness before a GPU is closed.
  static let patience = 30.0
  /// Seconds in which an unused GPU falls asleep.
  static let settling = 15.0
  /// Maximum seconds between two checks of a GPU that is awake and idle.
  static let longest = 60.0

  private struct PowerRecord {
    var isHeld = false
    /// Whether it was opened to check whether it is used.
    var isProbe = false
    var idleSince = Double.nan
    var leftAt = Double.nan
    var wait = settling
  }

  private var entries: [String: PowerRecord] = [:]

  /// Addresses of the GPUs that may be read now.
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

  /// Records whether a GPU that was read is idle; returns true if it is to be closed.
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
