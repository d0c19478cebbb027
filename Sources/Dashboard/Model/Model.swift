internal import AgentMetrics
internal import History

/// Applies keys, pastes and the mouse to the state, without a terminal, clock or machine.
struct Model {
  var state: ScreenState
  /// Monotonic seconds, set by the caller before each event.
  var now = 0.0
  /// Whether the key that is handled came together with others, as pasted text does.
  private var isBurst = false

  /// What is to be done besides drawing.
  enum Effect: Equatable {
    case nothing, draw, quit, suspend, redraw
    /// The settings were changed by hand and are saved.
    case save
    /// Holds the process of the signal dialog that was opened.
    case hold(Process)
    case send(SignalChoice, to: Int32)
  }

  init(_ state: ScreenState = ScreenState()) {
    self.state = state
  }

  // MARK: Keys

  /// Handles a key that came faster than typed: it neither changes saved settings nor quits.
  mutating func handle(burst key: KeyPress, in frameContext: FrameContext) -> Effect {
    isBurst = true
    defer { isBurst = false }
    return handle(key, in: frameContext)
  }

  /// Puts pasted text into the open text field, or nowhere.
  mutating func handle(_ paste: Paste, in frameContext: FrameContext) -> Effect {
    state.note = nil
    if case .filter? = state.overlay { return type(paste) }
    // Typed in one go, as a script does: a slash and a filter. Nothing else opens a field by itself.
    if !paste.isBracketed, paste.text.hasPrefix("/"), state.overlay == nil, !state.isGrid {
      state.overlay = .filter(before: state.table.filter)
      return type(Paste(text: String(paste.text.dropFirst()), isBracketed: false))
    }
    ignoreKey()
    state.note = "pasted text ignored; press / first to filter by it"
    return .draw
  }

  private mutating func type(_ paste: Paste) -> Effect {
    let lines = paste.text.split(omittingEmptySubsequences: false) { $0.isNewline }
    // Many lines are one filter; in what may have been typed, the first line is.
    let text = paste.isBracketed ? lines.joined(separator: " ") : String(lines.first ?? "")
    for scalar in text.unicodeScalars {
      if scalar == "\u{8}" {
        if !state.table.filter.isEmpty { state.table.filter.removeLast() }
      } else if state.table.filter.utf8.count < Self.maxFilterLength, scalar.properties.generalCategory != .control {
        state.table.filter.unicodeScalars.append(scalar)
      } else if scalar == "\t", state.table.filter.last != " " {
        state.table.filter.append(" ")
      }
    }
    while state.table.filter.hasSuffix(" ") { state.table.filter.removeLast() }
    state.table.scroll = 0
    if !paste.isBracketed, lines.count == 2, lines[1].isEmpty { state.overlay = nil }
    return .draw
  }

  /// Bytes of a filter.
  private static let maxFilterLength = 200

  /// A confirmation counts from the last key that it ignored.
  private mutating func ignoreKey() {
    guard case .signal(var dialog)? = state.overlay, dialog.isAsked, dialog.shown != nil else { return }
    dialog.shown = now
    state.overlay = .signal(dialog)
  }

  mutating func handle(_ key: KeyPress, in frameContext: FrameContext) -> Effect {
    state.note = nil
    // These work whatever is open.
    switch key {
    case .character("\u{3}"), .character("\u{1C}"): return .quit
    case .character("\u{1A}"): return .suspend
    case .character("\u{C}"): return .redraw
    default: break
    }
    if let overlay = state.overlay { return handle(key, overlay, frameContext) }
    if state.isGrid { return handleGrid(key, frameContext) }
    guard let action = KeyMap.action(key) else { return .nothing }
    return perform(action, frameContext)
  }

