package import AgentMetrics
package import Collect
package import SampleStore

/// The alerts of an agent, which its dashboard silences in all outputs.
package struct AlertControl: Sendable {
  let current: @Sendable () -> [Alert]
  let silence: @Sendable (Bool) -> Void

  /// - Parameters:
  ///   - current: returns the alerts as they are now.
  ///   - silence: silences the firing ones until they end, or ends their silence.
  package init(current: @escaping @Sendable () -> [Alert], silence: @escaping @Sendable (Bool) -> Void) {
    (self.current, self.silence) = (current, silence)
  }
}

/// Options of the dashboard.
package struct DashboardOptions: Sendable {
  /// URL of the HTTP server, if any.
  package var listening: String?
  /// Version of the program.
  package var version: String
  /// Nominal seconds between two samples.
  package var sampleInterval: Int
  /// Takes the newest log message held back since the last call, if any.
  package var messages: @Sendable () -> String?
  /// Source of all processes; nil where only those of the samples are known.
  package var processes: ProcessSource?
  /// Actions on processes; nil where they are not available (a recording, another machine).
  package var control: ProcessControl?
  /// Source of processes' memory beyond the scans; nil on systems without such values.
  package var memory: MemorySource?
  /// The alerts of this program's agent; nil where the dashboard shows other machines.
  package var alerts: AlertControl?
  /// Whether signals are disabled, whatever the other options.
  package var isReadOnly = false
  /// Path of the settings file; nil to keep no settings.
  ///
  /// ``standardConfigPath(_:)`` is the usual path.
  package var configPath: String?
  /// Origins of the metrics on this platform.
  package var sources = SourceTexts.rows
  /// POSIX time to open at; nil for now.
  package var start: Double?
  /// Settings as `key=value` that override the file's and are not saved: `theme=light`, `layout=gpu`.
  package var overrides: [String] = []

  package init(
    listening: String? = nil, version: String, sampleInterval: Int,
    messages: @escaping @Sendable () -> String? = { nil }
  ) {
    self.listening = listening
    self.version = version
    self.sampleInterval = sampleInterval
    self.messages = messages
  }

  /// Returns the path of the config file by the XDG rules; nil without a home directory.
  ///
  /// - Parameter environment: looks up a variable.
  package static func standardConfigPath(_ environment: (String) -> String?) -> String? {
    ConfigFile.standardPath(environment)
  }

  /// Names, allowed values and descriptions of all settings, for a command's help.
  package static var settingsHelp: [(key: String, values: [String], help: String)] {
    Setting.all.map { ($0.key, $0.values, $0.help) }
  }

  /// Returns the problem of an override, in one line; nil where it is valid.
  package static func problem(ofOverride text: String) -> String? {
    ConfigFile.parse(text).problem.map { $0.hasPrefix("line 1: ") ? String($0.dropFirst(8)) : $0 }
  }
}

/// Source of the process table.
package enum ProcessSource: Sendable {
  /// The scan of a sample of this process's sampler; nil where it is no longer kept.
  case local(@Sendable (History.Entry) -> ProcessSnapshot?)
  /// Another agent, queried after each of its samples.
  case remote(@Sendable () async throws -> ProcessSnapshot)
}

/// Source of the memory of processes that scans do not read.
package enum MemorySource: Sendable {
  /// This machine; the read may block.
  case local(ProcessMemory.Read)
  /// Another agent.
  case remote(@Sendable (_ pids: [Int32], _ parts: ProcessMemory.Parts) async throws -> [Int32: ProcessMemory])
}

/// State of the connection to a source of samples.
package struct DashboardConnection: Sendable, Equatable {
  /// Whether it answers.
  package var isConnected: Bool
  /// Seconds between a sample's timestamp and its arrival; NaN where unknown.
  package var lag: Double
  /// Reason for a missing answer, or the fault of an answer, in one line.
  package var reason: String?
  /// Address of the source, `http://127.0.0.1:8080`; empty where unknown.
  package var address: String

  package init(isConnected: Bool, lag: Double = .nan, reason: String? = nil, address: String = "") {
    self.isConnected = isConnected
    self.lag = lag
    self.reason = reason
    self.address = address
  }

  /// Why it does not answer, in one line; nil where it does, or before the first attempt has ended.
  ///
  /// - Parameter hasConnected: whether it answered before.
  func failure(hasConnected: Bool) -> String? {
    guard !isConnected, let reason else { return nil }
    return (hasConnected ? "connection lost" : "cannot connect") + (address.isEmpty ? "" : " to " + address) + ": "
      + reason
  }
}

/// One of the displayed machines.
package struct DashboardHost: Sendable {
  /// Name in the grid.
  package var name: String
  package var history: History
  /// Receives the dashboard's requests for samples.
  package var demand: SamplingDemand
  /// Source of all its processes; nil where only those of the samples are known.
  package var processes: ProcessSource?
  /// Actions on its processes; nil where they are not available.
  package var control: ProcessControl?
  /// Source of its processes' memory beyond the scans; nil on systems without such values.
  package var memory: MemorySource?
  /// State of its connection; nil for this process.
  package var connection: (@Sendable () -> DashboardConnection)?
  /// URL of its page, `http://127.0.0.1:8080/ui/`; nil where none is known.
  package var page: String?

  package init(
    name: String, history: History, demand: SamplingDemand? = nil, processes: ProcessSource? = nil,
    control: ProcessControl? = nil, memory: MemorySource? = nil, page: String? = nil,
    connection: (@Sendable () -> DashboardConnection)? = nil
  ) {
    self.name = name
    self.history = history
    self.demand = demand ?? SamplingDemand(history)
    self.processes = processes
    self.control = control
    self.memory = memory
    self.page = page
    self.connection = connection
  }
}

/// Reason for the dashboard's end.
package enum DashboardExit: Sendable, Equatable {
  /// Ended by the user with `q` or Ctrl-C, or by a closed output.
  case quit
  /// SIGTERM, SIGHUP or SIGQUIT.
  case terminated(signal: Int32)
}
