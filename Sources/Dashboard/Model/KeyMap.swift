/// The command of a key.
enum Action: Hashable {
  case quit, help, explain, settings, redraw, suspend, back
  case layout(Int), toggle(PanelDescriptor), showAll, focus(Int), open, theme, glyphs
  case step(Int), timePage(Int), oldest, live, pause, event(Int), zoom(Int), autoZoom
  case page(Int), first, last
  case row(Int), sort(Int), sortBy(ProcessColumn), reverse, filter, tree, fold, follow, kernelThreads, threads, details,
    signal

  /// Whether it changes a setting that the config file keeps.
  var changesSettings: Bool {
    switch self {
    case .layout, .toggle, .showAll, .theme, .glyphs, .sort, .sortBy, .reverse, .tree, .fold, .kernelThreads, .threads:
      true
    default: false
    }
  }
}

/// The key bindings: one table for the help and the commands.
enum KeyMap {
  struct Binding {
    let keys: [KeyPress]
    /// The keys in words.
    let label: String
    let meaning: String
    /// For narrow screens.
    let short: String
    let actions: [Action]

    /// - Parameter actions: one for each key, or one for all.
    fileprivate init(_ keys: [KeyPress], _ label: String, _ meaning: String, _ short: String, _ actions: [Action]) {
      self.keys = keys
      self.label = label
      self.meaning = meaning
      self.short = short
      self.actions = actions
    }
  }

  struct Section {
    let title: String
    let bindings: [Binding]
  }

  private static func character(_ scalar: Unicode.Scalar) -> KeyPress { .character(scalar) }

  /// Every key that does something, and nothing else.
  static let sections: [Section] = [
    Section(
      title: "Dashboard",
      bindings: [
        Binding(
          [character("h"), .function(1)], "h F1", "show or hide this help", "help", [.help]),
        Binding([character(":"), .function(2)], ": F2", "settings", "settings", [.settings]),
        Binding(
          [character("T"), character("g")], "T g", "cycle theme; cycle graph style", "looks", [.theme, .glyphs]),
        Binding([.escape], "Esc", "back: close, deselect, clear filter, return to now", "back", [.back]),
        Binding([character("\u{C}")], "Ctrl-L", "redraw", "redraw", [.redraw]),
        Binding([character("\u{1A}")], "Ctrl-Z", "suspend; fg resumes", "suspend", [.suspend]),
        Binding([character("q"), character("Q"), character("\u{3}")], "q Ctrl-C", "quit", "quit", [.quit]),
      ]),
    Section(
      title: "Time",
      bindings: [
        Binding([.left, .right], "← →", "step back, forward in time", "time", [.step(-1), .step(1)]),
        Binding(
          [.shiftPageUp, .shiftPageDown], "⇧PgUp ⇧PgDn", "half a screen back, forward; Ctrl works, too", "far",
          [.timePage(-1), .timePage(1)]),
        Binding([.shiftHome, .shiftEnd], "⇧Home ⇧End", "oldest sample; now", "oldest", [.oldest, .live]),
        Binding([character(" ")], "Space", "pause: freeze the screen; resume", "pause", [.pause]),
        Binding(
          [character("n"), character("p")], "n p", "next, previous event (reboot, OOM kill, Xid, ...)", "events",
          [.event(1), .event(-1)]),
        Binding(
          [character("+"), character("="), character("-"), character("_")], "+ -",
          "zoom in, out", "zoom", [.zoom(-1), .zoom(-1), .zoom(1), .zoom(1)]),
        Binding([character("a")], "a", "zoom to fit", "fit", [.autoZoom]),
      ]),
    Section(
      title: "Panels",
      bindings: [
        Binding(
          PanelDescriptor.all.map(\.key), "1 … " + String(PanelDescriptor.all.count), "show or hide a panel",
          "panels", PanelDescriptor.all.map { .toggle($0) }),
        Binding([character("0")], "0", "show all panels", "all", [.showAll]),
        Binding(
          [character("l"), character("L")], "l L", "next, previous layout", "layout", [.layout(1), .layout(-1)]),
        Binding([.tab, .backTab], "Tab ⇧Tab", "focus the next, previous panel", "focus", [.focus(1), .focus(-1)]),
        Binding([.enter], "Enter", "maximize, restore panel; details of the selected process", "open", [.open]),
        Binding(
          [.pageUp, .pageDown, .home, .end], "PgUp … End", "scroll the process table or the focused panel; else time",
          "scroll", [.page(-1), .page(1), .first, .last]),
        Binding([character("?")], "?", "explain the panel's metrics: meaning, source, unit", "explain", [.explain]),
      ]),
    Section(
      title: "Processes",
      bindings: [
        Binding([.up, .down], "↑ ↓", "select a process; scroll the focused panel", "select", [.row(-1), .row(1)]),
        Binding(
          [character("s"), character(">"), character("S"), character("<")], "s S",
          "sort by the next, previous column",
          "sort", [.sort(1), .sort(1), .sort(-1), .sort(-1)]),
        Binding(
          [character("c"), character("m"), character("i"), character("w"), character("u")], "c m i w u",
          "sort by CPU, memory, read rate, write rate, GPU", "by",
          [
            .sortBy(.cpu), .sortBy(.memory), .sortBy(.read), .sortBy(.write), .sortBy(.gpu),
          ]),
        Binding([character("r")], "r", "reverse the sort order", "reverse", [.reverse]),
        Binding(
          [character("/")], "/", "filter: text, regex, user:NAME, gpu, >50%cpu, >2gmem, !not", "filter", [.filter]),
        Binding([character("t")], "t", "tree view", "tree", [.tree]),
        Binding(
          [character("z")], "z", "fold processes of one name; in the tree, a branch", "fold", [.fold]),
        Binding([character("f")], "f", "follow the selected process", "follow", [.follow]),
        Binding([character("K")], "K", "show or hide kernel threads", "kernel", [.kernelThreads]),
        Binding([character("H")], "H", "show or hide threads", "threads", [.threads]),
        Binding([character("d")], "d", "details of the selected process", "details", [.details]),
        Binding([character("k"), .function(9)], "k F9", "send a signal to the selected process", "signal", [.signal]),
      ]),
  ]

  private static let actions: [KeyPress: Action] = {
    var actions: [KeyPress: Action] = [:]
    for binding in sections.flatMap(\.bindings) {
      for (index, key) in binding.keys.enumerated() {
        actions[key] = binding.actions[min(index, binding.actions.count - 1)]
      }
    }
    return actions
  }()

  /// What a key does on the main screen; nil where it means nothing.
  static func action(_ key: KeyPress) -> Action? { actions[key] }
}
