internal import AgentMetrics
internal import SampleStore

/// Performs the commands of the main screen.
extension ScreenState {
  mutating func perform(_ action: Action, _ frameContext: FrameContext) -> Model.Effect {
    switch action {
    case .quit: return .quit
    case .suspend: return .suspend
    case .redraw: return .redraw
    case .help: overlay = .help(scroll: 0)
    case .explain:
      overlay = .explain(focus ?? frameContext.panels.first ?? PanelDescriptor.all[0], selected: 0)
    case .settings: overlay = .settings(selected: 0)
    case .workloads: overlay = .workloads(WorkloadChoice())
    case .users:
      var choice = WorkloadChoice()
      choice.isByUser = true
      overlay = .workloads(choice)
    // As in htop, where these keys belong to the selected process.
    case .events where table.selected != nil: return perform(.table(.details(.environment)), frameContext)
    case .panels(.layout(1)) where table.selected != nil: return perform(.table(.details(.files)), frameContext)
    case .events: overlay = .events(EventChoice())
    case .back: return back(frameContext)
    case .theme: return cycle("theme")
    case .glyphs: return cycle("graph")
    case .silence: return silence(frameContext)
    case .time(let action): return perform(action, frameContext)
    case .panels(let action): return perform(action, frameContext)
    case .table(let action): return perform(action, frameContext)
    }
    return .draw
  }

  /// Sets a setting to its next value.
  private mutating func cycle(_ key: String) -> Model.Effect {
    guard let setting = Setting.all.first(where: { $0.key == key }) else { return .nothing }
    setting.step(&settings, by: 1)
    note = key + " " + setting.get(settings)
    return .save
  }

  /// Closes, deselects, restores: one per key.
  private mutating func back(_ frameContext: FrameContext) -> Model.Effect {
    if table.selected != nil {
      table.selected = nil
      table.follows = false
    } else if !table.tagged.isEmpty {
      table.tagged = []
    } else if !table.filter.isEmpty {
      table.filter = ""
    } else if isMaximized {
      isMaximized = false
    } else if mark != nil {
      mark = nil
    } else if cursor.time != nil {
      cursor.reset()
    } else if isPaused {
      isPaused = false
    } else if focus != nil {
      focus = nil
    } else if frameContext.hosts > 1 {
      isGrid = true
    } else {
      return .nothing
    }
    return .draw
  }

  /// Silences the firing alerts until they end, another machine's on this screen; if all are, ends their silence.
  private mutating func silence(_ frameContext: FrameContext) -> Model.Effect {
    let alerts = frameContext.ownAlerts ?? frameContext.entries.last?.sample.alerts ?? []
    let firing = alerts.filter { $0.phase == .firing }
    guard !firing.isEmpty else { return noted("no alert is firing") }
    let shown = firing.filter { !$0.isSilenced }
    let again = "alerts shown again"
    guard frameContext.ownAlerts == nil else {
      note = shown.isEmpty ? again : "alerts silenced until they end; ! shows them again"
      return .silence(!shown.isEmpty)
    }
    // The API of another agent is read-only.
    guard !shown.isEmpty else { return noted("the alerts are silenced in their agent's own dashboard until they end") }
    let keys = Set(shown.map { AlertKey($0, host) })
    guard keys.isSubset(of: silenced) else {
      silenced.formUnion(keys)
      return noted("alerts hidden on this screen only, until they end; ! shows them again")
    }
    silenced.subtract(keys)
    return noted(again)
  }

  // MARK: Time

  private mutating func perform(_ action: Action.TimeAction, _ frameContext: FrameContext) -> Model.Effect {
    switch action {
    case .step(let count): cursor.travel(by: Double(count) * frameContext.axis.step, frameContext)
    case .page(let count): cursor.page(count, frameContext)
    case .oldest:
      guard frameContext.oldest.isFinite else { return .nothing }
      cursor.view(frameContext.oldest, frameContext)
    case .now: returnToNow()
    case .space where table.selected != nil && cursor.time == nil && !isPaused: table.tag(frameContext)
    case .pause, .space:
      if isPaused || cursor.time != nil {
        returnToNow()
      } else if !frameContext.entries.isEmpty {
        isPaused = true
      }
    case .event(let step): note = cursor.jump(step, frameContext)
    case .zoom(let step): note = cursor.changeZoom(by: step, frameContext)
    case .autoZoom: cursor.zoom = nil
    case .mark: return setMark(frameContext)
    case .jump: overlay = .jump(JumpPrompt())
    case .copyLink: return copyLink(frameContext)
    case .compare: return compare(frameContext)
    case .waste: return showWaste(frameContext)
    }
    return .draw
  }

  /// Marks the viewed time, or ranks the window since the mark.
  private mutating func setMark(_ frameContext: FrameContext) -> Model.Effect {
    guard let time = cursor.time ?? frameContext.entries.last?.sample.timestamp.seconds else { return .nothing }
    guard let mark, abs(mark - time) > 0.5 else {
      mark = time
      note = "marked " + frameContext.time(time) + "; move (left, right), then ' again ranks that window"
      return .draw
    }
    self.mark = nil
    overlay = .ranking(RankingChoice(start: min(mark, time), end: max(mark, time)))
    return .draw
  }

