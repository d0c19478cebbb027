import ArgumentParser
import Dashboard
import Remote
import SystemIO

/// Another machine's agent, and its name in the grid.
struct RemoteTarget: Equatable {
  var url: String
  var name: String

  init(url: String, name: String) {
    self.url = url
    self.name = name
  }

  /// Names the target by its URL, without the parts that most URLs share.
  init(url: String) {
    var name = url[...]
    for scheme in ["http://", "https://"] where name.lowercased().hasPrefix(scheme) {
      name = name.dropFirst(scheme.count)
    }
    while name.hasSuffix("/") { name.removeLast() }
    if name.hasSuffix(":8080") { name = name.dropLast(5) }
    self.init(url: url, name: String(name))
  }

  /// URL of its page; nil for a socket, which no browser opens.
  var page: String? {
    guard url.lowercased().hasPrefix("http") else { return nil }
    return url + (url.hasSuffix("/") ? "ui/" : "/ui/")
  }

  /// Parses a hosts file: URL and optional name per line, comments after `#`.
  static func lines(of text: String) -> [RemoteTarget] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let url = words.first else { return nil }
      return words.count > 1
        ? RemoteTarget(url: url, name: words[1...].joined(separator: " ")) : RemoteTarget(url: url)
    }
  }

  /// The files of `--hosts-file`, read.
  static let hostsFile = SettingDomain<[RemoteTarget]>(
    SettingDomainAbout(allowed: "a file with a line per machine, http://HOST:PORT NAME", completion: .file())
  ) { path throws(SettingRefusal) in
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Files.contents(ofNamed: path)
    } catch {
      throw SettingRefusal(word: path, reason: "must be a readable file (\(SystemError.text(of: error.code)))")
    }
    let targets = lines(of: String(decoding: bytes, as: UTF8.self))
    if let wrong = targets.first(where: { !RemoteMachine.isAddress($0.url) }) {
      throw SettingRefusal(word: wrong.url, reason: "\(path) must have lines such as http://HOST:PORT NAME")
    }
    guard !targets.isEmpty else {
      throw SettingRefusal(word: path, reason: "must have a line per machine, http://HOST:PORT NAME")
    }
    return targets
  }
}

extension SettingValues<MainSettings> {
  /// The machines of `--connect` and `--hosts-file`, each once.
  var targets: [RemoteTarget] {
    var seen: Set<String> = []
    return (self.connect + (self.hostsFile ?? [])).filter { seen.insert($0.url).inserted }
  }
}

/// The dashboard of remote agents.
struct RemoteDashboard {
  let targets: [RemoteTarget]
  let token: @Sendable () -> String?
  /// File with the CA certificates that verify https servers; nil for the system's.
  let authorities: String?
  let historySize: Int
  let terminal: TerminalKind

  /// Runs until the user quits.
  ///
  /// - Throws: RemoteMachine.AddressError, or the terminal's errors.
  func run(options: DashboardOptions) throws {
    let machines = try targets.map { target in
      let machine = try RemoteMachine(
        target.url, by: transport, token: token, authorities: authorities, capacity: historySize)
      return (target: target, machine: machine)
    }
    // A machine that does not respond delays no other.
    let tasks = machines.map { entry in Task.detached { await entry.machine.run() } }
    defer { for task in tasks { task.cancel() } }
    let hosts = machines.map { target, machine in
      DashboardHost(
        name: target.name, history: machine.history, demand: machine.demand,
        processes: .remote { try await machine.processes() },
        memory: .remote { try await machine.memory(of: $0, $1) }, page: target.page,
        connection: {
          let state = machine.state
          return DashboardConnection(
            isConnected: state.isConnected, lag: state.lag, reason: state.reason, address: machine.url)
        })
    }
    _ = try runDashboard(hosts: hosts, options: options, terminal: { try openTerminal(terminal) })
  }
}
