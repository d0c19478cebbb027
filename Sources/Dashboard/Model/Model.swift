internal import AgentMetrics
internal import Query
internal import SampleStore

/// Applies keys, pastes and the mouse to the state, without a terminal, clock or machine.
struct Model {
  var state: ScreenState
  /// Monotonic seconds, set by the caller before each event.
  var now = 0.0
  /// Whether the current key came together with others, as pasted text does.
  private var isBurst = false

  /// Consequence of an event besides the changed state.
  enum Effect: Equatable {
    case nothing, draw, quit, suspend, redraw
    /// Saves the settings, which the user has changed.
    case save
    /// Holds the process of the opened signal dialog.
    case hold(Process)
    /// Holds all processes of the opened signal dialog.
    case holdAll([Process])
    case send(SignalChoice, to: Int32)
    /// Silences the firing alerts of this machine, or ends their silence.
    case silence(Bool)
    /// Adds a step to the nice values of processes.
    case renice([Process], by: Int)
    /// Opens the choice of an I/O priority at that of the first process.
    case askIOPriority([Process])
    case setIOPriority([Process], to: IOPriority)
    /// Copies a text to the clipboard.
    case copy(String)

    static func draw(if hasChanged: Bool) -> Effect { hasChanged ? .draw : .nothing }
  }

  init(_ state: ScreenState = ScreenState()) {
    self.state = state
  }

  // MARK: Keys

  /// Handles a key that arrived faster than typed: it neither changes saved settings nor quits.
  mutating func handle(burst key: KeyPress, in frameContext: FrameContext) -> Effect {
    isBurst = true
    defer { isBurst = false }
    return handle(key, in: frameContext)
  }

  /// Puts pasted text into the open text field, or drops it.
  mutating func handle(_ paste: Paste, in frameContext: FrameContext) -> Effect {
    state.note = nil
    if case .filter? = state.overlay { return type(paste) }
    if case .jump(let prompt)? = state.overlay { return state.type(paste, into: prompt, frameContext) }
    if case .search(let text)? = state.overlay { return state.search(paste, after: text, frameContext) }
    // A script types a slash and a filter without a pause. No other text opens a field by itself.
    if !paste.isBracketed, paste.text.hasPrefix("/"), state.overlay == nil, !state.isGrid {
      state.overlay = .filter(before: state.table.filter)
      return type(Paste(text: String(paste.text.dropFirst()), isBracketed: false))
    }
    if case .signal(var dialog)? = state.overlay {
      dialog.ignoreKey(at: now)
      state.overlay = .signal(dialog)
    }
    state.note = "pasted text ignored; press / first to filter by it"
    return .draw
  }

  private mutating func type(_ paste: Paste) -> Effect {
    if state.table.type(paste) { state.applyFilter() }
    return .draw
  }

  mutating func handle(_ key: KeyPress, in frameContext: FrameContext) -> Effect {
    state.note = nil
    // These work in every overlay.
    switch key {
    case .character("\u{3}"), .character("\u{1C}"): return .quit
    case .character("\u{1A}"): return .suspend
    case .character("\u{C}"): return .redraw
    default: break
    }
    if let overlay = state.overlay { return handle(key, overlay, frameContext) }
    if state.isGrid { return handleGrid(key, frameContext) }
    if state.settings.vi, key == .character("j") || key == .character("k") {
      return perform(.table(.row(key == .character("j") ? 1 : -1)), frameContext)
    }
    guard let action = KeyMap.action(key) else { return .nothing }
    return perform(action, frameContext)
  }

  /// Performs the command of a key.
  mutating func perform(_ action: Action, _ frameContext: FrameContext) -> Effect {
    if isBurst, action.changesSettings || action == .quit {
      state.note = "ignored: keys came faster than typed, as pasted text does"
      return .draw
    }
    return state.perform(action, frameContext)
  }

  // MARK: Overlays

