internal import AgentMetrics
internal import History

/// What keys and the mouse do to the state: no terminal, no clock, no machine.
struct Model {
  var state: ScreenState

  /// What is to be done besides drawing.
  enum Effect: Equatable {
    case nothing, draw, quit, suspend, redraw
    /// The settings were changed by hand and are kept.
    case save
    case send(SignalChoice, to: Int32)
  }

  init(_ state: ScreenState = ScreenState()) {
    self.state = state
  }

  // MARK: Keys

  mutating func handle(_ key: KeyPress, in scene: Scene) -> Effect {
    state.note = nil
    // Whatever is open, these are never for it.
    switch key {
    case .character("\u{3}"): return .quit
    case .character("\u{1A}"): return .suspend
    case .character("\u{C}"): return .redraw
    default: break
    }
    if let overlay = state.overlay { return handle(key, overlay, scene) }
    if state.isGrid { return handleGrid(key, scene) }
    guard let action = KeyMap.action(key) else { return .nothing }
    return perform(action, scene)
  }

  /// Does what a key stands for.
  mutating func perform(_ action: Action, _ scene: Scene) -> Effect {
    switch action {
    case .quit: return .quit
    case .suspend: return .suspend
    case .redraw: return .redraw
    case .help: state.overlay = .help(scroll: 0)
    case .explain: state.overlay = .explain(state.focus ?? scene.panels.first ?? .cpu, selected: 0)
    case .settings: state.overlay = .settings(selected: 0)
    case .back: return back(scene)
    case .layout(let step):
      state.settings.layout = step > 0 ? state.settings.layout.next : state.settings.layout.previous
      state.isMaximized = false
      state.note = "layout " + state.settings.layout.rawValue
      return .save
    case .toggle(let panel):
      if state.settings.hidden.remove(panel) == nil { state.settings.hidden.insert(panel) }
      if state.focus == panel { (state.focus, state.isMaximized) = (nil, false) }
      return .save
    case .showAll:
      state.settings.hidden = []
      state.isMaximized = false
      return .save
    case .focus(let step): moveFocus(step, scene)
    case .open: return open(scene)
    case .theme:
      Setting.all.first { $0.key == "theme" }?.step(&state.settings, by: 1)
      state.note = "theme " + state.settings.theme
      return .save
    case .glyphs:
      Setting.all.first { $0.key == "graph" }?.step(&state.settings, by: 1)
      state.note = "graph " + (state.settings.graph?.rawValue ?? "auto")
      return .save
    case .step(let count): travel(by: Double(count) * scene.axis.step, scene)
    case .page(let count):
      if state.focus == .processes || state.table.selected != nil {
        return moveRow(count * max(1, scene.visibleRows - 1), scene)
      }
      travel(by: Double(count) * scene.axis.step * Double(scene.axisColumns / 2), scene)
    case .oldest:
      guard scene.oldest.isFinite else { return .nothing }
      look(at: scene.oldest, scene)
    case .live: (state.moment, state.axisEnd) = (nil, nil)
    case .pause:
      if state.moment != nil {
        (state.moment, state.axisEnd) = (nil, nil)
      } else if let last = scene.entries.last {
        look(at: last.sample.timestamp.seconds, scene)
      }
    case .event(let step): return jump(step, scene)
    case .zoom(let step): zoom(step, scene)
    case .autoZoom: state.zoom = nil
    case .row(let step): return moveRow(step, scene)
    case .sort(let step):
      let all = ProcessColumn.allCases
      let now = all.firstIndex(of: state.table.sort) ?? 0
      sort(by: all[(now + step + all.count) % all.count])
    case .sortBy(let column): sort(by: column)
    case .reverse: state.table.isReversed.toggle()
    case .filter: state.overlay = .filter(before: state.table.filter)
    case .tree:
      state.table.isTree.toggle()
      state.table.closed = []
    case .fold:
      if state.table.isTree {
        guard let pid = state.table.selected else {
          state.note = "choose a process first: up, down"
          return .draw
        }
        if state.table.closed.remove(pid) == nil { state.table.closed.insert(pid) }
      } else {
        state.table.isFolded.toggle()
      }
    case .follow:
      guard state.table.selected != nil || state.table.follows else {
        state.note = "choose a process first: up, down"
        return .draw
      }
      state.table.follows.toggle()
      state.note = state.table.follows ? "following " + String(state.table.selected ?? 0) : "no longer following"
    case .kernelThreads:
      state.table.showsKernelThreads.toggle()
      state.note = state.table.showsKernelThreads ? "kernel threads shown" : "kernel threads hidden"
    case .threads:
      guard scene.hasThreads || state.table.showsThreads else {
        state.note = "threads are known of this machine's processes only"
        return .draw
      }
      state.table.showsThreads.toggle()
      state.note =
        !state.table.showsThreads
        ? "threads hidden"
        : state.table.isFolded && !state.table.isTree
          ? "threads are not shown while processes are folded: z" : "threads of the processes that do something"
    case .details:
      guard let pid = chosen(scene) else { return .nothing }
      state.table.selected = pid
      state.overlay = .details(scene.owners[pid] ?? pid)
    case .signal: return askSignal(scene)
    }
    return .draw
  }

