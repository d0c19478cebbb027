internal import AgentMetrics
internal import Query

/// Resources held without use in a window, in a box over the panels.
struct WasteView {
  let context: Context
  let choice: WasteChoice
  let answer: WindowAnswer?
  private var glyphs: Glyphs { context.glyphs }

  private struct Column {
    let title: String
    let width: Int
    let text: (Waste) -> String
  }

  func draw(on grid: inout Grid) {
    var report = WasteReport()
    var message = "reading samples"
    switch answer {
    case .waste(let known):
      report = known
      message = known.samples == 0 ? "no samples" : "no GPU was held and no workload was throttled"
    case .failure(let reason): message = reason
    case .comparison, .ranking, nil: break
    }
    let entries = report.entries
    context.hits.frameContext.overlayRows = entries.count
    let selected = min(choice.selected, max(0, entries.count - 1))
    let wanted = Size(width: min(124, grid.width - 2), height: max(4, entries.count) + 7)
    let times = context.clock.span(from: choice.start, to: choice.end)
    OverlayBox(title: "WASTE by " + choice.grouping.rawValue + ", " + times, wanted: wanted, glyphs: glyphs)
      .draw(on: &grid) { grid, inner in
        var rest = inner
        let foot = rest.takeBottom(min(2, rest.height))
        let head = rest.takeTop(1)
        grid.putShortened(summary(report), x: head.x, y: head.y, limit: head.width)
        if foot.height > 1 {
          grid.putShortened(
            "idle: use below 5% by its processes, or of the GPU if the driver reports no use by process",
            x: foot.x, y: foot.y, .muted, limit: foot.width)
        }
        grid.putShortened(
          "Tab: workloads, users   up, down: select   Esc: close", x: foot.x, y: foot.bottom - 1, .muted,
          limit: foot.width)
        guard !entries.isEmpty else {
          grid.putShortened(message, x: rest.x, y: rest.y, .muted, limit: rest.width)
          return OverlayBox.More()
        }
        let columns = columns(rest.width, entries)
        let nameWidth = max(8, rest.width - columns.reduce(0) { $0 + $1.width + 1 })
        let titles = rest.takeTop(1)
        grid.put("NAME", x: titles.x, y: titles.y, .muted)
        draw(columns.map(\.title), columns, from: titles.x + nameWidth, y: titles.y, .muted, on: &grid)
        let first = max(0, min(selected - rest.height / 2, entries.count - rest.height))
        for (row, waste) in entries.dropFirst(first).prefix(rest.height).enumerated() {
          let y = rest.y + row
          let name = [waste.name, choice.grouping == .user ? "" : waste.user ?? ""].filter { !$0.isEmpty }
          grid.putShortened(name.joined(separator: "  "), x: rest.x, y: y, limit: nameWidth)
          draw(columns.map { $0.text(waste) }, columns, from: rest.x + nameWidth, y: y, .plain, on: &grid)
          let line = Rect(x: rest.x, y: y, width: rest.width, height: 1)
          context.hits.add(.row(first + row), line)
          if first + row == selected { grid.restyle(line) { _ in .selection } }
        }
        return OverlayBox.More(first: first, visible: rest.height, of: entries.count)
      }
  }

  private func draw(
    _ texts: [String], _ columns: [Column], from start: Int, y: Int, _ style: Style, on grid: inout Grid
  ) {
    var end = start
    for (text, column) in zip(texts, columns) {
      end += column.width + 1
      grid.putRight(text, end: end, y: y, style, limit: column.width)
    }
  }

  private func columns(_ width: Int, _ entries: [Waste]) -> [Column] {
    let hasGPUs = entries.contains { $0.gpuHeld.isFinite }
    let isThrottled = entries.contains { $0.throttled > 0 }
    func percent(_ value: Double) -> String { value.isFinite ? TextFormat.percent(value, glyphs) : "" }
    let all: [(column: Column, from: Int)] = [
      (Column(title: "GPU IDLE", width: 9) { hours($0.gpuIdle) }, hasGPUs ? 0 : .max),
      (Column(title: "GPU HELD", width: 9) { hours($0.gpuHeld) }, hasGPUs ? 56 : .max),
      (Column(title: "IDLE", width: 5) { percent($0.idleShare) }, hasGPUs ? 40 : .max),
      (
        Column(title: "IDLE MEM", width: 8) {
          $0.idleMemory.isFinite ? TextFormat.compact($0.idleMemory, glyphs) : ""
        }, hasGPUs ? 66 : .max
      ),
      (Column(title: "IDLE ENERGY", width: 11) { energy($0.idleEnergy) }, hasGPUs ? 80 : .max),
      (Column(title: "ENERGY", width: 11) { energy($0.energy) }, hasGPUs ? 100 : .max),
      (
        Column(title: "THROTTLED", width: 9) { $0.throttled > 0 ? TextFormat.time($0.throttled, glyphs) : "" },
        isThrottled ? 50 : .max
      ),
      (Column(title: "SHARE", width: 5) { percent($0.throttledShare) }, isThrottled ? 60 : .max),
      (Column(title: "GPUS", width: 7) { $0.gpus ?? "" }, hasGPUs ? 110 : .max),
    ]
    return all.filter { width >= $0.from }.map(\.column)
  }

  /// GPU time.
  private func hours(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "" }
    let hours = seconds / 3_600
    return TextFormat.fixed(hours, hours < 1 ? 3 : hours < 100 ? 2 : 0) + " h"
  }

  private func energy(_ joules: Double) -> String {
    joules.isFinite ? TextFormat.fixed(joules / 3.6e6, 3) + " kWh" : ""
  }

  private func summary(_ report: WasteReport) -> String {
    var parts = [TextFormat.counted(Double(report.samples), "sample", "samples")]
    if report.gpuTime.isFinite {
      let idle = report.gpuIdle.isFinite ? report.gpuIdle : 0
      parts.append("all GPUs: idle " + hours(idle) + " of " + hours(report.gpuTime))
    }
    if report.energy.isFinite {
      let idle = report.idleEnergy.isFinite ? report.idleEnergy : 0
      parts.append(energy(idle) + " of " + energy(report.energy))
    }
    if report.moreEntries > 0 { parts.append(TextFormat.fixed(report.moreEntries, 0) + " more") }
    return parts.joined(separator: glyphs.separator)
  }
}
