internal import CSystemIO

/// Writes whole texts to the process's standard streams.
package enum StandardStreams {
  /// Columns of the terminal of a descriptor; nil if it is not a terminal, or its size is unknown.
  package static func columns(of descriptor: Int32) -> Int? {
    let columns = Int(csystemio_terminal_columns(descriptor))
    return columns > 0 ? columns : nil
  }

  package static let input: Int32 = 0
  package static let output: Int32 = 1
  package static let errors: Int32 = 2

  /// Whether a descriptor is a terminal.
  package static func isTerminal(_ descriptor: Int32) -> Bool { csystemio_is_terminal(descriptor) != 0 }

  /// Writes all bytes to a descriptor; returns false if its reader is gone or the write fails.
  @discardableResult
  package static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { csystemio_write(descriptor, $0.baseAddress, Int64($0.count)) == 0 }
  }

  /// Reads at most `limit` bytes of a stream; empty at its end.
  ///
  /// - Throws: SystemError of read.
  package static func read(_ descriptor: Int32, atMost limit: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = Int(csystemio_read(descriptor, &bytes, Int64(limit)))
    if count < 0 { throw SystemError("read") }
    bytes.removeLast(limit - count)
    return bytes
  }
}