  private func chosen(_ scene: Scene) -> Int32? { state.table.selected ?? scene.rows.first }

  private mutating func sort(by column: ProcessColumn) {
    if state.table.sort == column {
      state.table.isReversed.toggle()
    } else {
      state.table.sort = column
      state.table.isReversed = false
    }
    state.table.scroll = 0
    state.note = "sorted by " + column.meaning + (state.table.isReversed ? ", reversed" : "")
  }

  private mutating func askSignal(_ scene: Scene) -> Effect {
    guard scene.canSignal, state.moment == nil else {
      state.note =
        state.moment != nil ? "signals go to what runs now: End first" : "read-only: no signals are sent from here"
      return .draw
    }
    guard let pid = state.table.selected else {
      state.note = "choose a process first: up, down"
      return .draw
    }
    // A thread cannot be ended alone.
    state.overlay = .signal(scene.owners[pid] ?? pid, selected: 0, isAsked: false)
    return .draw
  }

  /// Closes, unchooses, shows all: one at a time.
  private mutating func back(_ scene: Scene) -> Effect {
    if state.table.selected != nil {
      state.table.selected = nil
      state.table.follows = false
    } else if !state.table.filter.isEmpty {
      state.table.filter = ""
    } else if state.isMaximized {
      state.isMaximized = false
    } else if state.moment != nil {
      (state.moment, state.axisEnd) = (nil, nil)
    } else if state.focus != nil {
      state.focus = nil
    } else if scene.hosts > 1 {
      state.isGrid = true
    } else {
      return .nothing
    }
    return .draw
  }

  private mutating func moveFocus(_ step: Int, _ scene: Scene) {
    guard !scene.panels.isEmpty else { return }
    if let focus = state.focus, let place = scene.panels.firstIndex(of: focus), !state.isMaximized {
      state.focus = scene.panels[(place + step + scene.panels.count) % scene.panels.count]
    } else if state.isMaximized {
      // The next panel alone.
      let all = PanelID.allCases
      let now = all.firstIndex(of: state.focus ?? .cpu) ?? 0
      state.focus = all[(now + step + all.count) % all.count]
    } else {
      state.focus = step > 0 ? scene.panels.first : scene.panels.last
    }
  }

  private mutating func open(_ scene: Scene) -> Effect {
    if let pid = state.table.selected, state.focus == nil || state.focus == .processes {
      state.overlay = .details(scene.owners[pid] ?? pid)
    } else if state.focus != nil {
      state.isMaximized.toggle()
    } else if let first = scene.panels.first {
      // Nothing has the focus yet: the first panel is opened, as Tab and Enter would.
      state.focus = first
      state.isMaximized = true
    }
    return .draw
  }

  private mutating func moveRow(_ step: Int, _ scene: Scene) -> Effect {
    guard !scene.rows.isEmpty else { return .nothing }
    let place: Int
    if let selected = state.table.selected, let now = scene.rows.firstIndex(of: selected) {
      place = min(scene.rows.count - 1, max(0, now + step))
    } else {
      place = step > 0 ? min(scene.rows.count - 1, state.table.scroll) : 0
    }
    state.table.selected = scene.rows[place]
    reveal(place, scene)
    return .draw
  }

