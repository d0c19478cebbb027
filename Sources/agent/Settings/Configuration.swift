import SystemIO

/// The settings of a run, by section.
struct Configuration {
  var main = SettingValues<MainSettings>()
  var server = SettingValues<ServerSettings>()
  var samples = SettingValues<SampleSettings>()
  var archiveFile = SettingValues<ArchiveFileSettings>()
  var archive = SettingValues<ArchiveSettings>()
  var push = SettingValues<PushSettings>()
  var alerts = SettingValues<AlertSettings>()
  var terminal = SettingValues<TerminalSettings>()
}

extension Configuration {
  /// All settings in the order of `--help`.
  static var rows: [any AnySettingRow] {
    MainSettings.rows + ServerSettings.rows + SampleSettings.rows + ArchiveFileSettings.rows + ArchiveSettings.rows
      + PushSettings.rows + AlertSettings.rows + TerminalSettings.rows
  }

  /// The variables of all settings that have one.
  static let variables = rows.compactMap(\.about.variable)

  /// The given texts by flag, to compare two readings of the settings.
  var texts: [String: String] {
    [
      main.texts, server.texts, samples.texts, archiveFile.texts, archive.texts, push.texts, alerts.texts,
      terminal.texts,
    ]
    .reduce(into: [:]) { $0.merge($1) { first, _ in first } }
  }
}

extension SettingValues<TerminalSettings> {
  /// Settings that override the config file's, as `key=value`.
  var allOverrides: [String] {
    self.overrides + [self.theme.map { "theme=" + $0 }, self.layout.map { "layout=" + $0 }].compactMap { $0 }
  }
}
