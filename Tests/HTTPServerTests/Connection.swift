import Glibc
import SystemIO
import TestSupport

/// A plain blocking TCP connection to the loopback, with a deadline on every read: a test fails instead of hanging.
final class Connection {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ action: String) { description = "\(action): \(String(cString: strerror(errno)))" }
  }

  struct Answer {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: String

    subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
  }

  private let descriptor: Int32
  private var unread: [UInt8] = []
  /// Received part of an endless body, decoded from chunks.
  private var events: [UInt8] = []

  init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    descriptor = try Loopback.connect(port: port, receiveBuffer: receiveBuffer, deadline: 300)
  }

  deinit {
    close(descriptor)
  }

  /// Sends bytes; a connection closed by the server is not an error here.
  func send(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        SystemIO.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Closes with a reset, like a client that crashes.
  func abort() {
    var linger = SystemIO.linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<SystemIO.linger>.size))
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Sends a GET for a stream of events and reads the header of its answer.
  func open(_ target: String) throws -> Answer {
    send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return try header()
  }

  /// Returns the next event of a stream, without the empty line at its end; nil when the stream has ended.
  ///
  /// Comments, which a server sends as keep-alives, are skipped.
  func event() throws -> String? {
    let end = Array("\n\n".utf8)
    while true {
      if let place = events.indices.dropLast().first(where: { events[$0] == end[0] && events[$0 + 1] == end[1] }) {
        defer { events.removeFirst(place + 2) }
        if events[0] != UInt8(ascii: ":") { return String(decoding: events[..<place], as: UTF8.self) }
        continue
      }
      // A chunk: its size in hexadecimal and its bytes, each followed by CRLF (RFC 9112 §7.1).
      while self.end(of: "\r\n") == nil { try readMore() }
      let line = self.end(of: "\r\n") ?? 0
      let size = Int(String(decoding: unread[..<(line - 2)], as: UTF8.self), radix: 16) ?? 0
      while unread.count < line + size + 2 { try readMore() }
      events += unread[line..<line + size]
      unread.removeFirst(line + size + 2)
      if size == 0 { return nil }
    }
  }

  /// Reads the next response; its body by Content-Length, without one after HEAD.
  func answer(isHead: Bool = false) throws -> Answer {
    let head = try header()
    let count = isHead ? 0 : head["content-length"].flatMap { Int($0) } ?? 0
    while unread.count < count { try readMore() }
    defer { unread.removeFirst(count) }
    return Answer(
      status: head.status, headers: head.headers, body: String(decoding: unread[..<count], as: UTF8.self))
  }

  private func header() throws -> Answer {
    while end(of: "\r\n\r\n") == nil { try readMore() }
    let end = end(of: "\r\n\r\n") ?? 0
    let lines = String(decoding: unread[..<end], as: UTF8.self).split(separator: "\r\n")
    unread.removeFirst(end)
    let headers = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (name: String(parts[0]), value: String(parts.last?.drop { $0 == " " } ?? ""))
    }
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(status: status, headers: headers, body: "")
  }

  func text(bytes count: Int) throws -> String {
    while unread.count < count { try readMore() }
    defer { unread.removeFirst(count) }
    return String(decoding: unread[..<count], as: UTF8.self)
  }

  /// Sends a GET and reads its answer.
  func get(_ target: String) throws -> Answer {
    send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return try answer()
  }

  /// Waits until the server closes the connection; false if bytes come first.
  func isEnded() -> Bool {
    guard unread.isEmpty else { return false }
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, 0)
    return count == 0 || (count < 0 && errno == ECONNRESET)
  }

  private func readMore() throws {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { throw Failure(count == 0 ? "the connection ended early" : "recv") }
    unread += chunk[..<count]
  }

  private func end(of text: String) -> Int? {
    let wanted = Array(text.utf8)
    guard unread.count >= wanted.count else { return nil }
    return (0...unread.count - wanted.count).first { unread[$0..<$0 + wanted.count].elementsEqual(wanted) }
      .map { $0 + wanted.count }
  }
}
