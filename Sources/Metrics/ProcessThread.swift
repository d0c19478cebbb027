/// A thread of a process.
package struct ProcessThread: Sendable, Equatable {
  /// Process that it belongs to.
  package var process: Int32
  /// Thread id; the main thread's is the process's.
  package var thread: Int32
  /// Name as the kernel keeps it.
  package var name: String
  /// State letter.
  package var state: UInt8
  /// CPUs' worth of time; NaN before the second look.
  package var cpu: Double

  /// A thread.
  package init(process: Int32, thread: Int32, name: String, state: UInt8, cpu: Double) {
    self.process = process
    self.thread = thread
    self.name = name
    self.state = state
    self.cpu = cpu
  }
}
