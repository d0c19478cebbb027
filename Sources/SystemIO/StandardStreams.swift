internal import CSystemIO

/// Writes whole texts to the process's standard streams.
package enum StandardStreams {
  /// Columns of the terminal of a descriptor; nil if it is not a terminal, or its size is unknown.
  package static func columns(of descriptor: Int32) -> Int? {
    let columns = Int(csystemio_terminal_columns(descriptor))
    return columns > 0 ? columns : nil
  }

  /// Writes all bytes to a descriptor; returns false if its reader is gone or the write fails.
  @discardableResult
  package static func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        if errno == EAGAIN {
          var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          if poll(&request, 1, 1_000) > 0 { continue }
        }
        return false
      }
      bytes = bytes.dropFirst(written)
    }
    return true
  }
}

/// write(2), which is hidden in scopes with a method of that name.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
