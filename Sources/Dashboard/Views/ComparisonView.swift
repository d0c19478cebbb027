internal import AgentMetrics
internal import Query

/// Changes between two times, in a box over the panels.
struct ComparisonView {
  let context: Context
  let choice: ComparisonChoice
  let answer: WindowAnswer?
  private var glyphs: Glyphs { context.glyphs }

  func draw(on grid: inout Grid) {
    var changes: [Change] = []
    var message = "reading samples"
    switch answer {
    case .comparison(let comparison?):
      changes = comparison.limited(to: choice.kind, count: .max).changes
      message = "no change above 0.5% of the machine's capacity"
    case .comparison(nil): message = "no samples around one of the times"
    case .failure(let reason): message = reason
    case .waste, .ranking, nil: break
    }
    context.hits.frameContext.overlayRows = changes.count
    let selected = min(choice.selected, max(0, changes.count - 1))
    let wanted = Size(width: min(124, grid.width - 2), height: max(4, changes.count) + 6)
    let times = [choice.first, choice.second].map { context.clock.time($0) }.joined(separator: " to ")
    let title = "CHANGES" + (choice.kind.map { " of " + $0.title } ?? "") + ", " + times
    OverlayBox(title: title, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let foot = rest.takeBottom(min(2, rest.height))
      grid.putShortened(
        "Tab: all, machine, processes, workloads, GPUs, disks, filesystems   Esc: close", x: foot.x, y: foot.bottom - 1,
        .muted, limit: foot.width)
      if foot.height > 1, !changes.isEmpty {
        grid.putShortened(about(changes[selected]), x: foot.x, y: foot.y, .muted, limit: foot.width)
      }
      guard !changes.isEmpty else {
        grid.putShortened(message, x: rest.x, y: rest.y, .muted, limit: rest.width)
        return OverlayBox.More()
      }
      drawHead(on: &grid, in: rest.takeTop(1))
      let first = max(0, min(selected - rest.height / 2, changes.count - rest.height))
      for (row, change) in changes.dropFirst(first).prefix(rest.height).enumerated() {
        let line = Rect(x: rest.x, y: rest.y + row, width: rest.width, height: 1)
        draw(change, on: &grid, in: line)
        context.hits.add(.row(first + row), line)
        if first + row == selected { grid.restyle(line) { _ in .selection } }
      }
      return OverlayBox.More(first: first, visible: rest.height, of: changes.count)
    }
  }

  /// Ends of the columns, from the right; narrow boxes lack those of the values.
  private func columns(_ line: Rect) -> (name: Int, measure: Int, before: Int?, after: Int?, change: Int) {
    let change = line.right
    guard line.width >= 56 else { return (line.width - 22, change - 10, nil, nil, change) }
    let after = change - 11
    let before = after - 11
    return (line.width - 22 - 24, before - 11, before, after, change)
  }

  private func drawHead(on grid: inout Grid, in line: Rect) {
    let columns = columns(line)
    grid.put("NAME", x: line.x, y: line.y, .muted)
    grid.putRight("MEASURE", end: columns.measure, y: line.y, .muted)
    if let before = columns.before { grid.putRight("BEFORE", end: before, y: line.y, .muted) }
    if let after = columns.after { grid.putRight("AFTER", end: after, y: line.y, .muted) }
    grid.putRight("CHANGE", end: columns.change, y: line.y, .muted)
  }

  private func draw(_ change: Change, on grid: inout Grid, in line: Rect) {
    let columns = columns(line)
    var x = grid.putShortened(change.shownName(glyphs), x: line.x, y: line.y, limit: columns.name)
    let more = [
      change.state == .changed ? "" : change.state.rawValue, change.kind == .machine ? "" : change.kind.rawValue,
    ]
    .filter { !$0.isEmpty }.joined(separator: " ")
    x += 2
    if line.x + columns.name - x >= more.utf8.count {
      x = grid.put(more, x: x, y: line.y, change.state == .changed ? .muted : .key)
      // Processes of one name differ by their workload.
      let room = line.x + columns.name - x - 1
      if let workload = change.workload, room >= 12 {
        grid.putShortened("of " + workload, x: x + 1, y: line.y, .muted, limit: room)
      }
    }
    func right(_ value: Double, _ end: Int, _ style: Style) {
      grid.putRight(value.isFinite ? change.measure.text(value, glyphs) : glyphs.absent, end: end, y: line.y, style)
    }
    grid.putRight(change.measure.title, end: columns.measure, y: line.y, .muted, limit: 10)
    if let before = columns.before { right(change.before, before, .plain) }
    if let after = columns.after { right(change.after, after, .plain) }
    let sign = change.difference > 0 ? "+" : "-"
    grid.putRight(
      sign + change.measure.text(abs(change.difference), glyphs), end: columns.change, y: line.y, .bold, limit: 10)
  }

  private func about(_ change: Change) -> String {
    var parts = [TextFormat.percent(abs(change.share), glyphs) + " of the machine's capacity"]
    if change.count > 1 { parts.append(TextFormat.fixed(change.count, 0) + " processes") }
    if change.pid.isFinite { parts.append("pid " + TextFormat.fixed(change.pid, 0)) }
    if let user = change.user { parts.append(user) }
    if let workload = change.workload { parts.append(workload) }
    return parts.joined(separator: glyphs.separator)
  }
}

extension Change {
  /// The name, with the number of processes.
  fileprivate func shownName(_ glyphs: Glyphs) -> String {
    count > 1 ? TextFormat.fixed(count, 0) + glyphs.times + " " + name : name
  }
}

extension ChangeKind {
  fileprivate var title: String {
    switch self {
    case .machine: "the machine"
    case .process: "processes"
    case .workload: "workloads"
    case .gpu: "GPUs"
    case .disk: "disks"
    case .filesystem: "filesystems"
    }
  }
}

extension ChangeMeasure {
  fileprivate var title: String {
    switch self {
    case .cpu: "CPU"
    case .memory: "memory"
    case .swap: "swap"
    case .read: "read"
    case .written: "written"
    case .gpu: "GPU"
    case .vram: "VRAM"
    case .use: "use"
    case .power: "power"
    case .temperature: "temp."
    case .busy: "busy"
    case .latency: "latency"
    case .used: "used"
    case .throttled: "throttled"
    case .cpuPressure: "CPU wait"
    case .memoryPressure: "mem. wait"
    case .ioPressure: "I/O wait"
    }
  }

  fileprivate func text(_ value: Double, _ glyphs: Glyphs) -> String {
    switch self {
    case .cpu, .gpu: TextFormat.fixed(value, 2)
    case .memory, .swap, .vram: TextFormat.bytes(value, glyphs)
    case .read, .written: TextFormat.compact(value, glyphs) + "/s"
    case .power: TextFormat.fixed(value, 0) + " W"
    case .temperature: TextFormat.fixed(value, 0) + (glyphs.isASCII ? " C" : " °C")
    case .latency: TextFormat.time(value, glyphs)
    case .use, .busy, .used, .throttled, .cpuPressure, .memoryPressure, .ioPressure: TextFormat.percent(value, glyphs)
    }
  }
}
