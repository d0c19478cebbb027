package import AgentMetrics
public import History

/// What the dashboard has to know besides the samples.
public struct DashboardOptions: Sendable {
  /// Where the HTTP server listens, as a URL; nil where there is none.
  public var listening: String?
  /// Version of the program.
  public var version: String
  /// Nominal seconds between two samples.
  public var sampleInterval: Int
  /// The newest log message that is held back while the screen is drawn; nil where there is none.
  public var messages: @Sendable () -> String?
  /// All processes; nil where only those of the samples are known.
  package var processes: ProcessSource?
  /// What may be done with processes; nil for nothing (a recording, another machine).
  public var control: ProcessControl?
  /// Whether no signals are sent, whatever the rest says.
  public var isReadOnly = false
  /// Where the settings are kept; nil where they are not.
  ///
  /// ``standardConfigPath(_:)`` is the usual place.
  public var configPath: String?
  /// Settings as `key=value` that win over the file's and are not kept: `theme=light`, `layout=gpu`.
  public var overrides: [String] = []

  /// Options of a dashboard.
  public init(
    listening: String? = nil, version: String, sampleInterval: Int,
    messages: @escaping @Sendable () -> String? = { nil }
  ) {
    self.listening = listening
    self.version = version
    self.sampleInterval = sampleInterval
    self.messages = messages
  }

  /// The config file's place by the XDG rules; nil where no home directory is known.
  ///
  /// - Parameter environment: looks a variable up.
  public static func standardConfigPath(_ environment: (String) -> String?) -> String? {
    ConfigFile.standardPath(environment)
  }

  /// The names of all settings with what each may be, for a command's help.
  public static var settingsHelp: [(key: String, values: [String], help: String)] {
    Setting.all.map { ($0.key, $0.values, $0.help) }
  }

  /// What is wrong with an override, in one line; nil where nothing is.
  public static func problem(ofOverride text: String) -> String? {
    ConfigFile.parse(text).problem.map { $0.hasPrefix("line 1: ") ? String($0.dropFirst(8)) : $0 }
  }
}

/// Where the table of processes comes from.
package enum ProcessSource: Sendable {
  /// The scan that belongs to a sample of this process's sampler; nil where it is no longer kept.
  case local(@Sendable (History.Entry) -> ProcessSnapshot?)
  /// Another agent, asked after each of its samples.
  case remote(@Sendable () async throws -> ProcessSnapshot)
}

/// How a source of samples is reached.
public struct DashboardConnection: Sendable, Equatable {
  /// Whether it answers.
  public var isConnected: Bool
  /// Seconds between a sample's moment and its arrival; NaN where unknown.
  public var lag: Double
  /// Why it does not answer, or the fault of its answers, in one line.
  public var reason: String?

  /// A connection.
  public init(isConnected: Bool, lag: Double = .nan, reason: String? = nil) {
    self.isConnected = isConnected
    self.lag = lag
    self.reason = reason
  }
}

/// One of the machines that are shown.
public struct DashboardHost: Sendable {
  /// What it is called in the grid.
  public var name: String
  /// Its samples.
  public var history: History
  /// All its processes; nil where only those of the samples are known.
  package var processes: ProcessSource?
  /// What may be done with them; nil for nothing.
  public var control: ProcessControl?
  /// How it is reached; nil where it is this process.
  public var connection: (@Sendable () -> DashboardConnection)?

  /// A machine by its name and samples.
  package init(
    name: String, history: History, processes: ProcessSource? = nil, control: ProcessControl? = nil,
    connection: (@Sendable () -> DashboardConnection)? = nil
  ) {
    self.name = name
    self.history = history
    self.processes = processes
    self.control = control
    self.connection = connection
  }
}

/// Why the dashboard ended.
public enum DashboardExit: Sendable, Equatable {
  /// Its user wanted it: `q`, Ctrl-C, or the reader of the output went away.
  case quit
  /// SIGTERM, SIGHUP or SIGQUIT.
  case terminated(signal: Int32)
}