  /// Performs the command of a key.
  mutating func perform(_ action: Action, _ frameContext: FrameContext) -> Effect {
    if isBurst, action.changesSettings || action == .quit {
      state.note = "ignored: keys came faster than typed, as pasted text does"
      return .draw
    }
    switch action {
    case .quit: return .quit
    case .suspend: return .suspend
    case .redraw: return .redraw
    case .help: state.overlay = .help(scroll: 0)
    case .explain:
      state.overlay = .explain(state.focus ?? frameContext.panels.first ?? PanelDescriptor.all[0], selected: 0)
    case .settings: state.overlay = .settings(selected: 0)
    case .back: return back(frameContext)
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
    case .focus(let step): moveFocus(step, frameContext)
    case .open: return open(frameContext)
    case .theme:
      Setting.all.first { $0.key == "theme" }?.step(&state.settings, by: 1)
      state.note = "theme " + state.settings.theme
      return .save
    case .glyphs:
      Setting.all.first { $0.key == "graph" }?.step(&state.settings, by: 1)
      state.note = "graph " + (state.settings.graph?.rawValue ?? "auto")
      return .save
    case .step(let count): travel(by: Double(count) * frameContext.axis.step, frameContext)
    case .timePage(let count): pageTime(count, frameContext)
    case .oldest:
      guard frameContext.oldest.isFinite else { return .nothing }
      look(at: frameContext.oldest, frameContext)
    case .live: state.returnToNow()
    case .page(let count):
      if let panel = scrolledPanel(frameContext) {
        return scroll(panel, by: count * max(1, (frameContext.shownRows[panel] ?? 1) - 1), frameContext)
      }
      guard pagesTable else {
        pageTime(count, frameContext)
        return .draw
      }
      return pageTable(count * max(1, frameContext.visibleRows - 1), frameContext)
    case .first:
      if let panel = scrolledPanel(frameContext) { return scroll(panel, by: -.max / 2, frameContext) }
      return pagesTable ? pageTable(-frameContext.rows.count, frameContext) : perform(.oldest, frameContext)
    case .last:
      // The way back from the past and the pause comes first.
      if state.time == nil, !state.isPaused {
        if let panel = scrolledPanel(frameContext) { return scroll(panel, by: .max / 2, frameContext) }
        if pagesTable { return pageTable(frameContext.rows.count, frameContext) }
      }
      state.returnToNow()
    case .pause:
      if state.isPaused || state.time != nil {
        state.returnToNow()
      } else if !frameContext.entries.isEmpty {
        state.isPaused = true
      }
    case .event(let step): return jump(step, frameContext)
    case .zoom(let step): zoom(step, frameContext)
    case .autoZoom: state.zoom = nil
    case .row(let step):
      if let panel = scrolledPanel(frameContext) { return scroll(panel, by: step, frameContext) }
      return moveRow(step, frameContext)
    case .sort(let step):
      let all = ProcessColumn.allCases
      let now = all.firstIndex(of: state.table.sort) ?? 0
      return sort(by: all[(now + step + all.count) % all.count])
    case .sortBy(let column): return sort(by: column)
    case .reverse:
      state.table.isReversed.toggle()
      return saveTable()
    case .filter: state.overlay = .filter(before: state.table.filter)
    case .tree:
      state.table.isTree.toggle()
      state.table.closed = []
      return saveTable()
    case .fold:
      if state.table.isTree {
        guard let pid = state.table.selected else {
          state.note = Self.needsSelection
          return .draw
        }
        if state.table.closed.remove(pid) == nil { state.table.closed.insert(pid) }
      } else {
        state.table.isFolded.toggle()
        return saveTable()
      }
    case .follow:
      guard state.table.selected != nil || state.table.follows else {
        state.note = Self.needsSelection
        return .draw
      }
      state.table.follows.toggle()
      state.note = state.table.follows ? "following " + String(state.table.selected ?? 0) : "no longer following"
    case .kernelThreads:
      state.table.showsKernelThreads.toggle()
      state.note = state.table.showsKernelThreads ? "kernel threads shown" : "kernel threads hidden"
      return saveTable()
    case .threads:
      guard frameContext.hasThreads || state.table.showsThreads else {
        state.note = "threads are available for this machine only"
        return .draw
      }
      state.table.showsThreads.toggle()
      state.note =
        !state.table.showsThreads
        ? "threads hidden"
        : state.table.isFolded && !state.table.isTree
          ? "threads are not shown while processes are folded (z)" : "showing threads of active processes"
      return saveTable()
    case .details:
      guard let pid = chosen(frameContext) else { return .nothing }
      state.table.selected = pid
      state.overlay = .details(frameContext.owners[pid] ?? pid)
    case .signal: return askSignal(frameContext)
    }
    return .draw
  }

  private func chosen(_ frameContext: FrameContext) -> Int32? { state.table.selected ?? frameContext.rows.first }

  private static let needsSelection = "select a process first (up, down)"

  /// Keeps how the table is shown.
  private mutating func saveTable() -> Effect {
    state.settings.table = state.table.choice
    return .save
  }

