internal import AgentMetrics
internal import History

/// All that a picture is made of.
struct ScreenInput {
  /// The samples that are known, oldest first.
  var entries: [History.Entry] = []
  /// What was before them, as far as the axis reaches.
  var past: [HistoryBucket] = []
  /// The moment that is looked at, where it lies before the samples; nil while nothing of it is known.
  var historyPoint: HistoryPoint?
  /// Whether an answer of the long history is awaited.
  var isLoading = false
  /// Why it has not answered.
  var historyFailure: String?
  /// The oldest moment that is kept anywhere; nil where that is the first of the samples.
  var oldest: Double?
  /// What is known before the first sample.
  var preview: Sample?
  /// Nominal seconds between two samples of the history.
  var interval = 1
  var size = Size(width: 80, height: 24)
  var glyphs = Glyphs(.braille)
  var options = DashboardOptions(version: "", sampleInterval: 1)
  var state = ScreenState()
  /// The wall clock, and what is to be added for the times that are shown.
  var now = 0.0
  var utcOffset = 0
  var events: [TimelineEvent] = []
  /// The table of processes; nil where only those of the samples are known.
  var table: ProcessSnapshot?
  /// Whether threads can be shown.
  var hasThreads = false
  /// What is known of the chosen process.
  var details: ProcessDetails?
  /// Its CPU use: moments and CPUs' worth of time.
  var spark: [(time: Double, cpu: Double)] = []
  /// Bytes that a picture costs, on the mean; NaN where unknown.
  var bytesPerFrame = Double.nan
  /// How the source of the samples is reached; nil where it is this process.
  var connection: DashboardConnection?
  /// All hosts, where there are several.
  var hosts: [HostSummary] = []
  /// Whether signals may be sent.
  var canSignal = false

  /// Glyphs of the settings, or those of the terminal.
  var drawnGlyphs: Glyphs {
    var kind = glyphs.kind
    if kind != .ascii, let wanted = state.settings.graph { kind = wanted }
    return Glyphs(kind, isMono: glyphs.isMono)
  }
}

/// A picture, and what on it can be clicked.
struct Frame {
  var grid: Grid
  var frameContext: FrameContext
}

/// The whole picture, as a pure function of what is known.
struct Screen {
  private let input: ScreenInput
  private let context: Context?
  private let hits = HitMap()
  private var size: Size { input.size }
  private var state: ScreenState { input.state }
  private let glyphs: Glyphs
  private let clock: WallClock

  init(_ input: ScreenInput) {
    self.input = input
    let state = input.state
    glyphs = input.drawnGlyphs
    clock = WallClock(now: input.now, utcOffset: state.settings.isUTC ? 0 : input.utcOffset)

    let latest = input.entries.last?.sample ?? input.preview
    var sample = latest
    if let time = state.time {
      if let entry = input.entries.last(where: { $0.sample.timestamp.seconds <= time + 0.001 }) {
        sample = entry.sample
      } else if let past = input.historyPoint {
        sample = Screen.named(past.sample, as: latest)
      } else {
        sample = input.entries.first?.sample ?? latest
      }
    }
    let widest = Screen.columns(of: input, glyphs)
    let axis = Screen.axis(of: input, columns: widest)
    hits.frameContext.axis = axis
    hits.frameContext.clock = clock
    hits.frameContext.axisColumns = widest
    hits.frameContext.oldest = min(
      input.oldest ?? .infinity, input.entries.first?.sample.timestamp.seconds ?? .infinity)
    hits.frameContext.past = input.past.map(\.mean.timestamp.seconds)
    hits.frameContext.interval = input.interval
    hits.frameContext.glyphs = glyphs
    hits.frameContext.entries = input.entries
    hits.frameContext.events = input.events
    hits.frameContext.canSignal = input.canSignal && !input.options.isReadOnly
    hits.frameContext.hasThreads = input.hasThreads && state.time == nil
    hits.frameContext.hosts = max(1, input.hosts.count)

    guard let sample else {
      context = nil
      return
    }
    let timeline = Timeline(
      input.entries, past: input.past, axis: axis, interval: input.interval, cursor: state.time,
      events: input.events)
    var table = TableContents()
    let all = state.time == nil ? input.table : nil
    (table.interval, table.age) = (all?.interval ?? .nan, all?.age ?? .nan)
    table.kind = all != nil ? .whole : state.time != nil ? .stored : .top
    func rows(_ filter: String) -> [ProcessRow] {
      let rows = ProcessRows.make(
        all?.processes ?? sample.processes?.top ?? [],
        threads: state.table.showsThreads ? all?.threads ?? [] : [], gpus: sample.gpus,
        memoryTotal: sample.ram.total, state.table, filter: ProcessFilter(filter))
      // The sample names the few greatest of each measure; beyond them the ranking would be a guess.
      let isRanking = all == nil && !state.table.isTree && filter.isEmpty && !state.table.isReversed
      return isRanking ? Array(rows.prefix(Processes.topCount)) : rows
    }
    hits.frameContext.processes = all?.processes ?? sample.processes?.top ?? []
    hits.frameContext.isWholeTable = all != nil
    table.rows = rows(state.table.filter)
    // The panels must not move while a filter is typed.
    let unfiltered = state.table.filter.isEmpty ? table.rows : rows("")
    table.unfiltered = unfiltered.count
    table.hasServices = unfiltered.contains { $0.process.service != nil }
    table.hasCommands = unfiltered.contains { $0.process.command != nil }
    context = Context(
      sample: sample, timeline: timeline, glyphs: glyphs, state: state, table: table, hits: hits,
      bytesPerFrame: input.bytesPerFrame, clock: clock)
  }