  private mutating func handle(_ key: KeyPress, _ overlay: ScreenState.Overlay, _ frameContext: FrameContext) -> Effect
  {
    switch overlay {
    case .help(let scroll): return handleHelp(key, scroll, frameContext)
    case .explain(let panel, let selected): return handleExplanation(key, panel, selected, frameContext)
    case .settings(let selected): return handleSettings(key, selected)
    case .workloads(var choice):
      let details = frameContext.details
      let page = max(1, details.visible - 1)
      if let order = WorkloadOrder(key) {
        (choice.sort, choice.selected, choice.scroll) = (order, 0, 0)
      } else if key == .tab || key == .backTab {
        (choice.isByUser, choice.selected, choice.scroll) = (!choice.isByUser, 0, 0)
      } else if details.hidden > 0, key == .pageUp || key == .pageDown {
        let first = min(choice.scroll, details.hidden) + (key == .pageUp ? -page : page)
        choice.scroll = min(details.hidden, max(0, first))
      } else if key == .enter {
        choice.hasDetails = !(choice.hasDetails ?? frameContext.hasWideOverlay)
      } else if [.escape, .character("W"), .character("O"), .character("q")].contains(key) {
        state.overlay = nil
        return .draw
      } else {
        guard let next = key.move(in: frameContext.overlayRows, from: choice.selected) else { return .nothing }
        (choice.selected, choice.scroll) = (next, 0)
      }
      state.overlay = .workloads(choice)
    case .ranking(var choice):
      if [.escape, .character("'"), .character("q"), .enter].contains(key) {
        state.overlay = nil
        return .draw
      }
      if !choice.select(key) {
        guard let next = key.move(in: frameContext.overlayRows, from: choice.selected) else { return .nothing }
        choice.selected = next
      }
      state.overlay = .ranking(choice)
    case .events(let choice): return handleEvents(key, choice, frameContext)
    case .comparison(let choice): return state.handle(key, choice, frameContext)
    case .waste(let choice): return state.handle(key, choice, frameContext)
    case .details(let pid): return handleDetails(key, pid, frameContext)
    case .signal(let dialog): return handleSignal(key, dialog)
    case .alone(let selected): return state.handleAlone(key, selected)
    case .ioPriority(let dialog): return state.handle(key, dialog)
    case .filter(let before): return handleFilter(key, before)
    case .columns(let selected): return isBurst ? .nothing : state.handleColumns(key, selected)
    case .sortMenu(let selected): return isBurst ? .nothing : state.handleSortMenu(key, selected)
    case .users(let selected): return state.handleUsers(key, selected, frameContext)
    case .search(let text): return state.handleSearch(key, text, frameContext)
    case .jump(let prompt): return state.handle(key, prompt, frameContext)
    }
    return .draw
  }

  private mutating func handleExplanation(
    _ key: KeyPress, _ panel: PanelDescriptor, _ selected: Int, _ frameContext: FrameContext
  ) -> Effect {
    switch key {
    case .tab, .right: state.overlay = .explain(panel.step(1), selected: 0)
    case .backTab, .left: state.overlay = .explain(panel.step(-1), selected: 0)
    case .escape, .character("?"), .character("q"), .enter: state.overlay = nil
    default:
      guard let next = key.move(in: frameContext.overlayRows, from: selected) else { return .nothing }
      state.overlay = .explain(panel, selected: next)
    }
    return .draw
  }

  private mutating func handleSettings(_ key: KeyPress, _ selected: Int) -> Effect {
    let settings = Setting.edited
    switch key {
    case .left, .right, .character(" "), .enter:
      guard settings.indices.contains(selected), !isBurst else { return .nothing }
      guard !settings[selected].values.isEmpty else {
        state.overlay = .columns(selected: 0)
        return .draw
      }
      settings[selected].step(&state.settings, by: key == .left ? -1 : 1)
      state.table.choice = state.settings.table
      return .save
    case .escape, .character(":"), .function(2), .character("q"): state.overlay = nil
    default:
      guard let next = key.move(in: settings.count, from: selected) else { return .nothing }
      state.overlay = .settings(selected: next)
    }
    return .draw
  }

