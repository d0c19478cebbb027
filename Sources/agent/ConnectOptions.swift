import ArgumentParser
import Dashboard
import Remote
import SystemIO

/// Which other machines' agents `--tui` shows.
struct ConnectOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With --tui: show the machine of the agent at this address, http://HOST:PORT; several show a grid of machines.",
      valueName: "url"))
  var connect: [String] = []

  @Option(
    name: .customLong("hosts-file"), parsing: .unconditional,
    help: ArgumentHelp("With --tui: the same for each line of a file, URL and, if wanted, a name.", valueName: "file"))
  var hostsFile: String?

  /// Whether another machine is to be shown.
  var isWanted: Bool { !connect.isEmpty || hostsFile != nil }

  /// An address, and what its machine is called in the grid.
  struct RemoteTarget: Equatable {
    var url: String
    var name: String
  }

  /// The addresses of the flags and of the file; each once.
  ///
  /// - Throws: Configuration.Mistake where the file cannot be read, or has no address.
  func targets() throws(Configuration.ValidationError) -> [RemoteTarget] {
    var targets = connect.map { RemoteTarget(url: $0, name: Self.name(of: $0)) }
    if let hostsFile {
      guard let bytes = try? Files.contents(of: hostsFile) else {
        throw Configuration.ValidationError(name: "--hosts-file", value: hostsFile, allowed: "a file that can be read")
      }
      let lines = Self.lines(of: String(decoding: bytes, as: UTF8.self))
      guard !lines.isEmpty else {
        throw Configuration.ValidationError(
          name: "--hosts-file", value: hostsFile,
          allowed: "a file with a line for each machine, as http://host:8080 name")
      }
      targets += lines
    }
    var seen: Set<String> = []
    return targets.filter { seen.insert($0.url).inserted }
  }

  /// The lines of a hosts file; `#` begins a comment.
  static func lines(of text: String) -> [RemoteTarget] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let url = words.first else { return nil }
      return RemoteTarget(url: url, name: words.count > 1 ? words[1...].joined(separator: " ") : name(of: url))
    }
  }

  /// The address without what is the same for all of them.
  private static func name(of url: String) -> String {
    var name = url[...]
    for scheme in ["http://", "https://"] where name.lowercased().hasPrefix(scheme) {
      name = name.dropFirst(scheme.count)
    }
    while name.hasSuffix("/") { name.removeLast() }
    if name.hasSuffix(":8080") { name = name.dropLast(5) }
    return String(name)
  }
}

/// The dashboard over other machines' agents.
struct RemoteDashboard {
  let targets: [ConnectOptions.RemoteTarget]
  let token: @Sendable () -> String?
  let historySize: Int

  /// Runs until its user ends it.
  ///
  /// - Throws: RemoteMachine.AddressError; what the terminal throws.
  func run(options: DashboardOptions) throws {
    let machines = try targets.map { target in
      (name: target.name, machine: try RemoteMachine(target.url, token: token, capacity: historySize))
    }
    // One machine that does not answer delays no other.
    let tasks = machines.map { entry in Task.detached { await entry.machine.run() } }
    defer { for task in tasks { task.cancel() } }
    let hosts = machines.map { name, machine in
      DashboardHost(
        name: name, history: machine.history, processes: .remote { try await machine.processes() },
        connection: {
          let state = machine.state
          return DashboardConnection(isConnected: state.isConnected, lag: state.lag, reason: state.reason)
        })
    }
    _ = try runDashboard(hosts: hosts, options: options)
  }
}
