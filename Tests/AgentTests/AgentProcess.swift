import SystemIO
import Testing

/// The real binary as a child process, with its output in pipes.
final class AgentProcess {
  struct Failure: Error {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// What a process left behind.
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The release binary where scripts/test has made one, else the debug binary beside the tests.
  static let path: String = {
    if let path = getenv("AGENT_RELEASE_BINARY") { return String(cString: path) }
    return TestPaths.repository + "/.build/debug/agent"
  }()

  let pid: pid_t
  private let output: Int32
  private let errors: Int32
  private var hasEnded = false

  /// Starts the agent with an environment of its own, so that the tester's variables change nothing.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    let process = try Self.start(arguments, environment)
    pid = process.pid
    output = process.output
    errors = process.errors
  }

  private static func start(_ arguments: [String], _ environment: [String: String]) throws
    -> (pid: pid_t, output: Int32, errors: Int32)
  {
    let (outputPipe, errorPipe) = (try Pipe.make(), try Pipe.make())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, outputPipe.writing, 1)
    posix_spawn_file_actions_adddup2(&actions, errorPipe.writing, 2)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    let variables =
      environment.merging(["PATH": "/usr/bin:/bin"]) { mine, _ in mine }
      .map { strdup($0.key + "=" + $0.value) } + [nil]
    defer { for text in words + variables { free(text) } }
    var child: pid_t = 0
    let result = posix_spawn(&child, path, &actions, nil, words, variables)
    close(outputPipe.writing)
    close(errorPipe.writing)
    guard result == 0 else { throw Failure("spawn \(path): \(String(cString: strerror(result)))") }
    return (child, outputPipe.reading, errorPipe.reading)
  }

  deinit {
    if !hasEnded {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    close(output)
    close(errors)
  }

  /// Runs to the end.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    let process = try AgentProcess(arguments, environment: environment)
    // What the program prints on one of them fits the pipe's 64 KiB while the other is read.
    let output = Self.readAll(process.output)
    let errors = Self.readAll(process.errors)
    return Result(status: process.wait(), output: output, errors: errors)
  }

  /// A serving agent, once it has said where it listens.
  static func serving(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> (process: AgentProcess, port: UInt16) {
    let process = try AgentProcess(["--serve", "--port", "0"] + arguments, environment: environment)
    var log = ""
    while let line = process.errorLine() {
      log += line + "\n"
      guard let start = line.end(of: "http://127.0.0.1:") else { continue }
      guard let port = UInt16(line[start...].prefix(while: \.isNumber)) else { break }
      return (process, port)
    }
    throw Failure("no listening line in: \(log)")
  }

  /// The next line of stderr; nil at its end.
  func errorLine() -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while read(errors, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// Sends a signal.
  func signal(_ number: Int32) {
    kill(pid, number)
  }

  /// Closes the reading end of stdout, as `head` does when it has enough; another descriptor takes its number.
  func closeOutput() {
    dup2(errors, output)
  }

  /// The exit code, or 128 + the signal that ended it.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
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
}

/// One HTTP/1.1 request over a connection of its own.
enum HTTP {
  struct Answer {
    let status: Int
    let headers: [String: String]
    let body: String
  }

  static func get(_ target: String, port: UInt16, method: String = "GET") throws -> Answer {
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
    guard connected == 0 else { throw AgentProcess.Failure("connect: \(String(cString: strerror(errno)))") }
    StandardStreams.write(
      "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n", to: descriptor)
    let text = AgentProcess.readAll(descriptor)
    guard let end = text.end(of: "\r\n\r\n") else { throw AgentProcess.Failure("no answer: \(text)") }
    let lines = text[..<end].split(separator: "\r\n")
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return Answer(status: status, headers: headers, body: String(text[end...]))
  }
}

extension String {
  /// The index behind the first `other`; nil where there is none.
  func end(of other: String) -> String.Index? {
    let (bytes, wanted) = (Array(utf8), Array(other.utf8))
    guard bytes.count >= wanted.count else { return nil }
    for start in 0...(bytes.count - wanted.count) where bytes[start..<start + wanted.count].elementsEqual(wanted) {
      return utf8.index(utf8.startIndex, offsetBy: start + wanted.count)
    }
    return nil
  }
}