  /// Columns of the widest graph.
  private static func columns(of input: ScreenInput, _ glyphs: Glyphs) -> Int {
    Context.split(max(1, input.size.width - 4)).graph * glyphs.columnsPerCell
  }

  private static func axis(of input: ScreenInput, columns: Int) -> TimeAxis {
    let zoom = input.state.zoom ?? autoZoom(columns: columns, input)
    let newest = input.entries.last?.sample.timestamp.seconds ?? input.preview?.timestamp.seconds
    var end = input.state.axisEnd ?? newest ?? input.now
    // Time goes on where no samples come: a gap opens. The picture moves by columns, as it does with samples.
    if input.state.axisEnd == nil, input.connection?.isConnected == false, input.now > end { end = input.now }
    return TimeAxis(step: TimeAxis.steps[min(TimeAxis.steps.count - 1, max(0, zoom))], end: end.isFinite ? end : 0)
  }

  /// What its graphs show of before the first of the samples, and the moment that is looked at there; nil where
  /// nothing.
  static func past(of input: ScreenInput, host: Int) -> HistoryFetcher.HistoryRequest? {
    guard let first = input.entries.first?.sample, let oldest = input.oldest else { return nil }
    let memory = first.timestamp.seconds - (first.elapsed.isFinite ? max(0, first.elapsed) : 0)
    guard oldest < memory - 0.01 else { return nil }
    let columns = columns(of: input, input.drawnGlyphs)
    let axis = axis(of: input, columns: columns)
    let time = input.state.time.flatMap { $0 < first.timestamp.seconds - 0.001 ? $0 : nil }
    let start = axis.end - axis.step * Double(columns)
    guard time != nil || start < memory else { return nil }
    return HistoryFetcher.HistoryRequest(
      host: host, step: axis.step, start: start, end: axis.end, memory: memory, time: time,
      interval: input.interval)
  }

  /// What is no series is told of no mean: the names are the newest sample's.
  private static func named(_ sample: Sample, as latest: Sample?) -> Sample {
    guard let latest, sample.host.hostname == nil else { return sample }
    var sample = sample
    let (uptime, bootTime) = (sample.host.uptime, sample.host.bootTime)
    sample.host = latest.host
    (sample.host.uptime, sample.host.bootTime) = (uptime, bootTime)
    sample.cpu.model = sample.cpu.model ?? latest.cpu.model
    for (place, gpu) in sample.gpus.enumerated() {
      guard let known = latest.gpus.first(where: { $0.index == gpu.index }) else { continue }
      sample.gpus[place].model = gpu.model ?? known.model
      if gpu.vendor.isEmpty { sample.gpus[place].vendor = known.vendor }
    }
    return sample
  }

  /// The stretch of time that suits: a few minutes, and samples not much finer than columns.
  private static func autoZoom(columns: Int, _ input: ScreenInput) -> Int {
    let finest = TimeAxis.steps.firstIndex { $0 >= Double(min(input.interval, input.state.settings.refresh)) } ?? 2
    return max(finest, TimeAxis.step(columns: columns, over: 150))
  }

