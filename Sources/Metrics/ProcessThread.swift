/// A thread of a process.
public struct ProcessThread: Sendable, Equatable {
  /// Process that it belongs to.
  public var process: Int32
  /// Thread id; the main thread's is the process's.
  public var thread: Int32
  /// Name as the kernel keeps it.
  public var name: String
  /// State letter.
  public var state: UInt8
  /// CPUs' worth of time; NaN before the second look.
  public var cpu: Double

  /// A thread.
  public init(process: Int32, thread: Int32, name: String, state: UInt8, cpu: Double) {
    self.process = process
    self.thread = thread
    self.name = name
    self.state = state
    self.cpu = cpu
  }
}
