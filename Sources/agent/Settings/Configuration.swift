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

extension SettingValues<TerminalSettings> {
  /// Settings that override the config file's, as `key=value`.
  var allOverrides: [String] {
    self.overrides + [self.theme.map { "theme=" + $0 }, self.layout.map { "layout=" + $0 }].compactMap { $0 }
  }
}
