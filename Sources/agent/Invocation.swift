import ArgumentParser
import Platforms
import SystemIO

/// Parses a command line, runs its command and reports errors in one line each.
enum Invocation {
  /// An error of the parser, with the command concerned.
  private struct Misuse: Error {
    let command: any ParsableCommand.Type
    let error: any Error
  }

  /// Runs the program's command line.
  static func runAndExit() -> Never {
    platform.prepareTasks()
    exit(run(ProgramArguments.all))
  }

  /// Runs a command line without the program's name; returns the exit code.
  static func run(_ arguments: [String]) -> Int32 {
    // For an unknown subcommand the parser would show the general help.
    if arguments.first == "help", let name = arguments.dropFirst().first, !name.hasPrefix("-"),
      name != "help", !Agent.configuration.subcommands.contains(where: { $0.configuration.commandName == name })
    {
      return report("unknown subcommand '\(name)'", help: "agent")
    }
    var type: any ParsableCommand.Type = Agent.self
    do {
      var command = try command(from: arguments)
      type = Swift.type(of: command)
      try command.run()
      return 0
    } catch let misuse as Misuse {
      return report(misuse.error, of: misuse.command)
    } catch {
      return report(error, of: type)
    }
  }

  /// The command of a command line: the agent itself or a subcommand, with flags in any order around its name.
  ///
  /// The root command would consume a subcommand's `--db` and ignore it, and would accept flags that the subcommand
  /// does not have. So a subcommand is parsed separately, without its name.
  private static func command(from arguments: [String]) throws -> any ParsableCommand {
    var misuse: Misuse?
    for type in Agent.configuration.subcommands {
      for index in arguments.indices where arguments[index] == type.configuration.commandName {
        var rest = arguments
        rest.remove(at: index)
        do {
          return try type.parse(rest)
        } catch {
          // The value of another flag may equal the name, e.g. `--host export`.
          misuse = misuse ?? Misuse(command: type, error: error)
        }
      }
    }
    // Help and version belong to the root command, also for subcommands.
    let command = try Agent.parseAsRoot(arguments)
    if let misuse, Swift.type(of: command) == misuse.command { throw misuse }
    return command
  }

  private static func report(_ error: any Error, of type: any ParsableCommand.Type) -> Int32 {
    let code = type.exitCode(for: error)
    if let error = error as? any UserError {
      write(error.line.printable)
      return error.exitStatus
    }
    // Thrown after its message was written.
    if error is ExitCode { return code.rawValue }
    if code != .validationFailure {
      let text = type.fullMessage(for: error) + "\n"
      guard code.isSuccess else {
        StandardStreams.write(text, to: StandardStreams.errors)
        return code.rawValue
      }
      do throws(UnavailableError) {
        try Output.write(text)
        return code.rawValue
      } catch {
        write(error.line.printable)
        return error.exitStatus
      }
    }
    let message = type.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ").printable
    return report(message, help: type == Agent.self ? "agent" : "agent " + (type.configuration.commandName ?? ""))
  }

  /// Writes one line and returns EX_USAGE.
  private static func report(_ message: String, help name: String) -> Int32 {
    // The parser's messages are sentences.
    var message = ShownValue.message(message.prefix(1).lowercased() + message.dropFirst(), quote: "'")
    if message.hasSuffix(".") { message.removeLast() }
    write("\(message) (see \(name) --help)")
    return ExitStatus.usage
  }

  private static func write(_ line: String) {
    StandardStreams.write("agent: \(line)\n", to: 2)
    ServiceLog.write?(.error, line)
  }
}