  // MARK: Panels

  private mutating func perform(_ action: Action.PanelAction, _ frameContext: FrameContext) -> Model.Effect {
    switch action {
    case .layout(let step):
      settings.layout = step > 0 ? settings.layout.next : settings.layout.previous
      isMaximized = false
      note = "layout " + settings.layout.rawValue
      return .save
    case .toggle(let panel):
      if settings.hidden.remove(panel) == nil { settings.hidden.insert(panel) }
      if focus == panel { (focus, isMaximized) = (nil, false) }
      return .save
    case .showAll:
      settings.hidden = []
      isMaximized = false
      return .save
    case .focus(let step): moveFocus(step, frameContext)
    case .open: open(frameContext)
    case .alone: overlay = .alone(selected: 0)
    case .page(let count):
      if let panel = scrolledPanel(frameContext) {
        return scroll(panel, by: count * max(1, (frameContext.shownRows[panel] ?? 1) - 1), frameContext)
      }
      guard pagesTable else { return perform(.time(.page(count)), frameContext) }
      return .draw(if: table.page(by: count * max(1, frameContext.visibleRows - 1), frameContext))
    case .first: return scrollToEnd(-1, frameContext) ?? perform(.time(.oldest), frameContext)
    case .last:
      // Leaving the past and the pause comes first.
      let isLive = cursor.time == nil && !isPaused
      return (isLive ? scrollToEnd(1, frameContext) : nil) ?? perform(.time(.now), frameContext)
    }
    return .draw
  }

  /// Shows the chosen panel alone: by its digit, or the selected one.
  mutating func handleAlone(_ key: KeyPress, _ selected: Int) -> Model.Effect {
    let all = PanelDescriptor.all
    switch key {
    case .escape, .character("q"), .character("v"): overlay = nil
    default:
      if let next = key.move(in: all.count, from: selected) {
        overlay = .alone(selected: next)
        return .draw
      }
      guard let panel = key == .enter ? all[min(selected, all.count - 1)] : all.first(where: { $0.key == key }) else {
        return .nothing
      }
      overlay = nil
      (focus, isMaximized) = (panel, true)
    }
    return .draw
  }

  private mutating func moveFocus(_ step: Int, _ frameContext: FrameContext) {
    guard !frameContext.panels.isEmpty else { return }
    if isMaximized {
      focus = (focus ?? PanelDescriptor.all[0]).step(step)
    } else if let current = focus, let place = frameContext.panels.firstIndex(of: current) {
      focus = frameContext.panels[(place + step + frameContext.panels.count) % frameContext.panels.count]
    } else {
      focus = step > 0 ? frameContext.panels.first : frameContext.panels.last
    }
  }

  private mutating func open(_ frameContext: FrameContext) {
    if let pid = table.selected, focus == nil || focus == .processes {
      openDetails(pid, .summary, frameContext)
    } else if focus != nil {
      isMaximized.toggle()
    } else if let first = frameContext.panels.first {
      // Without a focus, opens the first panel, as Tab and Enter would.
      focus = first
      isMaximized = true
    }
  }

  /// Whether paging keys move in the process table.
  private var pagesTable: Bool { focus == .processes || table.selected != nil }

  /// The focused panel if it has hidden rows; the process table has keys of its own.
  private func scrolledPanel(_ frameContext: FrameContext) -> PanelDescriptor? {
    focus.flatMap { $0 != .processes && (frameContext.hiddenRows[$0] ?? 0) > 0 ? $0 : nil }
  }

  mutating func scroll(_ panel: PanelDescriptor, by step: Int, _ frameContext: FrameContext) -> Model.Effect {
    let last = frameContext.hiddenRows[panel] ?? 0
    let now = min(last, scrolls[panel] ?? 0)
    let next = min(last, max(0, now + step))
    scrolls[panel] = next
    return .draw(if: next != now)
  }

  /// Scrolls the focused panel or the process table to its first or last row; nil if neither is to be scrolled.
  private mutating func scrollToEnd(_ direction: Int, _ frameContext: FrameContext) -> Model.Effect? {
    if let panel = scrolledPanel(frameContext) { return scroll(panel, by: direction * (.max / 2), frameContext) }
    return pagesTable ? .draw(if: table.page(by: direction * frameContext.rows.count, frameContext)) : nil
  }

  // MARK: Processes

  static let needsSelection = "select a process first (up, down)"

