internal import AgentMetrics

extension PanelDescriptor {
  static let processes = PanelDescriptor(
    id: "processes", name: "Process", title: "PROCESSES", catalog: ["processes."], sources: ["processes"],
    places: [
      .overview: PanelPlace(3), .processes: PanelPlace(2), .gpu: PanelPlace(2), .io: PanelPlace(2),
    ]
  ) { ProcessPanel($0) }
}

/// The process table.
struct ProcessPanel: Panel {
  private let context: Context
  private let processes: Processes
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    guard let processes = context.sample.processes else { return nil }
    self.processes = processes
    self.context = context
  }

  func height(width: Int) -> Height {
    // The past, which has fewer rows, keeps the place of the table.
    let isShort = context.table.kind == .stored && context.hasWholeTable
    let count = isShort ? max(context.table.unfiltered, processes.total) : context.table.unfiltered
    // The first screen names the culprit: rows of processes come before graphs.
    let enough = 2 + min(count, context.sample.gpus.isEmpty ? 18 : 10)
    return Height(
      minimum: min(2 + max(count, 1), 4), comfortable: 2 + min(max(count, 4), 10), maximum: max(4, 2 + count),
      first: min(enough, context.screenHeight >= 36 ? enough : context.screenHeight >= 24 ? 10 : 0), enough: enough)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let state = context.state.table
    var detail = "by " + state.sort.meaning
    switch context.table.kind {
    case .whole: detail += span(of: context.state.settings.refresh)
    case .top: detail = "most " + state.sort.meaning
    case .stored: detail = "top processes recorded at " + context.clock.time(context.sample.timestamp.seconds)
    }
    if state.isTree { detail += glyphs.separator + "tree" }
    if state.isFolded, !state.isTree {
      detail += glyphs.separator + "folded"
    } else if state.showsThreads {
      detail += glyphs.separator + (context.table.kind == .whole ? "threads" : "threads are not recorded")
    }
    if !state.filter.isEmpty { detail += glyphs.separator + "/" + state.filter }
    let table = ProcessTableView(context: context)
    var right = summary(rect.width)
    // Without a lower border, which would show it, the remark takes room of the title, and no row.
    if grid.clip.x >= rect.x, !remark.isEmpty {
      detail += glyphs.separator + remark
      if rect.width < 110 { right = "" }
    }
    PanelTitle(
      name: context.title(.processes), more: table.hidden(visible: rect.height - 2), detail: detail, right: right
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    table.draw(on: &grid, in: rest)
  }

  /// The processes that ended in the interval, where they used more than a twentieth of a CPU: no row shows them.
  var remark: String {
    let groups = processes.ended.filter { $0.cpu >= 0.01 }
    guard groups.reduce(0, { $0 + $1.cpu }) > 0.05 else { return "" }
    let times = glyphs.isASCII ? "x" : "×"
    let texts = groups.prefix(4).map { group in
      group.name + " " + times + TextFormat.count(group.count, glyphs) + " " + TextFormat.fine(group.cpu, glyphs) + "%"
    }
    return "ended: " + texts.joined(separator: ", ")
  }

  /// The interval of the rates and the scan's age, if they exceed the screen's interval.
  private func span(of refresh: Int) -> String {
    let (interval, age) = (context.table.interval, context.table.age)
    func text(_ seconds: Double) -> String {
      seconds < 60 ? String(TextFormat.whole(seconds)) + " s" : TextFormat.duration(seconds)
    }
    var parts: [String] = []
    if interval >= Double(refresh) * 1.5 + 0.5 { parts.append("CPU% over " + text(interval.rounded())) }
    if age >= Double(refresh) + 1 { parts.append(text(age.rounded(.down)) + " old") }
    return parts.isEmpty ? "" : glyphs.separator + parts.joined(separator: ", ")
  }

  private func summary(_ width: Int) -> String {
    var parts = [TextFormat.counted(Double(processes.total), "process", "processes")]
    if processes.isPartial || processes.hidden > 0 { parts.append("others hidden") }
    if !context.state.table.filter.isEmpty {
      // The number of matches comes first, and leaves room for the filter itself.
      let count = context.table.rows.count
      parts = [String(count) + (count == 1 ? " match" : " matches")] + (width >= 60 ? parts : [])
      if width < 110 { return parts.joined(separator: glyphs.separator) }
    }
    parts.append(String(processes.running) + " running")
    if processes.blocked > 0 { parts.append(String(processes.blocked) + " blocked") }
    if processes.zombie > 0 { parts.append(String(processes.zombie) + " zombie") }
    if width >= 90 { parts.append(TextFormat.count(Double(processes.threads), glyphs) + " threads") }
    return parts.joined(separator: glyphs.separator)
  }
}