  private mutating func sort(by column: ProcessColumn) -> Effect {
    if state.table.sort == column {
      state.table.isReversed.toggle()
    } else {
      state.table.sort = column
      state.table.isReversed = false
    }
    state.table.scroll = 0
    state.note = "sorted by " + column.meaning + (state.table.isReversed ? ", reversed" : "")
    return saveTable()
  }

  private mutating func askSignal(_ frameContext: FrameContext) -> Effect {
    guard frameContext.canSignal, state.time == nil else {
      state.note =
        !frameContext.canSignal
        ? "read-only: signals are disabled"
        : "You are viewing the past; press End to return before sending signals"
      return .draw
    }
    guard let selected = state.table.selected else {
      state.note = Self.needsSelection
      return .draw
    }
    // Threads cannot be signalled alone.
    let pid = frameContext.owners[selected] ?? selected
    guard let process = frameContext.processes.first(where: { $0.pid == pid }) else {
      state.note = "no signal sent: " + String(pid) + " has ended"
      return .draw
    }
    let children =
      frameContext.isWholeTable ? frameContext.processes.filter { $0.parent == pid && $0.pid != pid }.count : nil
    let row = frameContext.table.first { $0.process.pid == selected }
    state.overlay = .signal(SignalDialog(process: process, children: children, folded: row?.count ?? 1))
    return .hold(process)
  }

  /// Closes, deselects, restores: one at a time.
  private mutating func back(_ frameContext: FrameContext) -> Effect {
    if state.table.selected != nil {
      state.table.selected = nil
      state.table.follows = false
    } else if !state.table.filter.isEmpty {
      state.table.filter = ""
    } else if state.isMaximized {
      state.isMaximized = false
    } else if state.time != nil {
      (state.time, state.axisEnd) = (nil, nil)
    } else if state.isPaused {
      state.isPaused = false
    } else if state.focus != nil {
      state.focus = nil
    } else if frameContext.hosts > 1 {
      state.isGrid = true
    } else {
      return .nothing
    }
    return .draw
  }

  private mutating func moveFocus(_ step: Int, _ frameContext: FrameContext) {
    guard !frameContext.panels.isEmpty else { return }
    if let focus = state.focus, let place = frameContext.panels.firstIndex(of: focus), !state.isMaximized {
      state.focus = frameContext.panels[(place + step + frameContext.panels.count) % frameContext.panels.count]
    } else if state.isMaximized {
      // The next panel alone.
      state.focus = (state.focus ?? PanelDescriptor.all[0]).step(step)
    } else {
      state.focus = step > 0 ? frameContext.panels.first : frameContext.panels.last
    }
  }

  private mutating func open(_ frameContext: FrameContext) -> Effect {
    if let pid = state.table.selected, state.focus == nil || state.focus == .processes {
      state.overlay = .details(frameContext.owners[pid] ?? pid)
    } else if state.focus != nil {
      state.isMaximized.toggle()
    } else if let first = frameContext.panels.first {
      // Nothing has the focus yet: the first panel is opened, as Tab and Enter would.
      state.focus = first
      state.isMaximized = true
    }
    return .draw
  }

  /// Whether keys that page move in the table of processes.
  private var pagesTable: Bool { state.focus == .processes || state.table.selected != nil }

  /// The focused panel, where it has hidden rows; the table of processes has keys of its own.
  private func scrolledPanel(_ frameContext: FrameContext) -> PanelDescriptor? {
    state.focus.flatMap { $0 != .processes && (frameContext.hiddenRows[$0] ?? 0) > 0 ? $0 : nil }
  }

  private mutating func scroll(_ panel: PanelDescriptor, by step: Int, _ frameContext: FrameContext) -> Effect {
    let last = frameContext.hiddenRows[panel] ?? 0
    let now = min(last, state.scrolls[panel] ?? 0)
    let next = min(last, max(0, now + step))
    state.scrolls[panel] = next
    return next == now ? .nothing : .draw
  }

  /// Moves the selection, or the view where nothing is selected.
  private mutating func pageTable(_ step: Int, _ frameContext: FrameContext) -> Effect {
    guard state.table.selected == nil else { return moveRow(step, frameContext) }
    let next = min(max(0, frameContext.rows.count - frameContext.visibleRows), max(0, state.table.scroll + step))
    guard next != state.table.scroll else { return .nothing }
    state.table.scroll = next
    return .draw
  }

  private mutating func pageTime(_ count: Int, _ frameContext: FrameContext) {
    travel(by: Double(count) * frameContext.axis.step * Double(frameContext.axisColumns / 2), frameContext)
  }

