internal import Collect
internal import SystemIO

/// A vendor's command line tool, run as a child without a shell.
///
/// It may hang in the driver, like any call to one: after its deadline it is killed with all that it started, and nobody
/// waits for its end, since a process that is stuck in the kernel does not end.
enum Tool {
  /// Seconds that a tool may take.
  static let deadline = 5.0
  /// Bytes that a tool may print.
  static let limit = 4 << 20

  /// The first executable of a name in some folders; nil where there is none.
  static func find(_ name: String, in folders: [String]) -> String? {
    folders.lazy.filter { $0.hasPrefix("/") }.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
  }

  /// Runs a tool and gives what it printed.
  ///
  /// - Throws: CollectorError when it cannot be started, does not end in time, prints too much or ends with a failure.
  static func run(
    _ path: String, _ arguments: [String], deadline: Double = deadline, limit: Int = limit
  ) throws(CollectorError) -> [UInt8] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let end = Clock.monotonic + deadline
    let (pid, output) = try start(path, arguments, name: name)
    defer { close(output) }
    do {
      let text = try read(output, until: end, limit: limit, name: name)
      try wait(for: pid, until: end, name: name, text)
      return text
    } catch {
      // The group, because Python's tools may have children that hold the pipe.
      kill(-pid, SIGKILL)
      reap(pid)
      throw error
    }
  }

  /// Starts a child whose standard output is a pipe; its input and errors are /dev/null.
  private static func start(
    _ path: String, _ arguments: [String], name: String
  ) throws(CollectorError) -> (pid: pid_t, output: Int32) {
    let ends: (reading: Int32, writing: Int32)
    do { ends = try Pipe.make() } catch { throw CollectorError("\(name): \(error)") }
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      close(ends.writing)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends.writing, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // A group of its own; no signal blocked or ignored, as the agent has some.
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
      throw CollectorError(SystemError("start " + path, code: error).description)
    }
    return (pid, ends.reading)
  }

  /// What a tool needs to find its libraries; texts in the language that is parsed here.
  private static var environment: [String] {
    ["PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "ROCM_PATH"].compactMap { name in
      getenv(name).map { name + "=" + String(cString: $0) }
    } + ["LC_ALL=C"]
  }

  /// All that comes through the pipe before its other end is closed.
  private static func read(
    _ descriptor: Int32, until end: Double, limit: Int, name: String
  ) throws(CollectorError) -> [UInt8] {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let left = end - Clock.monotonic
      guard left > 0 else { throw late(name) }
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, Int32(min(left * 1_000 + 1, 60_000)))
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = ready < 0 ? -1 : systemRead(descriptor, &chunk, chunk.count)
      if count == 0 { return text }
      if count < 0 {
        if errno == EINTR { continue }
        throw CollectorError(SystemError("\(name): read").description)
      }
      guard text.count + count <= limit else { throw CollectorError("\(name): more than \(limit) bytes") }
      text += chunk[..<count]
    }
  }

  /// Waits for the end of a child that has closed its output.
  private static func wait(for pid: pid_t, until end: Double, name: String, _ text: [UInt8]) throws(CollectorError) {
    var pause: useconds_t = 200
    while true {
      var status: Int32 = 0
      let result = waitpid(pid, &status, WNOHANG)
      if result == pid {
        let signal = status & 0x7F
        if signal != 0 { throw CollectorError("\(name): ended by signal \(signal)") }
        let code = status >> 8 & 0xFF
        if code != 0 { throw CollectorError("\(name): exit status \(code)") }
        return
      }
      // Someone else took it (SIGCHLD ignored): its output is all there is to judge by.
      if result < 0, errno != EINTR { return }
      guard Clock.monotonic < end else { throw late(name) }
      usleep(pause)
      pause = min(20_000, pause * 2)
    }
  }

  /// Takes a killed child's end, on a thread of its own where that does not come at once.
  private static func reap(_ pid: pid_t) {
    if waitpid(pid, nil, WNOHANG) != 0 { return }
    Thread.start("reaper", stackSize: 64 << 10) {
      while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }
  }

  private static func late(_ name: String) -> CollectorError {
    CollectorError("\(name): no answer in time")
  }
}

/// read(2), where a method of that name hides it.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
