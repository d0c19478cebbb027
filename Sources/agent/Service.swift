import API
import AgentMetrics
import Alerts
import Archive
import Collect
import Dashboard
import Events
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
  /// Reads parts of processes' memory that scans do not read; nil if processes have none.
  let processMemory: ProcessMemory.Read?
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
  /// Ways to reach an agent that serves on this machine already, for a dashboard.
  let daemon: DaemonAccess?
  let showsDashboard: Bool
  let serves: Bool
  /// Reads the settings again.
  let readSettings: () throws -> Configuration

  /// Reason for the end of the service.
  private enum ServiceEnd: Sendable {
    case signal(Int32)
    case failure(String)
  }

  /// Ends that wait for the main thread, from any thread.
  private typealias Ends = Condition<[ServiceEnd]>

  /// Runs until a signal, the user or a failure ends it; returns the exit code.
  ///
  /// - Throws: an invalid token or certificate.
  func run() throws(SettingError) -> Int32 {
    let sink = LogSink(isJournal: Environment.value(of: "JOURNAL_STREAM") != nil)
    sink.level = configuration.main.logLevel
    sink.format = configuration.main.logFormat
    let logger = Logger(label: "agent") { _ in SinkLogHandler(sink: sink) }
    let access = try configuration.server.access { message in logger.warning("\(message)") }
    for line in configuration.alerts.ruleWarnings { logger.warning("\(line)") }
    var parts = RunningParts()
    var code: Int32 = 0
    do {
      try run(&parts, access: access, sink: sink, logger: logger)
    } catch {
      logger.error("\(error.line)")
      code = ExitStatus.unavailable
    }
    // The program ends within a second or two of its signal.
    parts.stop()
    return code
  }

  private func run(_ parts: inout RunningParts, access: ServerAccess, sink: LogSink, logger: Logger) throws {
    let history = History(capacity: configuration.samples.historySize, interval: configuration.samples.interval)
    let demand = SamplingDemand(history)
    let notifier = SystemdNotifier()
    let alerts = AlertService(rules: configuration.alerts.allRules, webhooks: webhooks, logger: logger)
    let isDemo = if case .simulated = source { true } else { false }
    let events = EventBoard(interval: history.interval) { isDemo ? history.all.map(\.sample) : [] }
    let live = LiveSettings(configuration, access: access, alerts: alerts)
    // Before the sampler, so that restored samples precede new ones.
    if let archive = archive(of: history, logger: logger) {
      try parts.start(archive, share: 0.5)
      if !isDemo, let newest = archive.newestAtStart {
        events.resume(after: newest)
        alerts.board.resume(after: newest)
      }
      collector.add { $0.archive = archive.status }
    }
    let push = push(from: history, logger: logger)
    if let push {
      try parts.start(push, share: 0.4)
      collector.add { $0.push = push.status }
    }
    let processes = ProcessSnapshots(of: demand, commandLine: commandLine)
    try parts.start(alerts, share: 0.2)
    let boards = Boards(alerts: alerts.board, events: events)
    let sampler = sampler(
      for: demand, notifier: notifier, logger: logger, annotate: annotation(processes, boards))
    try parts.start(sampler, share: 0.2)

    let ends = Ends([])
    // Before anyone can know that the service is up; a dashboard handles signals itself.
    if !showsDashboard { try routeSignals(to: ends) }
    var address: String?
    if serves {
      let api = api(of: demand, processes: processes, push: push, boards: boards, access: access, live: live)
      let listeners = serverParts(of: api, access: access, logger: logger) { reason in
        ends.update { $0.append(.failure(reason)) }
      }
      for server in listeners {
        try parts.start(server, share: 0.3)
        address = address ?? server.address
        logger.info("listening on \(server.address ?? "")")
      }
    }
    let status = address.map { "listening on \($0)" } ?? "not serving"
    try parts.start(ReadyNotice(notifier: notifier, status: status), share: 0)
    guard showsDashboard else {
      return try waitForEnd(ends, logger: logger) {
        notifier.reloading()
        live.reload(readSettings, sink: sink, logger: logger)
        notifier.ready(status)
      }
    }
    try parts.start(HeldLog(sink: sink), share: 0)
    var options = dashboardOptions(configuration.terminal, interval: configuration.samples.interval)
    options.listening = address
    options.messages = { sink.takeNewestHeld() }
    options.alerts = AlertControl(
      current: { alerts.board.alerts }, silence: { alerts.board.setSilenced($0) })
    try showDashboard(of: demand, processes: processes, options: options)
  }

  // MARK: Parts

  /// Completes samples with command lines, alerts and events.
  private func annotation(_ processes: ProcessSnapshots, _ boards: Boards) -> Sampler.Annotation {
    // Without tokens, anyone could read command lines.
    let keepsCommands = !configuration.server.insecure
    // The files of a recording do not hang.
    let patience = configuration.main.root.isEmpty ? 0.01 : 5
    return { sample, reading, destination in
      if keepsCommands { processes.addCommands(to: &sample, waiting: patience) }
      guard destination != .past else { return }
      boards.alerts.update(&sample, isMain: destination == .main)
      // Afterwards: an alert that begins to fire is an event.
      boards.events.update(&sample, reading)
    }
  }

  /// What completes the samples, for the outputs that show it.
  private struct Boards {
    let alerts: AlertBoard
    let events: EventBoard
  }

  private func archive(of history: History, logger: Logger) -> Archive? {
    configuration.archiveFile.database.map { path in
      Archive(
        path: path, history: history, retention: configuration.archive.retention,
        sizeLimit: configuration.archive.databaseSize, isPatient: !showsDashboard, isViewer: !serves
      ) { logger.warning($0) }
    }
  }

  private func push(from history: History, logger: Logger) -> Push? {
    guard !targets.isEmpty else { return nil }
    return Push(
      to: targets.map { target in { target.sink($0, by: transport) } }, history: history, version: version,
      cursorFile: configuration.archiveFile.database.map { $0 + ".push" }, logger: logger)
  }

  private func sampler(
    for demand: SamplingDemand, notifier: SystemdNotifier, logger: Logger, annotate: @escaping Sampler.Annotation
  ) -> Sampler {
    let heartbeat = notifier.watchdogInterval.map { seconds in
      Heartbeat(interval: seconds) { notifier.watchdog() }
    }
    return Sampler(
      source: source, demand: demand, timekeeper: SystemTimekeeper(), heartbeat: heartbeat,
      annotate: annotate
    ) { logger.warning($0) }
  }

  private func api(
    of demand: SamplingDemand, processes: ProcessSnapshots, push: Push?, boards: Boards,
    access: ServerAccess, live: LiveSettings
  ) -> API {
    var settings = API.APISettings()
    settings.version = version
    settings.streams = ConnectionLimits.streams
    settings.tokens = { access.tokens }
    settings.report = access.report
    settings.admission = { live.admission }
    settings.prometheus = configuration.server.prometheus
    settings.sources = platform.sources
    settings.workloadSeries = configuration.server.workloadSeries
    settings.pushStatus = { push?.status ?? [] }
    settings.alerts = boards.alerts
    settings.events = boards.events
    settings.processMemory = processMemory
    return API(
      history: demand.history, demand: demand, settings: settings, scrapeSource: scrapeSource,
      processes: { try await processes.now() })
  }

  /// The server on its port, and the one on a Unix socket if it is configured.
  private func serverParts(
    of api: API, access: ServerAccess, logger: Logger, onEnd: @escaping @Sendable (String) -> Void
  ) -> [ServerPart] {
    let (host, port) = (configuration.server.host, configuration.server.port)
    let main = servers.server(of: api, host: host, port: port, encryption: access.encryption, logger: logger)
    collector.add { $0.server = main.status }
    let local = configuration.server.listen.flatMap { socket in
      servers.server(of: api, socket: socket, logger: logger).map { server in
        ServerPart(server, name: "unix:\(socket.path)", onEnd: onEnd)
      }
    }
    return [ServerPart(main, name: "\(host):\(port)", onEnd: onEnd), local].compactMap(\.self)
  }

  // MARK: The main thread

  private func routeSignals(to ends: Ends) throws {
    let pipe = try Signals.pipe([Signals.terminate, Signals.interrupt, Signals.hangup])
    // Waits for the rest of the process' life.
    let isStarted = Thread.start("signals") {
      while let signal = Signals.wait(on: pipe) { ends.update { $0.append(.signal(signal)) } }
    }
    // Without it, no signal would end the program.
    if !isStarted { throw UnavailableError(description: "no thread to wait for signals on") }
  }

  /// - Parameter reload: called for a hang-up of a service; a program that loses its terminal ends.
  private func waitForEnd(_ ends: Ends, logger: Logger, reload: () -> Void) throws {
    let hasTerminal = [StandardStreams.input, StandardStreams.output, StandardStreams.errors].contains {
      StandardStreams.isTerminal($0)
    }
    while let end = ends.wait({ $0.isEmpty ? nil : $0.removeFirst() }) {
      switch end {
      case .signal(Signals.hangup) where !hasTerminal: reload()
      case .signal(let signal): return logger.info("ending on signal \(signal)")
      case .failure(let reason): throw UnavailableError(description: reason)
      }
    }
  }

  private func showDashboard(
    of demand: SamplingDemand, processes: ProcessSnapshots, options: DashboardOptions
  ) throws {
    var options = options
    options.sources = platform.sources
    options.processes = .local { processes.snapshot(of: $0) }
    options.memory = processMemory.map { .local($0) }
    if isThisMachine {
      options.control = platform.processControl(configuration.main.commandLines)
      if !serves, let daemon {
        // In the background: the first frame does not depend on another process.
        Task.detached { await LocalDaemon(access: daemon).remember(into: demand.history) }
      }
    }
    // Quitting and a signal are both normal ends.
    _ = try runDashboard(demand: demand, options: options) { try openTerminal(configuration.terminal.terminal) }
  }
}

/// Reports to systemd that the service is up, and that it ends.
private struct ReadyNotice: ServicePart {
  let notifier: SystemdNotifier
  let status: String

  func start() {
    notifier.ready(status)
  }

  func stop(atMost seconds: Double) {
    notifier.stopping()
  }
}

/// Holds log lines back while the dashboard uses the terminal.
private struct HeldLog: ServicePart {
  let sink: LogSink

  func start() {
    sink.hold()
  }

  func stop(atMost seconds: Double) {
    sink.release()
  }
}

/// Options common to all dashboards.
func dashboardOptions(_ terminal: SettingValues<TerminalSettings>, interval: Int) -> DashboardOptions {
  var options = DashboardOptions(version: version, sampleInterval: interval)
  options.isReadOnly = terminal.readOnly
  options.overrides = terminal.allOverrides
  options.start = terminal.at
  options.configPath = DashboardOptions.standardConfigPath(processEnvironment)
  return options
}
