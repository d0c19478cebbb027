internal import SystemIO

/// What is known of devices that a kernel file lists, kept in the order of its lines from look to look.
///
/// While nothing comes or goes, a line's device is found by comparing its name once, without memory.
struct DeviceFacts<Fact> {
  /// Kernel names and what is known, by the line's place.
  private(set) var entries: [(name: String, fact: Fact)] = []

  /// Puts the device of that name at `index`, where the lines before it have been put already; `make` tells of one that
  /// is new.
  mutating func place(_ index: Int, _ bytes: Span<UInt8>, _ name: Range<Int>, make: (String) -> Fact) {
    if index < entries.count, bytes.equals(name, entries[index].name) { return }
    var known = index
    while known < entries.count, !bytes.equals(name, entries[known].name) { known += 1 }
    if known < entries.count {
      entries.insert(entries.remove(at: known), at: index)
    } else {
      let text = bytes.string(name)
      entries.insert((text, make(text)), at: min(index, entries.count))
    }
  }

  /// Forgets the devices after the first `count`, which are gone.
  mutating func keep(_ count: Int) {
    if count < entries.count { entries.removeLast(entries.count - count) }
  }

  /// Changes what is known of a device.
  mutating func update(_ index: Int, _ body: (inout Fact) -> Void) {
    body(&entries[index].fact)
  }
}