/// Processes as a table; narrow screens drop the least informative columns first.
struct ProcessTableView {
  let context: Context
  var glyphs: Glyphs { context.glyphs }
  var state: TableState { context.state.table }

  /// A column at its place.
  private struct Place {
    let column: ProcessColumn
    let x: Int
    let width: Int
    /// Whether a name is followed by the command's arguments, where these have no column.
    var hasArguments = false
  }

  /// Minimum width of the command's column.
  private static let commandWidth = 24

  /// Columns before the name, with the minimum width of the table and their own width.
  private func numbers(_ width: Int) -> [(column: ProcessColumn, width: Int)] {
    let hasGPUs = context.sample.gpus.contains { $0.processes?.isEmpty == false }
    // With several GPUs, which ones a process uses.
    let hasSeveral = hasGPUs && context.sample.gpus.count > 1
    let all: [(column: ProcessColumn, width: Int, from: Int)] = [
      (.pid, 7, 28), (.user, width >= 100 ? 12 : 8, 56), (.state, 1, 40), (.threads, 4, 110), (.cpu, 5, 0),
      (.memory, 5, 0), (.read, 6, 70), (.write, 7, 70), (.gpus, width >= 100 ? 7 : 4, hasSeveral ? 72 : .max),
      (.gpu, 5, hasGPUs ? 50 : .max), (.vram, 5, hasGPUs ? 62 : .max),
    ]
    var shown = all.filter { width >= $0.from || $0.column == state.sort && width >= 44 }.map { column, own, _ in
      (column, headWidth(column, own))
    }
    // The values that rows are sorted by are visible.
    if !shown.contains(where: { $0.0 == state.sort }), !Self.texts.contains(state.sort), width >= 44 {
      shown.append((state.sort, headWidth(state.sort, min(state.sort.width, width / 4))))
    }
    return shown
  }

  /// Columns of the automatic choice behind the numbers.
  private static let texts: [ProcessColumn] = [.name, .service, .command]

  /// A column's width with room for the mark of the order.
  private func headWidth(_ column: ProcessColumn, _ width: Int) -> Int {
    guard column == state.sort, column != .state else { return width }
    return max(width, Grid.columns(of: column.title + glyphs.sortMark(isUp: false)))
  }

  /// Columns of the number of chosen columns that do not fit.
  private static let moreWidth = 4

  /// Places of the columns of the automatic choice, or of the chosen ones, and how many of these are hidden at the right.
  private func places(in rect: Rect) -> (places: [Place], more: Int) {
    guard let columns = state.columns else { return (automaticPlaces(in: rect), 0) }
    let shown = columns.dropFirst(min(state.firstColumn, max(0, columns.count - 1)))
    let places = places(of: shown, in: rect)
    guard places.count < shown.count, rect.width >= 24 else { return (places, 0) }
    var narrow = rect
    narrow.width -= Self.moreWidth
    let fitting = self.places(of: shown, in: narrow)
    return (fitting, shown.count - fitting.count)
  }

  private func places(of shown: ArraySlice<ProcessColumn>, in rect: Rect) -> [Place] {
    var x = rect.x
    var places: [Place] = []
    for (place, column) in zip(shown.indices, shown) {
      let rest = rect.right - x
      // The last text takes the rest of the row.
      let isLast = column.isLeft && column.width > 9 && place == shown.indices.last
      let width = isLast ? rest : min(headWidth(column, column.width), rest)
      guard rest > 0, width >= min(column.width, 6) else { break }
      places.append(Place(column: column, x: x, width: width))
      x += width + (column.isLeft && column.width > 9 ? 2 : 1)
    }
    return places
  }

  private func automaticPlaces(in rect: Rect) -> [Place] {
    var places: [Place] = []
    var x = rect.x
    for (column, width) in numbers(rect.width) {
      places.append(Place(column: column, x: x, width: width))
      x += width + 1
    }
    x += 1
    // The kernel keeps 15 bytes of a name; the branches of a tree need more room. Command lines say more than long services.
    let isWide = rect.width >= 160
    let wide = (isWide ? 24 : 16) + (state.isTree ? 8 : 0)
    let room = max(0, rect.right - x)
    let serviceLimit = isWide || !context.table.hasCommands ? 26 : 18
    // Command lines come first: most processes have one, few a service.
    let both = room - wide - serviceLimit - 4 >= Self.commandWidth
    let hasService =
      context.table.hasServices && (context.table.hasCommands ? both : room - min(room, wide) - 2 >= 8)
    let serviceWidth = hasService ? min(room - wide - 2, serviceLimit) : 0
    let serviceRoom = hasService ? serviceWidth + 2 : 0
    let commandRoom = room - wide - serviceRoom - 2
    let hasCommand = context.table.hasCommands && commandRoom >= Self.commandWidth
    let isAlone = !hasCommand && (context.table.hasCommands || !hasService)
    let nameWidth = isAlone ? room - serviceRoom : min(room, wide)
    places.append(Place(column: .name, x: x, width: nameWidth, hasArguments: !hasCommand))
    x += nameWidth + 2
    if hasService { places.append(Place(column: .service, x: x, width: serviceWidth)) }
    if hasCommand { places.append(Place(column: .command, x: rect.right - commandRoom, width: commandRoom)) }
    return places
  }