  /// Scrolls so that a row can be seen.
  private mutating func reveal(_ place: Int, _ scene: Scene) {
    let last = max(0, scene.rows.count - scene.visibleRows)
    state.table.scroll = min(last, max(place - scene.visibleRows + 1, min(state.table.scroll, place)))
  }

  // MARK: Time

  /// Looks at a moment, and moves the axis where it would not be on it.
  private mutating func look(at moment: Double, _ scene: Scene) {
    state.moment = moment
    let end = state.axisEnd ?? scene.axis.end
    let span = scene.axis.step * Double(scene.axisColumns)
    var newEnd = end
    if moment > end { newEnd = moment }
    if moment <= end - span * 0.98 { newEnd = moment + span / 2 }
    if let last = scene.entries.last?.sample.timestamp.seconds { newEnd = min(newEnd, max(last, moment)) }
    state.axisEnd = newEnd
  }

  private mutating func travel(by seconds: Double, _ scene: Scene) {
    let entries = scene.entries
    guard let first = entries.first, let last = entries.last else { return }
    let now = state.moment ?? last.sample.timestamp.seconds
    let target = now + seconds
    let memory = first.sample.timestamp.seconds
    // Where samples stand that are not on the graph yet is not known.
    let least = max(abs(seconds), Double(scene.interval))
    if seconds < 0, target < memory - 0.01, scene.oldest < memory - 0.01 {
      let known = scene.past.last { $0 <= target + 0.01 && $0 < now - 0.001 }
      look(at: known ?? min(now, max(scene.oldest, now > memory + 0.01 ? target : now - least)), scene)
    } else if seconds > 0, now < memory - 0.01,
      let next = scene.past.first(where: { $0 >= target - 0.01 && $0 > now + 0.001 }) ?? Optional(now + least),
      next < memory
    {
      look(at: next, scene)
    } else if seconds < 0 {
      var place = entries.count - 1
      // At least one sample further, and as far as asked.
      while place > 0,
        entries[place].sample.timestamp.seconds > target + 0.01
          || entries[place].sample.timestamp.seconds >= now - 0.001
      { place -= 1 }
      look(at: min(now, max(entries[place].sample.timestamp.seconds, first.sample.timestamp.seconds)), scene)
    } else if state.moment != nil {
      let next = entries.first {
        $0.sample.timestamp.seconds >= target - 0.01 && $0.sample.timestamp.seconds > now + 0.001
      }
      if let next {
        look(at: next.sample.timestamp.seconds, scene)
      } else {
        (state.moment, state.axisEnd) = (nil, nil)
      }
    }
  }

  private mutating func jump(_ step: Int, _ scene: Scene) -> Effect {
    let now = state.moment ?? .infinity
    let event =
      step > 0
      ? scene.events.first { $0.moment > now + 0.001 }
      : scene.events.last { $0.moment < now - 0.001 }
    guard let event else {
      let known = scene.axis.end - scene.axis.step * Double(scene.axisColumns)
      state.note =
        step < 0 && scene.oldest < known
        ? "no earlier event on the graph: - shows a longer time"
        : scene.events.isEmpty ? "nothing has happened in what is stored" : "no more events that way"
      return .draw
    }
    look(at: event.moment, scene)
    state.note = event.text
    return .draw
  }

  private mutating func zoom(_ step: Int, _ scene: Scene) {
    let now = TimeAxis.steps.firstIndex { $0 >= scene.axis.step - 1e-9 } ?? 0
    let shortest = TimeAxis.step(columns: scene.axisColumns, over: 60)
    let last = scene.entries.last?.sample.timestamp.seconds ?? 0
    let all = scene.oldest.isFinite ? last - scene.oldest : 0
    let longest = max(shortest, TimeAxis.step(columns: scene.axisColumns, over: all))
    let next = min(longest, max(shortest, now + step))
    state.zoom = next
    state.note = "graphs of " + Format.duration(TimeAxis.steps[next] * Double(scene.axisColumns))
    // The moment that is looked at stays in sight.
    if let moment = state.moment {
      let span = TimeAxis.steps[next] * Double(scene.axisColumns)
      if let end = state.axisEnd, moment <= end - span * 0.98 || moment > end {
        state.axisEnd = min(scene.entries.last?.sample.timestamp.seconds ?? moment, moment + span / 2)
      }
    }
  }

