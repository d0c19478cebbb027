internal import CSystemIO

/// Pipes to child processes.
package enum Pipe {
  /// Creates a pipe with close-on-exec ends: otherwise a child started concurrently by another thread would hold them
  /// open, and the reader would wait for that child's end.
  ///
  /// - Throws: SystemError of pipe2.
  package static func make() throws(SystemError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    if csystemio_pipe(&ends) != 0 { throw SystemError("make a pipe") }
    return (ends[0], ends[1])
  }

  /// Makes reads and writes of one end fail instead of waiting.
  package static func unblock(_ end: Int32) {
    _ = csystemio_unblock(end)
  }
}
