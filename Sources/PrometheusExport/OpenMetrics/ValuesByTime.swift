internal import SystemIO

/// Sorts values by time in bounded memory: full buffers go to a temporary file as sorted runs, which are merged at the
/// end.
struct ValuesByTime {
  /// One value of one series.
  struct Value {
    var milliseconds: Int64
    var series: Int32
    /// Position within its run: of equal times and series, the last value counts.
    var order: Int32 = 0
    var value: Double

    fileprivate func isBefore(_ other: Value) -> Bool {
      (milliseconds, series, order) < (other.milliseconds, other.series, other.order)
    }
  }

  /// Maximum values in memory: 6 MB.
  private static let maxInMemory = 1 << 18
  /// Values of a run that are read together while merging.
  private static let maxRead = 1 << 10

  private let path: String
  private var buffer: [Value] = []
  private var descriptor: ScratchFile?
  /// Number of values of each run; the runs follow each other.
  private var runs: [Int] = []

  /// - Parameter path: prefix of the temporary file's path.
  init(temporary path: String) {
    self.path = path
  }

  mutating func add(_ value: Value) throws(SystemError) {
    var value = value
    value.order = Int32(truncatingIfNeeded: buffer.count)
    buffer.append(value)
    if buffer.count == Self.maxInMemory { try spill() }
  }

  /// Calls `body` with all values, oldest first.
  mutating func eachSorted(_ body: (Value) throws -> Void) throws {
    guard let descriptor else {
      buffer.sort { $0.isBefore($1) }
      for value in buffer { try body(value) }
      return
    }
    if !buffer.isEmpty { try spill() }
    var cursors: [Cursor] = []
    var start = 0
    for count in runs {
      var cursor = Cursor(next: start, end: start + count)
      _ = try cursor.advance(descriptor)
      cursors.append(cursor)
      start += count
    }
    // A binary heap of runs by their first value; equal values in the order of their runs.
    var heap = Array(cursors.indices)
    func isBefore(_ left: Int, _ right: Int) -> Bool {
      let (one, other) = (cursors[left].head, cursors[right].head)
      return (one.milliseconds, one.series, left) < (other.milliseconds, other.series, right)
    }
    func sink(_ from: Int) {
      var parent = from
      while true {
        var minimum = parent
        for child in [2 * parent + 1, 2 * parent + 2]
        where child < heap.count && isBefore(heap[child], heap[minimum]) { minimum = child }
        if minimum == parent { return }
        heap.swapAt(parent, minimum)
        parent = minimum
      }
    }
    for parent in heap.indices.reversed() { sink(parent) }
    while let first = heap.first {
      try body(cursors[first].head)
      if try !cursors[first].advance(descriptor) {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
      }
      sink(0)
    }
  }

  /// Position in a run, with some of its values in memory.
  private struct Cursor {
    var next: Int
    let end: Int
    var values: [Value] = []
    var index = 0

    var head: Value { values[index] }

    init(next: Int, end: Int) {
      self.next = next
      self.end = end
    }

    /// Moves to the next value; returns false at the end.
    mutating func advance(_ descriptor: ScratchFile) throws(SystemError) -> Bool {
      index += 1
      if index < values.count { return true }
      guard next < end else { return false }
      values = try descriptor.read(min(ValuesByTime.maxRead, end - next), at: next)
      next += values.count
      index = 0
      return true
    }
  }

  private mutating func spill() throws(SystemError) {
    let file: ScratchFile
    if let descriptor {
      file = descriptor
    } else {
      file = try ScratchFile(beside: path + ".import")
      descriptor = file
    }
    buffer.sort { $0.isBefore($1) }
    try file.append(buffer)
    runs.append(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }
}

extension ScratchFile {
  fileprivate func append(_ values: [ValuesByTime.Value]) throws(SystemError) {
    try values.span.bytes.withUnsafeBytes { bytes throws(SystemError) in try append(bytes) }
  }

  fileprivate func read(_ count: Int, at first: Int) throws(SystemError) -> [ValuesByTime.Value] {
    var values = [ValuesByTime.Value](repeating: ValuesByTime.Value(milliseconds: 0, series: 0, value: 0), count: count)
    var span = values.mutableSpan
    var bytes = span.mutableBytes
    try bytes.withUnsafeMutableBytes { bytes throws(SystemError) in
      try read(into: bytes, at: first * MemoryLayout<ValuesByTime.Value>.stride)
    }
    return values
  }
}
