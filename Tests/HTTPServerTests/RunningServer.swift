import API
import AgentMetrics
import HTTPServer
import SampleStore
import Logging
import ServerCore
import SocketServer
import Synchronization
import SystemIO

/// The servers of the API, which all tests run over.
enum ServerKind: CaseIterable {
  case hummingbird, sockets

  var type: any APIServer.Type {
    switch self {
    case .hummingbird: HTTPServer.self
    case .sockets: SocketServer.self
    }
  }
}

extension ConnectionLimits {
  /// Limits for tests that are not about time: longer than they take on any machine, under any sanitizer.
  static var patient: ConnectionLimits {
    var limits = ConnectionLimits()
    let time = Duration.seconds(600)
    (limits.header.time, limits.body.time, limits.idle) = (time, time, time)
    (limits.stalled, limits.memoryWait, limits.linger) = (time, time, time)
    return limits
  }
}

/// A server on a free loopback port, over a history with one sample.
struct RunningServer {
  let url: String
  let port: UInt16
  let task: Task<Void, any Error>

  static func make(
    _ kind: ServerKind, api: API = Self.api(), host: String = "127.0.0.1", port: Int = 0, log: LogLines = LogLines(),
    limits: ConnectionLimits = .patient
  ) -> any APIServer {
    var server = kind.type.init(
      api: api, host: host, port: port, logger: Logger(label: "test") { _ in LineHandler(lines: log) })
    server.limits = limits
    return server
  }

  static func api(samples: Int = 1, mounts: Int = 0) -> API {
    let history = History(capacity: max(1, samples), interval: 1)
    for index in 0..<samples { history.append(sample(index, mounts: mounts)) }
    return API(history: history)
  }

  /// A sample at a POSIX time, with some filesystems.
  static func sample(_ second: Int, mounts: Int = 0) -> Sample {
    var reading = Reading()
    reading.timestamp = Timestamp(seconds: Double(second))
    reading.boottime = Double(second)
    reading.filesystems = (0..<mounts).map {
      Filesystem(mountpoint: "/mnt/\($0)", device: "/dev/vda1", fstype: "ext4", isReadOnly: false)
    }
    return Sample(from: nil, to: reading)
  }

  /// Starts it and waits until it listens.
  static func start(_ server: any APIServer) async throws -> RunningServer {
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: String.self)
    let task = Task.detached {
      do {
        try await server.run { continuation.yield($0) }
        continuation.finish()
      } catch {
        continuation.finish(throwing: error)
        throw error
      }
    }
    for try await url in stream {
      let port = url.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
      return RunningServer(url: url, port: port, task: task)
    }
    throw CancellationError()
  }

  func connect(receiveBuffer: Int32? = nil) throws -> Connection {
    try Connection(port: port, receiveBuffer: receiveBuffer)
  }

  /// Cancels it and waits for its end.
  func stop() async {
    task.cancel()
    _ = await task.result
  }
}

/// Starts a server of a kind, runs `body`, which blocks on sockets, and stops the server.
func withServer(_ kind: ServerKind, _ body: (RunningServer) async throws -> Void) async throws {
  try await withServer(RunningServer.make(kind), body)
}

/// Starts a server, runs `body`, which blocks on sockets, and stops the server.
func withServer(
  _ server: any APIServer, _ body: (RunningServer) async throws -> Void
) async throws {
  try await blocking {
    let running = try await RunningServer.start(server)
    do {
      try await body(running)
    } catch {
      await running.stop()
      throw error
    }
    await running.stop()
  }
}

/// Runs blocking work on its own threads, since the server's tasks need those of the concurrency pool.
func blocking(_ body: () async throws -> Void) async throws {
  try await withTaskExecutorPreference(ThreadPerJob.shared) { try await body() }
}

/// Gives every job a new thread.
private final class ThreadPerJob: TaskExecutor {
  static let shared = ThreadPerJob()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Thread.start("test client") { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Collects log lines from a level upwards.
final class LogLines: Sendable {
  let level: Logger.Level
  private let lines = Mutex<[String]>([])
  private let stream: AsyncStream<String>
  private let continuation: AsyncStream<String>.Continuation

  init(level: Logger.Level = .info) {
    self.level = level
    (stream, continuation) = AsyncStream.makeStream()
  }

  var all: [String] { lines.withLock { $0 } }

  func add(_ line: String) {
    lines.withLock { $0.append(line) }
    continuation.yield(line)
  }

  /// Waits until a line is logged.
  func wait(for line: String) async {
    for await next in stream where next == line { return }
  }
}

struct LineHandler: LogHandler {
  let lines: LogLines
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(lines: LogLines) {
    self.lines = lines
    logLevel = lines.level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.add("\(event.level): \(event.message)")
  }
}