  private mutating func moveRow(_ step: Int, _ frameContext: FrameContext) -> Effect {
    guard !frameContext.rows.isEmpty else { return .nothing }
    let place: Int
    if let selected = state.table.selected, let now = frameContext.rows.firstIndex(of: selected) {
      place = min(frameContext.rows.count - 1, max(0, now + step))
    } else {
      place = step > 0 ? min(frameContext.rows.count - 1, state.table.scroll) : 0
    }
    state.table.selected = frameContext.rows[place]
    reveal(place, frameContext)
    return .draw
  }

  /// Scrolls so that a row can be seen.
  private mutating func reveal(_ place: Int, _ frameContext: FrameContext) {
    let last = max(0, frameContext.rows.count - frameContext.visibleRows)
    state.table.scroll = min(last, max(place - frameContext.visibleRows + 1, min(state.table.scroll, place)))
  }

  // MARK: Time

  /// Looks at a moment, and moves the axis where it would not be on it.
  private mutating func look(at time: Double, _ frameContext: FrameContext) {
    state.time = time
    let end = state.axisEnd ?? frameContext.axis.end
    let span = frameContext.axis.step * Double(frameContext.axisColumns)
    var newEnd = end
    if time > end { newEnd = time }
    if time <= end - span * 0.98 { newEnd = time + span / 2 }
    if let last = frameContext.entries.last?.sample.timestamp.seconds { newEnd = min(newEnd, max(last, time)) }
    state.axisEnd = newEnd
  }

  private mutating func travel(by seconds: Double, _ frameContext: FrameContext) {
    let entries = frameContext.entries
    guard let first = entries.first, let last = entries.last else { return }
    let now = state.time ?? last.sample.timestamp.seconds
    let target = now + seconds
    let memory = first.sample.timestamp.seconds
    // Where samples stand that are not on the graph yet is not known.
    let minimum = max(abs(seconds), Double(frameContext.interval))
    if seconds < 0, target < memory - 0.01, frameContext.oldest < memory - 0.01 {
      let known = frameContext.past.last { $0 <= target + 0.01 && $0 < now - 0.001 }
      look(at: known ?? min(now, max(frameContext.oldest, now > memory + 0.01 ? target : now - minimum)), frameContext)
    } else if seconds > 0, now < memory - 0.01,
      let next = frameContext.past.first(where: { $0 >= target - 0.01 && $0 > now + 0.001 }) ?? Optional(now + minimum),
      next < memory
    {
      look(at: next, frameContext)
    } else if seconds < 0 {
      var place = entries.count - 1
      // At least one sample further, and as far as asked.
      while place > 0,
        entries[place].sample.timestamp.seconds > target + 0.01
          || entries[place].sample.timestamp.seconds >= now - 0.001
      { place -= 1 }
      look(at: min(now, max(entries[place].sample.timestamp.seconds, first.sample.timestamp.seconds)), frameContext)
    } else if state.time != nil {
      let next = entries.first {
        $0.sample.timestamp.seconds >= target - 0.01 && $0.sample.timestamp.seconds > now + 0.001
      }
      if let next {
        look(at: next.sample.timestamp.seconds, frameContext)
      } else {
        (state.time, state.axisEnd) = (nil, nil)
      }
    }
  }

  private mutating func jump(_ step: Int, _ frameContext: FrameContext) -> Effect {
    let now = state.time ?? .infinity
    let event =
      step > 0
      ? frameContext.events.first { $0.time > now + 0.001 }
      : frameContext.events.last { $0.time < now - 0.001 }
    guard let event else {
      let known = frameContext.axis.end - frameContext.axis.step * Double(frameContext.axisColumns)
      state.note =
        step < 0 && frameContext.oldest < known
        ? "no earlier event on the graph; - zooms out"
        : frameContext.events.isEmpty ? "no events recorded" : "no further events"
      return .draw
    }
    look(at: event.time, frameContext)
    state.note = frameContext.time(event.time) + " " + event.text
    return .draw
  }

