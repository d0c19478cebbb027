import AgentMetrics
import Dashboard
import SystemIO
import Testing

@testable import agent

@Suite struct ProcessControlTests {
  @Test func onlyOneProcessIsSignalled() {
    let control = processControl()
    // By kill(2), 0 would be every process of the group, -1 all there are.
    #expect(control.signal(0, 0) != nil && control.signal(-1, 0) != nil)
    #expect(control.signal(getpid(), 0) == nil)
    #expect(control.signal(.max, 0) != nil)
  }

  @Test func itLooksAtThisMachine() {
    let control = processControl()
    #expect(control.details(getpid())?.directory?.hasPrefix("/") == true)
    #expect(control.threads?([getpid()]).isEmpty == false)
  }
}
