package import SystemIO

/// A program in a process of its own, its output in pipes; it is killed where nobody has waited for its end.
package final class Program {
  /// What a process left behind.
  package struct Result: Sendable {
    /// The exit code, or 128 + the signal that ended it.
    package let status: Int32
    /// What came on standard output.
    package let output: String
    /// What came on standard error.
    package let errors: String
  }

  /// Its process.
  package let pid: pid_t
  /// Its standard output.
  package let output: Int32
  /// Its standard error.
  package let errors: Int32
  private var hasEnded = false

  /// Where a program is by PATH; nil where it is not installed.
  package static func path(of name: String) -> String? {
    let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    return folders.split(separator: ":").map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  /// Starts one.
  ///
  /// - Parameters:
  ///   - path: where it is.
  ///   - environment: all its variables; the test's own by default.
  ///   - input: the file that it reads as its standard input.
  ///   - log: the file at whose end both its outputs are written, in place of the pipes.
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
    // Not null without an environment of its own: the process would have none.
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

  /// Runs one to its end.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil, input: String = "/dev/null"
  ) throws(SystemError) -> Result {
    try Program(path, arguments, environment: environment, input: input).result()
  }

  /// Waits for its end, and reads what it says until then: on one of its outputs no more than the pipe's 64 KiB, which
  /// wait while the other is read.
  package func result() -> Result {
    let output = String(decoding: Descriptor.all(output), as: UTF8.self)
    let errors = String(decoding: Descriptor.all(errors), as: UTF8.self)
    return Result(status: wait(), output: output, errors: errors)
  }

  /// Sends a signal.
  package func signal(_ number: Int32) {
    kill(pid, number)
  }

  /// Sends a signal and waits until it has ended; nothing where it has already.
  package func end(_ number: Int32) {
    guard !hasEnded else { return }
    signal(number)
    wait()
  }

  /// Waits for its end: the exit code, or 128 + the signal that ended it.
  @discardableResult
  package func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}

/// What comes by a descriptor.
package enum Descriptor {
  /// Everything to its end.
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

  /// The next line, without its end; nil where nothing more comes.
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
