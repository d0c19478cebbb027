internal import AgentMetrics
internal import SampleStore

/// A frame with its click targets.
struct Frame {
  var grid: Grid
  var frameContext: FrameContext
}

/// Draws the whole frame, as a pure function of its input.
struct Screen {
  private let input: ScreenInput
  private let context: Context?
  private let hits = HitMap()
  private let glyphs: Glyphs
  private var size: Size { input.size }
  private var state: ScreenState { input.state }

  init(_ input: ScreenInput) {
    self.input = input
    glyphs = input.drawnGlyphs
    let axis = input.axis
    hits.frameContext = FrameContext(
      clock: input.clock, axis: axis, axisColumns: input.columns, glyphs: glyphs, entries: input.entries,
      oldest: min(input.oldest ?? .infinity, input.entries.first?.sample.timestamp.seconds ?? .infinity),
      past: input.past.map(\.mean.timestamp.seconds), interval: input.interval, events: input.events,
      ownAlerts: input.ownAlerts,
      canSignal: input.canSignal && !input.options.isReadOnly,
      hasThreads: input.hasThreads && input.state.cursor.time == nil, hosts: max(1, input.hosts.count), page: input.page
    )
    guard let sample = input.sample else {
      context = nil
      return
    }
    let table = input.state.cursor.time == nil ? input.table : nil
    hits.frameContext.processes = table?.processes ?? sample.processes?.top ?? []
    hits.frameContext.isWholeTable = table != nil
    context = Context(
      sample: sample,
      timeline: Timeline(
        input.entries, past: input.past, axis: axis, interval: input.interval, cursor: input.state.cursor.time,
        events: input.events),
      glyphs: glyphs, state: input.state, table: TableContents(table, memory: input.memory, sample, input.state),
      hits: hits,
      bytesPerFrame: input.bytesPerFrame, clock: input.clock, sources: input.options.sources,
      screenHeight: input.size.height, hasWholeTable: input.hasWholeTable, lastTable: input.lastTable)
  }

  func draw() -> Frame {
    var grid = Grid(size, isASCII: glyphs.isASCII)
    hits.axes = []
    var rest = grid.bounds
    let hasFrame = size.height >= 8
    if hasFrame {
      HeaderView(input: input, sample: context?.sample, glyphs: glyphs).draw(on: &grid, in: rest.takeTop(1))
    }
    if size.height >= 10, !state.isGrid,
      let alerts = AlertRow(context?.sample, own: input.ownAlerts, state, glyphs)
    {
      alerts.draw(on: &grid, in: rest.takeTop(1))
    }
    if size.height >= 10, !state.isGrid, let slow = SlowRow(context?.sample, after: input.previous, glyphs) {
      // It never shrinks: the panels below would move with each sample.
      let rows = size.height >= 20 ? max(input.slowRows, slow.rows(width: rest.width)) : 1
      slow.draw(on: &grid, in: rest.takeTop(rows))
      hits.frameContext.slowRows = rows
    }
    let footer = FooterView(input: input, context: context, glyphs: glyphs, hits: hits)
    let isPrompting =
      switch state.overlay {
      case .filter, .jump, .search: true
      default: false
      }
    if hasFrame && size.height >= 12 || size.height >= 2 && (footer.message != nil || isPrompting) {
      footer.draw(on: &grid, in: rest.takeBottom(1))
    }
    if state.isGrid {
      HostsView(hosts: input.hosts, state: state, glyphs: glyphs, now: input.now, hits: hits).draw(on: &grid, in: rest)
    } else if let context {
      if let place = detailsPlace(in: rest) {
        let table = Rect(x: rest.x, y: rest.y, width: place.x - rest.x - 1, height: rest.height)
        drawAlone(.processes, context, on: &grid, in: table)
      } else if state.isMaximized, let focus = state.focus {
        drawAlone(focus, context, on: &grid, in: rest)
      } else if size.width >= 60 && size.height >= 16 {
        drawPanels(context, on: &grid, in: rest)
      } else {
        CompactView(context: context).draw(on: &grid, in: rest)
      }
    } else {
      let text =
        input.connection.map {
          $0.isConnected ? "no sample yet" : $0.failure(hasConnected: false) ?? "connecting"
        } ?? "no sample yet"
      grid.putShortened(
        text, x: max(0, (rest.width - Grid.columns(of: text)) / 2), y: rest.y + rest.height / 2, .muted,
        limit: rest.width)
    }
    if input.isStale, !state.isGrid {
      grid.restyle(rest) { $0.attributes.contains(.reverse) ? $0 : .stale }
    }
    if isCovered(rest) { hits.cover() }
    drawOverlay(on: &grid, in: rest)
    return Frame(grid: grid, frameContext: hits.frameContext)
  }

