import ArgumentParser
import Remote
import SystemIO

/// `agent status`: asks the agent that serves on this machine.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the state of the agent that serves on this machine.",
    usage: "agent status [--connect <url>] [--port <port>] [--token-file <file>] [--config <file>]",
    discussion: """
      It reads the settings of the service, and reaches it over its Unix socket or its port, with its token, and over https \
      with the certificate that it serves.

      The exit code is 0 if it works, 1 if its samples are late or its archive fails, 69 without an answer.
      """)

  @OptionGroup var options: SettingOptions<DaemonSettings>

  func run() throws {
    let daemon = try Daemon(options)
    switch daemon.report() {
    case .success(let report):
      try Output.write(report.text)
      if let problem = report.problem {
        StandardStreams.write("agent: \(problem)\n", to: 2)
        throw ExitCode(1)
      }
    case .failure(let failure):
      throw UnavailableError(description: "no answer of an agent at \(failure.description)")
    }
  }
}

/// The agent that serves on this machine.
struct Daemon {
  /// Reasons of all addresses, in one line.
  struct Failure: Error, Sendable {
    let description: String
    /// Whether a server was reached, but not over TLS.
    var isTLS = false
  }

  private let access: DaemonAccess

  init(_ options: SettingOptions<DaemonSettings>) throws {
    try Self.check(options)
    let sources = [processEnvironment]
    let path = try options.values([]).config
    let values = try options.values(sources, file: try ConfigFile.find(path))
    if values.authorities != nil, values.agent == nil, values.certificate == nil {
      throw UsageError(description: "--connect-ca-file requires an agent over https: --connect https://… or --tls-cert")
    }
    access = try DaemonAccess(values)
  }

  /// Refuses flags that an address given beside them would make ineffective.
  static func check(_ options: SettingOptions<DaemonSettings>) throws {
    let given = try options.values([])
    guard let agent = given.agent else { return }
    for flag in ["host", "port", "listen", "tls-cert", "tls-client-ca"] where given.texts[flag] != nil {
      throw UsageError(description: "--connect excludes --\(flag), with which the settings name the agent")
    }
    if given.authorities != nil, !agent.lowercased().hasPrefix("https://") {
      throw UsageError(description: "--connect-ca-file requires --connect https://…")
    }
  }

  /// Asks for its state; details only if it accepts the token.
  func report() -> Result<DaemonReport, Failure> {
    waiting { [access] in
      var reasons: [String] = []
      var isTLS = false
      for address in access.addresses {
        do throws(RemoteDocument.Failure) {
          return .success(try await Self.report(of: address, token: access.token(for: address)))
        } catch {
          reasons.append("\(address.text): \(error)")
          isTLS = isTLS || error.isTLS
        }
      }
      let hint = access.wantsCertificate ? " (it requires a client certificate; LISTEN=unix:/PATH opens a socket)" : ""
      return .failure(Failure(description: reasons.joined(separator: "; ") + hint, isTLS: isTLS))
    }
  }

  private static func report(
    of address: RemoteAddress, token: String?
  ) async throws(RemoteDocument.Failure) -> DaemonReport {
    let document = RemoteDocument(of: address, by: transport, token: token)
    var report = DaemonReport(address: address.text, health: try await document.get("/health"))
    do throws(RemoteDocument.Failure) {
      report.version = try await document.get("/version")
      report.push = try await document.get("/push/status")
      report.sample = try await document.get("/metrics/latest")
    } catch {
      report.refusal = error.status == 401 || error.status == 403 ? "details need --token-file" : error.description
    }
    do throws(RemoteDocument.Failure) {
      _ = try await document.get("/health?strict")
    } catch {
      report.isLate = error.status == 503
    }
    return report
  }
}

/// Waits on the calling thread for asynchronous work.
func waiting<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
  let result = Condition<Value?>(nil)
  Task.detached {
    let value = await body()
    result.update { $0 = value }
  }
  while true {
    if let value = result.wait({ $0 }) { return value }
  }
}
