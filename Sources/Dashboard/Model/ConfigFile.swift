internal import SystemIO

/// The settings file: lines of `key = value`; `#` starts a comment.
struct ConfigFile {
  let path: String
  /// Settings of the command line, which are not saved unless they are changed.
  var overrides: [String] = []

  /// `$XDG_CONFIG_HOME/worker-agent/config`, `~/.config/worker-agent/config`; nil where neither is known.
  static func standardPath(_ environment: (String) -> String?) -> String? {
    // The XDG specification requires ignoring relative paths.
    if let folder = environment("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return folder + "/worker-agent/config" }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return home + "/.config/worker-agent/config"
  }

  /// Parses settings over the given ones; also returns the first problem, in one line.
  static func parse(_ text: String, over settings: Settings = Settings()) -> (settings: Settings, problem: String?) {
    var settings = settings
    var problem: String?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard let (key, value) = ConfigFile.assignment(line) else {
        if !String(line.prefix { $0 != "#" }).trimmed.isEmpty {
          problem = problem ?? "line " + String(index + 1) + " is not `key = value`"
        }
        continue
      }
      guard let setting = Setting.all.first(where: { $0.key == key }) else {
        problem = problem ?? "line " + String(index + 1) + ": unknown setting " + key
        continue
      }
      if !setting.set(&settings, value) {
        let allowed = setting.values.isEmpty ? setting.allowed : setting.values.joined(separator: ", ")
        problem = problem ?? "line " + String(index + 1) + ": " + key + " may be " + allowed
      }
    }
    return (settings, problem)
  }

  private static func assignment(_ line: Substring) -> (key: String, value: String)? {
    let line = line.prefix { $0 != "#" }
    guard let equals = line.firstIndex(of: "=") else { return nil }
    return (String(line[..<equals]).trimmed, String(line[line.index(after: equals)...]).trimmed)
  }

  /// Updates a text with the settings: known lines are set, missing ones are appended, all others stay.
  static func text(_ settings: Settings, over old: String) -> String {
    var missing = Setting.all
    var lines: [String] = []
    for line in old.split(separator: "\n", omittingEmptySubsequences: false) {
      if let (key, _) = assignment(line), let place = missing.firstIndex(where: { $0.key == key }) {
        lines.append(key + " = " + missing.remove(at: place).get(settings))
      } else {
        lines.append(String(line))
      }
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    if lines.isEmpty { lines.append("# Settings of the dashboard (F2).") }
    let standard = Settings()
    // Settings at their default need no line.
    for setting in missing where setting.get(settings) != setting.get(standard) {
      lines.append(setting.key + " = " + setting.get(settings))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads the file; a missing file counts as empty.
  func load() -> (settings: Settings, problem: String?) {
    do throws(SystemError) {
      let (settings, problem) = ConfigFile.parse(String(decoding: try Files.contents(ofNamed: path), as: UTF8.self))
      return (settings, problem.map { path + ": " + $0 })
    } catch {
      // Another user's file is as good as none.
      return (Settings(), error.isAbsent || error.code == ErrorCode.noAccess ? nil : error.description)
    }
  }

  /// Writes the file atomically; returns nil, or the reason of a failure.
  func save(_ settings: Settings) -> String? {
    var old = ""
    if let bytes = try? Files.contents(ofNamed: path) { old = String(decoding: bytes, as: UTF8.self) }
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    makeFolder(folder)
    do {
      try Files.replace(path, with: ConfigFile.text(withoutOverrides(settings, old), over: old), mode: 0o600)
      return nil
    } catch {
      return error.description
    }
  }

  /// Gives settings that still have the command line's value that of the file.
  private func withoutOverrides(_ settings: Settings, _ old: String) -> Settings {
    let file = ConfigFile.parse(old).settings
    let overridden = overrides.reduce(file) { ConfigFile.parse($1, over: $0).settings }
    var settings = settings
    for setting in Setting.all where setting.get(overridden) != setting.get(file) {
      if setting.get(settings) == setting.get(overridden) { _ = setting.set(&settings, setting.get(file)) }
    }
    return settings
  }

  private func makeFolder(_ folder: String) {
    var index = folder.startIndex
    while index < folder.endIndex {
      index = folder[folder.index(after: index)...].firstIndex(of: "/") ?? folder.endIndex
      Files.makeFolder(String(folder[..<index]), mode: 0o700)
    }
  }
}
