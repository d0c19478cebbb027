package import AgentMetrics
package import History

/// What the dashboard has to know besides the samples.
package struct DashboardOptions: Sendable {
  /// Where the HTTP server listens, as a URL; nil where there is none.
  package var listening: String?
  /// Version of the program.
  package var version: String
  /// Nominal seconds between two samples.
  package var sampleInterval: Int
  /// The newest log message that is held back while the screen is drawn; nil where there is none.
  package var messages: @Sendable () -> String?
  /// All processes; nil where only those of the samples are known.
  package var processes: ProcessSource?
  /// What may be done with processes; nil for nothing (a recording, another machine).
  package var control: ProcessControl?
  /// Whether no signals are sent, whatever the rest says.
  package var isReadOnly = false
  /// Where the settings are kept; nil where they are not.
  ///
  /// ``standardConfigPath(_:)`` is the usual place.
  package var configPath: String?
  /// Settings as `key=value` that win over the file's and are not kept: `theme=light`, `layout=gpu`.
  package var overrides: [String] = []

  /// Options of a dashboard.
  package init(
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
  package static func standardConfigPath(_ environment: (String) -> String?) -> String? {
    ConfigFile.standardPath(environment)
  }

  /// The names of all settings with what each may be, for a command's help.
  package static var settingsHelp: [(key: String, values: [String], help: String)] {
    Setting.all.map { ($0.key, $0.values, $0.help) }
  }

  /// What is wrong with an override, in one line; nil where nothing is.
  package static func problem(ofOverride text: String) -> String? {
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
package struct DashboardConnection: Sendable, Equatable {
  /// Whether it answers.
  package var isConnected: Bool
  /// Seconds between a sample's moment and its arrival; NaN where unknown.
  package var lag: Double
  /// Why it does not answer, or the fault of its answers, in one line.
  package var reason: String?

  /// A connection.
  package init(isConnected: Bool, lag: Double = .nan, reason: String? = nil) {
    self.isConnected = isConnected
    self.lag = lag
    self.reason = reason
  }
}

/// One of the machines that are shown.
package struct DashboardHost: Sendable {
  /// What it is called in the grid.
  package var name: String
  /// Its samples.
  package var history: History
  /// All its processes; nil where only those of the samples are known.
  package var processes: ProcessSource?
  /// What may be done with them; nil for nothing.
  package var control: ProcessControl?
  /// How it is reached; nil where it is this process.
  package var connection: (@Sendable () -> DashboardConnection)?

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
package enum DashboardExit: Sendable, Equatable {
  /// Its user wanted it: `q`, Ctrl-C, or the reader of the output went away.
  case quit
  /// SIGTERM, SIGHUP or SIGQUIT.
  case terminated(signal: Int32)
}
