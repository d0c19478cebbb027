/// The key bindings: one table for the help and the commands.
enum KeyMap {
  struct Binding {
    let keys: [KeyPress]
    /// Names of the keys.
    let label: String
    let meaning: String
    /// Meaning on narrow screens.
    let short: String
    let actions: [Action]

    /// - Parameter actions: one per key, or one for all.
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

  /// Every key with a command, and no others.
  static let sections: [Section] = [
    Section(
      title: "Dashboard",
      bindings: [
        Binding(
          [character("h"), .function(1)], "h F1", "show or hide this help", "help", [.help]),
        Binding([character(":"), .function(2)], ": F2", "settings", "settings", [.settings]),
        Binding(
          [character("b"), character("B")], "b B", "cycle theme; cycle graph style", "looks", [.theme, .glyphs]),
        Binding([character("!")], "!", "silence alerts until they end; show them again", "alerts", [.silence]),
        Binding([.escape], "Esc", "back: close, deselect, clear filter, return to now", "back", [.back]),
        Binding([character("\u{C}")], "Ctrl-L", "redraw", "redraw", [.redraw]),
        Binding([character("\u{1A}")], "Ctrl-Z", "suspend; fg resumes", "suspend", [.suspend]),
        Binding(
          [character("q"), character("Q"), .function(10), character("\u{3}")], "q F10 Ctrl-C", "quit", "quit", [.quit]),
      ]),
    Section(
      title: "Time",
      bindings: [
        Binding([.left, .right], "← →", "step back, forward in time", "time", [.time(.step(-1)), .time(.step(1))]),
        Binding(
          [.shiftPageUp, .shiftPageDown], "⇧PgUp ⇧PgDn", "half a screen back, forward; Ctrl works, too", "far",
          [.time(.page(-1)), .time(.page(1))]),
        Binding([.shiftHome, .shiftEnd], "⇧Home ⇧End", "oldest sample; now", "oldest", [.time(.oldest), .time(.now)]),
        Binding([character("Z")], "Z", "pause the screen, resume", "pause", [.time(.pause)]),
        Binding(
          [character(" ")], "Space", "tag the selected process; without one as Z", "pause", [.time(.space)]),
        Binding(
          [character("n"), character("p")], "n p", "next, previous event (reboot, OOM kill, Xid, ...)", "events",
          [.time(.event(1)), .time(.event(-1))]),
        Binding(
          [character("e")], "e", "list of events; of a selected process its environment", "list", [.events]),
        Binding(
          [character("+"), character("-"), character("_")], "+ -", "zoom in, out", "zoom",
          [-1, 1, 1].map { .time(.zoom($0)) }),
        Binding([character("a")], "a", "zoom to fit", "fit", [.time(.autoZoom)]),
        Binding(
          [character("'")], "'", "mark a time; after moving, ' again ranks the use in between", "who",
          [.time(.mark)]),
        Binding(
          [character("=")], "=", "changes since the mark, or from the viewed time to now", "changes",
          [.time(.compare)]),
        Binding(
          [character("x")], "x", "waste: idle GPUs and throttling since the mark, or for a day", "waste",
          [.time(.waste)]),
        Binding(
          [character("g"), character("y")], "g y", "go to a time: 03:12, yesterday 14:00, -2h; copy a link to it",
          "go to", [.time(.jump), .time(.copyLink)]),
      ]),
    Section(
      title: "Panels",
      bindings: [
        Binding(
          PanelDescriptor.all.map(\.key), "1 … " + String(PanelDescriptor.all.count), "show or hide a panel",
          "panels", PanelDescriptor.all.map { .panels(.toggle($0)) }),
        Binding([character("0")], "0", "show all panels", "all", [.panels(.showAll)]),
        Binding(
          [character("l"), character("L")], "l L", "next, previous layout; l of a selected process: open files",
          "layout",
          [.panels(.layout(1)), .panels(.layout(-1))]),
        Binding(
          [.tab, .backTab], "Tab ⇧Tab", "focus the next, previous panel", "focus",
          [.panels(.focus(1)), .panels(.focus(-1))]),
        Binding(
          [.enter], "Enter", "maximize, restore panel; details of the selected process", "open", [.panels(.open)]),
        Binding(
          [.pageUp, .pageDown, .home, .end], "PgUp … End", "scroll the process table or the focused panel; else time",
          "scroll", [.panels(.page(-1)), .panels(.page(1)), .panels(.first), .panels(.last)]),
        Binding(
          [character("W"), character("O")], "W O", "workloads: containers, services, jobs, ...; users", "workloads",
          [.workloads, .users]),
        Binding(
          [character("v")], "v", "show a panel alone, with all its values: v and its digit", "alone", [.panels(.alone)]),
        Binding([character("?")], "?", "explain the panel's metrics: meaning, source, unit", "explain", [.explain]),
      ]),
    Section(
      title: "Processes",
      bindings: [
        Binding(
          [.up, .down], "↑ ↓", "select a process; scroll the focused panel", "select",
          [.table(.row(-1)), .table(.row(1))]),
        Binding(
          [character("s"), character(">"), character("S"), character("<")], "s S",
          "sort by the next, previous column",
          "sort", [1, 1, -1, -1].map { .table(.sort($0)) }),
        Binding(
          [
            character("c"), character("m"), character("R"), character("w"), character("G"), character("P"),
            character("M"), character("T"), character("N"),
          ], "c m R w G",
          "sort by CPU, memory, reads, writes, GPU; P M T N as in htop", "by",
          [ProcessColumn.cpu, .memory, .read, .write, .gpu].map { .table(.sortBy($0)) }
            + [ProcessColumn.cpu, .memory, .time, .pid].map { .table(.order($0)) }),
        Binding([.function(6)], "F6", "choose the sort column", "sort", [.table(.sortMenu)]),
        Binding(
          [character("r"), character("I")], "r I", "reverse the sort order", "reverse", [.table(.reverse)]),
        Binding([character("C")], "C", "choose and order the columns", "columns", [.table(.columns)]),
        Binding(
          [character("/"), .function(4), character("\\")], "/ F4",
          "filter: text, regex, user:NAME, gpu, >50%cpu, >2gmem, !not",
          "filter",
          [.table(.filter)]),
        Binding(
          [.function(3)], "F3", "search: select matching processes; F3 again: the next", "search", [.table(.search)]),
        Binding(
          [character("A"), character("U")], "A U", "tag all processes that the filter matches; untag all", "tags",
          [.table(.tagAll), .table(.untag)]),
        Binding([character("u")], "u", "show the processes of one user", "user", [.table(.users)]),
        Binding([character("t"), .function(5)], "t F5", "tree view", "tree", [.table(.tree)]),
        Binding(
          [character("z")], "z", "fold processes of one name; in the tree, a branch", "fold", [.table(.fold)]),
        Binding(
          [character("f"), character("F")], "f F", "follow the selected process", "follow", [.table(.follow)]),
        Binding([character("K")], "K", "show or hide kernel threads", "kernel", [.table(.kernelThreads)]),
        Binding([character("H")], "H", "show or hide threads", "threads", [.table(.threads)]),
        Binding(
          [character("d"), character("o"), character("E")], "d o E",
          "details of the process; open files first; environment first", "details",
          [DetailTopic.summary, .files, .environment].map { .table(.details($0)) }),
        Binding(
          [character("k"), .function(9)], "k F9", "send a signal to the selected or tagged processes", "signal",
          [.table(.signal)]),
        Binding(
          [.function(7), .function(8), character("]"), character("[")], "F7 F8",
          "lower, raise the nice value of the chosen processes", "nice",
          [-1, 1, -1, 1].map { .table(.renice($0)) }),
        Binding(
          [character("i")], "i", "I/O priority of the selected or tagged processes", "I/O", [.table(.ioPriority)]),
        Binding(
          [character(","), character(".")], ", .", "scroll chosen columns (C) sideways", "columns",
          [.table(.scrollColumns(-1)), .table(.scrollColumns(1))]),
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

  /// Returns the command of a key on the main screen, if any.
  static func action(_ key: KeyPress) -> Action? { actions[key] }
}