  private mutating func handleHelp(_ key: KeyPress, _ scroll: Int, _ frameContext: FrameContext) -> Effect {
    if let next = key.move(in: frameContext.overlayRows + 1, from: scroll) {
      state.overlay = .help(scroll: next)
      return .draw
    }
    let action = KeyMap.action(key)
    guard action != .back, action != .help, action != .quit, key != .enter else {
      state.overlay = nil
      return .draw
    }
    // A key that the user has just read about.
    guard let action else { return .nothing }
    state.overlay = nil
    return perform(action, frameContext)
  }

  private mutating func handleEvents(_ key: KeyPress, _ choice: EventChoice, _ frameContext: FrameContext) -> Effect {
    var choice = choice
    switch key {
    case .enter:
      state.overlay = nil
      let events = frameContext.listedEvents
      guard !events.isEmpty else { return .draw }
      let event = events[min(choice.selected, events.count - 1)]
      state.isPaused = false
      state.cursor.view(event.time, frameContext)
      state.note = frameContext.time(event.time) + " " + event.text
      return .draw
    case .escape, .character("e"), .character("q"):
      state.overlay = nil
      return .draw
    case .tab, .right: choice.changeMinimum(by: 1)
    case .backTab, .left: choice.changeMinimum(by: -1)
    default:
      guard let next = key.move(in: frameContext.overlayRows, from: choice.selected) else { return .nothing }
      choice.selected = next
    }
    state.overlay = .events(choice)
    return .draw
  }

  private mutating func handleDetails(_ key: KeyPress, _ pid: Int32, _ frameContext: FrameContext) -> Effect {
    let page = max(1, frameContext.overlayVisible - 1)
    switch key {
    case .escape, .character("d"), .character("q"), .enter: state.overlay = nil
    case .up, .down:
      let hasMoved = state.table.moveSelection(by: key == .up ? -1 : 1, frameContext)
      state.overlay = .details(state.table.selected.map { frameContext.owners[$0] ?? $0 } ?? pid)
      return .draw(if: hasMoved)
    case .pageUp: state.overlayScroll = max(0, min(state.overlayScroll, frameContext.overlayRows) - page)
    case .pageDown: state.overlayScroll = min(frameContext.overlayRows, state.overlayScroll + page)
    case .home: state.overlayScroll = 0
    case .character("o"), .character("E"), .character("l"), .character("e"):
      let topic: DetailTopic = key == .character("o") || key == .character("l") ? .files : .environment
      // The same key again returns to all details.
      state.topic = state.topic == topic ? .summary : topic
      state.overlayScroll = 0
    case .end: state.overlayScroll = frameContext.overlayRows
    case .function(7), .function(8), .character("i"):
      guard let action = KeyMap.action(key) else { return .nothing }
      return perform(action, frameContext)
    case .character("k"), .function(9): return state.askSignal(frameContext)
    default: return .nothing
    }
    return .draw
  }

  private mutating func handleSignal(_ key: KeyPress, _ dialog: SignalDialog) -> Effect {
    var dialog = dialog
    let result = dialog.handle(key, isBurst: isBurst, at: now)
    state.overlay = result == .changed || result == .ignored ? .signal(dialog) : nil
    switch result {
    case .ignored: return .nothing
    case .changed, .cancelled: return .draw
    case .declined:
      state.note = "no signal sent (only y sends it)"
      return .draw
    case .confirmed(let signal): return .send(signal, to: dialog.process.pid)
    }
  }

  private mutating func handleFilter(_ key: KeyPress, _ before: String) -> Effect {
    switch key {
    case .enter: state.applyFilter()
    case .escape:
      state.table.filter = before
      state.overlay = nil
    case .backspace:
      guard state.table.filter.popLast() != nil else {
        state.overlay = nil
        return .draw
      }
    case .character("\u{15}"): state.table.filter = ""
    case .character(let scalar): return .draw(if: state.table.type(scalar))
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
    case .enter, .right: state.open(host: state.host)
    default:
      guard let action = KeyMap.action(key), [.quit, .help, .settings, .theme].contains(action) else { return .nothing }
      return perform(action, frameContext)
    }
    return .draw
  }

