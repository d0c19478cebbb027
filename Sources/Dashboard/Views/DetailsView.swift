internal import AgentMetrics

/// Details of one process.
struct DetailsView {
  let context: Context
  let pid: Int32
  let details: ProcessDetails?
  let spark: [(time: Double, cpu: Double)]
  /// The process as it was last listed.
  let last: Process?
  /// Scroll position in rows.
  var scroll = 0
  /// Where it stands beside the table; nil for a box over the middle of the screen.
  var place: Rect?
  /// Whether more than the process table has of it can be read.
  var canRead = true
  var glyphs: Glyphs { context.glyphs }

  /// The row of the process; without one, the process as it is or was last listed.
  var row: ProcessRow? {
    if let row = context.table.rows.first(where: { $0.process.pid == pid }) { return row }
    let listed = context.hits.frameContext.processes.first { $0.pid == pid }
    return (listed ?? (hasEnded && last?.pid == pid ? last : nil)).map { ProcessRow(process: $0) }
  }

  private var hasEnded: Bool {
    context.table.kind == .whole && !context.hits.frameContext.processes.contains { $0.pid == pid }
  }

  var lines: [DetailLine] {
    guard let row else {
      return [DetailLine(name: "state", text: hasEnded ? "ended" : "not in the list", style: .warning)]
    }
    let process = row.process
    var lines: [DetailLine] = []
    func add(_ name: String, _ text: String?, _ style: Style = .plain) {
      if let text, !text.isEmpty { lines.append(DetailLine(name: name, text: text, style: style)) }
    }
    func pair(_ parts: [String?]) -> String { parts.compactMap { $0 }.joined(separator: glyphs.separator) }
    add(
      "user",
      pair([
        process.user, "parent " + String(process.parent),
        String(process.threads) + (process.threads == 1 ? " thread" : " threads"),
      ]))
    add("service", process.service)
    add(
      "state",
      pair([
        hasEnded ? "ended" : process.state == 0 ? nil : DetailsView.state(process.state),
        details?.nice.map { "nice " + String($0) },
      ]), hasEnded ? .warning : .plain)
    add("started", context.started(process))
    add("CPU", DetailsView.cpu(process.cpu, glyphs))
    let memory = details?.memory ?? row.memory
    func bytes(_ value: Double?, _ name: String, omitsZero: Bool = false) -> String? {
      guard let value, value.isFinite, value > 0 || !omitsZero else { return nil }
      return TextFormat.bytes(value, glyphs) + " " + name
    }
    add(
      "memory",
      pair([
        bytes(process.resident, "resident"), bytes(memory.shared, "shared"), bytes(memory.proportional, "PSS"),
        bytes(details?.swapped, "swapped", omitsZero: true),
      ]))
    if process.readRate.isFinite || process.writeRate.isFinite {
      add(
        "I/O",
        "read " + TextFormat.rate(process.readRate, glyphs) + ", write " + TextFormat.rate(process.writeRate, glyphs))
    }
    if row.usesGPU {
      let list = row.gpus.map { String($0) }.joined(separator: ",")
      add(
        "GPU",
        pair([
          list, row.gpuUtil.isFinite ? TextFormat.percent(row.gpuUtil, glyphs) : nil,
          row.vram.isFinite ? TextFormat.bytes(row.vram, glyphs) : nil,
        ]))
    }
    if let details {
      add("program", details.executable)
      add("directory", details.directory)
      if let count = details.openFiles {
        add("files", "open files " + String(count) + (details.openFilesLimit.map { " / " + $0.soft } ?? ""))
      }
      if let switches = details.switches {
        add(
          "switches", "context switches: " + switches.voluntary + " voluntary, " + switches.involuntary + " involuntary"
        )
      }
      if let oom = details.oomScore {
        add("OOM score", String(oom.score) + ", adjusted by " + String(oom.adjustment))
      }
    }
    add("command", details?.command ?? process.command, .muted)
    let all = lines + parents(of: process)
    guard let details else { return missing + all }
    return first(of: details) + all + sections(details)
  }

  /// CPU use, in CPUs above one.
  private static func cpu(_ cpu: Double, _ glyphs: Glyphs) -> String {
    cpu < 1 ? TextFormat.fine(cpu, glyphs) + "% of one CPU" : TextFormat.fixed(cpu, 2) + " CPUs"
  }

  static func state(_ letter: UInt8) -> String {
    let name =
      switch letter {
      case UInt8(ascii: "R"): "running"
      case UInt8(ascii: "S"): "sleeping"
      case UInt8(ascii: "D"): "uninterruptible wait, usually I/O"
      case UInt8(ascii: "Z"): "zombie, not reaped by parent"
      case UInt8(ascii: "T"), UInt8(ascii: "t"): "stopped"
      case UInt8(ascii: "I"): "idle"
      default: "state"
      }
    return name + " (" + String(Unicode.Scalar(letter)) + ")"
  }

