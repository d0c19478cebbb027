/// The user's choices, as stored in the config file.
struct Settings: Equatable {
  var theme = Theme.calm.name
  /// nil for the terminal's best.
  var graph: Glyphs.GraphGlyphs?
  /// nil for the detected depth.
  var color: ColorDepth?
  var layout = LayoutPreset.overview
  var hidden: Set<PanelDescriptor> = []
  /// nil for automatic, depending on the size of the screen.
  var frames: Bool?
  /// Seconds between two frames.
  var refresh = 1
  var table = TableChoice()
  var mouse = true
  var isUTC = false
  var title = false
  /// Whether j and k move the selection.
  var vi = false
}

/// One setting: its name, and how it is read and changed.
///
/// The only place where a setting is defined.
struct Setting: Sendable {
  let key: String
  /// Description in one line.
  let help: String
  /// Allowed values; empty for a free list.
  let values: [String]
  let get: @Sendable (Settings) -> String
  /// Sets the value; false where the text is not allowed.
  let set: @Sendable (inout Settings, String) -> Bool
  /// Allowed values of a free list, in words.
  var allowed = "names of panels"

  private static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ help: String, _ path: any WritableKeyPath<Settings, Value> & Sendable
  ) -> Setting where Value.RawValue == String {
    Setting(
      key: key, help: help, values: Value.allCases.map(\.rawValue),
      get: { $0[keyPath: path].rawValue },
      set: { settings, text in
        guard let value = Value(rawValue: text) else { return false }
        settings[keyPath: path] = value
        return true
      })
  }

  private static func optional<Value: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ help: String, _ path: any WritableKeyPath<Settings, Value?> & Sendable
  ) -> Setting where Value.RawValue == String {
    Setting(
      key: key, help: help, values: ["auto"] + Value.allCases.map(\.rawValue),
      get: { $0[keyPath: path]?.rawValue ?? "auto" },
      set: { settings, text in
        let value = Value(rawValue: text)
        guard value != nil || text == "auto" else { return false }
        settings[keyPath: path] = value
        return true
      })
  }

  private static func flag(
    _ key: String, _ help: String, _ path: any WritableKeyPath<Settings, Bool> & Sendable
  ) -> Setting {
    Setting(
      key: key, help: help, values: ["on", "off"], get: { $0[keyPath: path] ? "on" : "off" },
      set: { settings, text in
        guard text == "on" || text == "off" else { return false }
        settings[keyPath: path] = text == "on"
        return true
      })
  }

  /// All settings, in the order of display and in the file.
  static let all: [Setting] = [
    Setting(
      key: "theme", help: "colors", values: Theme.all.map(\.name), get: { $0.theme },
      set: { settings, text in
        guard Theme.named(text) != nil else { return false }
        settings.theme = text
        return true
      }),
    .optional("graph", "graph style", \.graph),
    .optional("color", "color depth", \.color),
    .choice("layout", "layout of the panels", \.layout),
    Setting(
      key: "frames", help: "borders", values: ["auto", "on", "off"],
      get: { $0.frames.map { $0 ? "on" : "off" } ?? "auto" },
      set: { settings, text in
        guard ["auto", "on", "off"].contains(text) else { return false }
        settings.frames = text == "auto" ? nil : text == "on"
        return true
      }),
    Setting(
      key: "refresh", help: "refresh interval (s)", values: ["1", "2", "5", "10", "30"],
      get: { String($0.refresh) },
      set: { settings, text in
        guard let seconds = Int(text), (1...86_400).contains(seconds) else { return false }
        settings.refresh = seconds
        return true
      }),
    .choice("sort", "sort column of processes", \.table.sort),
    .flag("reverse", "reverse the sort order", \.table.isReversed),
    .flag("tree", "process tree", \.table.isTree),
    .flag("fold", "one row per process name", \.table.isFolded),
    .flag("threads", "show threads", \.table.showsThreads),
    .flag("kernel-threads", "show kernel threads", \.table.showsKernelThreads),
    .flag("full-command", "whole path of programs where it fits", \.table.showsFullCommand),
    .flag("vi", "j and k select processes; F9 signals", \.vi),
    .flag("mouse", "mouse support", \.mouse),
    .flag("title", "host name as window title", \.title),
    .flag("utc", "times in UTC", \.isUTC),
    Setting(
      key: "columns", help: "columns of processes", values: [],
      get: { $0.table.columns?.map(\.rawValue).joined(separator: ",") ?? "auto" },
      set: { settings, text in
        guard text != "auto" else {
          settings.table.columns = nil
          return true
        }
        var columns: [ProcessColumn] = []
        for word in text.split(separator: ",") {
          guard let column = ProcessColumn(rawValue: String(word).trimmed) else { return false }
          if !columns.contains(column) { columns.append(column) }
        }
        guard !columns.isEmpty else { return false }
        settings.table.columns = columns
        return true
      }, allowed: "auto or some of " + ProcessColumn.allCases.map(\.rawValue).joined(separator: ",")),
    Setting(
      key: "hide", help: "hidden panels", values: [],
      get: { settings in
        PanelDescriptor.all.filter { settings.hidden.contains($0) }.map(\.id).joined(separator: ",")
      },
      set: { settings, text in
        var hidden: Set<PanelDescriptor> = []
        for word in text.split(separator: ",") {
          guard let panel = PanelDescriptor.all.first(where: { $0.id == String(word).trimmed }) else { return false }
          hidden.insert(panel)
        }
        settings.hidden = hidden
        return true
      }),
  ]

  /// Settings of the editor; the first opens the choice of columns.
  static let edited = all.filter { $0.key == "columns" } + all.filter { !$0.values.isEmpty }

  /// Selects the next or previous value.
  func step(_ settings: inout Settings, by count: Int) {
    guard !values.isEmpty else { return }
    let now = values.firstIndex(of: get(settings)) ?? 0
    _ = set(&settings, values[((now + count) % values.count + values.count) % values.count])
  }
}