  private mutating func perform(_ action: Action.TableAction, _ frameContext: FrameContext) -> Model.Effect {
    switch action {
    case .row(let step):
      if let panel = scrolledPanel(frameContext) { return scroll(panel, by: step, frameContext) }
      return .draw(if: table.moveSelection(by: step, frameContext))
    case .sort(let step):
      let all = table.chosenColumns
      let now = all.firstIndex(of: table.sort) ?? 0
      return sort(by: all[(now + step + all.count) % all.count])
    case .sortBy(let column): return sort(by: column)
    // As in htop, where the same key again keeps the order.
    case .order(let column): return order(by: column)
    case .reverse: table.isReversed.toggle()
    case .filter:
      overlay = .filter(before: table.filter)
      return .draw
    case .tree:
      table.isTree.toggle()
      table.closed = []
    case .fold:
      guard table.isTree else {
        table.isFolded.toggle()
        break
      }
      guard let pid = table.selected else { return noted(Self.needsSelection) }
      if table.closed.remove(pid) == nil { table.closed.insert(pid) }
      return .draw
    case .follow:
      guard let pid = table.selected else { return noted(Self.needsSelection) }
      table.follows.toggle()
      return noted(table.follows ? "following " + String(pid) : "no longer following")
    case .kernelThreads:
      table.showsKernelThreads.toggle()
      note = table.showsKernelThreads ? "kernel threads shown" : "kernel threads hidden"
    case .threads:
      guard frameContext.hasThreads || table.showsThreads else {
        return noted(cursor.time == nil ? "threads are available for this machine only" : "threads are not recorded")
      }
      toggleThreads()
    case .details(let topic):
      guard let pid = table.selected ?? frameContext.rows.first else { return .nothing }
      table.selected = pid
      openDetails(pid, topic, frameContext)
      return .draw
    case .signal: return askSignal(frameContext)
    case .sortMenu:
      overlay = .sortMenu(selected: table.columnOrder.firstIndex(of: table.sort) ?? 0)
      return .draw
    case .users:
      overlay = .users(selected: 0)
      return .draw
    case .search:
      overlay = .search("")
      return .draw
    case .untag: return untag()
    case .tagAll:
      let count = table.tagAll(frameContext)
      return noted(String(count) + (count == 1 ? " process" : " processes") + " tagged")
    case .columns:
      overlay = .columns(selected: 0)
      return .draw
    case .ioPriority:
      guard let chosen = chosenProcesses(frameContext, "I/O priorities") else { return .draw }
      return .askIOPriority(chosen)
    case .renice(let step): return renice(by: step, frameContext)
    case .scrollColumns(let step):
      guard table.columns != nil else { return noted("choose columns first (C)") }
      table.firstColumn = max(0, min(table.chosenColumns.count + 20, table.firstColumn + step))
      return .draw
    }
    return saveTable()
  }

  /// Opens the details of a row's process.
  mutating func openDetails(_ pid: Int32, _ topic: DetailTopic, _ frameContext: FrameContext) {
    self.topic = topic
    overlayScroll = 0
    overlay = .details(frameContext.owners[pid] ?? pid)
  }

  private mutating func untag() -> Model.Effect {
    guard !table.tagged.isEmpty else { return noted("no process is tagged (Space)") }
    table.tagged = []
    return .draw
  }

  private mutating func toggleThreads() {
    table.showsThreads.toggle()
    note =
      !table.showsThreads
      ? "threads hidden"
      : table.hasThreadRows
        ? "showing threads of active, selected and filtered processes"
        : "threads are not shown while processes are folded (z)"
  }

  mutating func noted(_ text: String) -> Model.Effect {
    note = text
    return .draw
  }

  /// Keeps the choice of the table in the settings.
  private mutating func saveTable() -> Model.Effect {
    settings.table = table.choice
    return .save
  }

  mutating func sort(by column: ProcessColumn) -> Model.Effect {
    table.toggleSort(column)
    return sorted()
  }

  /// Sorts by a column in its usual order.
  mutating func order(by column: ProcessColumn) -> Model.Effect {
    table.order(by: column)
    return sorted()
  }

  private mutating func sorted() -> Model.Effect {
    note = "sorted by " + table.sort.meaning + (table.isReversed ? ", reversed" : "")
    return saveTable()
  }

  mutating func askSignal(_ frameContext: FrameContext) -> Model.Effect {
    guard frameContext.canSignal else { return noted("read-only: signals are disabled") }
    guard cursor.time == nil else {
      return noted("You are viewing the past; press End to return before sending signals")
    }
    let tagged = frameContext.processes.filter { table.tagged.contains($0.pid) }
    if let first = tagged.first {
      overlay = .signal(SignalDialog(process: first, others: Array(tagged.dropFirst())))
      return .holdAll(tagged)
    }
    guard let selected = table.selected else { return noted(Self.needsSelection) }
    // Signals go to whole processes, not to threads.
    let pid = frameContext.owners[selected] ?? selected
    guard let process = frameContext.processes.first(where: { $0.pid == pid }) else {
      return noted("no signal sent: " + String(pid) + " has ended")
    }
    let children =
      frameContext.isWholeTable ? frameContext.processes.filter { $0.parent == pid && $0.pid != pid }.count : nil
    let row = frameContext.table.first { $0.process.pid == selected }
    overlay = .signal(SignalDialog(process: process, children: children, folded: row?.count ?? 1))
    return .hold(process)
  }
}
