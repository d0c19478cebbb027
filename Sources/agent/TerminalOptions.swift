import ArgumentParser
import Dashboard

/// How `--tui` looks, and what it may do.
struct TerminalOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: ArgumentHelp("With --tui: colours, as --set theme=NAME.", valueName: "name"))
  var theme: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("With --tui: arrangement, as --set layout=NAME.", valueName: "name"))
  var layout: String?

  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With --tui: a setting that wins over the config file: "
        + DashboardOptions.settingsHelp.map { setting in
          setting.key + (setting.values.isEmpty ? "" : "=" + setting.values.joined(separator: "|"))
        }.joined(separator: ", ") + ".", valueName: "setting=value"))
  var settings: [String] = []

  @Flag(name: .customLong("read-only"), help: "With --tui: send no signals to processes.")
  var readOnly = false

  /// What wins over the config file.
  var overrides: [String] {
    settings + named.map { $0.key + "=" + $0.value }
  }

  /// Settings that have a flag of their own.
  private var named: [(key: String, value: String)] {
    [("theme", theme), ("layout", layout)].compactMap { key, value in value.map { (key, $0) } }
  }

  /// What is wrong with them, in one line; nil where nothing is.
  var problem: String? {
    for (key, value) in named where DashboardOptions.problem(ofOverride: key + "=" + value) != nil {
      let allowed = DashboardOptions.settingsHelp.first { $0.key == key }?.values ?? []
      return "--\(key): \"\(value)\" is not allowed; allowed is \(allowed.joined(separator: ", "))"
    }
    for setting in settings {
      if let problem = DashboardOptions.problem(ofOverride: setting) { return "--set: \"\(setting)\": \(problem)" }
    }
    return nil
  }
}
