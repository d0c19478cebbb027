import Testing

@testable import CollectLinux

@Suite struct ProcessGroupsTests {
  @Test func textsAreRememberedUpToALimit() {
    var groups = ProcessGroups()
    let text = Array("0::/system.slice/ssh.service\n".utf8)
    let first = groups.find(text.span)
    #expect(first == ProcessGroups.Group(service: "ssh.service", workload: "service:ssh.service"))
    #expect(groups.find(text.span) == first)
    #expect(groups.known.count == 1)
    for index in 0..<ProcessGroups.limit {
      let other = Array("0::/system.slice/a\(index).service\n".utf8)
      #expect(groups.find(other.span).service == "a\(index).service")
    }
    #expect(groups.known.count <= ProcessGroups.limit)
    #expect(groups.find(text.span) == first)
  }

  @Test func unknownGroupsAreRememberedToo() {
    var groups = ProcessGroups()
    let text = Array("0::/\n".utf8)
    #expect(groups.find(text.span) == ProcessGroups.Group())
    #expect(groups.known.count == 1)
  }
}
