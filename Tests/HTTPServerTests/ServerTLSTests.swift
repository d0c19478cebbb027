import Glibc
import ServerCore
import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import HTTPServer

/// What the log says about certificate and key, each time that it begins.
@Suite(.enabled(if: TestAuthority.isAvailable, "openssl is not installed"), .ownThreads)
struct ServerTLSTests {
  private final class Report: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    /// The lines since the last call.
    func taken() -> [String] {
      lines.withLock { lines in
        defer { lines = [] }
        return lines
      }
    }
  }

  private let authority: TestAuthority
  private let report = Report()
  private var certificate: String { authority.folder.file("server.pem") }
  private var key: String { authority.folder.file("server.key") }

  init() throws {
    authority = try TestAuthority()
    try authority.issue("server")
    chmod(authority.folder.file("server.key"), 0o600)
  }

  private func opened() throws -> ServerTLS {
    try ServerTLS(PEMFiles(certificate: certificate, key: key), pace: 0) { [report] in report.add($0) }
  }

  @Test("A certificate that clients refuse is said at the start, and when it comes")
  func expired() throws {
    let tls = try opened()
    _ = tls.context
    #expect(report.taken() == [])
    try authority.issue("server", days: -1)
    chmod(key, 0o600)
    for _ in 0..<3 { _ = tls.context }
    let lines = report.taken()
    #expect(lines.count == 2 && lines.first == "\(certificate): the certificate has changed", "\(lines)")
    #expect(lines.last?.hasPrefix("\(certificate): the certificate has expired at 20") == true, "\(lines)")
    #expect(lines.last?.hasSuffix(", and clients refuse it; renew it, or set the clock") == true, "\(lines)")
    _ = try opened()
    #expect(report.taken() == lines.suffix(1))
    try authority.issue("server")
    chmod(key, 0o600)
    for _ in 0..<3 { _ = tls.context }
    #expect(report.taken() == ["\(certificate): the certificate has changed"])
  }

  @Test("A key whose permissions become too wide is said once")
  func shared() throws {
    let tls = try opened()
    for count in [1, 1] {
      for mode: mode_t in [0o644, 0o600] {
        chmod(key, mode)
        for _ in 0..<3 { _ = tls.context }
      }
      let lines = report.taken()
      #expect(lines.count == count && lines.first?.hasSuffix("run chmod 600 \(key)") == true, "\(lines)")
    }
  }

  @Test("Files that cannot be used are said, and that they can be used again")
  func recovered() throws {
    let tls = try opened()
    let text = String(decoding: try Files.contents(of: key), as: UTF8.self)
    try authority.folder.write("server.key", "broken\n")
    chmod(key, 0o600)
    for _ in 0..<3 { _ = tls.context }
    #expect(report.taken().map { $0.hasSuffix("; the last certificate stays in use") } == [true])
    try authority.folder.write("server.key", text)
    chmod(key, 0o600)
    for _ in 0..<3 { _ = tls.context }
    #expect(report.taken() == ["\(certificate): certificate and key can be read again"])
  }
}
