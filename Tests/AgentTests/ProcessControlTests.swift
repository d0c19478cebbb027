import Collect
import AgentMetrics
import Collect
import CollectLinux
import Dashboard
import SystemIO
import Testing

@testable import agent

@Suite struct ProcessControlTests {
  @Test func onlyOneProcessIsSignalled() throws {
    let control = try #require(platform.processControl(.masked))
    func send(_ pid: Int32, start: Double) -> String? {
      switch control.hold(pid, start) {
      case .success(let send): send(0)
      case .failure(let refusal): refusal.description
      }
    }
    // For kill(2), 0 means all processes of the group, -1 all processes.
    #expect(send(0, start: 1) != nil && send(-1, start: 1) != nil)
    let start = ProcessDetailsReader(root: "").startTime(of: getpid()) ?? .nan
    #expect(send(getpid(), start: start) == nil)
    #expect(send(getpid(), start: start - 0.01)?.contains("another process") == true)
    #expect(send(getpid(), start: .nan) != nil)
    #expect(send(.max, start: 1) == "it has ended")
  }

  @Test func itActsOnThisMachine() throws {
    let control = try #require(platform.processControl(.masked))
    #expect(control.details(getpid())?.directory?.hasPrefix("/") == true)
    #expect(control.hasThreads)
  }
}