  func draw(on grid: inout Grid) {
    let lines = lines
    let wanted = Size(width: 92, height: lines.count + 10)
    let title = String(pid) + (row.map { " " + $0.process.name } ?? "")
    OverlayBox(title: title, wanted: wanted, glyphs: glyphs, place: place).draw(on: &grid) { grid, inner in
      var rest = inner
      let free = max(inner.height - lines.count - 2, inner.height / 5)
      let hasSpark = free >= 3 && spark.count > 1
      let foot = rest.takeBottom(1)
      let graph = hasSpark ? rest.takeBottom(min(5, free)) : Rect(x: 0, y: 0, width: 0, height: 0)
      let rows = DetailsView.rows(lines, width: rest.width - Self.nameWidth)
      let limit = max(0, rows.count - rest.height)
      context.hits.frameContext.overlayRows = limit
      context.hits.frameContext.overlayVisible = rest.height
      let first = min(scroll, limit)
      for line in rows.dropFirst(first).prefix(rest.height) {
        let row = rest.takeTop(1)
        if line.isWide {
          grid.putShortened(line.text, x: row.x, y: row.y, line.style, limit: row.width)
        } else {
          grid.put(line.name, x: row.x, y: row.y, .key, limit: Self.nameWidth - 1)
          grid.putShortened(
            line.text, x: row.x + Self.nameWidth, y: row.y, line.style, limit: max(1, row.width - Self.nameWidth))
        }
      }
      if hasSpark { drawSpark(on: &grid, in: graph) }
      grid.putShortened(
        context.table.kind == .stored
          ? "as recorded at that time; Esc: close"
          : limit > 0
            ? "PgDn: more, up, down: another process, Esc: close"
            : "up, down: another process, " + (context.hits.frameContext.canSignal ? "k: send a signal, " : "")
              + "Esc: close",
        x: foot.x, y: foot.y, .muted, limit: foot.width)
      return OverlayBox.More(first: first, visible: rows.count - limit, of: rows.count)
    }
  }

  private static let nameWidth = 11

  /// Wraps the command line at the width.
  private static func rows(_ lines: [DetailLine], width: Int) -> [DetailLine] {
    lines.flatMap { line -> [DetailLine] in
      guard line.name == "command" else { return [line] }
      var rows: [DetailLine] = []
      var rest = Substring(line.text)
      repeat {
        // By characters; wider ones are shortened when drawn.
        let part = String(rest.prefix(max(1, width)))
        rows.append(DetailLine(name: rows.isEmpty ? line.name : "", text: part, style: line.style))
        rest = rest.dropFirst(max(1, width))
      } while !rest.isEmpty && rows.count < 200
      return rows
    }
  }

  private func drawSpark(on grid: inout Grid, in rect: Rect) {
    var rect = rect
    // An axis of its own over the known time, at least two minutes: on the common axis the curve would be too small.
    let known = spark.last.map { $0.time - (spark.first?.time ?? $0.time) } ?? 0
    let place = TimeAxis.step(columns: rect.width * glyphs.columnsPerCell, over: max(120, known.isFinite ? known : 0))
    let step = max(TimeAxis.steps[place], min(context.timeline.axis.step, context.timeline.interval))
    let axis = TimeAxis(step: step, end: context.timeline.axis.end)
    if rect.height >= 3 { AxisRow(context: context, own: axis).draw(on: &grid, in: rect.takeBottom(1)) }
    let count = rect.width * glyphs.columnsPerCell
    let first = axis.last(isPaired: glyphs.columnsPerCell == 2) - count + 1
    var values = [Double](repeating: .nan, count: count)
    // Samples store lists at their interval, while the table is read every second.
    let reach = max(8, TextFormat.whole(context.timeline.interval * 1.2 / axis.step) + 1)
    var last: (column: Int, cpu: Double)?
    for point in spark {
      let column = axis.number(of: point.time) - first
      // Between two nearby readings the later one's rate applies.
      if let last, column > last.column, column - last.column <= reach {
        for between in max(0, last.column + 1)..<max(0, last.column + 1, min(column, count)) {
          values[between] = point.cpu
        }
      }
      if values.indices.contains(column) { values[column] = point.cpu }
      last = (column, point.cpu)
    }
    let highest = values.reduce(0) { $1.isFinite ? max($0, $1) : $0 }
    let maximum = max(1, highest.rounded(.up))
    Graph(values: values, maximum: maximum, gradient: .load).draw(on: &grid, in: rect, glyphs)
    grid.put("CPU " + String(TextFormat.whole(maximum * 100)) + "% ", x: rect.x, y: rect.y, .muted)
  }
}
