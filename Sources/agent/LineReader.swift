import SystemIO

/// Reads a descriptor line by line with bounded memory.
struct LineReader {
  /// Number of the last line read; 0 before the first.
  private(set) var number = 0

  private let descriptor: Int32
  private let limit: Int
  private var buffer: [UInt8] = []
  private var position = 0
  /// End of the bytes that were searched for a line end.
  private var searched = 0
  private var isOver = false

  /// - Parameter limit: maximum bytes of a line.
  init(descriptor: Int32, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  /// Returns the next line without its end (LF or CR LF); nil after the last.
  ///
  /// A byte order mark before the first is skipped.
  mutating func next() throws(ImportFailure) -> ArraySlice<UInt8>? {
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = take(upTo: end)
        position = end + 1
        searched = position
        return line
      }
      searched = buffer.count
      guard buffer.count - position <= limit else {
        throw .line(number + 1, "longer than \(limit >> 20) MiB")
      }
      if isOver {
        guard position < buffer.count else { return nil }
        let line = take(upTo: buffer.count)
        position = buffer.count
        return line
      }
      try fill()
    }
  }

  private mutating func take(upTo end: Int) -> ArraySlice<UInt8> {
    var line = buffer[position..<end]
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    if number == 0, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
    number += 1
    return line
  }

  private mutating func fill() throws(ImportFailure) {
    buffer.removeSubrange(..<position)
    searched -= position
    position = 0
    do throws(SystemError) {
      let chunk = try StandardStreams.read(descriptor, atMost: 1 << 16)
      buffer += chunk
      isOver = chunk.isEmpty
    } catch {
      throw .input(SystemError("read standard input", code: error.code).description)
    }
  }
}