  private mutating func zoom(_ step: Int, _ frameContext: FrameContext) {
    let now = TimeAxis.steps.firstIndex { $0 >= frameContext.axis.step - 1e-9 } ?? 0
    let shortest = TimeAxis.step(columns: frameContext.axisColumns, over: 60)
    let last = frameContext.entries.last?.sample.timestamp.seconds ?? 0
    let all = frameContext.oldest.isFinite ? last - frameContext.oldest : 0
    let longest = max(shortest, TimeAxis.step(columns: frameContext.axisColumns, over: all))
    let next = min(longest, max(shortest, now + step))
    state.zoom = next
    state.note = "graphs of " + TextFormat.duration(TimeAxis.steps[next] * Double(frameContext.axisColumns))
    // The moment that is looked at stays in sight.
    if let time = state.time {
      let span = TimeAxis.steps[next] * Double(frameContext.axisColumns)
      if let end = state.axisEnd, time <= end - span * 0.98 || time > end {
        state.axisEnd = min(frameContext.entries.last?.sample.timestamp.seconds ?? time, time + span / 2)
      }
    }
  }

  // MARK: Overlays

  private mutating func handle(_ key: KeyPress, _ overlay: ScreenState.Overlay, _ frameContext: FrameContext) -> Effect
  {
    switch overlay {
    case .help(let scroll):
      switch key {
      case .up: state.overlay = .help(scroll: max(0, scroll - 1))
      case .down: state.overlay = .help(scroll: min(max(0, frameContext.overlayRows), scroll + 1))
      case .pageUp: state.overlay = .help(scroll: max(0, scroll - 10))
      case .pageDown: state.overlay = .help(scroll: min(max(0, frameContext.overlayRows), scroll + 10))
      case .escape, .character("h"), .function(1), .character("q"), .enter: state.overlay = nil
      default:
        // A key that one has just read of.
        guard let action = KeyMap.action(key), action != .back else { return .nothing }
        state.overlay = nil
        return perform(action, frameContext)
      }
    case .explain(let panel, let selected):
      let count = frameContext.overlayRows
      switch key {
      case .up: state.overlay = .explain(panel, selected: max(0, selected - 1))
      case .down: state.overlay = .explain(panel, selected: min(max(0, count - 1), selected + 1))
      case .pageUp: state.overlay = .explain(panel, selected: max(0, selected - 10))
      case .pageDown: state.overlay = .explain(panel, selected: min(max(0, count - 1), selected + 10))
      case .tab, .right, .backTab, .left:
        state.overlay = .explain(panel.step(key == .tab || key == .right ? 1 : -1), selected: 0)
      case .escape, .character("?"), .character("q"), .enter: state.overlay = nil
      default: return .nothing
      }
    case .settings(let selected):
      let settings = Setting.all.filter { !$0.values.isEmpty }
      switch key {
      case .up: state.overlay = .settings(selected: max(0, selected - 1))
      case .down: state.overlay = .settings(selected: min(settings.count - 1, selected + 1))
      case .left, .right, .character(" "), .enter:
        guard settings.indices.contains(selected), !isBurst else { return .nothing }
        settings[selected].step(&state.settings, by: key == .left ? -1 : 1)
        state.table.choice = state.settings.table
        return .save
      case .escape, .character(":"), .function(2), .character("q"): state.overlay = nil
      default: return .nothing
      }
    case .details(let pid):
      switch key {
      case .escape, .character("d"), .character("q"), .enter: state.overlay = nil
      case .up, .down:
        let effect = moveRow(key == .up ? -1 : 1, frameContext)
        state.overlay = .details(state.table.selected.map { frameContext.owners[$0] ?? $0 } ?? pid)
        return effect
      case .pageUp: state.overlayScroll = max(0, min(state.overlayScroll, frameContext.overlayRows) - 3)
      case .pageDown: state.overlayScroll = min(frameContext.overlayRows, state.overlayScroll + 3)
      case .character("k"), .function(9): return askSignal(frameContext)
      default: return .nothing
      }
    case .signal(let dialog): return handleSignal(key, dialog)
    case .filter(let before):
      return handleFilter(key, before)
    }
    return .draw
  }