  // MARK: Mouse

  mutating func handle(_ mouse: MouseEvent, in frameContext: FrameContext) -> Effect {
    switch mouse.kind {
    case .wheelUp, .wheelDown:
      let step = mouse.kind == .wheelUp ? -1 : 1
      if let effect = wheel(by: step, mouse, frameContext) { return effect }
      if case .time? = frameContext.target(x: mouse.x, y: mouse.y)?.target {
        return perform(.time(.zoom(step)), frameContext)
      }
      if let panel = frameContext.panel(x: mouse.x, y: mouse.y), panel != .processes {
        return state.scroll(panel, by: step, frameContext)
      }
      return .draw(if: state.table.scroll(by: 3 * step, frameContext))
    case .release: return .nothing
    case .drag, .press:
      guard let hit = frameContext.target(x: mouse.x, y: mouse.y) else { return .nothing }
      if mouse.kind == .drag, hit.target != .time { return .nothing }
      state.note = nil
      return click(hit, x: mouse.x, frameContext)
    }
  }

  /// Scrolls the box over the panels; nil where none is under the mouse.
  private mutating func wheel(by step: Int, _ mouse: MouseEvent, _ frameContext: FrameContext) -> Effect? {
    switch state.overlay {
    case .filter, .jump, .search, nil: return nil
    case .details:
      // The table beside it scrolls as without details.
      guard frameContext.target(x: mouse.x, y: mouse.y) == nil else { return nil }
      let now = min(state.overlayScroll, frameContext.overlayRows)
      state.overlayScroll = min(frameContext.overlayRows, max(0, now + 3 * step))
      return .draw(if: state.overlayScroll != now)
    default: return handle(step < 0 ? .up : .down, in: frameContext)
    }
  }

  /// Selects a row of the open list; of the selected row, does what Enter does, unless that closes the list.
  private mutating func choose(_ row: Int, _ frameContext: FrameContext) -> Effect {
    guard var overlay = state.overlay, let selected = overlay.selected else { return .nothing }
    guard selected == row else {
      overlay.selected = row
      state.overlay = overlay
      return .draw
    }
    return overlay.closesOnEnter ? .nothing : handle(.enter, in: frameContext)
  }

  private mutating func click(_ hit: FrameContext.Hit, x: Int, _ frameContext: FrameContext) -> Effect {
    switch hit.target {
    case .panel(let panel):
      guard state.overlay == nil else { return .nothing }
      state.focus = state.focus == panel && panel != .processes ? nil : panel
    case .sort(let column): return state.sort(by: column)
    case .process(let pid):
      if case .details? = state.overlay {
        state.table.selected = pid
        state.overlay = .details(frameContext.owners[pid] ?? pid)
      } else if state.table.selected == pid {
        state.openDetails(pid, .summary, frameContext)
      } else {
        state.table.selected = pid
      }
    case .key(let key): return handle(key, in: frameContext)
    case .time:
      let time = frameContext.axis.time(cell: x - hit.rect.x, width: hit.rect.width, frameContext.glyphs)
      state.cursor.view(clicked: time, frameContext)
    case .row(let row): return choose(row, frameContext)
    case .host(let host):
      if state.host == host { state.open(host: host) } else { state.host = host }
    case .setting(let index):
      if state.overlay == .settings(selected: index) { return handle(.right, in: frameContext) }
      state.overlay = .settings(selected: index)
    }
    return .draw
  }
}

extension KeyPress {
  /// The place in a list of `count` rows that the key moves to; nil for other keys.
  func move(in count: Int, from place: Int) -> Int? {
    let steps: [KeyPress: Int] = [
      .up: -1, .down: 1, .pageUp: -10, .pageDown: 10, .home: -(Int.max / 2), .end: Int.max / 2,
    ]
    return steps[self].map { min(max(0, count - 1), max(0, place + $0)) }
  }
}
