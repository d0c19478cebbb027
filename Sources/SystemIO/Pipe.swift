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

  package static func close(_ end: Int32) {
    csystemio_close(end)
  }

  /// State of pipes to read and of an output after a wait.
  package struct Readiness: Sendable {
    fileprivate let bits: Int

    /// Whether a pipe, by its position, has bytes or has ended.
    package func canRead(_ index: Int) -> Bool { bits & 1 << index != 0 }
    package var takesOutput: Bool { bits & CSYSTEMIO_TAKES != 0 }
    /// Whether the output's reader has closed it.
    package var lostReader: Bool { bits & CSYSTEMIO_READER_GONE != 0 }
  }

  /// Waits until one of the pipes has bytes, the output's reader closes it, or it takes bytes where `isWriting` is set.
  ///
  /// - Parameter pipes: at most 15; -1 is never ready.
  /// - Throws: SystemError of poll.
  package static func wait(
    reading pipes: [Int32], output: Int32, isWriting: Bool
  ) throws(SystemError) -> Readiness {
    let bits = csystemio_wait(pipes, Int32(pipes.count), output, isWriting ? 1 : 0)
    if bits < 0 { throw SystemError("wait for a pipe") }
    return Readiness(bits: Int(bits))
  }

  /// Makes reads and writes of one end fail instead of waiting.
  package static func unblock(_ end: Int32) {
    _ = csystemio_unblock(end)
  }
}
