internal import CSystemIO

/// Signals as bytes in a pipe, so that a loop can wait for them together with other events.
package enum Signals {
  /// Routes signals into the process's one signal pipe and returns the descriptor to read their numbers from.
  ///
  /// - Throws: SystemError of pipe or sigaction.
  package static func pipe(_ signals: [Int32]) throws(SystemError) -> Int32 {
    let descriptor = csystemio_signal_pipe(signals, Int32(signals.count))
    if descriptor < 0 { throw SystemError("route signals") }
    return descriptor
  }

  /// Ignores a signal such as SIGPIPE: a closed reader is an error of write(2) rather than the end of the program.
  package static func ignore(_ signal: Int32) {
    csystemio_ignore_signal(signal)
  }

  /// Waits for the next signal in the pipe; nil if the pipe is broken.
  package static func wait(on descriptor: Int32) -> Int32? {
    while true {
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, -1)
      if ready < 0, errno != EINTR { return nil }
      var byte: UInt8 = 0
      let got = read(descriptor, &byte, 1)
      if got == 1 { return Int32(byte) }
      if got == 0 { return nil }
    }
  }
}

/// Settings of the process as a whole.
package enum ProcessSettings {
  /// Makes the C library use one heap and return memory early; call before any thread is created.
  package static func tuneHeap() {
    csystemio_tune_heap()
  }

  /// Returns free heap memory to the system; takes some milliseconds.
  package static func trimHeap() {
    csystemio_trim_heap()
  }

  /// Raises the descriptor limit to `wanted` if possible, and returns it; 0 if unknown.
  @discardableResult
  package static func raiseDescriptorLimit(to wanted: Int = 0) -> Int {
    max(0, csystemio_raise_descriptor_limit(wanted))
  }
}