  func draw() -> Frame {
    var grid = Grid(size, isASCII: glyphs.isASCII)
    hits.axes = []
    var rest = grid.bounds
    let hasFrame = size.height >= 8
    if hasFrame { drawHeader(on: &grid, in: rest.takeTop(1)) }
    let isPrompting = if case .filter = state.overlay { true } else { false }
    if hasFrame && size.height >= 12 || size.height >= 2 && (message != nil || isPrompting) {
      drawFooter(on: &grid, in: rest.takeBottom(1))
    }
    if state.isGrid {
      HostsView(hosts: input.hosts, state: state, glyphs: glyphs, now: input.now, hits: hits).draw(on: &grid, in: rest)
    } else if let context {
      if state.isMaximized, let focus = state.focus {
        drawAlone(focus, context, on: &grid, in: rest)
      } else if size.width >= 60 && size.height >= 16 {
        drawPanels(context, on: &grid, in: rest)
      } else {
        CompactView(context: context).draw(on: &grid, in: rest)
      }
    } else {
      let text =
        input.connection.map {
          $0.isConnected ? "no sample yet" : "not connected" + ($0.reason.map { ": " + $0 } ?? " yet")
        } ?? "no sample yet"
      grid.putShortened(
        text, x: max(0, (rest.width - Grid.columns(of: text)) / 2), y: rest.y + rest.height / 2, .muted,
        limit: rest.width)
    }
    drawOverlay(on: &grid)
    return Frame(grid: grid, frameContext: hits.frameContext)
  }

  private func drawOverlay(on grid: inout Grid) {
    guard let overlay = state.overlay else { return }
    switch overlay {
    case .help(let scroll): HelpView(glyphs: glyphs, hits: hits).draw(on: &grid, scroll: scroll)
    case .explain(let panel, let selected):
      if let context { ExplainView(context: context, panel: panel, selected: selected).draw(on: &grid) }
    case .settings(let selected):
      SettingsView(settings: state.settings, selected: selected, options: input.options, glyphs: glyphs, hits: hits)
        .draw(on: &grid)
    case .details(let pid):
      if let context {
        DetailsView(
          context: context, pid: pid, details: input.details, spark: input.spark, now: input.now,
          scroll: state.overlayScroll
        ).draw(on: &grid)
      }
    case .signal(let dialog):
      if let context { SignalView(context: context, dialog: dialog).draw(on: &grid) }
    case .filter: break
    }
  }

  /// Whether a moment is looked at that memory does not reach back to.
  private var isBeforeMemory: Bool {
    guard let time = state.time, let first = input.entries.first else { return false }
    return time < first.sample.timestamp.seconds - 0.001
  }

  // MARK: Head and foot

  private func drawHeader(on grid: inout Grid, in rect: Rect) {
    var right = rect.right
    func putRight(_ text: String, _ style: Style, gap: Int = 2) {
      let width = Grid.columns(of: text)
      guard right - rect.x >= width else { return }
      grid.putRight(text, end: right, y: rect.y, style)
      right -= width + gap
    }
    let time = clock.timeOfDay(input.now) + (state.settings.isUTC && rect.width >= 60 ? "Z" : "")
    // Where there is room for one time only, it is that of what is shown.
    if state.time == nil && !state.isPaused || rect.width >= 48 { putRight(time, .muted) }
    if state.isPaused {
      putRight(
        right - rect.x >= 34 ? " PAUSED at " + clock.timeOfDay(input.now) + ", Space resumes " : " PAUSED ",
        Style(.warning, [.bold, .reverse]))
    }
    if state.time != nil, let sample = context?.sample {
      // The sample is one of the past: which one, and how long ago.
      let time = sample.timestamp.seconds
      let step = isBeforeMemory ? input.historyPoint?.step : nil
      let about =
        (step.map { ", mean of " + TextFormat.duration($0) } ?? "") + ", "
        + TextFormat.duration(max(0, input.now - time)) + " ago"
      let room = right - rect.x
      let texts = [clock.time(time) + about, clock.time(time), clock.short(time), clock.timeOfDay(time)]
      if let text = texts.enumerated().first(where: { $1.utf8.count + 7 <= room - ($0 == 0 ? 24 : 2) })?.element {
        putRight(" PAST " + text + " ", Style(.cursor, [.bold, .reverse]))
      }
    }
    if input.isLoading, right - rect.x >= 20 { putRight("loading", .warning) }
    if let connection = input.connection {
      if !connection.isConnected {
        let age = input.entries.last.map { input.now - $0.sample.timestamp.seconds } ?? .nan
        putRight(
          age.isFinite && age >= 1 ? " LOST " + TextFormat.duration(age) + " ago " : " LOST ",
          Style(.critical, [.bold, .reverse]))
      } else if connection.lag.isFinite, right - rect.x >= 60 {
        putRight("latency " + TextFormat.time(connection.lag, glyphs), .muted)
      }
    }
    var x = rect.x
    if context?.sample.host.isDemo == true {
      // Whatever else there is room for: these figures are no machine's.
      x = grid.put(" DEMO ", x: x, y: rect.y, Style(.warning, [.bold, .reverse]), limit: right - x) + 1
    }
    guard let sample = context?.sample, right > x else { return }
    let host = sample.host
    var parts: [(text: String, style: Style, rank: Int)] = []
    if let name = host.hostname { parts.append((name, .bold, 0)) }
    if let os = host.os { parts.append((os, .muted, 4)) }
    if let kernel = host.kernel { parts.append((kernel, .muted, 3)) }
    if host.uptime.isFinite { parts.append(("up " + TextFormat.duration(host.uptime), .muted, 2)) }
    if let load = sample.load, load.load1.isFinite {
      let averages = [load.load1, load.load5, load.load15].filter(\.isFinite).map { TextFormat.fixed($0, 2) }
      parts.append(("load " + averages.joined(separator: " "), .plain, 1))
    }
    // The most important first, and of the others those that fit beside them.
    let gap = 3
    var room = right - x
    var kept: Set<Int> = []
    for part in parts.sorted(by: { $0.rank < $1.rank }) {
      let width = Grid.columns(of: part.text) + (kept.isEmpty ? 0 : gap)
      guard kept.isEmpty || width <= room else { continue }
      kept.insert(part.rank)
      room -= width
    }
    parts.removeAll { !kept.contains($0.rank) }
    let start = x
    for part in parts {
      if x > start { grid.put(glyphs.separator, x: x, y: rect.y, .faint) }
      x = grid.putShortened(part.text, x: x > start ? x + gap : x, y: rect.y, part.style, limit: right - x)
    }
  }

