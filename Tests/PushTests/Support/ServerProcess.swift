import Glibc
import SystemIO

/// A program of the system's that a test starts, and ends by its process id.
final class ServerProcess {
  private(set) var pid: pid_t = 0

  /// Where a program is; nil where it is not installed.
  static func path(of program: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    return folders.split(separator: ":").map { $0 + "/" + program }.first { access($0, X_OK) == 0 }
  }

  /// Starts it; what it says goes to a file.
  init(_ arguments: [String], log: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let result = posix_spawn(&pid, arguments[0], &actions, nil, &pointers, environ)
    guard result == 0 else { throw SystemError("start " + arguments[0], code: result) }
  }

  deinit {
    end(SIGKILL)
  }

  /// Ends it and waits until it has ended.
  func end(_ signal: Int32) {
    guard pid > 0 else { return }
    kill(pid, signal)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    pid = 0
  }
}

/// A port of the loopback that nobody listens on at the moment.
func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { throw SystemError("socket") }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let result = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
    }
  }
  guard result else { throw SystemError("bind") }
  return Int(UInt16(bigEndian: address.sin_port))
}

/// The body of a GET by HTTP/1.0, which has no chunks; nil where nobody answers with 200.
func get(port: Int, _ target: String) -> [UInt8]? {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var deadline = timeval(tv_sec: 20, tv_usec: 0)
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &deadline, socklen_t(MemoryLayout<timeval>.size))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  let isConnected = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
  let request = Array("GET \(target) HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8)
  guard isConnected, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
    return nil
  }
  var answer: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { return nil }
    if count == 0 { break }
    answer += buffer[..<count]
  }
  let separator = Array("\r\n\r\n".utf8)
  guard String(decoding: answer.prefix(12), as: UTF8.self).hasSuffix(" 200"),
    let head = answer.indices.first(where: { answer[$0...].starts(with: separator) })
  else { return nil }
  return Array(answer[(head + 4)...])
}
