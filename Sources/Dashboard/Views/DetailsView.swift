internal import AgentMetrics

/// What is known of one process.
struct DetailsView {
  let context: Context
  let pid: Int32
  let details: ProcessDetails?
  let spark: [(moment: Double, cpu: Double)]
  let now: Double
  private var glyphs: Glyphs { context.glyphs }

  private struct Line {
    let name: String
    let text: String
    var style = Style.plain
  }

  private var lines: [Line] {
    guard let row = context.table.rows.first(where: { $0.process.pid == pid }) else {
      return [Line(name: "", text: "it has ended, or is not in the list that is shown", style: .warning)]
    }
    let process = row.process
    var lines: [Line] = []
    func add(_ name: String, _ text: String?, _ style: Style = .plain) {
      if let text, !text.isEmpty { lines.append(Line(name: name, text: text, style: style)) }
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
        process.state == 0 ? nil : DetailsView.state(process.state),
        details?.nice.map { "nice " + String($0) },
        context.sample.boottime.isFinite && process.start.isFinite && process.start > 0
          ? "for " + Format.duration(max(0, context.sample.host.uptime - process.start)) : nil,
      ]))
    add("CPU", Format.fine(process.cpu, glyphs) + "% of one CPU")
    add(
      "memory",
      pair([
        Format.bytes(process.resident, glyphs) + " resident",
        details?.swapped.flatMap { $0 > 0 ? Format.bytes($0, glyphs) + " swapped" : nil },
      ]))
    if process.readRate.isFinite || process.writeRate.isFinite {
      add(
        "I/O", "reads " + Format.rate(process.readRate, glyphs) + ", writes " + Format.rate(process.writeRate, glyphs))
    }
    if row.usesGPU {
      let list = row.gpus.map { String($0) }.joined(separator: ",")
      add(
        "GPU",
        pair([
          list, row.gpuUtil.isFinite ? Format.percent(row.gpuUtil, glyphs) : nil,
          row.vram.isFinite ? Format.bytes(row.vram, glyphs) : nil,
        ]))
    }
    if let details {
      add("program", details.executable)
      add("directory", details.directory)
      if let count = details.openFiles {
        let limit = details.openFilesLimit.map { ", at most " + $0.soft + " (hard " + $0.hard + ")" } ?? ""
        add("files", String(count) + " open" + limit)
      }
      if let switches = details.switches {
        add("switches", switches.voluntary + " voluntary, " + switches.involuntary + " forced")
      }
      add("limits", details.limits.prefix(4).map { $0.name + " " + $0.soft }.joined(separator: glyphs.separator))
    }
    add("command", details?.command ?? process.command, .muted)
    return lines
  }

  private static func state(_ letter: UInt8) -> String {
    let name =
      switch letter {
      case UInt8(ascii: "R"): "running"
      case UInt8(ascii: "S"): "sleeping"
      case UInt8(ascii: "D"): "waits for a device"
      case UInt8(ascii: "Z"): "has ended, its parent has not asked how"
      case UInt8(ascii: "T"), UInt8(ascii: "t"): "stopped"
      case UInt8(ascii: "I"): "idle"
      default: "state"
      }
    return name + " (" + String(Unicode.Scalar(letter)) + ")"
  }

  func draw(on grid: inout Grid) {
    let lines = lines
    let wanted = Size(width: 92, height: lines.count + 10)
    let name = context.table.rows.first { $0.process.pid == pid }?.process.name ?? ""
    OverlayBox(title: String(pid) + " " + name, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let hasSpark = inner.height >= lines.count + 4 && spark.count > 1
      let foot = rest.takeBottom(1)
      let graph =
        hasSpark ? rest.takeBottom(min(5, inner.height - lines.count - 2)) : Rect(x: 0, y: 0, width: 0, height: 0)
      for line in lines where !rest.isEmpty {
        // The command line takes what room is left.
        var text = Substring(line.text)
        var isFirst = true
        repeat {
          let row = rest.takeTop(1)
          if isFirst { grid.put(line.name, x: row.x, y: row.y, .key) }
          let room = max(1, row.width - 11)
          guard line.name == "command" else {
            grid.putShortened(line.text, x: row.x + 11, y: row.y, line.style, limit: room)
            break
          }
          let part = text.prefix(room)
          grid.put(String(part), x: row.x + 11, y: row.y, line.style, limit: room)
          text = text.dropFirst(room)
          isFirst = false
        } while line.name == "command" && !text.isEmpty && !rest.isEmpty
      }
      if hasSpark { drawSpark(on: &grid, in: graph) }
      grid.putShortened(
        context.table.kind == .stored
          ? "what is stored of that moment; Esc closes"
          : "up, down another; k sends a signal; Esc closes", x: foot.x, y: foot.y, .muted, limit: foot.width)
    }
  }

  private func drawSpark(on grid: inout Grid, in rect: Rect) {
    let axis = TimeAxis(step: context.timeline.axis.step, end: context.timeline.axis.end)
    let count = rect.width * glyphs.columnsPerCell
    let first = axis.last(isPaired: glyphs.columnsPerCell == 2) - count + 1
    var values = [Double](repeating: .nan, count: count)
    // Lists are stored with every sample, and looked at anew every second.
    let reach = max(8, Format.whole(context.timeline.interval * 1.2 / axis.step) + 1)
    var last: (column: Int, cpu: Double)?
    for point in spark {
      let column = axis.number(of: point.moment) - first
      // Between two looks not far apart it did what the later one tells.
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
    Graph(values: values, maximum: maximum, paint: .gradient(.load)).draw(on: &grid, in: rect, glyphs)
    grid.put("CPU " + String(Format.whole(maximum * 100)) + "% ", x: rect.x, y: rect.y, .muted)
  }
}
