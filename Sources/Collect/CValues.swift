/// Array of C structures that grows until the system's list fits, and is kept from reading to reading.
package struct CList<Entry> {
  private let empty: Entry
  private let limit: Int
  private var entries: [Entry]
  /// Number of entries of the last reading.
  package private(set) var count = 0

  /// - Parameter limit: maximum number of entries; further ones are dropped.
  package init(_ empty: Entry, capacity: Int, limit: Int) {
    self.empty = empty
    self.limit = limit
    entries = Array(repeating: empty, count: min(capacity, limit))
  }

  package subscript(index: Int) -> Entry { entries[index] }

  /// Reads the list; false if the system refuses it, and the list is then empty.
  ///
  /// - Parameter read: writes up to a number of entries, and returns the number of those written or found; -1 on failure.
  package mutating func read(_ read: (UnsafeMutablePointer<Entry>?, Int32) -> Int32) -> Bool {
    count = 0
    while true {
      let found = entries.withUnsafeMutableBufferPointer { Int(read($0.baseAddress, Int32($0.count))) }
      if found < 0 { return false }
      // A full array may lack the rest of the list.
      if found < entries.count || entries.count == limit {
        count = min(found, entries.count)
        return true
      }
      entries = Array(repeating: empty, count: min(limit, max(found + found / 4, entries.count * 2)))
    }
  }
}

/// Totals of 64 bits of counters that wrap at 2³².
package struct WideCounters {
  private var last: [UInt32] = []
  package private(set) var totals: [UInt64] = []

  package init() {}

  /// Sum of all counters; nil without any.
  package var sum: UInt64? { totals.isEmpty ? nil : totals.reduce(0, &+) }

  /// Resets the totals if the number of counters changed.
  package mutating func resize(_ count: Int) {
    if count == last.count { return }
    last = []
    totals = []
  }

  /// Adds the growth of a counter; a new one is appended with its value.
  package mutating func add(_ value: UInt32, at index: Int) {
    guard index < last.count else {
      last.append(value)
      totals.append(UInt64(value))
      return
    }
    totals[index] &+= UInt64(value &- last[index])
    last[index] = value
  }
}

/// The text of a C array of characters, which Swift imports as a tuple; "" if it is empty.
package func text<Characters>(_ characters: Characters) -> String {
  // A tuple of characters is its bytes, without gaps.
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// The text of a C array; nil if it is empty.
package func textIfAny<Characters>(_ characters: Characters) -> String? {
  let text = text(characters)
  return text.isEmpty ? nil : text
}

/// A text that a C function writes into a buffer of `capacity` bytes; nil if it fails or the text is empty.
package func text(capacity: Int, _ write: (UnsafeMutablePointer<CChar>?, Int32) -> Bool) -> String? {
  var buffer = [CChar](repeating: 0, count: capacity)
  let isKnown = buffer.withUnsafeMutableBufferPointer { write($0.baseAddress, Int32($0.count)) }
  guard isKnown, buffer[0] != 0 else { return nil }
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
