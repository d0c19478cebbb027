internal import CSystemIO

/// Signals as bytes in a pipe, so that a loop can wait for them together with other events.
package enum Signals {
  package static let hangup = Int32(CSYSTEMIO_SIGHUP)
  package static let interrupt = Int32(CSYSTEMIO_SIGINT)
  package static let quit = Int32(CSYSTEMIO_SIGQUIT)
  package static let kill = Int32(CSYSTEMIO_SIGKILL)
  package static let brokenPipe = Int32(CSYSTEMIO_SIGPIPE)
  package static let terminate = Int32(CSYSTEMIO_SIGTERM)
  package static let user1 = Int32(CSYSTEMIO_SIGUSR1)
  package static let user2 = Int32(CSYSTEMIO_SIGUSR2)
  package static let resume = Int32(CSYSTEMIO_SIGCONT)
  package static let stop = Int32(CSYSTEMIO_SIGSTOP)
  package static let fileSize = Int32(CSYSTEMIO_SIGXFSZ)

  /// Names and numbers of the signals that can be sent to processes, by number.
  package static let all: [(name: String, number: Int32)] = {
    let (first, last) = (csystemio_first_realtime_signal(), csystemio_last_realtime_signal())
    return (Int32(1)...64).compactMap { number in
      if let name = csystemio_signal_name(number) { return (String(cString: name), number) }
      guard first > 0, first...max(first, last) ~= number else { return nil }
      return (number == first ? "RTMIN" : "RTMIN+" + String(number - first), number)
    }
  }()

  /// Routes signals into the process's one signal pipe and returns the descriptor to read their numbers from.
  ///
  /// - Throws: SystemError of pipe or sigaction.
  package static func pipe(_ signals: [Int32]) throws(SystemError) -> Int32 {
    let descriptor = csystemio_signal_pipe(signals, Int32(signals.count))
    if descriptor < 0 { throw SystemError("route signals") }
    return descriptor
  }

  /// Sends a signal to the program itself, as a service's stop does.
  package static func sendSelf(_ signal: Int32) {
    csystemio_signal_self(signal)
  }

  /// Ignores a signal such as SIGPIPE or SIGXFSZ: a closed reader, or a file at its limit (RLIMIT_FSIZE), is an error of
  /// write(2) rather than the end of the program.
  package static func ignore(_ signal: Int32) {
    csystemio_signal_ignore(signal)
  }

  /// Waits for the next signal in the pipe; nil if the pipe is broken.
  package static func wait(on descriptor: Int32) -> Int32? {
    let signal = csystemio_signal_wait(descriptor)
    return signal >= 0 ? signal : nil
  }
}

/// Settings of the process as a whole.
package enum ProcessSettings {
  /// Whether this process runs as root or as a systemd service, so that its PATH must not choose programs.
  package static let isPrivileged = csystemio_is_root() != 0 || Environment.value(of: "INVOCATION_ID") != nil

  /// Reserves the numbers of closed standard streams, which the next opened file would take, and with it the log; call
  /// before any file is opened.
  package static func reserveStreams() {
    csystemio_reserve_streams()
  }

  /// Makes all new files and sockets for their owner only, until they are given other permissions.
  package static func keepFilesPrivate() {
    csystemio_keep_files_private()
  }

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
    max(0, Int(csystemio_raise_descriptor_limit(Int64(wanted))))
  }
}
