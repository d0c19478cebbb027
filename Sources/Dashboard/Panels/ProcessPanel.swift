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
    let count = context.table.unfiltered
    // The first screen names the culprit: rows of processes come before graphs.
    let enough = 2 + min(count, context.sample.gpus.isEmpty ? 18 : 10)
    return Height(
      minimum: min(2 + max(count, 1), 4), comfortable: 2 + min(max(count, 4), 10), maximum: max(4, 2 + count),
      enough: enough)
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
    let ended = rect.height > 6 ? ended : nil
    PanelTitle(
      name: context.title(.processes), more: table.hidden(visible: rect.height - (ended == nil ? 2 : 3)),
      detail: detail,
      right: summary(rect.width)
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    if let ended {
      let row = rest.takeBottom(1)
      grid.putShortened(ended, x: row.x, y: row.y, .muted, limit: row.width)
    }
    table.draw(on: &grid, in: rest)
  }

  /// The processes that ended in the interval, where they used more than a twentieth of a CPU: no row shows them.
  private var ended: String? {
    let groups = processes.ended.filter { $0.cpu >= 0.01 }
    guard groups.reduce(0, { $0 + $1.cpu }) > 0.05 else { return nil }
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
    var parts = [String(processes.total) + " processes"]
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
  private var glyphs: Glyphs { context.glyphs }
  private var state: TableState { context.state.table }

  /// Columns before the name, with the minimum width of the table and their own width.
  private func columns(_ width: Int) -> [(column: ProcessColumn, width: Int)] {
    let hasGPUs = context.sample.gpus.contains { $0.processes?.isEmpty == false }
    let all: [(column: ProcessColumn, width: Int, from: Int)] = [
      (.pid, 7, 28), (.user, width >= 100 ? 12 : 8, 56), (.state, 1, 40), (.threads, 4, 110), (.cpu, 5, 0),
      (.memory, 5, 0), (.read, 6, 70), (.write, 7, 70), (.gpu, 5, hasGPUs ? 50 : .max), (.vram, 5, hasGPUs ? 62 : .max),
    ]
    return all.filter { width >= $0.from || $0.column == state.sort && width >= 44 }.map { ($0.column, $0.width) }
  }

  /// Positions of the columns at a width.
  private struct TableColumns {
    let numbers: [(column: ProcessColumn, width: Int)]
    let nameX: Int
    let nameWidth: Int
    /// nil without room, or if no row has a service.
    let service: (x: Int, width: Int)?
    let commandX: Int?

    /// Returns the end of the name in a row.
    func nameEnd(_ rect: Rect) -> Int { service != nil || commandX != nil ? nameX + nameWidth : rect.right }
  }

  private func tableColumns(in rect: Rect) -> TableColumns {
    let numbers = columns(rect.width)
    let nameX = numbers.reduce(rect.x) { $0 + $1.width + 1 } + 1
    // Names need more room after the branches of a tree.
    let wide = rect.width >= 160 ? 40 : rect.width >= 100 ? 24 : 16
    let nameWidth = max(0, min(rect.right - nameX, state.isTree ? wide + 8 : wide))
    let serviceX = nameX + nameWidth + 2
    let serviceRoom = rect.right - serviceX
    let hasService = serviceRoom >= 8 && context.table.hasServices
    let serviceWidth = min(serviceRoom, 26)
    let commandX = hasService ? serviceX + serviceWidth + 2 : serviceX
    return TableColumns(
      numbers: numbers, nameX: nameX, nameWidth: nameWidth, service: hasService ? (serviceX, serviceWidth) : nil,
      commandX: rect.right - commandX >= 12 && context.table.hasCommands ? commandX : nil)
  }

  /// Draws the header and as many rows as fit.
  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    guard rest.height >= 2 else { return }
    let columns = tableColumns(in: rest)
    drawHead(columns, on: &grid, in: rest.takeTop(1))
    let rows = context.table.rows
    let visible = rest.height
    context.hits.frameContext.visibleRows = visible
    context.hits.frameContext.rows = rows.map(\.process.pid)
    context.hits.frameContext.table = rows
    if rows.isEmpty {
      let text =
        !state.filter.isEmpty
        ? "no matching process"
        : context.table.kind == .stored ? "no processes recorded at this time" : "no processes"
      grid.put(text, x: rest.x, y: rest.y, .muted)
    }
    for row in rows.dropFirst(firstRow(visible)).prefix(visible) {
      let line = rest.takeTop(1)
      draw(row, columns, on: &grid, in: line)
      if let owner = row.owner { context.hits.frameContext.owners[row.process.pid] = owner }
      context.hits.add(.process(row.process.pid), line)
      if row.process.pid == state.selected {
        grid.restyle(line) { Style(foreground: .selection, attributes: $0.attributes.union([.reverse, .bold])) }
      }
    }
  }

  private func drawHead(_ columns: TableColumns, on grid: inout Grid, in line: Rect) {
    var x = line.x
    for (column, width) in columns.numbers {
      drawHead(column, on: &grid, x: x, y: line.y, width: width)
      x += width + 1
    }
    drawHead(.name, on: &grid, x: columns.nameX, y: line.y, width: columns.nameWidth)
    if let (x, width) = columns.service { drawHead(.service, on: &grid, x: x, y: line.y, width: width) }
    if let x = columns.commandX { grid.put("COMMAND", x: x, y: line.y, .muted) }
  }

  private func draw(_ row: ProcessRow, _ columns: TableColumns, on grid: inout Grid, in line: Rect) {
    let process = row.process
    var x = line.x
    for (column, width) in columns.numbers {
      draw(column, of: row, on: &grid, in: Rect(x: x, y: line.y, width: width, height: 1))
      x += width + 1
    }
    let nameX = grid.put(branch(row), x: columns.nameX, y: line.y, .faint, limit: columns.nameWidth)
    var name = process.name
    if row.count > 1 { name = String(row.count) + glyphs.times + " " + name }
    if row.hidden > 0 { name += " +" + String(row.hidden) }
    let isQuiet = process.isKernelThread || row.owner != nil
    grid.putShortened(
      name, x: nameX, y: line.y, isQuiet ? .muted : .plain, limit: columns.nameEnd(line) - nameX)
    if let (x, width) = columns.service, let service = process.service {
      grid.putShortened(service, x: x, y: line.y, .muted, limit: width)
    }
    if let x = columns.commandX, let command = process.command {
      grid.putShortened(command, x: x, y: line.y, .muted, limit: line.right - x)
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
    var first = min(last, state.scroll)
    if state.follows, let selected = state.selected,
      let place = rows.firstIndex(where: { $0.process.pid == selected }), place < first || place >= first + visible
    {
      first = place - visible / 2
    }
    return min(last, max(0, first))
  }

  private func branch(_ row: ProcessRow) -> String {
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
    let isLeft = column == .user || column == .state || column == .name || column == .service
    if isSorted, column != .state {
      title += glyphs.sortMark(isUp: column.isText != state.isReversed)
    }
    let style: Style = isSorted ? Style(.title, [.bold, .underline]) : .muted
    if isLeft {
      grid.put(title, x: x, y: y, style, limit: max(width, 1))
    } else {
      // The mark may use the gap before the column.
      grid.putRight(title, end: x + width, y: y, style, limit: width + 1)
    }
    context.hits.add(.sort(column), Rect(x: x, y: y, width: width + 1, height: 1))
  }

  private func draw(_ column: ProcessColumn, of row: ProcessRow, on grid: inout Grid, in cell: Rect) {
    let process = row.process
    let (x, y, width) = (cell.x, cell.y, cell.width)
    func right(_ text: String, _ style: Style) { grid.putRight(text, end: x + width, y: y, style, limit: width) }
    func rate(_ value: Double) { right(TextFormat.compact(value, glyphs), value > 0 ? .plain : .faint) }
    switch column {
    case .pid: right(String(row.number), row.owner == nil ? .muted : .faint)
    case .user: grid.putShortened(process.user, x: x, y: y, .muted, limit: width)
    case .state:
      let style: Style =
        switch process.state {
        case UInt8(ascii: "R"): Style(.good)
        case UInt8(ascii: "D"), UInt8(ascii: "Z"), UInt8(ascii: "T"): .warning
        default: .muted
        }
      guard process.state != 0 else { return }
      grid.put(String(Unicode.Scalar(process.state)), x: x, y: y, style, limit: width)
    case .threads: right(String(process.threads), process.threads > 1 ? .plain : .muted)
    case .cpu:
      let style: Style =
        process.cpu >= 0.5 ? Style(.load(min(1, process.cpu)), .bold) : process.cpu >= 0.005 ? .plain : .muted
      right(TextFormat.fine(process.cpu, glyphs), style)
    case .memory: right(TextFormat.compact(process.resident, glyphs), .plain)
    case .read: rate(process.readRate)
    case .write: rate(process.writeRate)
    case .gpu:
      if row.gpuUtil.isFinite {
        right(TextFormat.percent(row.gpuUtil, glyphs), Style(.gpu, row.gpuUtil >= 0.5 ? .bold : []))
      } else if let first = row.gpus.first {
        right("#" + String(first), .muted)
      }
    case .vram: if row.vram.isFinite { right(TextFormat.compact(row.vram, glyphs), Style(.vram)) }
    case .service, .name: break
    }
  }
}
