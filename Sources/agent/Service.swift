import API
import AgentMetrics
import Collect
import Dashboard
import HTTPServer
import History
import Logging
import SystemIO

/// A running agent: one sampler, one history, and the faces that were asked for.
struct Service {
  let configuration: Configuration
  let source: Sampler.Source
  let tableRoot: String
  let showsDashboard: Bool
  let serves: Bool

  /// What the main thread waits for.
  private enum Event: Sendable {
    case listening(String)
    case failed(String)
    case ended
    case signal(Int32)
  }

  /// Runs until a signal, the user or a failure ends it; returns the exit code.
  func run() -> Int32 {
    let sink = LogSink(isJournal: getenv("JOURNAL_STREAM") != nil)
    let level = configuration.logLevel
    let logger = Logger(label: "agent") { _ in SinkLogHandler(sink: sink, level: level) }
    let history = History(capacity: configuration.historySize, interval: configuration.interval)
    let timekeeper = SystemTimekeeper()
    let sampler = Sampler(source: source, history: history, timekeeper: timekeeper) { message in
      logger.warning("\(message)")
    }
    let events = Condition<[Event]>([])
    func nextEvent(atMost seconds: Double = .infinity) -> Event? {
      events.wait(atMost: seconds) { $0.isEmpty ? nil : $0.removeFirst() }
    }

    sampler.start()
    defer {
      timekeeper.stop()
      sampler.waitUntilEnded(atMost: 0.5)
    }

    var server: Task<Void, Never>?
    var address: String?
    if serves {
      server = serverTask(history: history, logger: logger, events: events)
      switch nextEvent() {
      case .listening(let url):
        address = url
        logger.info("listening on \(url)")
      case .failed(let message):
        logger.error("\(message)")
        return ExitStatus.unavailable
      default: return ExitStatus.unavailable
      }
    }
    defer {
      if let server {
        server.cancel()
        // The server is given time to answer what it has begun; a signal must end the program within a second.
        while case .some(let event) = nextEvent(atMost: 0.7) {
          if case .ended = event { break }
        }
      }
    }
    return showsDashboard
      ? runDashboard(history: history, sink: sink, address: address)
      : waitForSignal(logger, nextEvent: { nextEvent() }, events)
  }

  private func serverTask(history: History, logger: Logger, events: Condition<[Event]>) -> Task<Void, Never> {
    let table = processTable(root: tableRoot)
    let server = HTTPServer(
      api: API(history: history, processes: { try await table() }),
      host: configuration.host, port: configuration.port, logger: logger)
    return Task.detached {
      do {
        try await server.run { url in events.update { $0.append(.listening(url)) } }
        events.update { $0.append(.ended) }
      } catch {
        events.update { $0.append(.failed("\(error)")) }
      }
    }
  }

  private func waitForSignal(_ logger: Logger, nextEvent: () -> Event?, _ events: Condition<[Event]>) -> Int32 {
    do {
      let pipe = try Signals.pipe([SIGTERM, SIGINT, SIGHUP])
      Thread.start("signals") {
        while let signal = Signals.wait(on: pipe) { events.update { $0.append(.signal(signal)) } }
      }
    } catch {
      logger.error("\(error)")
      return ExitStatus.unavailable
    }
    while let event = nextEvent() {
      switch event {
      case .signal(let signal):
        logger.info("ending on signal \(signal)")
        return 0
      case .failed(let message):
        logger.error("\(message)")
        return ExitStatus.unavailable
      case .ended: return 0
      case .listening: continue
      }
    }
    return 0
  }

  private func runDashboard(history: History, sink: LogSink, address: String?) -> Int32 {
    sink.hold()
    defer { sink.release() }
    return 0
  }
}