  /// What the user should know before anything else; nil when all is well.
  private var message: String? {
    if let connection = input.connection, let reason = connection.reason {
      return connection.isConnected ? reason : "connection lost: " + reason
    }
    if let latest = input.entries.last?.sample, state.time == nil, !state.isGrid {
      let age = input.now - latest.timestamp.seconds
      let interval = Double(max(1, input.interval))
      if age > 3 * interval, age > 3 { return "no new sample for " + TextFormat.duration(age) }
    }
    if let failure = input.historyFailure, isBeforeMemory || state.note == nil {
      return "older history could not be read: " + failure
    }
    return state.note ?? input.options.messages()
  }

  private func drawFooter(on grid: inout Grid, in rect: Rect) {
    if case .filter = state.overlay {
      var x = grid.put("/", x: rect.x, y: rect.y, .key)
      x = grid.put(state.table.filter, x: x, y: rect.y, .bold, limit: rect.width - 2)
      grid.put(" ", x: x, y: rect.y, .reverse)
      // A small screen has no title to say how much the filter leaves.
      let isSmall = size.width < 60 || size.height < 16
      let count =
        isSmall
        ? context.map { String($0.table.rows.count) + ($0.table.rows.count == 1 ? " match  " : " matches  ") } ?? ""
        : ""
      let hints = [
        "Enter: apply, Esc: cancel   text regex user: gpu >50%cpu >2gmem !not",
        "Enter: apply, Esc: cancel   text user: >50%cpu !not", "Enter: apply, Esc: cancel", "Enter, Esc", "",
      ].map { count + $0 }
      if let hint = hints.first(where: { rect.right - x > $0.utf8.count + 4 }) {
        grid.putRight(hint, end: rect.right, y: rect.y, .muted)
      }
      return
    }
    var keys: [FootKey] = [("q", "quit", .character("q")), ("h", "keys", .character("h"))]
    if let message {
      let isNote = message == state.note
      // The way out stays, but not at the cost of a message that has room without it.
      let own = keys.reduce(0) { $0 + Screen.width(of: $1) + 2 }
      let width = Grid.columns(of: message)
      let hasKeys = own + width <= rect.width || width > rect.width && rect.width >= 60
      let x = hasKeys ? drawKeys(keys, on: &grid, in: rect) : rect.x
      grid.putShortened(message, x: x, y: rect.y, isNote ? .key : .warning, limit: rect.right - x)
      return
    }
    let arrows = (sides: glyphs.isASCII ? "<- ->" : "← →", rows: glyphs.isASCII ? "Up Dn" : "↑ ↓")
    if state.isGrid {
      keys += [("Enter", "open", .enter), (arrows.rows, "select", .down)]
    } else if state.time == nil, state.isPaused {
      keys += [
        ("Space", "resume", .character(" ")), ("/", "filter", .character("/")), ("s", "sort", .character("s")),
        (arrows.sides, "past", .left), ("k", "signal", .character("k")), ("?", "explain", .character("?")),
      ]
    } else if state.time != nil {
      keys += [
        ("Esc", "now", .shiftEnd), (arrows.sides, "time", .left), ("n p", "events", .character("n")),
        ("+ -", "zoom", .character("-")),
      ]
    } else if state.table.selected != nil {
      keys += [
        ("Enter", "details", .character("d")), ("k", "signal", .character("k")), ("f", "follow", .character("f")),
        ("Esc", "back", .escape),
      ]
    } else if state.isMaximized {
      keys += [
        ("Enter", "all panels", .enter), ("Tab", "next panel", .tab), ("?", "explain", .character("?")),
        (arrows.sides, "past", .left),
      ]
    } else {
      keys += [
        ("Space", "pause", .character(" ")), ("+ -", "zoom", .character("-")), ("/", "filter", .character("/")),
        (arrows.sides, "past", .left), ("s", "sort", .character("s")), ("l", "layout", .character("l")),
        ("?", "explain", .character("?")), ("F2", "settings", .function(2)),
      ]
    }
    // From the right: what the agent costs, and where it listens.
    var about: [(text: String, keys: Int)] = []
    if let agent = context?.sample.agent, !state.isGrid {
      let cost = AgentPanel.metrics(agent, bytesPerFrame: input.bytesPerFrame, glyphs).map(\.text)
      if !cost.isEmpty { about.append(("agent " + cost.joined(separator: " "), 6)) }
    }
    if let url = input.options.listening { about.append((url, 4)) }
    if about.isEmpty, !input.options.version.isEmpty { about.append(("agent " + input.options.version, 4)) }
    var rest = rect
    // Keys come first: what the agent costs gives way to six of them, its address to four.
    while let first = about.first {
      let text = about.map(\.text).joined(separator: glyphs.separator)
      let own = keys.prefix(first.keys).reduce(0) { $0 + Screen.width(of: $1) + 2 }
      if own + Grid.columns(of: text) <= rect.width {
        grid.putRight(text, end: rect.right, y: rect.y, .muted)
        rest.width -= Grid.columns(of: text) + 2
        break
      }
      about.removeFirst()
    }
    drawKeys(keys, on: &grid, in: rest)
  }