  // MARK: Overlays

  private mutating func handle(_ key: KeyPress, _ overlay: ScreenState.Overlay, _ scene: Scene) -> Effect {
    switch overlay {
    case .help(let scroll):
      switch key {
      case .up: state.overlay = .help(scroll: max(0, scroll - 1))
      case .down: state.overlay = .help(scroll: min(max(0, scene.overlayRows), scroll + 1))
      case .pageUp: state.overlay = .help(scroll: max(0, scroll - 10))
      case .pageDown: state.overlay = .help(scroll: min(max(0, scene.overlayRows), scroll + 10))
      case .escape, .character("h"), .function(1), .character("q"), .enter: state.overlay = nil
      default:
        // A key that one has just read of.
        guard let action = KeyMap.action(key), action != .back else { return .nothing }
        state.overlay = nil
        return perform(action, scene)
      }
    case .explain(let panel, let selected):
      let count = scene.overlayRows
      switch key {
      case .up: state.overlay = .explain(panel, selected: max(0, selected - 1))
      case .down: state.overlay = .explain(panel, selected: min(max(0, count - 1), selected + 1))
      case .pageUp: state.overlay = .explain(panel, selected: max(0, selected - 10))
      case .pageDown: state.overlay = .explain(panel, selected: min(max(0, count - 1), selected + 10))
      case .tab, .right, .backTab, .left:
        let all = PanelID.allCases
        let step = key == .tab || key == .right ? 1 : all.count - 1
        state.overlay = .explain(all[((all.firstIndex(of: panel) ?? 0) + step) % all.count], selected: 0)
      case .escape, .character("?"), .character("q"), .enter: state.overlay = nil
      default: return .nothing
      }
    case .settings(let selected):
      let settings = Setting.all.filter { !$0.values.isEmpty }
      switch key {
      case .up: state.overlay = .settings(selected: max(0, selected - 1))
      case .down: state.overlay = .settings(selected: min(settings.count - 1, selected + 1))
      case .left, .right, .character(" "), .enter:
        guard settings.indices.contains(selected) else { return .nothing }
        settings[selected].step(&state.settings, by: key == .left ? -1 : 1)
        applyToTable()
        return .save
      case .escape, .character(":"), .function(2), .character("q"): state.overlay = nil
      default: return .nothing
      }
    case .details(let pid):
      switch key {
      case .escape, .character("d"), .character("q"), .enter: state.overlay = nil
      case .up, .down:
        let effect = moveRow(key == .up ? -1 : 1, scene)
        state.overlay = .details(state.table.selected.map { scene.owners[$0] ?? $0 } ?? pid)
        return effect
      case .pageUp: state.overlayScroll = max(0, min(state.overlayScroll, scene.overlayRows) - 3)
      case .pageDown: state.overlayScroll = min(scene.overlayRows, state.overlayScroll + 3)
      case .character("k"), .function(9): return askSignal(scene)
      default: return .nothing
      }
    case .signal(let pid, let selected, let isAsked):
      return handleSignal(key, pid, selected, isAsked)
    case .filter(let before):
      return handleFilter(key, before)
    }
    return .draw
  }

  /// Settings that also say how the table is now.
  private mutating func applyToTable() {
    state.table.sort = state.settings.sort
    state.table.isTree = state.settings.isTree
    state.table.isFolded = state.settings.isFolded
    state.table.showsKernelThreads = state.settings.showsKernelThreads
  }

  private mutating func handleSignal(_ key: KeyPress, _ pid: Int32, _ selected: Int, _ isAsked: Bool) -> Effect {
    let all = SignalChoice.allCases
    if isAsked {
      // Only a plain yes; Enter would be pressed twice too easily.
      state.overlay = nil
      guard key == .character("y") || key == .character("Y") else {
        state.note = "no signal sent"
        return .draw
      }
      return .send(all[min(selected, all.count - 1)], to: pid)
    }
    switch key {
    case .up: state.overlay = .signal(pid, selected: max(0, selected - 1), isAsked: false)
    case .down: state.overlay = .signal(pid, selected: min(all.count - 1, selected + 1), isAsked: false)
    case .enter: state.overlay = .signal(pid, selected: selected, isAsked: true)
    case .escape, .character("q"): state.overlay = nil
    default: return .nothing
    }
    return .draw
  }

