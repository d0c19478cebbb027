internal import AgentMetrics

extension PanelDescriptor {
  static let gpu = PanelDescriptor(
    id: "gpu", name: "GPU", title: "GPU", catalog: ["gpus."], sources: ["gpu"], graphs: [GPUPanel.mean],
    places: [
      .overview: PanelPlace(1), .processes: PanelPlace(1), .gpu: PanelPlace(0), .graphs: PanelPlace(1),
    ]
  ) { GPUPanel($0) }
}

/// GPUs: one or two with all details and their history, more in a row each.
struct GPUPanel: Panel {
  static let mean = GraphMetric("gpus.util", "gpus.index") { GPUSummary($0.gpus).util }

  private static let gap = 3
  private static let cellWidth = 38
  private static let blockRows = 3

  private let context: Context
  private var gpus: [GPU] { context.sample.gpus }
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    if context.sample.gpus.isEmpty { return nil }
    self.context = context
  }

  /// Form of the GPUs beside or below their graph.
  private enum GPURowStyle {
    /// All details, several lines per GPU.
    case blocks
    /// A line per GPU, beside the graph.
    case side
    /// A line per GPU, in columns over the whole width.
    case table
    /// A column per GPU: heat strips.
    case strips
  }

  private func columns(_ width: Int) -> Int {
    max(1, min(gpus.count, 4, (width + Self.gap) / (Self.cellWidth + Self.gap)))
  }

  private func rows(_ width: Int) -> Int {
    (gpus.count + columns(width) - 1) / columns(width)
  }

  private func form(_ size: Size) -> GPURowStyle {
    let side = Context.split(size.width).side
    if gpus.count <= 2, size.height >= gpus.count * Self.blockRows, side > 0 { return .blocks }
    if side >= Self.cellWidth, rows(side) <= size.height { return .side }
    if rows(size.width) <= size.height { return .table }
    return .strips
  }

  func height(width: Int) -> Height {
    if gpus.count <= 2 {
      return Height(
        minimum: 1 + gpus.count, comfortable: 1 + max(gpus.count * Self.blockRows, 4), maximum: 1 + gpus.count * 8)
    }
    let side = Context.split(width).side
    let beside = side >= Self.cellWidth ? rows(side) : rows(width) + 3
    let limit = 1 + max(4, min(beside, 16))
    return Height(minimum: 1 + min(rows(width), GPUStrips.fewestRows), comfortable: limit, maximum: max(limit, 14))
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
    let (graphWidth, sideWidth) = Context.split(rest.width)
    let side = Rect(x: rest.right - sideWidth, y: rest.y, width: sideWidth, height: rest.height)
    switch form(Size(width: rest.width, height: rest.height)) {
    case .blocks:
      for index in gpus.indices {
        drawBlock(index, on: &grid, in: rest.takeTop(rest.height / (gpus.count - index)))
      }
    case .side:
      drawTable(on: &grid, in: side)
      let graph = Rect(x: rest.x, y: rest.y, width: graphWidth, height: rest.height)
      drawGraph(
        on: &grid, in: graph, top: "mean of " + summary.countText + ", scale 100%", Self.mean.value)
    case .table:
      drawTable(on: &grid, in: rest.takeTop(min(rows(rest.width), rest.height)))
      drawMean(on: &grid, in: rest)
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
    drawGraph(
      on: &grid, in: graph, top: "mean of " + GPUSummary(gpus).countText + ", scale 100%", Self.mean.value)
    // The mean of a single GPU is redundant.
    guard side > 0, !rect.isEmpty, gpus.count > 1 else { return }
    grid.putShortened(
      "mean of " + GPUSummary(gpus).countText + " GPUs", x: rect.right - side, y: rect.y, .muted, limit: side)
  }

  private func drawTable(on grid: inout Grid, in table: Rect) {
    let columns = columns(table.width)
    let rows = min(rows(table.width), table.height)
    let width = (table.width - Self.gap * (columns - 1)) / columns
    for (index, gpu) in gpus.enumerated() {
      let cell = Rect(
        x: table.x + index / max(1, rows) * (width + Self.gap), y: table.y + index % max(1, rows), width: width,
        height: 1)
      guard cell.right <= table.right else { break }
      drawRow(gpu, on: &grid, in: cell)
    }
  }

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
    if differs, let model = gpu.model, !rest.isEmpty, x < rest.right {
      grid.putShortened(model, x: x, y: rest.y, .muted, limit: rest.right - x)
    }
    drawRemarks(gpu, on: &grid, in: Rect(x: rest.x, y: rest.y + 1, width: rest.width, height: rest.height - 1))
    let id = gpu.index
    drawGraph(on: &grid, in: graph, top: gpus.count > 1 ? "GPU " + String(id) + " 100%" : "100%") { sample in
      for other in sample.gpus where other.index == id { return other.util }
      return .nan
    }
  }

  private func drawRow(_ gpu: GPU, on grid: inout Grid, in rect: Rect) {
    let indexWidth = String(gpus.last?.index ?? 0).utf8.count
    var x = rect.x
    grid.putRight(String(gpu.index), end: x + indexWidth, y: rect.y, .muted)
    x += indexWidth + 1
    var end = rect.right
    // From the right: power, temperature, memory; only columns that some GPU fills.
    if gpus.contains(where: { $0.power.isFinite }) {
      let power = gpu.power.isFinite ? String(TextFormat.whole(gpu.power)) + " W" : glyphs.absent
      grid.putRight(power, end: end, y: rect.y)
      end -= 7
    }
    if gpus.contains(where: { $0.temperature.isFinite }) {
      grid.putRight(
        gpu.temperature.isFinite ? temperature(gpu) : glyphs.absent, end: end, y: rect.y, .temperature(gpu.temperature))
      end -= 6
    }
    if let remark = gpu.stateRemark {
      grid.putShortened(remark.text, x: x, y: rect.y, remark.style, limit: end - x - 1)
      return
    }
    let isWide = rect.width >= 64
    if gpus.contains(where: { $0.vramTotal.isFinite }) {
      let text =
        isWide ? TextFormat.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs) : TextFormat.compact(gpu.vramUsed, glyphs)
      grid.putRight(text, end: end, y: rect.y, .muted)
      end -= isWide ? 15 : 7
    }
    let cells = end - x - 1
    if let trouble = gpu.trouble(glyphs) {
      // Replaces the bars; their percentages stay.
      var room = cells
      for (value, has) in [(gpu.vramUsage, isWide), (gpu.util, true)] where has && room >= 12 {
        grid.putRight(TextFormat.percent(value, glyphs), end: x + room, y: rect.y, .load(value))
        room -= 5
      }
      let text = trouble.marks + " " + trouble.text
      grid.putShortened(text, x: x, y: rect.y, trouble.style, limit: room - 1)
      return
    }
    guard cells >= 8 else { return }
    let half = isWide ? (cells - 11) / 2 : cells - 5
    Bar(gpu.util, .gpu).draw(on: &grid, x: x, y: rect.y, width: half, glyphs)
    grid.putRight(TextFormat.percent(gpu.util, glyphs), end: x + half + 5, y: rect.y, .load(gpu.util))
    if isWide {
      x += half + 6
      Bar(gpu.vramUsage, .vram).draw(on: &grid, x: x, y: rect.y, width: half, glyphs)
      grid.putRight(TextFormat.percent(gpu.vramUsage, glyphs), end: x + half + 5, y: rect.y, .load(gpu.vramUsage))
    }
  }

  private func temperature(_ gpu: GPU) -> String {
    String(TextFormat.whole(gpu.temperature)) + glyphs.celsius
  }

  private func drawGraph(
    on grid: inout Grid, in rect: Rect, top: String, _ metric: (borrowing Sample) -> Double
  ) {
    context.drawGraph(on: &grid, in: rect, gradient: .gpu, top: top, metric)
  }

  /// Draws the remarks, a line per subject.
  private func drawRemarks(_ gpu: GPU, on grid: inout Grid, in rect: Rect) {
    var rest = rect
    // The clock is already shown beside the use.
    for line in gpu.remarks(glyphs, hasClock: false) where !rest.isEmpty {
      let row = rest.takeTop(1)
      grid.putShortened(line.text, x: row.x, y: row.y, line.style, limit: row.width)
    }
  }
}
