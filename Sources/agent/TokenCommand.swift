import ArgumentParser
import SystemIO

/// `agent token`: makes a token for clients.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make a random token for --token-file.",
    usage: "agent token [--token-file <file>] [--role <role>]")

  @OptionGroup var options: SettingOptions<TokenSettings>

  func run() throws {
    let options = try options.values([])
    let line = AccessToken.random(role: options.role).line + "\n"
    guard let path = options.tokenFile else {
      try Output.write(line)
      return
    }
    do {
      try Files.create(path, with: line, mode: 0o600)
    } catch {
      throw UnavailableError(description: "\(error)")
    }
    StandardStreams.write("\(path): written, readable by its owner only\n", to: 2)
  }
}
