import API
import AgentMetrics
import Alerts
import Archive
import Collect
import Dashboard
import HTTPServer
import SampleStore
import Logging
import NodeMetrics
import Outbox
import Platforms
import ServerCore
import Sinks
import SystemIO

/// A running agent: one sampler, one history, and the requested outputs.
struct Service {
  let configuration: Configuration
  /// Source of the samples.
  let source: Sampler.Source
  /// Reads the command line of a process; nil if processes have none.
  let commandLine: (@Sendable (Int32) -> String?)?
  /// Reads further values for Prometheus scrapes.
  let scrapeSource: (any ScrapeSource)?
  /// Receivers of samples.
  let targets: [PushTarget]
  /// Receivers of alerts.
  let webhooks: [AlertWebhook.WebhookTarget]
  /// Gets the state of the archive, the receivers and the server.
  let collector: ServiceCollector
  /// Whether the source is the running machine itself.
  let isThisMachine: Bool
  let showsDashboard: Bool
  let serves: Bool

  /// Events that the main thread waits for.
  private enum ServiceEvent: Sendable {
    case listening(String)
    case failed(String)
    case ended
    case signal(Int32)
  }

  /// Events in chronological order, from any thread.
  private struct Events: Sendable {
    private let queue = Condition<[ServiceEvent]>([])

    func add(_ event: ServiceEvent) {
      queue.update { $0.append(event) }
    }

    func next(atMost seconds: Double = .infinity) -> ServiceEvent? {
      queue.wait(atMost: seconds) { $0.isEmpty ? nil : $0.removeFirst() }
    }
  }

  /// Runs until a signal, the user or a failure ends it; returns the exit code.
  ///
  /// - Throws: an invalid token or certificate.
  func run() throws(SettingError) -> Int32 {
    let sink = LogSink(isJournal: getenv("JOURNAL_STREAM") != nil)
    let level = configuration.main.logLevel
    let logger = Logger(label: "agent") { _ in SinkLogHandler(sink: sink, level: level) }
    let access = try configuration.server.access { message in logger.warning("\(message)") }
    let history = History(capacity: configuration.samples.historySize, interval: configuration.samples.interval)
    let demand = SamplingDemand(history)
    let timekeeper = SystemTimekeeper()
    let alerts = AlertService(rules: configuration.alerts.allRules, webhooks: webhooks, logger: logger)
    let notifier = SystemdNotifier()
    let heartbeat = notifier.watchdogInterval.map { seconds in
      Heartbeat(interval: seconds) { notifier.watchdog() }
    }
    let sampler = Sampler(
      source: source, demand: demand, timekeeper: timekeeper, heartbeat: heartbeat,
      annotate: { alerts.board.update(&$0, isMain: $1) }
    ) { message in
      logger.warning("\(message)")
    }
    let archive = configuration.archiveFile.database.map { path in
      Archive(
        path: path, history: history, retention: configuration.archive.retention,
        sizeLimit: configuration.archive.databaseSize
      ) { message in logger.warning("\(message)") }
    }
    // Before the sampler, so that restored samples precede new ones.
    archive?.start()
    let push =
      targets.isEmpty
      ? nil
      : Push(
        to: targets.map { target in { target.sink($0) } }, history: history, version: version,
        cursorFile: configuration.archiveFile.database.map { $0 + ".push" },
        logger: logger)
    if let push { collector.add { $0.push = push.status } }
    if let archive { collector.add { $0.archive = archive.status } }
    let processes = ProcessSnapshots(of: demand, commandLine: commandLine)
    sampler.start()
    defer {
      timekeeper.stop()
      sampler.waitUntilEnded(atMost: 0.2)
      alerts.stop(atMost: 0.2)
      push?.stop(atMost: 0.4)
      archive?.stop(atMost: 0.5)
    }

    let events = Events()
    var address: String?
    let servers =
      serves
      ? startServers(
        demand: demand, processes: processes, push: push, alerts: alerts.board, access: access,
        log: (logger, events)) : []
    for _ in servers {
      // A server that neither listens nor fails hangs in the resolver; without a message the reason would be unknown.
      switch events.next(atMost: 30) {
      case .listening(let url):
        if address == nil || !url.hasPrefix("unix:") { address = url }
        logger.info("listening on \(url)")
      case .failed(let message):
        logger.error("\(message)")
        return ExitStatus.unavailable
      default:
        logger.error("\(configuration.server.host):\(configuration.server.port): not listening after 30 s")
        return ExitStatus.unavailable
      }
    }
    notifier.ready(address.map { "listening on \($0)" } ?? "not serving")
    let code =
      showsDashboard
      ? showDashboard(
        demand: demand, processes: processes, alerts: alerts.board, access: access, log: (sink, logger),
        address: address)
      : waitForSignal(logger: logger, events: events)
    notifier.stopping()
    for server in servers { server.cancel() }
    for _ in servers {
      // Pending responses get time to complete, but the program ends within a second of its signal.
      while let event = events.next(atMost: 0.6) {
        if case .ended = event { break }
      }
    }
    return code
  }

