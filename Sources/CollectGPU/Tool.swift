internal import Collect
internal import SystemIO

/// A vendor's command line tool, run as a child without a shell.
///
/// It may hang in the driver, like any driver call: after its deadline its process group is killed and not awaited,
/// since a process that is stuck in the kernel does not end.
enum Tool {
  /// Maximum run time of a tool in seconds.
  static let deadline = 5.0
  /// Maximum bytes of a tool's output.
  static let limit = 4 << 20
  /// Bytes kept of a tool's standard error.
  private static let maximumErrors = 4_096

  /// Returns the first executable of a name in some folders, or nil.
  static func find(_ name: String, in folders: [String]) -> String? {
    folders.lazy.filter { $0.hasPrefix("/") }.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  /// Output of a tool.
  ///
  /// The caller judges it by its content: tools print a complete result and then exit with an error for one value that
  /// a card does not have (rocm-smi's 2, nvidia-smi's 14).
  struct Output: Sendable {
    /// Standard output.
    var text: [UInt8]
    /// Reason of a failure: exit status, signal or deadline, and the first line of the tool's errors; nil if it
    /// succeeded.
    var failure: CollectorError?

    /// Whether it was killed because it did not end.
    var isLate = false

    /// Creates the output of a tool that succeeded, unless `failure` is given.
    init(_ text: [UInt8], failure: CollectorError? = nil, isLate: Bool = false) {
      self.text = text
      self.failure = failure
      self.isLate = isLate
    }

    /// Error for an output without values: the tool's failure, else `none`.
    func error(_ name: String, none: String) -> CollectorError {
      if let failure { return failure }
      let words = Tool.words(of: text)
      return CollectorError(name + ": " + none + (words.isEmpty ? "" : ": " + words))
    }
  }

  /// Runs a tool and returns its output, whether or not it succeeded.
  ///
  /// - Throws: CollectorError if it cannot be started or prints too much.
  static func run(
    _ path: String, _ arguments: [String], deadline: Double = deadline, limit: Int = limit
  ) throws(CollectorError) -> Output {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let end = Clock.monotonic + deadline
    let child = try start(path, arguments, name: name)
    defer {
      close(child.output)
      close(child.errors)
    }
    var text: [UInt8] = []
    var errors: [UInt8] = []
    var failure: String?
    do {
      let isWhole = try read(child, until: end, limit: limit, name: name, &text, &errors)
      failure = isWhole ? wait(for: child.pid, until: end) : late
    } catch {
      stop(child.pid)
      throw error
    }
    if failure == late { stop(child.pid) }
    guard let failure else { return Output(text) }
    var words = words(of: errors)
    if words.isEmpty { words = Self.words(of: text) }
    let line = name + ": " + failure + (words.isEmpty ? "" : ": " + words)
    return Output(text, failure: CollectorError(line), isLate: failure == late)
  }

  /// The line of a text with the error: the first, or the last of a Python traceback; empty if the text is a result or
  /// empty.
  static func words(of text: [UInt8]) -> String {
    let lines = String(decoding: text.prefix(maximumErrors), as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { line in String(line.filter { !$0.isASCII || $0 >= " " }.drop { $0 == " " }) }
      .filter { !$0.isEmpty }
    guard let first = lines.first, let mark = first.utf8.first, mark != UInt8(ascii: "{"), mark != UInt8(ascii: "<")
    else { return "" }
    let line = first.hasPrefix("Traceback") ? lines.last ?? first : first
    // Not UTF-8: no text.
    if line.contains("\u{FFFD}") { return "" }
    return line.count > 120 ? String(line.prefix(119)) + "…" : line
  }

  /// Kills a child with its process group, because Python's tools may have children that hold the pipe.
  private static func stop(_ pid: pid_t) {
    kill(-pid, SIGKILL)
    reap(pid)
  }

  /// A running child and the reading ends of its two pipes.
  private struct Child {
    let pid: pid_t
    let output: Int32
    let errors: Int32
  }

  /// Starts a child whose output and errors are pipes; its input is /dev/null.
  private static func start(_ path: String, _ arguments: [String], name: String) throws(CollectorError) -> Child {
    let ends: (reading: Int32, writing: Int32)
    let errorEnds: (reading: Int32, writing: Int32)
    do { ends = try Pipe.make() } catch { throw CollectorError("\(name): \(error)") }
    do { errorEnds = try Pipe.make() } catch {
      close(ends.reading)
      close(ends.writing)
      throw CollectorError("\(name): \(error)")
    }
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      close(ends.writing)
      close(errorEnds.writing)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends.writing, 1)
    posix_spawn_file_actions_adddup2(&actions, errorEnds.writing, 2)
    // Own process group; no signal blocked or ignored, although the agent has some.
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    var pid: pid_t = 0
    let argv = ([path] + arguments).map { strdup($0) } + [nil]
    let environment = environment.map { strdup($0) } + [nil]
    defer { for text in argv + environment { free(text) } }
    let error = posix_spawn(&pid, path, &actions, &attributes, argv, environment)
    guard error == 0 else {
      close(ends.reading)
      close(errorEnds.reading)
      throw CollectorError(SystemError("start " + path, code: error).description)
    }
    return Child(pid: pid, output: ends.reading, errors: errorEnds.reading)
  }

  /// Variables that a tool needs to find its libraries; C locale, so that its messages can be parsed.
  private static var environment: [String] {
    ["PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "ROCM_PATH"].compactMap { name in
      getenv(name).map { name + "=" + String(cString: $0) }
    } + ["LC_ALL=C"]
  }

  /// Reads a child's output to its end, and the beginning of its errors; false if the deadline passed.
  private static func read(
    _ child: Child, until end: Double, limit: Int, name: String, _ text: inout [UInt8], _ errors: inout [UInt8]
  ) throws(CollectorError) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    // poll(2) passes over a negative descriptor.
    var requests = [
      pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      let left = end - Clock.monotonic
      guard left > 0 else { return false }
      let ready = poll(&requests, 2, Int32(min(left * 1_000 + 1, 60_000)))
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      if ready < 0 { throw CollectorError(SystemError("\(name): read").description) }
      // Errors first, so that they are complete when the output ends.
      if requests[1].revents != 0 {
        let count = systemRead(child.errors, &chunk, chunk.count)
        if count > 0 {
          errors += chunk[..<min(count, maximumErrors - min(errors.count, maximumErrors))]
        } else if count == 0 || errno != EINTR {
          requests[1].fd = -1
        }
      }
      guard requests[0].revents != 0 else { continue }
      let count = systemRead(child.output, &chunk, chunk.count)
      if count == 0 { return true }
      if count < 0 {
        if errno == EINTR { continue }
        throw CollectorError(SystemError("\(name): read").description)
      }
      guard text.count + count <= limit else { throw CollectorError("\(name): more than \(limit) bytes") }
      text += chunk[..<count]
    }
  }

  /// Waits for a child that has closed its output; returns nil if it succeeded, else the reason.
  private static func wait(for pid: pid_t, until end: Double) -> String? {
    var pause: useconds_t = 200
    while true {
      var status: Int32 = 0
      let result = waitpid(pid, &status, WNOHANG)
      if result == pid {
        let signal = status & 0x7F
        if signal != 0 { return "ended by signal \(signal)" }
        let code = status >> 8 & 0xFF
        return code == 0 ? nil : "exit status \(code)"
      }
      // Reaped elsewhere (SIGCHLD ignored): only its output is available.
      if result < 0, errno != EINTR { return nil }
      guard Clock.monotonic < end else { return late }
      usleep(pause)
      pause = min(20_000, pause * 2)
    }
  }

  /// Reaps a killed child, on a thread of its own if it does not end immediately.
  private static func reap(_ pid: pid_t) {
    if waitpid(pid, nil, WNOHANG) != 0 { return }
    Thread.start("reaper", stackSize: 64 << 10) {
      while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }
  }

  private static let late = "no answer in time"
}

/// read(2), which is hidden in scopes with a method of that name.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
