package struct ProcessThread: Sendable, Equatable {
  /// Process id.
  package var process: Int32
  /// Thread id; the main thread's is the process's.
  package var thread: Int32
  /// The kernel's name for the thread.
  package var name: String
  /// State letter.
  package var state: UInt8
  /// CPU time per second, in CPUs; NaN before the second scan.
  package var cpu: Double

  package init(process: Int32, thread: Int32, name: String, state: UInt8, cpu: Double) {
    self.process = process
    self.thread = thread
    self.name = name
    self.state = state
    self.cpu = cpu
  }
}
