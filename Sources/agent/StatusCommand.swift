import ArgumentParser
import Remote
import SystemIO

/// `agent status`: asks the agent that serves on this machine.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the state of the agent that serves on this machine.",
    usage: "agent status [--port <port>] [--token-file <file>] [--config <file>]",
    discussion: "The exit code is 0 if it works, 1 if its samples are late or its archive fails, 69 without an answer.")

  @OptionGroup var options: SettingOptions<DaemonSettings>

  func run() throws {
    let daemon = try Daemon(options)
    switch daemon.report() {
    case .success(let report):
      StandardStreams.write(report.text, to: 1)
      if let problem = report.problem {
        StandardStreams.write("agent: \(problem)\n", to: 2)
        throw ExitCode(1)
      }
    case .failure(let failure):
      throw UnavailableError(description: "no answer of an agent at \(daemon.address.text): \(failure)")
    }
  }
}

/// Options to reach the agent that serves on this machine.
struct DaemonSettings: SettingTable {
  static let title = ""
  let config = MainSettings().config
  let port = ServerSettings().port
  let tokenFile = SettingRow(
    "--token-file <file>", variable: "TOKEN_FILE", .file, "File with the token that the agent requires.")
}

/// The agent that serves on this machine.
struct Daemon {
  let address: RemoteAddress
  private let token: String?

  init(_ options: SettingOptions<DaemonSettings>) throws {
    let sources = [processEnvironment]
    let path = try options.values([]).config
    let values = try options.values(sources, file: try ConfigFile.find(path))
    address = RemoteAddress(port: values.port)
    // Without the right to read it, the public state remains.
    token = values.tokenFile.flatMap { TokenFile.tokens(in: $0)?.first?.text }
  }

  /// Asks for its state; details only if it accepts the token.
  func report() -> Result<DaemonReport, RemoteDocument.Failure> {
    waiting { [address, token] in
      do throws(RemoteDocument.Failure) {
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
        return .success(report)
      } catch {
        return .failure(error)
      }
    }
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
