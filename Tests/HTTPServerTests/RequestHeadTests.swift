import SystemIO
import TestSupport
import Testing

@testable import SocketServer

/// The parser of the server without NIO; both servers' behavior is tested over sockets.
@Suite struct RequestHeadTests {
  private static let request =
    "GET /metrics?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 12\r\nX:\t y \r\n\r\n"

  private static func head(_ bytes: [UInt8]) throws -> RequestHead? {
    var (bytes, scanner) = (bytes, HeaderScanner())
    guard let end = try scanner.end(of: &bytes) else { return nil }
    return try RequestHead(bytes.span.extracting(0..<end), maxFields: 16)
  }

  @Test func fieldsAreRead() throws {
    let head = try #require(try Self.head(Array(("\r\n" + Self.request).utf8)))
    #expect(head.method == "GET" && head.target == "/metrics?a=b" && !head.isOld && !head.keepsAlive)
    #expect(head.body == .bytes(12))
    #expect(head.fields.map(\.name) == ["Host", "Connection", "Content-Length", "X"])
    #expect(head.fields.map(\.value) == ["localhost", "close", "12", "y"])
  }

  @Test(arguments: [
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / http/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\u{0}\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
    "\u{16}\u{3}\u{1}",
  ]) func malformedHeadersFail(text: String) {
    #expect(throws: RequestHead.ParseError.self) { try Self.head(Array(text.utf8)) }
  }

  /// A header is found at the same place however it is split.
  @Test func partsGiveTheSameHeader() throws {
    let whole = Array(Self.request.utf8)
    for count in 0..<whole.count {
      var (bytes, scanner) = (Array(whole[..<count]), HeaderScanner())
      #expect(try scanner.end(of: &bytes) == nil)
      bytes += whole[count...]
      #expect(try scanner.end(of: &bytes) == whole.count)
    }
  }

  @Test func aSplitEmptyLineIsSkipped() throws {
    var (bytes, scanner) = ([UInt8(0x0D)], HeaderScanner())
    #expect(try scanner.end(of: &bytes) == nil)
    bytes += Array(("\n" + Self.request).utf8)
    #expect(try scanner.end(of: &bytes) == Self.request.utf8.count)
  }

  @Test func mutationsAreReadOrFail() {
    surviveTruncationAndMutation(of: Array(Self.request.utf8), mutations: 10_000) { bytes in
      let copy = bytes.indices.map { bytes[$0] }
      guard let head = try? Self.head(copy) else { return }
      #expect(!head.method.isEmpty && !head.target.isEmpty && head.fields.count <= 16)
    }
  }
}