  /// Where details stand beside the table; nil where the screen is too small, so that they cover it.
  private func detailsPlace(in rect: Rect) -> Rect? {
    guard case .details? = state.overlay, rect.width >= 120, rect.height >= 16 else { return nil }
    let width = min(80, rect.width / 2)
    return Rect(x: rect.right - width, y: rect.y, width: width, height: rect.height)
  }

  /// Whether a box stands over the panels.
  private func isCovered(_ body: Rect) -> Bool {
    switch state.overlay {
    case .filter, .jump, .search, nil: false
    case .details: detailsPlace(in: body) == nil
    default: true
    }
  }

  private func drawOverlay(on grid: inout Grid, in body: Rect) {
    guard let overlay = state.overlay else { return }
    switch overlay {
    case .help(let scroll): HelpView(glyphs: glyphs, hits: hits).draw(on: &grid, scroll: scroll)
    case .explain(let panel, let selected):
      if let context { ExplainView(context: context, panel: panel, selected: selected).draw(on: &grid) }
    case .settings(let selected):
      SettingsView(settings: state.settings, selected: selected, options: input.options, glyphs: glyphs, hits: hits)
        .draw(on: &grid)
    case .workloads(let choice):
      if let context { WorkloadsView(context: context, choice: choice).draw(on: &grid) }
    case .ranking(let choice):
      if let context { RankingView(context: context, choice: choice, answer: input.window).draw(on: &grid) }
    case .events(let choice):
      if let context { EventsView(context: context, choice: choice, events: input.eventList).draw(on: &grid) }
    case .comparison(let choice):
      if let context { ComparisonView(context: context, choice: choice, answer: input.window).draw(on: &grid) }
    case .waste(let choice):
      if let context { WasteView(context: context, choice: choice, answer: input.window).draw(on: &grid) }
    case .details(let pid):
      if let context {
        DetailsView(
          context: context, pid: pid, details: input.details, spark: input.spark, last: input.lastProcess,
          scroll: state.overlayScroll, place: detailsPlace(in: body), canRead: input.hasDetails
        ).draw(on: &grid)
      }
    case .signal(let dialog):
      if let context { SignalView(context: context, dialog: dialog).draw(on: &grid) }
    case .alone(let selected):
      let lines = PanelDescriptor.all.map { String($0.digit) + "  " + $0.name }
      MenuView(title: "Panel alone", lines: lines, selected: selected, glyphs: glyphs, hits: hits).draw(on: &grid)
    case .ioPriority(let dialog):
      let lines = IOPriority.all.map(\.name)
      let title =
        "I/O priority of "
        + (dialog.processes.count == 1
          ? String(dialog.processes[0].pid) + " " + dialog.processes[0].name
          : String(dialog.processes.count) + " tagged processes")
      MenuView(title: title, lines: lines, selected: dialog.selected, glyphs: glyphs, hits: hits).draw(on: &grid)
    case .columns(let selected):
      hits.frameContext.overlayRows = state.table.columnOrder.count
      ColumnsView(table: state.table, selected: selected, glyphs: glyphs, hits: hits).draw(on: &grid)
    case .sortMenu(let selected):
      let lines = state.table.columnOrder.map { $0.title + "  " + $0.meaning }
      MenuView(title: "Sort by", lines: lines, selected: selected, glyphs: glyphs, hits: hits).draw(on: &grid)
    case .users(let selected):
      let lines = ["all users"] + hits.frameContext.users
      MenuView(title: "Processes of", lines: lines, selected: selected, glyphs: glyphs, hits: hits).draw(on: &grid)
    case .filter, .jump, .search: break
    }
  }

