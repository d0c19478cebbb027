import ArgumentParser
import SystemIO

/// `agent config`: checks and shows the settings of the service.
struct ConfigCommand: ParsableCommand {
  enum Action: String, ExpressibleByArgument, CaseIterable {
    case check, show
  }

  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check the settings file, or show every setting and where it comes from.",
    usage: "agent config check|show [--config <file>]")

  @Argument(help: "check: name every invalid line. show: list the settings with their origin; secrets are hidden.")
  var action: Action

  @OptionGroup var options: SettingOptions<ConfigSettings>

  func run() throws {
    let path = try options.values([]).config
    var file: ConfigFile?
    var problems: [String] = []
    do throws(ConfigFile.Failure) {
      file = try ConfigFile.find(path)
    } catch {
      guard action == .check else { throw Self.report(error.lines) }
      (file, problems) = (error.valid, error.lines)
    }
    let settings = EffectiveSetting.all(Self.sources, file)
    if action == .show {
      try Output.write(EffectiveSetting.table(settings))
      return
    }
    problems += settings.compactMap(\.problem)
    for problem in Self.jointProblems(file) where !problems.contains(problem) { problems.append(problem) }
    if !problems.isEmpty { throw Self.report(problems) }
    let place = file.map { "\($0.path): \($0.count) settings" } ?? "no \(ConfigFile.standardPath)"
    try Output.write("\(place), all valid\n")
  }

  private static var sources: [SettingSource] { [processEnvironment, Credentials.source] }

  /// Faults of settings that are valid each, but not together.
  private static func jointProblems(_ file: ConfigFile?) -> [String] {
    let checks: [() throws -> Void] = [
      { _ = try SettingOptions<PushSettings>().values(sources, file: file).targets(hostName: hostName) },
      { _ = try SettingOptions<AlertSettings>().values(sources, file: file).webhookTargets() },
    ]
    return checks.compactMap { check in
      do {
        try check()
        return nil
      } catch {
        return "\(error)"
      }
    }
  }

  /// Writes a line for each problem.
  private static func report(_ lines: [String]) -> ExitCode {
    for line in lines { StandardStreams.write("agent: \(line)\n", to: 2) }
    return ExitCode(ExitStatus.usage)
  }
}

/// The options of `agent config`.
struct ConfigSettings: SettingTable {
  static let title = ""
  let config = MainSettings().config
}

/// A setting as the service would use it, with the origin of its value.
struct EffectiveSetting {
  let name: String
  let value: String
  /// `default`, `environment`, or `FILE:LINE`.
  let origin: String
  /// Why the value is invalid, in one line; nil if it is valid.
  let problem: String?

  /// All settings that have a variable.
  static func all(_ sources: [SettingSource], _ file: ConfigFile?) -> [EffectiveSetting] {
    Configuration.rows.compactMap { row in
      guard let variable = row.about.variable else { return nil }
      guard let found = FoundText(variable, sources, file) else {
        return EffectiveSetting(name: variable, value: row.about.fallback ?? "", origin: "default", problem: nil)
      }
      var problem: String?
      do throws(SettingRefusal) {
        _ = try row.value(of: row.about.words(of: found.text))
      } catch {
        problem = SettingError(name: found.origin, value: error.word, reason: error.reason).description
      }
      return EffectiveSetting(
        name: variable, value: masked(found.text),
        origin: found.origin == variable ? "environment" : String(found.origin.dropLast(variable.count + 2)),
        problem: problem)
    }
  }

  /// A line per setting: name, value, origin.
  static func table(_ settings: [EffectiveSetting]) -> String {
    let name = settings.map(\.name.count).max() ?? 0
    let value = min(48, settings.map(\.value.count).max() ?? 0)
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    return settings.map { setting in
      padded(setting.name, name) + "  " + padded(setting.value, value) + "  " + setting.origin
        + (setting.problem == nil ? "" : "  (invalid)") + "\n"
    }.joined()
  }

  /// A value without the user information and the query of its URLs, which may contain secrets.
  static func masked(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
      guard let scheme = end(of: "://", in: word) else { return String(word) }
      var rest = word[scheme...]
      if let query = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) { rest = rest[..<query] + "?…" }
      let authority = rest.prefix { $0 != "/" && $0 != "?" }
      if let at = authority.lastIndex(of: "@") { rest = "…" + rest[at...] }
      return String(word[..<scheme] + rest)
    }.joined(separator: " ")
  }

  private static func end(of part: String, in text: Substring) -> Substring.Index? {
    for index in text.indices where text[index...].hasPrefix(part) { return text.index(index, offsetBy: part.count) }
    return nil
  }
}
