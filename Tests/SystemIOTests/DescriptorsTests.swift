import SystemIO
import TestSupport
import Testing

/// Budget of the process's descriptors.
@Suite struct DescriptorsTests {
  @Test func theUpperHalfIsNotForFilesThatStayOpen() {
    let limit = Descriptors.limit
    #expect(Descriptors.mayBeKept(3) && !Descriptors.mayBeKept(Int32(limit / 2)))
    #expect(Descriptors.connections > 0 && Descriptors.connections < limit / 2)
    #expect(Descriptors.clientConnections > 0 && Descriptors.clientConnections < limit)
  }

  @Test func theReasonNamesTheLimit() {
    #expect(
      SystemError("open x", code: EMFILE).description == "open x: too many open files (limit \(Descriptors.limit))")
    #expect(SystemError("open x", code: ENOENT).description == "open x: No such file or directory")
  }
}
