internal import CSystemIO

/// System calls that act on a process, replaceable in tests.
package struct ProcessCalls: Sendable {
  /// Opens a descriptor of a process, or returns a negated errno (pidfd_open(2)).
  package var openDescriptor: @Sendable (_ pid: Int32) -> Int32
  /// Closes such a descriptor.
  package var closeDescriptor: @Sendable (_ descriptor: Int32) -> Void
  /// Signals the process of a descriptor; 0 or an errno (pidfd_send_signal(2)).
  package var signalDescriptor: @Sendable (_ descriptor: Int32, _ signal: Int32) -> Int32
  /// Signals a pid; 0 or an errno (kill(2)).
  package var signalPID: @Sendable (_ pid: Int32, _ signal: Int32) -> Int32
  /// Sets the nice value of a pid; 0 or an errno (setpriority(2)).
  package var setNice: @Sendable (_ pid: Int32, _ nice: Int32) -> Int32
  /// Reads the I/O priority of a pid; a negated errno (ioprio_get(2)).
  package var ioPriority: @Sendable (_ pid: Int32) -> Int32
  /// Sets the I/O priority of a pid; 0 or an errno (ioprio_set(2)).
  package var setIOPriority: @Sendable (_ pid: Int32, _ priority: Int32) -> Int32
  /// Start time of the current process with a pid, in seconds after boot; nil if there is no such process.
  package var startTime: @Sendable (_ pid: Int32) -> Double?

  /// Uses the running system's calls.
  package init(startTime: @escaping @Sendable (_ pid: Int32) -> Double?) {
    self.startTime = startTime
    openDescriptor = { pid in
      let descriptor = csystemio_process_open(pid)
      return descriptor >= 0 ? descriptor : -csystemio_error()
    }
    closeDescriptor = { csystemio_process_close($0) }
    signalDescriptor = { csystemio_process_signal($0, $1) == 0 ? 0 : csystemio_error() }
    signalPID = { csystemio_pid_signal($0, $1) == 0 ? 0 : csystemio_error() }
    setNice = { csystemio_pid_nice($0, $1) == 0 ? 0 : csystemio_error() }
    ioPriority = { pid in
      let priority = csystemio_pid_io_priority(pid)
      return priority >= 0 ? priority : -csystemio_error()
    }
    setIOPriority = { csystemio_pid_set_io_priority($0, $1) == 0 ? 0 : csystemio_error() }
  }
}

/// A process held for a signal, so that the signal can never reach a later process with the same pid.
///
/// Holds a pidfd. If the kernel does not support it (before Linux 5.3, seccomp filters), the start time is compared
/// again right before kill(2).
package final class HeldProcess: Sendable {
  /// Reason that a process cannot be held.
  package enum Failure: Error, CustomStringConvertible {
    case invalidPID, unknownStart, ended, replaced

    package var description: String {
      switch self {
      case .invalidPID: "not a process id"
      case .unknownStart: "its start time is unknown"
      case .ended: "it has ended"
      case .replaced: "it has ended; its pid belongs to another process now"
      }
    }
  }

  private let pid: Int32
  private let start: Double
  private let descriptor: Int32
  private let calls: ProcessCalls

  /// Holds the process with this pid and start time.
  ///
  /// - Parameter start: seconds after boot.
  package init(pid: Int32, start: Double, calls: ProcessCalls) throws(Failure) {
    // kill(2) takes 0 and negative numbers as process groups.
    guard pid > 0 else { throw .invalidPID }
    guard start.isFinite else { throw .unknownStart }
    let opened = calls.openDescriptor(pid)
    if opened == -ErrorCode.noProcess { throw .ended }
    // Compared after opening: a process that reused the pid in between has another start time.
    if let failure = Self.compare(pid, start, calls) {
      if opened >= 0 { calls.closeDescriptor(opened) }
      throw failure
    }
    self.pid = pid
    self.start = start
    self.calls = calls
    descriptor = opened
  }

  deinit {
    if descriptor >= 0 { calls.closeDescriptor(descriptor) }
  }

  /// Sends a signal; returns nil, or the reason of the failure in one line.
  package func signal(_ number: Int32) -> String? {
    if descriptor >= 0 {
      let code = calls.signalDescriptor(descriptor, number)
      if code != ErrorCode.notImplemented { return Self.text(code) }
    }
    if let failure = Self.compare(pid, start, calls) { return failure.description }
    return Self.text(calls.signalPID(pid, number))
  }

  /// Sets its nice value; returns nil, or the reason of the failure in one line.
  package func setNice(_ nice: Int32) -> String? {
    if let failure = Self.compare(pid, start, calls) { return failure.description }
    return Self.text(calls.setNice(pid, nice))
  }

  /// Sets its I/O priority; returns nil, or the reason of the failure in one line.
  package func setIOPriority(_ priority: Int32) -> String? {
    if let failure = Self.compare(pid, start, calls) { return failure.description }
    return Self.text(calls.setIOPriority(pid, priority))
  }

  private static func compare(_ pid: Int32, _ start: Double, _ calls: ProcessCalls) -> Failure? {
    guard let now = calls.startTime(pid) else { return .ended }
    // Half a tick of 100 Hz, for sums of rounded numbers.
    return abs(now - start) < 0.005 ? nil : .replaced
  }

  private static func text(_ code: Int32) -> String? {
    switch code {
    case 0: nil
    case ErrorCode.noProcess: Failure.ended.description
    default: SystemError.text(of: code)
    }
  }
}