  /// Starts the server on its port, and the one on a Unix socket if it is configured.
  private func startServers(
    demand: SamplingDemand, processes: ProcessSnapshots, push: Push?, alerts: AlertBoard, access: ServerAccess,
    log: (logger: Logger, events: Events)
  ) -> [Task<Void, Never>] {
    var settings = API.APISettings()
    settings.version = version
    settings.streams = ConnectionLimits.streams
    settings.tokens = access.tokens
    settings.corsOrigins = configuration.server.corsOrigins
    settings.allowedHosts = configuration.server.allowedHosts
    settings.prometheus = configuration.server.prometheus
    settings.sources = platform.sources
    settings.pushStatus = { push?.status ?? [] }
    settings.alerts = alerts
    let api = API(
      history: demand.history, demand: demand, settings: settings, scrapeSource: scrapeSource,
      processes: { try await processes.now() })
    var server = HTTPServer(
      api: api, host: configuration.server.host, port: configuration.server.port, logger: log.logger)
    server.tls = access.tls
    let main = server
    collector.add { $0.server = main.status }
    let local = configuration.server.listen.map { HTTPServer(api: api, socket: $0, logger: log.logger) }
    let events = log.events
    return [main, local].compactMap(\.self).map { server in
      Task.detached {
        do {
          try await server.run { url in events.add(.listening(url)) }
          events.add(.ended)
        } catch {
          events.add(.failed("\(error)"))
        }
      }
    }
  }

  private func waitForSignal(logger: Logger, events: Events) -> Int32 {
    do {
      let pipe = try Signals.pipe([SIGTERM, SIGINT, SIGHUP])
      Thread.start("signals") {
        while let signal = Signals.wait(on: pipe) { events.add(.signal(signal)) }
      }
    } catch {
      logger.error("\(error)")
      return ExitStatus.unavailable
    }
    while let event = events.next() {
      switch event {
      case .signal(let signal):
        logger.info("ending on signal \(signal)")
        return 0
      case .failed(let message):
        logger.error("\(message)")
        return ExitStatus.unavailable
      case .ended:
        logger.error("the server ended by itself")
        return ExitStatus.unavailable
      case .listening: continue
      }
    }
    return 0
  }

  private func showDashboard(
    demand: SamplingDemand, processes: ProcessSnapshots, alerts: AlertBoard, access: ServerAccess,
    log: (sink: LogSink, logger: Logger), address: String?
  ) -> Int32 {
    let (sink, logger) = log
    sink.hold()
    defer { sink.release() }
    var options = dashboardOptions(configuration.terminal, interval: configuration.samples.interval)
    options.listening = address
    options.sources = platform.sources
    options.messages = { sink.newestHeld }
    options.silenceAlerts = { alerts.setSilenced($0) }
    options.processes = .local { processes.snapshot(of: $0) }
    if isThisMachine {
      options.control = platform.processControl(configuration.main.commandLines)
      if !serves, configuration.server.port != 0 {
        // In the background: the first frame does not depend on another process.
        let daemon = LocalDaemon(
          socket: configuration.server.listen?.path ?? UnixSocket.standardPath, port: configuration.server.port,
          token: { access.tokens().first?.text })
        Task.detached { await daemon.remember(into: demand.history) }
      }
    }
    do {
      // Quitting and a signal are both normal ends.
      _ = try runDashboard(demand: demand, options: options, terminal: openTerminal)
      return 0
    } catch {
      logger.error("\(error)")
      return ExitStatus.unavailable
    }
  }
}

/// Options common to all dashboards.
func dashboardOptions(_ terminal: SettingValues<TerminalSettings>, interval: Int) -> DashboardOptions {
  var options = DashboardOptions(version: version, sampleInterval: interval)
  options.isReadOnly = terminal.readOnly
  options.overrides = terminal.allOverrides
  options.configPath = DashboardOptions.standardConfigPath(processEnvironment)
  return options
}
