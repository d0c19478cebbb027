import SystemIO
import Testing

/// Signals reach only the held process, even if its pid is reused meanwhile.
@Suite struct HeldProcessTests {
  /// A system that reuses pids.
  private final class System: Sendable {
    struct State {
      /// Start times of the running processes, by pid.
      var running: [Int32: Double] = [7: 100]
      /// The process of each open descriptor.
      var descriptors: [Int32: (pid: Int32, start: Double)] = [:]
      var opened: Int32 = 0
      /// Start times of the processes that were signalled.
      var signalled: [Double] = []
    }

    let state = Condition(State())
    /// Error of pidfd_open; nil for success.
    let openError: Int32?
    /// Runs between the calls of hold: a process ends, and another takes its pid.
    let afterOpen: @Sendable (inout State) -> Void

    init(openError: Int32? = nil, afterOpen: @escaping @Sendable (inout State) -> Void = { _ in }) {
      self.openError = openError
      self.afterOpen = afterOpen
    }

    var calls: ProcessCalls {
      var calls = ProcessCalls { [state] pid in state.withState { $0.running[pid] } }
      calls.openDescriptor = { [self] pid in
        state.update { state in
          defer { afterOpen(&state) }
          if let openError { return -openError }
          guard let start = state.running[pid] else { return -ESRCH }
          state.opened += 1
          state.descriptors[state.opened] = (pid, start)
          return state.opened
        }
      }
      calls.closeDescriptor = { [state] descriptor in state.update { $0.descriptors[descriptor] = nil } }
      calls.signalDescriptor = { [state] descriptor, _ in
        state.update { state in
          guard let process = state.descriptors[descriptor], state.running[process.pid] == process.start else {
            return ESRCH
          }
          state.signalled.append(process.start)
          return 0
        }
      }
      calls.signalPID = { [state] pid, _ in
        state.update { state in
          guard let start = state.running[pid] else { return ESRCH }
          state.signalled.append(start)
          return 0
        }
      }
      return calls
    }

    var signalled: [Double] { state.withState { $0.signalled } }
  }

  /// With and without pidfds: missing, filtered, out of descriptors.
  static let kernels: [Int32?] = [nil, ENOSYS, EPERM, EMFILE]

  @Test(arguments: kernels) func theHeldProcessIsSignalled(_ openError: Int32?) throws {
    let system = System(openError: openError)
    let process = try HeldProcess(pid: 7, start: 100, calls: system.calls)
    #expect(process.signal(15) == nil && system.signalled == [100])
  }

  @Test(arguments: kernels) func aReusedPIDIsNotHeld(_ openError: Int32?) {
    let system = System(openError: openError)
    #expect(throws: HeldProcess.Failure.replaced) { try HeldProcess(pid: 7, start: 99.99, calls: system.calls) }
    #expect(throws: HeldProcess.Failure.ended) { try HeldProcess(pid: 8, start: 100, calls: system.calls) }
    #expect(system.state.withState { $0.descriptors.isEmpty })
  }

  @Test(arguments: kernels) func aPIDTakenWhileItIsHeldIsNotHeld(_ openError: Int32?) {
    let system = System(openError: openError) { $0.running[7] = 200 }
    #expect(throws: HeldProcess.Failure.replaced) { try HeldProcess(pid: 7, start: 100, calls: system.calls) }
    let gone = System(openError: openError) { $0.running[7] = nil }
    #expect(throws: HeldProcess.Failure.ended) { try HeldProcess(pid: 7, start: 100, calls: gone.calls) }
  }

  /// A descriptor of an earlier process, held with the start time of the later one: neither is signalled.
  @Test func aDescriptorOfAnotherProcessReachesNone() throws {
    let system = System { $0.running[7] = 200 }
    let process = try HeldProcess(pid: 7, start: 200, calls: system.calls)
    #expect(process.signal(15) != nil && system.signalled.isEmpty)
  }

  @Test(arguments: kernels) func aPIDTakenAfterwardsIsNotSignalled(_ openError: Int32?) throws {
    let system = System(openError: openError)
    let process = try HeldProcess(pid: 7, start: 100, calls: system.calls)
    system.state.update { $0.running[7] = nil }
    #expect(process.signal(15) == "it has ended")
    system.state.update { $0.running[7] = 200 }
    #expect(process.signal(9) != nil && system.signalled.isEmpty)
  }

  @Test func groupsAndUnknownStartsAreRefused() {
    let calls = System().calls
    for pid: Int32 in [0, -1, -7, .min] {
      #expect(throws: HeldProcess.Failure.invalidPID) { try HeldProcess(pid: pid, start: 100, calls: calls) }
    }
    #expect(throws: HeldProcess.Failure.unknownStart) { try HeldProcess(pid: 7, start: .nan, calls: calls) }
  }

  @Test func theDescriptorIsClosed() throws {
    let system = System()
    var process: HeldProcess? = try HeldProcess(pid: 7, start: 100, calls: system.calls)
    #expect(process != nil && system.state.withState { $0.descriptors.count } == 1)
    process = nil
    #expect(system.state.withState { $0.descriptors.isEmpty })
  }
}
