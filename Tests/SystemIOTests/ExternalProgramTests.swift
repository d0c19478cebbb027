import Glibc
import SystemIO
import Testing

@Suite struct ExternalProgramTests {
  /// Sockets of swift-nio are not close-on-exec: a tool that outlives its agent would keep the port in use.
  @Test("A program inherits no descriptor but the standard streams")
  func descriptors() throws {
    let inheritable = dup(2)
    defer { close(inheritable) }
    try #require(inheritable > 2 && fcntl(inheritable, F_GETFD) & FD_CLOEXEC == 0)
    let run = try ExternalProgram.run("/bin/ls", ["/proc/self/fd"], environment: [], deadline: 60, limit: 4_096)
    // The last one is the folder that ls reads.
    #expect(run.end == .exited(0) && String(decoding: run.output, as: UTF8.self) == "0\n1\n2\n3\n")
  }
}