  // MARK: Panels

  private func drawPanels(_ context: Context, on grid: inout Grid, in rect: Rect) {
    let present = bands(context)
    let minimum = present.reduce(0) { $0 + $1.height(width: rect.width).minimum }
    if state.settings.layout == .overview, size.height < 24, minimum > rect.height {
      // Lines for all subjects are more useful than panels for some.
      return CompactView(context: context).draw(on: &grid, in: rect)
    }
    if present.isEmpty { context.drawNothing(on: &grid, in: rect, isHidden: !state.settings.hidden.isEmpty) }
    var rest = rect
    var bands = present
    if state.settings.layout == .processes, present.count > 1, !state.settings.hidden.contains(.processes) {
      // A strip of values, as in htop: the table has the rest of the screen.
      let head = bands.dropLast()
      let minimum = head.reduce(0) { $0 + $1.height(width: rect.width).minimum }
      Layout.draw(Array(head), on: &grid, in: rest.takeTop(min(max(Self.headRows, minimum), rect.height / 2)))
      bands = [bands[bands.count - 1]]
    }
    Layout.draw(bands, on: &grid, in: rest)
  }

  /// Rows above the table in the layout of processes, unless several GPUs need more.
  private static let headRows = 6

  /// The panels by the layout; the panels of a row are combined into one.
  private func bands(_ context: Context) -> [any Panel] {
    let isWide = size.width >= 150
    // Without room for borders, a line above each panel replaces them.
    let isFramed = state.settings.frames ?? (size.width >= 100 && size.height >= 36)
    let bands = state.settings.layout.bands(isWide: isWide)
    return bands.compactMap { columns in
      SideBySide(
        columns.map { panels in
          panels
            .filter { !state.settings.hidden.contains($0) && (!$0.needsLargeScreen || isWide || size.height >= 50) }
            .compactMap { descriptor in
              descriptor.make(context).map {
                let hasFrame = isFramed && (state.settings.layout != .processes || descriptor == .processes)
                return PanelBox(descriptor: descriptor, inner: $0, isFramed: hasFrame, context: context)
              }
            }
        }, gap: isFramed ? 1 : 3)
    }
  }

  private func drawAlone(_ descriptor: PanelDescriptor, _ context: Context, on grid: inout Grid, in rect: Rect) {
    guard let panel = descriptor.make(context) else {
      grid.put(descriptor.id + ": not available on this machine", x: rect.x, y: rect.y, .muted)
      return
    }
    let isFramed = state.settings.frames ?? (rect.width >= 60 && rect.height >= 16)
    let box = PanelBox(descriptor: descriptor, inner: panel, isFramed: isFramed, context: context)
    // The table of processes uses all of the screen.
    let lines =
      descriptor == .processes || rect.height < 16
      ? []
      : panel.linesAlone(width: rect.width) + PanelValues(context: context, panel: descriptor).lines(width: rect.width)
    var rest = rect
    // Graphs get the larger part of a screen that has room for all values.
    let height = box.height(width: rect.width)
    let room = max(8, min(height.comfortable, rect.height * 3 / 5), rect.height * 2 / 5, rect.height - lines.count)
    let upper = rest.takeTop(lines.isEmpty ? rect.height : min(room, max(8, height.maximum + 1)))
    // Before the box, whose title counts the hidden lines.
    PanelValues.draw(lines, of: descriptor, context, on: &grid, in: rest)
    grid.within(upper) { box.draw(on: &$0, in: upper) }
  }
}