  private typealias FootKey = (label: String, meaning: String, key: KeyPress)

  private static func width(of key: FootKey) -> Int { Grid.columns(of: key.label) + 1 + key.meaning.utf8.count }

  /// As many of the keys as there is room for; tells the column after them.
  @discardableResult
  private func drawKeys(_ keys: [FootKey], on grid: inout Grid, in rect: Rect) -> Int {
    var x = rect.x
    for key in keys {
      let width = Screen.width(of: key)
      guard x + width <= rect.right else { break }
      hits.add(.key(key.key), Rect(x: x, y: rect.y, width: width, height: 1))
      x = grid.put(key.label, x: x, y: rect.y, .key) + 1
      x = grid.put(key.meaning, x: x, y: rect.y, .muted) + 2
    }
    return x
  }

  // MARK: Panels

  private func drawPanels(_ context: Context, on grid: inout Grid, in rect: Rect) {
    let present = bands(context)
    let minimum = present.reduce(0) { $0 + $1.height(width: rect.width).minimum }
    if state.settings.layout == .overview, size.height < 24, minimum > rect.height {
      // Lines for all matters say more than panels for some.
      return CompactView(context: context).draw(on: &grid, in: rect)
    }
    if present.isEmpty { context.drawNothing(on: &grid, in: rect, isHidden: !state.settings.hidden.isEmpty) }
    Layout.draw(present, on: &grid, in: rect)
  }

  /// The panels as they are arranged, those of one row in one.
  private func bands(_ context: Context) -> [any Panel] {
    let isWide = size.width >= 150
    // Where frames would cost what the panels need, a line over each does.
    let isFramed = state.settings.frames ?? (size.width >= 100 && size.height >= 36)
    let bands = state.settings.layout.bands(isWide: isWide)
    return bands.compactMap { columns in
      SideBySide(
        columns.map { panels in
          panels
            .filter { !state.settings.hidden.contains($0) && (!$0.needsLargeScreen || isWide || size.height >= 50) }
            .compactMap { descriptor in
              descriptor.make(context).map {
                PanelBox(descriptor: descriptor, inner: $0, isFramed: isFramed, context: context)
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
    panel.drawAlone(in: box, on: &grid, rect)
  }
}
