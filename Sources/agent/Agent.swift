import API
import AgentMetrics
import ArgumentParser
import Collect
import CollectDemo
import Dashboard
import Logging
import Platforms
import SampleStore
import Sinks
import SystemIO

/// The command: settings → wiring.
@main
struct Agent: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Shows this machine's CPU, memory, GPUs, disks, network and processes live.",
    usage: """
      agent [<options>]
      agent export --db <file> [<options>]
      agent import --db <file> [<options>]
      agent config check|show [--config <file>]
      agent status [<options>]
      agent doctor [--bundle <file>] [<options>]
      agent report --db <file> [<options>]
      agent service install|start|stop|restart|status|uninstall
      agent token [--token-file <file>] [--role <role>]
      """,
    discussion: """
      Without --tui and --once, it serves: http://127.0.0.1:8080/ui/ is the page, /metrics/latest the JSON.

      Options show their allowed values, default and environment variable in brackets. An option wins over its variable. Of \
      an option given twice, the last value counts unless it may be repeated.
      """,
    version: version,
    subcommands: [
      ExportCommand.self, ImportCommand.self, ReportCommand.self, ConfigCommand.self, StatusCommand.self,
      DoctorCommand.self, ServiceCommand.self, TokenCommand.self,
    ]
  )

  @OptionGroup(title: MainSettings.title) var main: SettingOptions<MainSettings>
  @OptionGroup(title: ServerSettings.title) var server: SettingOptions<ServerSettings>
  @OptionGroup(title: SampleSettings.title) var samples: SettingOptions<SampleSettings>
  @OptionGroup(title: ArchiveFileSettings.title) var archiveFile: SettingOptions<ArchiveFileSettings>
  @OptionGroup(title: ArchiveSettings.title) var archive: SettingOptions<ArchiveSettings>
  @OptionGroup(title: PushSettings.title) var push: SettingOptions<PushSettings>
  @OptionGroup(title: AlertSettings.title) var alerts: SettingOptions<AlertSettings>
  @OptionGroup(title: TerminalSettings.title) var terminal: SettingOptions<TerminalSettings>

  static func main() {
    ProcessSettings.reserveStreams()
    ProcessSettings.keepFilesPrivate()
    Invocation.runAndExit()
  }

  func run() throws {
    // Before any thread starts: heaps are created per thread, signal masks are inherited.
    ProcessSettings.tuneHeap()
    // For clients, and for processes' files that stay open; the usual limit is 1024.
    ProcessSettings.raiseDescriptorLimit(to: 8_192)
    guard Descriptors.limit >= Descriptors.minimum else {
      throw UnavailableError(
        description: "the limit of open files (ulimit -n) is \(Descriptors.limit), but must be at least"
          + " \(Descriptors.minimum)")
    }
    let threads = Thread.available(Thread.minimum)
    guard threads == Thread.minimum else {
      throw UnavailableError(
        description: "only \(threads) of the \(Thread.minimum) threads that the agent needs can be started: see"
          + " ulimit -u, TasksMax of the unit, pids.max of the group")
    }
    Signals.ignore(Signals.brokenPipe)
    Signals.ignore(Signals.fileSize)
    let configuration = try configured()
    let main = configuration.main
    try checkModes(configuration)
    let serves = main.targets.isEmpty && !main.once && (main.serve || !main.tui)
    let problems = Configuration.jointProblems(
      server: serves ? { configuration.server } : nil, push: { configuration.push }, alerts: { configuration.alerts })
    if let problem = problems.first { throw problem }
    let targets = try configuration.push.targets(hostName: hostName)
    let webhooks = try configuration.alerts.webhookTargets()
    if main.once {
      try runOnce(main)
    } else if !main.targets.isEmpty {
      try showOthers(configuration)
    } else {
      let collector = ServiceCollector()
      let code = try Service(
        configuration: configuration, source: source(main, [collector]),
        commandLine: commandLine(main), processMemory: processMemory(main),
        scrapeSource: platform.scrapeSource(root: main.demo ? nil : main.root.last ?? ""), targets: targets,
        webhooks: webhooks,
        collector: collector,
        isThisMachine: !main.demo && main.root.isEmpty, daemon: daemonAccess(), showsDashboard: main.tui,
        serves: serves,
        readSettings: configured
      ).run()
      if code != 0 { throw ExitCode(code) }
    }
  }

  /// The settings by precedence: flags over environment over file over defaults.
  private func configured() throws -> Configuration {
    let sources = [processEnvironment, Credentials.source]
    let flags = try main.values([])
    // The standard file belongs to the service: a dashboard beside it must not push or write the archive, too.
    let serves = flags.serve || !flags.tui && !flags.once
    let file = try flags.config != nil || serves ? ConfigFile.find(flags.config) : nil
    return Configuration(
      main: try main.values(sources, file: file), server: try server.values(sources, file: file),
      samples: try samples.values(sources, file: file), archiveFile: try archiveFile.values(sources, file: file),
      archive: try archive.values(sources, file: file), push: try push.values(sources, file: file),
      alerts: try alerts.values(sources, file: file), terminal: try terminal.values(sources, file: file))
  }

  /// Ways to reach an agent that serves on this machine: the flags, then the settings of the service.
  func daemonAccess() -> DaemonAccess? {
    var options = server.converted(to: DaemonSettings.self)
    options.merge(main.converted(to: DaemonSettings.self))
    return DaemonAccess.beside(options)
  }

  /// Checks the settings of a service, which has no terminal.
  func checkService() throws {
    let configuration = try configured()
    try checkModes(configuration)
    if configuration.main.tui || configuration.main.once {
      throw UsageError(description: "service: --tui and --once are not for services")
    }
  }

  private func checkModes(_ configuration: Configuration) throws(UsageError) {
    let main = configuration.main
    if main.once && (main.tui || main.serve) {
      throw UsageError(description: "--once prints one sample and exits; it excludes --tui and --serve")
    }
    if !main.targets.isEmpty && (!main.tui || main.serve || main.demo || !main.root.isEmpty) {
      throw UsageError(description: "--connect and --hosts-file require --tui and exclude --serve, --demo and --root")
    }
    if main.json && !main.once { throw UsageError(description: "--json requires --once") }
    if main.demo && !main.root.isEmpty { throw UsageError(description: "--demo excludes --root") }
    if main.root.count > 2 { throw UsageError(description: "--root may be given twice at most, for two times") }
  }

  private func showOthers(_ configuration: Configuration) throws {
    let tokens = try configuration.server.currentTokens { _ in }
    try RemoteDashboard(
      targets: configuration.main.targets, token: { tokens().first?.text },
      authorities: configuration.main.authorities, historySize: configuration.samples.historySize,
      terminal: configuration.terminal.terminal
    ).run(options: dashboardOptions(configuration.terminal, interval: 1))
  }

  private func source(_ main: SettingValues<MainSettings>, _ others: [ServiceCollector] = []) -> Sampler.Source {
    if main.demo { return .simulated { [DemoCollector(version: version)] + others } }
    let roots = main.root
    let root = roots.first ?? ""
    let isSingle = main.once
    let collectors: @Sendable (String) -> [any Collector] = { root in
      platform.allCollectors(root: root, version: version, isSingle: isSingle) + others
    }
    guard !root.isEmpty else { return .live { collectors("") } }
    guard roots.count > 1 else { return .recorded({ collectors(root) }, later: nil) }
    let later = roots[1]
    return .recorded({ collectors(root) }, later: { collectors(later) })
  }

  /// Reads the command line of a process; nil if the system does not support it, or none are to be shown.
  private func commandLine(_ main: SettingValues<MainSettings>) -> (@Sendable (Int32) -> String?)? {
    guard main.commandLines != .none else { return nil }
    if main.demo { return DemoCollector.commandLine }
    return platform.processes(root: main.root.last ?? "", commandLines: main.commandLines)?.commandLine
  }

  /// Reads parts of the memory of processes that scans do not read; nil for a recorded machine.
  private func processMemory(_ main: SettingValues<MainSettings>) -> ProcessMemory.Read? {
    if main.demo { return DemoCollector.memory }
    return main.root.isEmpty ? platform.processes(root: "", commandLines: main.commandLines)?.memory : nil
  }

  private func runOnce(_ main: SettingValues<MainSettings>) throws {
    let history = History(capacity: 1, interval: 1)
    let demand = SamplingDemand(history)
    let processes = ProcessSnapshots(of: demand, commandLine: commandLine(main))
    let sampler = Sampler(
      source: source(main), demand: demand, timekeeper: OnceTimekeeper(),
      annotate: { sample, _, _ in processes.addCommands(to: &sample, waiting: 1) }
    ) { notice in StandardStreams.write("agent: \(notice)\n", to: 2) }
    sampler.run()
    guard let sample = history.latest?.sample else { throw UnavailableError(description: "no sample could be taken") }
    try Output.write(main.json ? API.latestBody(of: sample) : OnceReport.text(of: sample))
  }
}
