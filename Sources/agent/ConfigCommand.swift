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
    if action == .show {
      let file: ConfigFile?
      do throws(ConfigFile.Failure) { file = try ConfigFile.find(path) } catch { throw Self.report(error.lines) }
      try Output.write(EffectiveSetting.table(EffectiveSetting.all(SettingCheck.sources, file)))
      return
    }
    let check = SettingCheck(path)
    if !check.problems.isEmpty { throw Self.report(check.problems) }
    for line in check.warnings + check.ruleWarnings { StandardStreams.write("agent: \(line)\n", to: 2) }
    try Output.write(check.summary + "\n")
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
        name: variable, value: ShownValue.valid(found.text, hidesPaths: row.about.domain.hidesPaths),
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
}
