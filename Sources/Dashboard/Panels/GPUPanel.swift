internal import AgentMetrics

extension PanelDescriptor {
  static let gpu = PanelDescriptor(
    id: "gpu", name: "GPU", title: "GPU", catalog: ["gpus."], sources: ["gpu"], graphs: [GPUPanel.mean, GPUPanel.vram],
    places: [
      .overview: PanelPlace(1), .processes: PanelPlace(1), .gpu: PanelPlace(0), .graphs: PanelPlace(1),
    ]
  ) { GPUPanel($0) }
}

/// GPUs: one or two with all details and their history, more in a cell each, with graphs of use and memory.
struct GPUPanel: Panel {
  static let mean = GraphMetric("gpus.util", "gpus.index") { GPUSummary($0.gpus).util }
  static let vram = GraphMetric("gpus.vram_used_mb", "gpus.vram_total_mb") { GPUSummary($0.gpus).vramUsage }

  private static let gap = 3
  /// Minimum width of a cell on narrow screens, and where graphs get more room.
  private static let (cellWidth, wideCellWidth) = (38, 50)
  private static let blockRows = 3
  /// Rows of a cell beyond which graphs do not become clearer.
  private static let maxCellRows = 6

  private let context: Context
  private var gpus: [GPU] { context.sample.gpus }
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    if context.sample.gpus.isEmpty { return nil }
    self.context = context
  }

  /// Form of the GPUs.
  private enum GPURowStyle {
    /// All details, several lines per GPU, beside graphs on the common axis.
    case blocks
    /// Cells of one or more rows, each with graphs of its own.
    case cells
    /// A column per GPU: heat strips.
    case strips
  }

  private func columns(_ width: Int) -> Int {
    let cell = width < 100 ? Self.cellWidth : Self.wideCellWidth
    return max(1, min(gpus.count, 4, (width + Self.gap) / (cell + Self.gap)))
  }

  private func rows(_ width: Int) -> Int {
    (gpus.count + columns(width) - 1) / columns(width)
  }

  private func form(_ size: Size) -> GPURowStyle {
    let side = Context.split(size.width).side
    if gpus.count <= 2, size.height >= gpus.count * Self.blockRows, side > 0 { return .blocks }
    return rows(size.width) <= size.height ? .cells : .strips
  }

  func height(width: Int) -> Height {
    if gpus.count <= 2 {
      return Height(
        minimum: 1 + gpus.count, comfortable: 1 + max(gpus.count * Self.blockRows, 4), maximum: 1 + gpus.count * 8)
    }
    let rows = rows(width)
    // Strips below a row per GPU; above, all cells grow by a row at once.
    let minimum = 1 + min(rows, GPUStrips.fewestRows)
    let steps = [minimum + 1] + (1...Self.maxCellRows).map { 1 + rows * $0 + Self.axisRows($0) }
    let useless = zip(steps, steps.dropFirst()).filter { $0 < $1 }.map { $0 + 1..<$1 }
    return Height(
      minimum: minimum, comfortable: 1 + rows * (rows <= 8 ? 2 : 1), maximum: max(14, steps.last ?? 0),
      first: context.screenHeight >= 36 && rows <= 8 ? 1 + rows : 0, enough: 1 + rows * (rows <= 4 ? 2 : 1),
      useless: useless)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let summary = GPUSummary(gpus)
    PanelTitle(
      name: context.title(.gpu), alert: gpus.count > 1 ? summary.alertText : "", detail: title,
      right: gpus.count > 1 ? summary.text(glyphs) : ""
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    guard !rest.isEmpty else { return }
    switch form(Size(width: rest.width, height: rest.height)) {
    case .blocks:
      for index in gpus.indices {
        drawBlock(index, on: &grid, in: rest.takeTop(rest.height / (gpus.count - index)))
      }
    case .cells: drawCells(on: &grid, in: rest)
    case .strips:
      let strips = GPUStrips(gpus: gpus, glyphs: glyphs)
      let taken = strips.draw(on: &grid, in: rest)
      _ = rest.takeTop(taken)
      drawMean(on: &grid, in: rest)
    }
  }

  func linesAlone(width: Int) -> [PanelLine] {
    guard gpus.count > 2 else { return [] }
    return GPURemarks(context: context, columns: max(1, min(gpus.count, width / 56))).lines(width: width)
  }

  /// The mean's graph, on the axis of the graphs above and below it.
  private func drawMean(on grid: inout Grid, in rect: Rect) {
    let (width, side) = Context.split(rect.width)
    let graph = Rect(x: rect.x, y: rect.y, width: width, height: rect.height)
    context.drawGraph(
      on: &grid, in: graph, gradient: .gpu, top: "mean of " + GPUSummary(gpus).countText + ", scale 100%",
      Self.mean.value)
    // The mean of a single GPU is redundant.
    guard side > 0, !rect.isEmpty, gpus.count > 1 else { return }
    grid.putShortened(
      "mean of " + GPUSummary(gpus).countText + " GPUs", x: rect.right - side, y: rect.y, .muted, limit: side)
  }

  /// Draws the GPUs in columns, numbered downwards, above a time axis for each where there is room.
  private func drawCells(on grid: inout Grid, in rect: Rect) {
    let columns = columns(rect.width)
    let rows = rows(rect.width)
    let width = (rect.width - Self.gap * (columns - 1)) / columns
    let hasAxis = Self.axisRows(rect.height / rows) > 0
    var rest = rect
    if hasAxis { _ = rest.takeBottom(1) }
    for row in 0..<rows {
      let line = rest.takeTop(min(Self.maxCellRows, rest.height / (rows - row)))
      for column in 0..<columns where column * rows + row < gpus.count {
        let cell = Rect(x: line.x + column * (width + Self.gap), y: line.y, width: width, height: line.height)
        let view = GPUCell(context: context, gpu: gpus[column * rows + row])
        view.draw(on: &grid, in: cell)
        if hasAxis, row == rows - 1 || column * rows + row == gpus.count - 1 {
          let graph = view.graph(in: cell)
          let axis = Rect(x: graph.x, y: cell.bottom, width: graph.width, height: 1)
          context.hits.axes.append(axis)
          AxisRow(context: context).draw(on: &grid, in: axis)
        }
      }
    }
  }

  /// Rows of the time axis below cells of that height.
  private static func axisRows(_ cellRows: Int) -> Int { cellRows >= 3 ? 1 : 0 }

  /// The model, if all GPUs share one.
  private var title: String {
    let model = gpus[0].model ?? gpus[0].vendor
    if gpus.contains(where: { $0.model != gpus[0].model || $0.vendor != gpus[0].vendor }) {
      return String(gpus.count) + " GPUs"
    }
    return gpus.count == 1 ? model : String(gpus.count) + " " + glyphs.times + " " + model
  }

  private func drawBlock(_ index: Int, on grid: inout Grid, in rect: Rect) {
    let gpu = gpus[index]
    let (graphWidth, sideWidth) = Context.split(rect.width)
    let graph = Rect(x: rect.x, y: rect.y, width: graphWidth, height: rect.height)
    var rest = Rect(x: rect.right - sideWidth, y: rect.y, width: sideWidth, height: rect.height)
    let prefix = gpus.count > 1 ? String(gpu.index) + " " : ""
    let labelWidth = prefix.utf8.count + 4
    if let remark = gpu.stateRemark {
      let row = rest.takeTop(1)
      let x = grid.put(prefix, x: row.x, y: row.y, .muted)
      grid.putShortened(remark.text, x: x, y: row.y, remark.style, limit: row.right - x)
    }
    if gpu.state == .active, gpu.util.isFinite {
      let clock =
        gpu.clockMaximum.isFinite
        ? TextFormat.frequency(gpu.clock, of: gpu.clockMaximum, glyphs)
        : gpu.clock.isFinite ? TextFormat.frequency(gpu.clock, glyphs) : ""
      GaugeLine(
        label: prefix + "util", labelWidth: labelWidth, ratio: gpu.util, bar: Bar(gpu.util, .gpu), remark: clock,
        remarkWidth: 13
      )
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    }
    if gpu.vramTotal.isFinite || gpu.vramUsed.isFinite {
      GaugeLine(
        label: prefix + "vram", labelWidth: labelWidth, ratio: gpu.vramUsage, bar: Bar(gpu.vramUsage, .vram),
        remark: TextFormat.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs), remarkWidth: 13
      )
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    }
    var x = rest.x
    let differs = gpus.contains { $0.model != gpus[0].model }
    if gpu.temperature.isFinite, !rest.isEmpty {
      x = grid.put(temperature(gpu), x: x, y: rest.y, .temperature(gpu.temperature)) + 3
    }
    let trouble = gpu.trouble(glyphs)
    // Shown here if the remarks below have no room for it.
    if let trouble, gpu.state == .active, rest.height == 1 {
      x = grid.putShortened(trouble.text, x: x, y: rest.y, trouble.style, limit: rest.right - x) + 3
    }
    if gpu.power.isFinite, !rest.isEmpty, x < rest.right {
      let limit = gpu.powerLimit.isFinite ? "/" + String(TextFormat.whole(gpu.powerLimit)) : ""
      x = grid.put(String(TextFormat.whole(gpu.power)) + limit + " W", x: x, y: rest.y) + 3
    }
    let link = gpu.linkParts(glyphs).reversed().joined(separator: " ")
    let hasLink = !link.isEmpty && !rest.isEmpty && x + Grid.columns(of: link) <= rest.right
    if hasLink { x = grid.put(link, x: x, y: rest.y, .muted) + 3 }
    if differs, let model = gpu.model, !rest.isEmpty, x < rest.right {
      grid.putShortened(model, x: x, y: rest.y, .muted, limit: rest.right - x)
    }
    drawRemarks(
      gpu, hasLink: !hasLink, on: &grid, in: Rect(x: rest.x, y: rest.y + 1, width: rest.width, height: rest.height - 1))
    drawGraphs(of: gpu, on: &grid, in: graph)
  }

  private func temperature(_ gpu: GPU) -> String {
    String(TextFormat.whole(gpu.temperature)) + glyphs.celsius
  }

  /// The graph of use, with that of memory below it where there is room.
  private func drawGraphs(of gpu: GPU, on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let graphs = GPUGraphs(context: context, index: gpu.index)
    let hasMemory = rest.height >= 4 && gpu.vramUsage.isFinite
    let memory = hasMemory ? rest.takeBottom(rest.height / 3) : Rect(x: 0, y: 0, width: 0, height: 0)
    let top = gpus.count > 1 ? "GPU " + String(gpu.index) + " 100%" : "100%"
    if hasMemory {
      // The common axis is below both.
      var lower = memory
      context.drawAxis(on: &grid, below: &lower)
      graphs.drawMemory(on: &grid, in: lower)
      if lower.height >= 2, lower.width >= 24 { grid.put("vram ", x: lower.x, y: lower.y, .muted) }
    } else {
      context.drawAxis(on: &grid, below: &rest)
    }
    graphs.drawUse(on: &grid, in: rest)
    if rest.width >= 24, rest.height >= 3 { grid.put(top + " ", x: rest.x, y: rest.y, .muted) }
  }

  /// Draws the remarks, a line per subject.
  private func drawRemarks(_ gpu: GPU, hasLink: Bool, on grid: inout Grid, in rect: Rect) {
    var rest = rect
    // The clock is already shown beside the use.
    for line in gpu.remarks(glyphs, hasClock: false, hasLink: hasLink) where !rest.isEmpty {
      let row = rest.takeTop(1)
      grid.putShortened(line.text, x: row.x, y: row.y, line.style, limit: row.width)
    }
  }
}
