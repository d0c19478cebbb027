import API
import AgentMetrics
import ArgumentParser
import Collect
import CollectDemo
import Dashboard
import HTTPServer
import History
import Logging
import Sinks
import Remote
import SystemIO

/// The command: options → configuration → wiring.
@main
struct Agent: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Watches this machine's CPU, memory, GPUs, disks, network and processes, and shows them live.",
    discussion: """
      Without --tui, --serve or --once it serves: http://127.0.0.1:8080/ui/ is the web page, /metrics/latest the JSON.

      Variables: PORT, HOST, INTERVAL_SEC, HISTORY_SIZE, LOG_LEVEL mean what the flags of those names mean, and DB_PATH,
      DB_RETENTION, DB_MAX_SIZE what --db, --retention and --db-max-size do; TOKEN_FILE, CORS_ORIGIN and ALLOWED_HOST
      stand for --token-file, --cors-origin and --allowed-host. A flag wins.
      """,
    version: version, subcommands: [ExportCommand.self, ImportCommand.self]
  )

  @Flag(help: "Show the dashboard in this terminal; it begins with what an agent that serves here remembers.")
  var tui = false

  @Flag(help: "Serve the web page and the JSON API; with --tui, both from the same samples.")
  var serve = false

  @Flag(help: "Take one sample, print it and end.")
  var once = false

  @Flag(help: "With --once: print the JSON of /metrics/latest.")
  var json = false

  @Flag(help: "Show a simulated machine with 64 cores and 8 busy GPUs.")
  var demo = false

  // Unconditional, so that "-5" is a value that is not allowed and not an option that is unknown.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Port to listen on, 0 for any free one (default: 8080).", valueName: "port"))
  var port: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Address to listen on (default: 127.0.0.1).", valueName: "address"))
  var host: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seconds between two samples that are kept (default: 30).", valueName: "seconds"))
  var interval: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Samples kept in memory (default: 720).", valueName: "samples"))
  var history: String?

  @Option(
    name: .customLong("log-level"), parsing: .unconditional,
    help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (default: info).", valueName: "level"))
  var logLevel: String?

  @Option(
    name: .customLong("token-file"), parsing: .unconditional,
    help: ArgumentHelp(
      "Answer only those who send this file's first line as their bearer token; /health and the page's files are open.",
      valueName: "path"))
  var tokenFile: String?

  @Option(
    name: .customLong("cors-origin"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Let pages of this origin read the API; may be repeated.", valueName: "origin"))
  var corsOrigins: [String] = []

  @Option(
    name: .customLong("allowed-host"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Answer to this name too, besides addresses, localhost and the machine's own; may be repeated.",
      valueName: "name"))
  var allowedHosts: [String] = []

  @OptionGroup var archiveFile: ArchiveFileOption

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With --db, how long samples, minutes and quarters of an hour are kept (default: 7d,90d,2y). Where the interval is"
        + " so long that minutes would tell little less, samples are kept in their place.", valueName: "times"))
  var retention: String?

  @Option(
    name: .customLong("db-max-size"), parsing: .unconditional,
    help: ArgumentHelp("With --db, how large the file may grow, as 500M or 2G (default: 2G).", valueName: "size"))
  var databaseSize: String?

  @Option(
    name: .customLong("prom-compat"), parsing: .unconditional,
    help: ArgumentHelp(
      "Whose names /metrics tells besides the agent's own: none, node (node_exporter's), dcgm (dcgm-exporter's) or all"
        + " (default: node). PROM_COMPAT is the same.", valueName: "names"))
  var promCompat: String?

  @Option(
    help: ArgumentHelp(
      "Read proc, sys and etc below this directory: a host's, mounted in a container, or a recording. A second --root is"
        + " the same recording at a later instant.", valueName: "directory"))
  var root: [String] = []

  @OptionGroup(title: "Dashboard") var terminal: TerminalOptions
  @OptionGroup(title: "Other machines") var others: ConnectOptions

  @OptionGroup(title: "Sending samples") var pushing: PushOptions

  static func main() {
    Invocation.runAndExit()
  }

  func run() throws {
    // Before any thread: heaps are made per thread, signals are inherited.
    ProcessSettings.tuneHeap()
    // Those of clients, and of processes' files that stay open; the usual limit is 1024.
    ProcessSettings.raiseDescriptorLimit(to: 8_192)
    guard Descriptors.limit >= Descriptors.minimum else {
      StandardStreams.write(
        "agent: \(Descriptors.limit) open files are allowed (ulimit -n); at least \(Descriptors.minimum) are needed\n",
        to: 2)
      throw ExitCode(ExitStatus.unavailable)
    }
    Signals.ignore(SIGPIPE)
    try checkModes()
    let configuration = try checked()
    let roots = try checkedRoots()
    let targets = try pushTargets()
    let board = targets.isEmpty ? nil : PushReference()
    if once {
      try runOnce(roots)
    } else if others.isWanted {
      try showOthers(configuration)
    } else {
      let code = Service(
        configuration: configuration, source: source(roots, board),
        commandLine: demo ? nil : processCommandLine(root: roots.last ?? ""),
        scrapeSource: scrapeSource(root: demo ? nil : roots.last ?? ""), targets: targets, board: board,
        isThisMachine: !demo && roots.isEmpty, showsDashboard: tui, terminal: terminal, serves: serve || !tui
      ).run()
      if code != 0 { throw ExitCode(code) }
    }
  }

  private func checkModes() throws {
    if once && (tui || serve) {
      throw misuse("--once prints one sample and ends; it goes with neither --tui nor --serve")
    }
    if others.isWanted && (!tui || serve || demo || !root.isEmpty) {
      throw misuse("--connect and --hosts-file go with --tui alone: they show other machines")
    }
    if let problem = terminal.problem { throw misuse(problem) }
    if json && !once { throw misuse("--json goes with --once") }
    if demo && !root.isEmpty { throw misuse("--demo shows a simulated machine and cannot be combined with --root") }
    if root.count > 2 { throw misuse("--root: at most two directories, an instant and a later one") }
  }

  private func showOthers(_ configuration: Configuration) throws {
    do {
      try RemoteDashboard(
        targets: try others.targets(), token: configuration.currentToken { _ in },
        historySize: configuration.historySize
      ).run(options: dashboardOptions(terminal, interval: 1))
    } catch let mistake as Configuration.ValidationError {
      throw misuse(mistake.description)
    } catch let error as RemoteMachine.AddressError {
      throw misuse("--connect: \(error)")
    } catch {
      StandardStreams.write("agent: \(error)\n", to: 2)
      throw ExitCode(ExitStatus.unavailable)
    }
  }

  private func checked() throws -> Configuration {
    do {
      let database = try archiveFile.path
      return try Configuration(
        flags: .init(
          port: port, host: host, interval: interval, history: history, logLevel: logLevel, tokenFile: tokenFile,
          corsOrigins: corsOrigins, allowedHosts: allowedHosts, database: database, retention: retention,
          databaseSize: databaseSize, promCompat: promCompat),
        environment: { name in getenv(name).map { String(cString: $0) } })
    } catch {
      throw misuse(error.description)
    }
  }

  /// The roots without trailing slashes; "/" is the running machine.
  private func checkedRoots() throws -> [String] {
    try root.map { directory in
      var path = directory
      while path.hasSuffix("/") { path.removeLast() }
      guard !directory.isEmpty, path.isEmpty || Files.exists(path + "/proc") else {
        throw misuse("--root: \"\(directory)\" is not allowed; allowed is a directory that holds proc")
      }
      return path
    }
  }

  private func pushTargets() throws -> [PushTarget] {
    do {
      return try pushing.targets(hostName: PushOptions.hostName) { name in getenv(name).map { String(cString: $0) } }
    } catch {
      throw misuse(error.description)
    }
  }

  private func source(_ roots: [String], _ board: PushReference?) -> Sampler.Source {
    let push: @Sendable () -> [any Collector] = { board.map { [PushCollector($0)] } ?? [] }
    if demo { return .simulated { [DemoCollector(version: version)] + push() } }
    let root = roots.first ?? ""
    let isSingle = once
    guard !root.isEmpty else { return .live { collectors(root: "", isSingle: isSingle) + push() } }
    guard roots.count > 1 else {
      return .recorded({ collectors(root: root, isSingle: isSingle) + push() }, later: nil)
    }
    let later = roots[1]
    return .recorded({ collectors(root: root) + push() }, later: { collectors(root: later) + push() })
  }

  private func runOnce(_ roots: [String]) throws {
    let history = History(capacity: 1, interval: 1)
    let sampler = Sampler(source: source(roots, nil), history: history, timekeeper: OnceTimekeeper()) { message in
      StandardStreams.write("agent: \(message)\n", to: 2)
    }
    sampler.run()
    guard let sample = history.latest?.sample else {
      StandardStreams.write("agent: no sample could be taken\n", to: 2)
      throw ExitCode(ExitStatus.unavailable)
    }
    // A reader that has had enough, as head(1), is no error.
    StandardStreams.write(json ? API.latestBody(of: sample) : OnceReport.text(of: sample), to: 1)
  }

  /// One clear line and EX_USAGE, without the usage text that would push the line out of sight.
  private func misuse(_ message: String) -> ExitCode {
    StandardStreams.write("agent: \(message)\n", to: 2)
    return ExitCode(ExitStatus.usage)
  }
}
