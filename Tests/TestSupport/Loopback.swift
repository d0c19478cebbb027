package import SystemIO

/// TCP on the loopback, for tests with servers.
package enum Loopback {
  /// A port without a listener, reserved while this object exists: connections are refused.
  ///
  /// A server that sets SO_REUSEADDR can nevertheless listen on it.
  package final class HeldPort: Sendable {
    /// Its number.
    package let number: Int
    private let descriptor: Int32

    /// Takes a free one.
    package init() throws(SystemError) {
      descriptor = try Loopback.socket()
      var isReused: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
      var address = Loopback.address(port: 0)
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let descriptor = descriptor
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
        }
      }
      number = Int(UInt16(bigEndian: address.sin_port))
      guard isBound else { throw SystemError("bind") }
    }

    deinit {
      close(descriptor)
    }
  }

  /// A port that is currently free, for a server that needs a number.
  package static func freePort() throws(SystemError) -> Int {
    try HeldPort().number
  }

  /// A listening socket on a free port, to be closed by the caller.
  package static func listen() throws(SystemError) -> (descriptor: Int32, port: UInt16) {
    let descriptor = try socket()
    var address = address(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
          && SystemIO.listen(descriptor, 16) == 0
      }
    }
    guard isListening else {
      let error = SystemError("listen")
      close(descriptor)
      throw error
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// A blocking connection, to be closed by the caller.
  ///
  /// - Parameters:
  ///   - receiveBuffer: bytes of the kernel's buffer; the system's choice by default.
  ///   - deadline: seconds after which reading and writing fail; none by default.
  package static func connect(
    port: UInt16, receiveBuffer: Int32? = nil, deadline: Int? = nil
  ) throws(SystemError) -> Int32 {
    let descriptor = try socket()
    if let deadline {
      var time = timeval(tv_sec: deadline, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
      setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = address(port: port)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        SystemIO.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      let error = SystemError("connect")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Response of a server.
  package struct Answer: Sendable {
    /// The status code.
    package let status: Int
    /// The fields by lower-case name; the last of equal names.
    package let headers: [String: String]
    /// The body as received.
    package let bytes: [UInt8]

    /// The body as text.
    package var body: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// Returns the response to a request on a connection of its own, which the server closes afterwards.
  ///
  /// - Parameters:
  ///   - version: of HTTP; 1.0 has no chunks.
  ///   - deadline: seconds without a byte before it fails; none by default.
  package static func get(
    _ target: String, port: UInt16, method: String = "GET", version: String = "1.1", deadline: Int? = nil,
    headers: [String: String] = [:]
  ) throws(SystemError) -> Answer {
    let descriptor = try connect(port: port, deadline: deadline)
    defer { close(descriptor) }
    let fields = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
    StandardStreams.write(
      "\(method) \(target) HTTP/\(version)\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\(fields)\r\n",
      to: descriptor)
    let answer = Descriptor.all(descriptor)
    let separator = Array("\r\n\r\n".utf8)
    guard let end = answer.indices.first(where: { answer[$0...].starts(with: separator) }) else {
      throw SystemError("read an answer", code: EPROTO)
    }
    let lines = String(decoding: answer[..<end], as: UTF8.self).split(separator: "\r\n")
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return Answer(status: status, headers: headers, bytes: Array(answer[(end + 4)...]))
  }

  private static func socket() throws(SystemError) -> Int32 {
    let descriptor = SystemIO.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError("socket") }
    return descriptor
  }

  private static func address(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
