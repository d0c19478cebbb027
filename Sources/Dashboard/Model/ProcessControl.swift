package import AgentMetrics

/// Actions on the processes of the displayed machine; absent for another machine or a recording.
package struct ProcessControl: Sendable {
  /// Sends a signal to one process; returns nil, or the reason of the failure in one line.
  package typealias SendSignal = @Sendable (_ signal: Int32) -> String?

  /// Returns the details of a process; nil if it has ended.
  package var details: @Sendable (Int32) -> ProcessDetails?
  /// Holds the process with this pid and start time (seconds after boot), so that a signal reaches no other process.
  package var hold: @Sendable (_ pid: Int32, _ start: Double) -> Result<SendSignal, SignalRefusal>
  /// Sets the nice value of the process with this pid and start time; returns nil, or the reason of the failure.
  package var renice: (@Sendable (_ pid: Int32, _ start: Double, _ nice: Int32) -> String?)?
  /// Reads the I/O priority of a process, as ioprio_get(2) returns it; nil where it is unknown.
  package var ioPriority: (@Sendable (_ pid: Int32) -> Int32?)?
  /// Sets the I/O priority of the process with this pid and start time; returns nil, or the reason of the failure.
  package var setIOPriority: (@Sendable (_ pid: Int32, _ start: Double, _ priority: Int32) -> String?)?
  /// Whether scans can include threads.
  package var hasThreads: Bool

  /// Creates a control from functions.
  package init(
    details: @escaping @Sendable (Int32) -> ProcessDetails?,
    hold: @escaping @Sendable (_ pid: Int32, _ start: Double) -> Result<SendSignal, SignalRefusal>,
    renice: (@Sendable (_ pid: Int32, _ start: Double, _ nice: Int32) -> String?)? = nil,
    hasThreads: Bool = false
  ) {
    self.renice = renice
    self.hasThreads = hasThreads
    self.details = details
    self.hold = hold
  }
}

/// Reason that prevents a signal, in one line.
package struct SignalRefusal: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

extension String {
  /// The text without blanks at its ends.
  var trimmed: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\n" }.reversed())
  }
}