  private mutating func handleSignal(_ key: KeyPress, _ dialog: SignalDialog) -> Effect {
    var dialog = dialog
    let all = SignalChoice.allCases
    if dialog.isAsked {
      if key != .escape {
        // Typed ahead, or pasted: not an answer to what is on the screen.
        guard !isBurst, let shown = dialog.shown, now - shown >= SignalDialog.delay else {
          ignoreKey()
          return .nothing
        }
      }
      state.overlay = nil
      // Only y; Enter is pressed twice too easily.
      guard key == .character("y") || key == .character("Y") else {
        state.note = "no signal sent"
        return .draw
      }
      return .send(all[min(dialog.selected, all.count - 1)], to: dialog.process.pid)
    }
    switch key {
    case .up: dialog.selected = max(0, dialog.selected - 1)
    case .down: dialog.selected = min(all.count - 1, dialog.selected + 1)
    case .enter: dialog.isAsked = true
    case .escape, .character("q"):
      state.overlay = nil
      return .draw
    default: return .nothing
    }
    state.overlay = .signal(dialog)
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
      guard scalar.value >= 0x20, state.table.filter.utf8.count < Self.maxFilterLength else { return .nothing }
      state.table.filter.unicodeScalars.append(scalar)
    default: return .nothing
    }
    state.table.scroll = 0
    return .draw
  }

  // MARK: Grid of hosts

  private mutating func handleGrid(_ key: KeyPress, _ frameContext: FrameContext) -> Effect {
    let order = frameContext.hostOrder
    let place = order.firstIndex(of: state.host) ?? 0
    switch key {
    case .up: if place > 0 { state.host = order[place - 1] }
    case .down: if place + 1 < order.count { state.host = order[place + 1] }
    case .home: state.host = order.first ?? 0
    case .end: state.host = order.last ?? 0
    case .enter, .right: openHost(state.host)
    default:
      switch KeyMap.action(key) {
      case .quit?, .help?, .settings?, .theme?: return KeyMap.action(key).map { perform($0, frameContext) } ?? .nothing
      default: return .nothing
      }
    }
    return .draw
  }

  private mutating func openHost(_ host: Int) {
    state.host = host
    state.isGrid = false
    state.returnToNow()
    (state.focus, state.isMaximized, state.scrolls) = (nil, false, [:])
    state.table.selected = nil
    state.table.scroll = 0
  }

  // MARK: Mouse

  mutating func handle(_ mouse: MouseEvent, in frameContext: FrameContext) -> Effect {
    switch mouse.kind {
    case .wheelUp, .wheelDown:
      let step = mouse.kind == .wheelUp ? -3 : 3
      if state.overlay != nil {
        return handle(step < 0 ? .up : .down, in: frameContext)
      }
      if case .time? = frameContext.target(x: mouse.x, y: mouse.y)?.target {
        zoom(step < 0 ? -1 : 1, frameContext)
        return .draw
      }
      if let panel = frameContext.panel(x: mouse.x, y: mouse.y), panel != .processes {
        return scroll(panel, by: step / 3, frameContext)
      }
      let last = max(0, frameContext.rows.count - frameContext.visibleRows)
      let scroll = min(last, max(0, state.table.scroll + step))
      guard scroll != state.table.scroll else { return .nothing }
      state.table.scroll = scroll
      return .draw
    case .release: return .nothing
    case .drag, .press:
      guard let hit = frameContext.target(x: mouse.x, y: mouse.y) else { return .nothing }
      if mouse.kind == .drag, hit.target != .time { return .nothing }
      state.note = nil
      return click(hit, x: mouse.x, frameContext)
    }
  }

  private mutating func click(_ hit: FrameContext.Hit, x: Int, _ frameContext: FrameContext) -> Effect {
    switch hit.target {
    case .panel(let panel):
      guard state.overlay == nil else { return .nothing }
      if state.focus == panel, panel != .processes {
        state.focus = nil
      } else {
        state.focus = panel
      }
    case .sort(let column): return sort(by: column)
    case .process(let pid):
      if state.table.selected == pid {
        state.overlay = .details(frameContext.owners[pid] ?? pid)
      } else {
        state.table.selected = pid
      }
    case .key(let key): return handle(key, in: frameContext)
    case .time:
      let time = frameContext.axis.time(cell: x - hit.rect.x, width: hit.rect.width, frameContext.glyphs)
      guard let first = frameContext.entries.first?.sample.timestamp.seconds else { return .nothing }
      let known = frameContext.entries.last { $0.sample.timestamp.seconds <= time + 0.01 }?.sample.timestamp.seconds
      if state.axisEnd == nil { state.axisEnd = frameContext.axis.end }
      state.time = known ?? (frameContext.oldest < first ? max(frameContext.oldest, time) : first)
    case .host(let host):
      if state.host == host { openHost(host) } else { state.host = host }
    case .setting(let index):
      if state.overlay == .settings(selected: index) { return handle(.right, in: frameContext) }
      state.overlay = .settings(selected: index)
    }
    return .draw
  }
}