  /// Draws the header and as many rows as fit.
  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    guard rest.height >= 2 else { return }
    let (places, more) = places(in: rest)
    let head = rest.takeTop(1)
    for place in places { drawHead(place.column, on: &grid, x: place.x, y: head.y, width: place.width) }
    if more > 0 {
      grid.putRight("+" + String(more) + (glyphs.isASCII ? ">" : "›"), end: head.right, y: head.y, .key)
    }
    let rows = context.table.rows
    let visible = rest.height
    context.hits.frameContext.visibleRows = visible
    context.hits.frameContext.rows = rows.map(\.process.pid)
    context.hits.frameContext.table = rows
    for row in rows { if let owner = row.owner { context.hits.frameContext.owners[row.process.pid] = owner } }
    if rows.isEmpty {
      let text =
        !state.filter.isEmpty
        ? "no matching process"
        : context.table.kind == .stored ? "no processes recorded at this time" : "no processes"
      grid.put(text, x: rest.x, y: rest.y, .muted)
    }
    let first = firstRow(visible)
    context.hits.frameContext.scroll = state.firstRow(of: context.table, visible: visible, last: context.lastTable)
    let selected = rows.firstIndex { $0.process.pid == state.selected }
    if selected != nil || state.selected == nil {
      context.hits.frameContext.window = TableWindow(
        visible: visible, kind: context.table.kind,
        showsSelection: selected.map { (first..<first + visible).contains($0) } == true)
    }
    for row in rows.dropFirst(first).prefix(visible) {
      let line = rest.takeTop(1)
      for place in places {
        let cell = Rect(x: place.x, y: line.y, width: place.width, height: 1)
        draw(place.column, of: row, hasArguments: place.hasArguments, on: &grid, in: cell)
      }
      context.hits.add(.process(row.process.pid), line)
      if state.tagged.contains(row.process.pid) { grid.restyle(line) { _ in Style(.key, .bold) } }
      if row.process.pid == state.selected {
        grid.restyle(line) { Style(foreground: .selection, attributes: $0.attributes.union([.reverse, .bold])) }
      }
    }
  }

  /// Rows above and below the visible ones, where keys or the wheel move in the table.
  func hidden(visible: Int) -> HiddenRows {
    let first = firstRow(visible)
    guard visible > 0, context.state.focus == .processes || first > 0 else { return HiddenRows() }
    return HiddenRows(above: first, below: max(0, context.table.rows.count - first - visible), isScrolled: true)
  }

  /// The requested scroll position; with a followed selection, one that shows it.
  private func firstRow(_ visible: Int) -> Int {
    let rows = context.table.rows
    let last = max(0, rows.count - visible)
    var first = state.firstRow(of: context.table, visible: visible, last: context.lastTable)
    if state.follows, let selected = state.selected,
      let place = rows.firstIndex(where: { $0.process.pid == selected }), place < first || place >= first + visible
    {
      first = place - visible / 2
    }
    return min(last, max(0, first))
  }

  func branch(_ row: ProcessRow) -> String {
    guard row.depth > 0 else { return "" }
    var text = ""
    // Deeper levels are drawn at the last available position.
    for (level, hasMore) in row.branches.suffix(8).enumerated() {
      let isLast = level == min(row.depth, 8) - 1
      if glyphs.isASCII {
        text += isLast ? (hasMore ? "|-" : "`-") : hasMore ? "| " : "  "
      } else {
        text += isLast ? (hasMore ? "├─" : "└─") : hasMore ? "│ " : "  "
      }
    }
    return text
  }

  private func drawHead(_ column: ProcessColumn, on grid: inout Grid, x: Int, y: Int, width: Int) {
    let isSorted = state.sort == column
    var title = column.title
    let isLeft = column.isLeft
    if isSorted, column != .state {
      title += glyphs.sortMark(isUp: column.isText != state.isReversed)
    }
    let style: Style = isSorted ? Style(.title, [.bold, .underline]) : .muted
    if isLeft {
      grid.putShortened(title, x: x, y: y, style, limit: max(width, 1))
    } else {
      grid.putRight(title, end: x + width, y: y, style, limit: width)
    }
    context.hits.add(.sort(column), Rect(x: x, y: y, width: width + 1, height: 1))
  }
}
