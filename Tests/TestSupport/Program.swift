internal import Glibc
package import SystemIO

/// A program in a process of its own, with its output in pipes; killed on deinit unless it was waited for.
package final class Program {
  /// Result of a process.
  package struct Result: Sendable {
    /// The exit code, or 128 + the signal that ended it.
    package let status: Int32
    /// Its standard output.
    package let output: String
    /// Its standard error.
    package let errors: String
  }

  package let pid: pid_t
  /// Its standard output.
  package let output: Int32
  /// Its standard error.
  package let errors: Int32
  private var hasEnded = false

  /// Path of a program in PATH; nil if it is not installed.
  package static func path(of name: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    return folders.split(separator: ":").map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: path of the program.
  ///   - environment: all its variables; the test's own by default.
  ///   - input: file for its standard input.
  ///   - log: file to which both outputs are appended, instead of the pipes.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil, input: String = "/dev/null",
    log: String? = nil
  ) throws(SystemError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    var pipes: (reading: [Int32], writing: [Int32])?
    if let log {
      posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    } else {
      let (output, errors) = (try Pipe.make(), try Pipe.make())
      posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
      posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
      pipes = ([output.reading, errors.reading], [output.writing, errors.writing])
    }
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { $0.map { strdup($0.key + "=" + $0.value) } + [nil] }
    defer { for text in words + (variables ?? []) { free(text) } }
    var child: pid_t = 0
    // Not nil without an environment of its own: the process would have no variables.
    let result = variables.map { posix_spawn(&child, path, &actions, nil, words, $0) }
    let code = result ?? posix_spawn(&child, path, &actions, nil, words, environ)
    for end in pipes?.writing ?? [] { close(end) }
    (output, errors) = (pipes?.reading.first ?? -1, pipes?.reading.last ?? -1)
    pid = child
    guard code == 0 else {
      hasEnded = true
      throw SystemError("start " + path, code: code)
    }
  }

  deinit {
    if !hasEnded { end(SIGKILL) }
    if output >= 0 { close(output) }
    if errors >= 0 { close(errors) }
  }

  /// Runs a program to its end.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil, input: String = "/dev/null"
  ) throws(SystemError) -> Result {
    try Program(path, arguments, environment: environment, input: input).result()
  }

  /// Waits for its end and reads its output: at most the pipe's 64 KiB on one output while the other is read.
  package func result() -> Result {
    let output = String(decoding: Descriptor.all(output), as: UTF8.self)
    let errors = String(decoding: Descriptor.all(errors), as: UTF8.self)
    return Result(status: wait(), output: output, errors: errors)
  }

  /// Sends a signal.
  package func signal(_ number: Int32) {
    kill(pid, number)
  }

  /// Sends a signal and waits for its end; no effect if it has ended.
  package func end(_ number: Int32) {
    guard !hasEnded else { return }
    signal(number)
    wait()
  }

  /// Waits for its end; returns the exit code, or 128 + the signal that ended it.
  @discardableResult
  package func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}

/// Reads descriptors.
package enum Descriptor {
  /// Reads to the end.
  package static func all(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// Reads the next line without its line feed; nil at the end.
  package static func line(_ descriptor: Int32) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
