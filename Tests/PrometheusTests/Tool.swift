import SystemIO

/// A program of others, with its input and output.
enum Tool {
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Where a program is; nil where there is none of that name.
  static func path(_ name: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return folders.split(separator: ":").map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  /// A program under way.
  struct Running {
    let pid: pid_t
    let output: Int32
    let errors: Int32
  }

  /// Starts a program that reads a file as its input.
  static func start(_ path: String, _ arguments: [String], input: String = "/dev/null") throws -> Running {
    let (outputPipe, errorPipe) = (try Pipe.make(), try Pipe.make())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, outputPipe.writing, 1)
    posix_spawn_file_actions_adddup2(&actions, errorPipe.writing, 2)
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let result = posix_spawn(&child, path, &actions, nil, words, environ)
    close(outputPipe.writing)
    close(errorPipe.writing)
    guard result == 0 else { throw SystemError("start " + path, code: result) }
    return Running(pid: child, output: outputPipe.reading, errors: errorPipe.reading)
  }

  /// Runs a program to its end; what it prints fits the pipes' 64 KiB each.
  static func run(_ path: String, _ arguments: [String], input: String = "/dev/null") throws -> Result {
    let running = try start(path, arguments, input: input)
    let output = readAll(running.output)
    let errors = readAll(running.errors)
    close(running.output)
    close(running.errors)
    return Result(status: wait(running.pid), output: output, errors: errors)
  }

  /// The exit code, or 128 + the signal that ended it.
  static func wait(_ pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  static func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }

  /// The next line from a descriptor; nil at its end.
  static func line(_ descriptor: Int32) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// The body of an answer over a connection of its own.
  static func get(_ target: String, port: UInt16) throws -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw SystemError("connect") }
    // The old version: no chunks in the answer.
    StandardStreams.write("GET \(target) HTTP/1.0\r\n\r\n", to: descriptor)
    let text = readAll(descriptor)
    let bytes = Array(text.utf8)
    let end = Array("\r\n\r\n".utf8)
    for start in 0..<max(0, bytes.count - 3) where bytes[start..<start + 4].elementsEqual(end) {
      return String(decoding: bytes[(start + 4)...], as: UTF8.self)
    }
    throw SystemError("read an answer", code: EPROTO)
  }
}
