internal import CTaskstats
internal import SystemIO

/// Receives the statistics of each task that ends, on a thread of its own; needs CAP_NET_ADMIN.
///
/// A scan of the processes misses those that end between two scans, such as the compilers of a build.
final class ExitListener: Sendable {
  /// Exits since the last call of ``take()``.
  struct Exits: Sendable {
    /// Ended processes and threads, in order of their ends.
    var all: [TaskExit] = []
    /// Number of exits beyond ``ExitListener/limit``.
    var surplus = 0
    /// Whether the kernel dropped some since the listener was too slow.
    var isIncomplete = false
  }

  /// Maximum number of exits between two scans.
  static let limit = 16_384
  /// Microseconds for which the thread rests after an exit, so that it wakes rarely.
  private static let rest: UInt32 = 50_000
  /// Messages per call of the kernel, and the bytes of each: one has the statistics of a task and of its process.
  private static let batch = 8
  private static let slot = 4_096

  private let state = Condition(Exits())

  /// Begins to listen; nil without permission, and where the kernel has no such statistics.
  init?() {
    guard ExitAccess.hasPidsOfMachine else { return nil }
    let descriptor = ExitAccess.open()
    guard descriptor >= 0 else { return nil }
    // It listens as long as the program runs.
    let isStarted = Thread.start("exits") { [state] in Self.listen(descriptor, state) }
    if !isStarted {
      SystemIO.close(descriptor)
      return nil
    }
  }

  /// Returns the exits since the last call.
  func take() -> Exits {
    state.withState { state in
      defer { state = Exits() }
      return state
    }
  }

  private static func listen(_ descriptor: Int32, _ state: Condition<Exits>) {
    var buffer = [UInt8](repeating: 0, count: slot * batch)
    var sizes = [Int32](repeating: 0, count: batch)
    while true {
      var exits: [TaskExit] = []
      var isIncomplete = false
      var isFirst: Int32 = 1
      // A batch that is not full was the last; the next one is awaited after the rest.
      var count = Int32(batch)
      while count != -EAGAIN, count == batch || count < 0, exits.count < limit {
        count = ctaskstats_receive(descriptor, &buffer, Int64(slot), &sizes, Int32(batch), isFirst)
        isFirst = 0
        if count > 0 {
          for index in 0..<Int(count) {
            exits += TaskstatsParser.exits(buffer.span.extracting(index * slot..<index * slot + Int(sizes[index])))
          }
        } else if count == -ENOBUFS {
          isIncomplete = true
        } else if count != -EINTR, count != -EAGAIN {
          // The socket is of no more use.
          SystemIO.close(descriptor)
          return
        }
      }
      state.withState { state in
        let room = limit - state.all.count
        state.all += exits.prefix(room)
        state.surplus += max(0, exits.count - room)
        if isIncomplete { state.isIncomplete = true }
      }
      usleep(rest)
    }
  }
}
