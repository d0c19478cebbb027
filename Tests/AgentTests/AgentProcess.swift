import SystemIO
import TestSupport
import Testing

/// The real binary as a child process, with an environment of its own.
final class AgentProcess {
  struct Failure: Error {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// The release binary if scripts/test has built one, else the debug binary beside the tests.
  static let path: String = {
    if let path = getenv("AGENT_RELEASE_BINARY") { return String(cString: path) }
    return TestPaths.repository + "/.build/debug/agent"
  }()

  /// Words before a command line that make an unprivileged user run it; nil if root cannot do so.
  static let unprivileged: [String]? = {
    if geteuid() != 0 { return [] }
    guard let path = Program.path(of: "setpriv") else { return nil }
    let launcher = [path, "--reuid=65534", "--regid=65534", "--clear-groups"]
    // The binary may be in a folder of root's.
    let isReachable =
      try? Program(path, Array(launcher.dropFirst()) + ["test", "-x", AgentProcess.path]).result().status == 0
    return isReachable == true ? launcher : nil
  }()

  private let program: Program
  var pid: pid_t { program.pid }

  /// Starts the agent with an environment of its own, independent of the tester's variables.
  ///
  /// - Parameter launcher: a program with arguments that becomes the agent.
  init(
    _ arguments: [String], environment: [String: String] = [:], launcher: [String] = [], input: String = "/dev/null"
  ) throws {
    let words = launcher + [Self.path] + arguments
    program = try Program(
      words[0], Array(words.dropFirst()),
      environment: environment.merging(["PATH": "/usr/bin:/bin"]) { mine, _ in mine }, input: input)
  }

  /// Runs to the end.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], launcher: [String] = [], input: String = "/dev/null"
  ) throws -> Program.Result {
    try AgentProcess(arguments, environment: environment, launcher: launcher, input: input).program.result()
  }

  /// Runs `agent status`, and again while the agent, beside a thousand other tests, has no CPU to answer in time.
  static func status(_ arguments: [String]) throws -> Program.Result {
    var result = try run(["status"] + arguments)
    for _ in 0..<10 where result.errors.end(of: ": no answer in ") != nil { result = try run(["status"] + arguments) }
    return result
  }

  /// Starts a serving agent, and waits until it listens.
  static func serving(
    _ arguments: [String], environment: [String: String] = [:], launcher: [String] = [], scheme: String = "http"
  ) throws -> (process: AgentProcess, port: UInt16) {
    let process = try AgentProcess(
      ["--serve", "--port", "0"] + arguments, environment: environment, launcher: launcher)
    var log = ""
    while let line = process.errorLine() {
      log += line + "\n"
      guard let start = line.end(of: scheme + "://127.0.0.1:") else { continue }
      guard let port = UInt16(line[start...].prefix(while: \.isNumber)) else { break }
      return (process, port)
    }
    throw Failure("no listening line in: \(log)")
  }

  /// The next line of stderr; nil at its end.
  func errorLine() -> String? { Descriptor.line(program.errors) }

  /// The next line of stdout; nil at its end.
  func outputLine() -> String? { Descriptor.line(program.output) }

  /// Sends a signal.
  func signal(_ number: Int32) { program.signal(number) }

  /// Closes the reading end of stdout, like `head`; another descriptor takes its number.
  func closeOutput() {
    dup2(program.errors, program.output)
  }

  /// The exit code, or 128 + the signal that ended it.
  func wait() -> Int32 { program.wait() }
}

extension String {
  /// The index after the first `other`, or nil.
  func end(of other: String) -> String.Index? {
    let (bytes, wanted) = (Array(utf8), Array(other.utf8))
    guard bytes.count >= wanted.count else { return nil }
    for start in 0...(bytes.count - wanted.count) where bytes[start..<start + wanted.count].elementsEqual(wanted) {
      return utf8.index(utf8.startIndex, offsetBy: start + wanted.count)
    }
    return nil
  }
}
