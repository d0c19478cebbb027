/// What a key does.
enum Action: Hashable {
  case quit, help, explain, settings, redraw, suspend, back
  case layout(Int), toggle(PanelID), showAll, focus(Int), open, theme, glyphs
  case step(Int), page(Int), oldest, live, pause, event(Int), zoom(Int), autoZoom
  case row(Int), sort(Int), sortBy(ProcessColumn), reverse, filter, tree, fold, follow, kernelThreads, threads, details,
    signal
}

/// The keys: what the help shows and what is heard are one table.
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
          [character("h"), .function(1)], "h F1", "show or hide these keys", "help", [.help]),
        Binding([character(":"), .function(2)], ": F2", "settings", "settings", [.settings]),
        Binding(
          [character("T"), character("g")], "T g", "next theme; next kind of graph", "looks", [.theme, .glyphs]),
        Binding([.escape], "Esc", "back: closes, unchooses, clears the filter, to now", "back", [.back]),
        Binding([character("\u{C}")], "Ctrl-L", "draw the screen anew", "redraw", [.redraw]),
        Binding([character("\u{1A}")], "Ctrl-Z", "suspend; fg brings it back", "suspend", [.suspend]),
        Binding([character("q"), character("Q"), character("\u{3}")], "q Ctrl-C", "quit", "quit", [.quit]),
      ]),
    Section(
      title: "Time",
      bindings: [
        Binding([.left, .right], "← →", "look at an earlier, a later moment", "time", [.step(-1), .step(1)]),
        Binding([.pageUp, .pageDown], "PgUp PgDn", "half a graph earlier, later", "far", [.page(-1), .page(1)]),
        Binding([.home], "Home", "the oldest moment", "oldest", [.oldest]),
        Binding([.end], "End", "back to now", "now", [.live]),
        Binding([character(" ")], "Space", "pause, or go on", "pause", [.pause]),
        Binding(
          [character("n"), character("p")], "n p", "next, previous event (reboot, OOM kill, Xid and more)", "events",
          [.event(1), .event(-1)]),
        Binding(
          [character("+"), character("="), character("-"), character("_")], "+ -",
          "a shorter, a longer stretch of time",
          "zoom", [.zoom(-1), .zoom(-1), .zoom(1), .zoom(1)]),
        Binding([character("a")], "a", "the stretch that suits the screen", "auto", [.autoZoom]),
      ]),
    Section(
      title: "Panels",
      bindings: [
        Binding(
          PanelID.allCases.map { .character($0.digit.unicodeScalars.first ?? "0") }, "1 … 9", "show or hide a panel",
          "panels", PanelID.allCases.map { .toggle($0) }),
        Binding([character("0")], "0", "show all panels", "all", [.showAll]),
        Binding(
          [character("l"), character("L")], "l L", "next, previous arrangement", "layout", [.layout(1), .layout(-1)]),
        Binding([.tab, .backTab], "Tab ⇧Tab", "go to the next, the previous panel", "focus", [.focus(1), .focus(-1)]),
        Binding([.enter], "Enter", "the panel alone, or all again; details of a chosen process", "open", [.open]),
        Binding([character("?")], "?", "what the panel's figures are and where they come from", "explain", [.explain]),
      ]),
    Section(
      title: "Processes",
      bindings: [
        Binding([.up, .down], "↑ ↓", "choose a process", "choose", [.row(-1), .row(1)]),
        Binding(
          [character("s"), character(">"), character("S"), character("<")], "s S",
          "sort by the next, the previous column",
          "sort", [.sort(1), .sort(1), .sort(-1), .sort(-1)]),
        Binding(
          [character("c"), character("m"), character("i"), character("w"), character("u")], "c m i w u",
          "sort by CPU, memory, reading, writing, GPU", "by",
          [
            .sortBy(.cpu), .sortBy(.memory), .sortBy(.read), .sortBy(.write), .sortBy(.gpu),
          ]),
        Binding([character("r")], "r", "the other way round", "reverse", [.reverse]),
        Binding(
          [character("/")], "/", "filter: text, regex, user:NAME, gpu, >50%cpu, >2gmem, !not", "filter", [.filter]),
        Binding([character("t")], "t", "as a tree", "tree", [.tree]),
        Binding(
          [character("z")], "z", "fold processes of one name; in the tree, a branch", "fold", [.fold]),
        Binding([character("f")], "f", "follow the chosen process", "follow", [.follow]),
        Binding([character("K")], "K", "show or hide the kernel's threads", "kernel", [.kernelThreads]),
        Binding([character("H")], "H", "show or hide the threads of processes", "threads", [.threads]),
        Binding([character("d")], "d", "details of the chosen process", "details", [.details]),
        Binding([character("k"), .function(9)], "k F9", "send the chosen process a signal", "signal", [.signal]),
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