  private mutating func handleFilter(_ key: KeyPress, _ before: String) -> Effect {
    switch key {
    case .enter: state.overlay = nil
    case .escape:
      state.table.filter = before
      state.overlay = nil
    case .backspace:
      guard !state.table.filter.isEmpty else {
        state.overlay = nil
        return .draw
      }
      state.table.filter.removeLast()
    case .character("\u{15}"): state.table.filter = ""
    case .character(let scalar):
      guard scalar.value >= 0x20, state.table.filter.utf8.count < 200 else { return .nothing }
      state.table.filter.unicodeScalars.append(scalar)
    default: return .nothing
    }
    state.table.scroll = 0
    return .draw
  }

  // MARK: Grid of hosts

  private mutating func handleGrid(_ key: KeyPress, _ scene: Scene) -> Effect {
    let order = scene.hostOrder
    let place = order.firstIndex(of: state.host) ?? 0
    switch key {
    case .up: if place > 0 { state.host = order[place - 1] }
    case .down: if place + 1 < order.count { state.host = order[place + 1] }
    case .home: state.host = order.first ?? 0
    case .end: state.host = order.last ?? 0
    case .enter, .right: openHost(state.host)
    default:
      switch KeyMap.action(key) {
      case .quit?: return .quit
      case .help?, .settings?, .theme?: return KeyMap.action(key).map { perform($0, scene) } ?? .nothing
      default: return .nothing
      }
    }
    return .draw
  }

  private mutating func openHost(_ host: Int) {
    state.host = host
    state.isGrid = false
    (state.moment, state.axisEnd, state.focus, state.isMaximized) = (nil, nil, nil, false)
    state.table.selected = nil
    state.table.scroll = 0
  }

  // MARK: Mouse

  mutating func handle(_ mouse: MouseEvent, in scene: Scene) -> Effect {
    switch mouse.kind {
    case .wheelUp, .wheelDown:
      let step = mouse.kind == .wheelUp ? -3 : 3
      if state.overlay != nil {
        return handle(step < 0 ? .up : .down, in: scene)
      }
      if case .moment? = scene.target(x: mouse.x, y: mouse.y)?.target {
        zoom(step < 0 ? -1 : 1, scene)
        return .draw
      }
      let last = max(0, scene.rows.count - scene.visibleRows)
      let scroll = min(last, max(0, state.table.scroll + step))
      guard scroll != state.table.scroll else { return .nothing }
      state.table.scroll = scroll
      return .draw
    case .release: return .nothing
    case .drag, .press:
      guard let hit = scene.target(x: mouse.x, y: mouse.y) else { return .nothing }
      if mouse.kind == .drag, hit.target != .moment { return .nothing }
      state.note = nil
      return click(hit, x: mouse.x, scene)
    }
  }

  private mutating func click(_ hit: Scene.Hit, x: Int, _ scene: Scene) -> Effect {
    switch hit.target {
    case .panel(let panel):
      guard state.overlay == nil else { return .nothing }
      if state.focus == panel, panel != .processes {
        state.focus = nil
      } else {
        state.focus = panel
      }
    case .sort(let column): sort(by: column)
    case .process(let pid):
      if state.table.selected == pid {
        state.overlay = .details(scene.owners[pid] ?? pid)
      } else {
        state.table.selected = pid
      }
    case .key(let key): return handle(key, in: scene)
    case .moment:
      let moment = scene.axis.moment(cell: x - hit.rect.x, width: hit.rect.width, scene.glyphs)
      guard let first = scene.entries.first?.sample.timestamp.seconds else { return .nothing }
      let known = scene.entries.last { $0.sample.timestamp.seconds <= moment + 0.01 }?.sample.timestamp.seconds
      if state.axisEnd == nil { state.axisEnd = scene.axis.end }
      state.moment = known ?? (scene.oldest < first ? max(scene.oldest, moment) : first)
    case .host(let host):
      if state.host == host { openHost(host) } else { state.host = host }
    case .setting(let index):
      if state.overlay == .settings(selected: index) { return handle(.right, in: scene) }
      state.overlay = .settings(selected: index)
    }
    return .draw
  }
}
