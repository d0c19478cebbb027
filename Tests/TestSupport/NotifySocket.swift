package import SystemIO

/// A service manager's end of sd_notify(3).
package final class NotifySocket: Sendable {
  private let descriptor: Int32

  /// - Parameter name: a path, or `@` and an abstract name.
  package init(_ name: String) throws(SystemError) {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError("socket") }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(name.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      for (index, byte) in bytes.prefix(path.count - 1).enumerated() { path[index] = byte }
      if name.hasPrefix("@") { path[0] = 0 }
    }
    let isAbstract = name.hasPrefix("@")
    let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
    let descriptor = descriptor
    let result = withUnsafeBytes(of: &address) { address in
      // The address is a sockaddr_un, whose beginning is a sockaddr.
      address.withMemoryRebound(to: sockaddr.self) { bind(descriptor, $0.baseAddress, size) }
    }
    guard result == 0 else { throw SystemError("bind " + name) }
  }

  deinit { close(descriptor) }

  /// Waits for the next message; nil after five minutes.
  package func next() -> String? {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard SystemIO.poll(&poll, 1, 300_000) > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }
}
