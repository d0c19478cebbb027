internal import AgentMetrics

/// GPUs: one or two with all they have and their past, more in a row each.
struct GPUPanel: Panel {
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

  private func columns(_ width: Int) -> Int {
    max(1, min(gpus.count, 4, (width + Self.gap) / (Self.cellWidth + Self.gap)))
  }

  private func rows(_ width: Int) -> Int {
    (gpus.count + columns(width) - 1) / columns(width)
  }

  func height(width: Int) -> Height {
    let rows = rows(width)
    let minimum = 1 + min(rows, 8)
    if gpus.count <= 2 {
      let blocks = 1 + gpus.count * Self.blockRows
      return Height(minimum: minimum, comfortable: blocks, maximum: 1 + gpus.count * 5)
    }
    return Height(minimum: minimum, comfortable: 1 + rows + (width >= 100 ? 3 : 0), maximum: 1 + rows + 6)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let summary = GPUSummary(gpus)
    grid.putTitle("GPU", detail: title, right: gpus.count > 1 ? summary.text(glyphs) : "", in: rest.takeTop(1), glyphs)
    if gpus.count <= 2, rest.height >= gpus.count * Self.blockRows {
      for index in gpus.indices {
        drawBlock(index, on: &grid, in: rest.takeTop(rest.height / (gpus.count - index)))
      }
      return
    }
    let columns = columns(rest.width)
    let rows = min(rows(rest.width), rest.height)
    let width = (rest.width - Self.gap * (columns - 1)) / columns
    let table = rest.takeTop(rows)
    for (index, gpu) in gpus.enumerated() {
      let cell = Rect(
        x: table.x + index / max(1, rows) * (width + Self.gap), y: table.y + index % max(1, rows), width: width,
        height: 1)
      guard cell.right <= table.right else { break }
      drawRow(gpu, on: &grid, in: cell)
    }
    if rest.height >= 2 { drawGraph(on: &grid, in: rest) { GPUSummary($0.gpus).util } }
  }

  /// The model, where all are of one.
  private var title: String {
    let model = gpus[0].model ?? gpus[0].vendor
    if gpus.contains(where: { $0.model != gpus[0].model || $0.vendor != gpus[0].vendor }) {
      return String(gpus.count) + " GPUs"
    }
    return gpus.count == 1 ? model : String(gpus.count) + " " + glyphs.times + " " + model
  }

  private func drawBlock(_ index: Int, on grid: inout Grid, in rect: Rect) {
    let gpu = gpus[index]
    var graph = rect
    let left = graph.takeLeft(rect.width / 2)
    graph.x += Self.gap
    graph.width -= Self.gap
    var rest = Rect(x: left.x, y: left.y, width: left.width, height: left.height)
    let prefix = gpus.count > 1 ? String(gpu.index) + " " : ""
    let labelWidth = prefix.utf8.count + 4
    if let remark = stateRemark(gpu) {
      let row = rest.takeTop(1)
      let x = grid.put(prefix, x: row.x, y: row.y, .muted)
      grid.putShortened(remark.text, x: x, y: row.y, remark.style, limit: row.right - x)
    }
    if gpu.state == .active, gpu.util.isFinite {
      let clock = gpu.clock.isFinite ? Format.frequency(gpu.clock, glyphs) : ""
      grid.putGauge(
        prefix + "util", labelWidth: labelWidth, ratio: gpu.util, bar: Bar(gpu.util, .gpu), remark: clock,
        remarkWidth: 13,
        in: rest.takeTop(1), glyphs)
    }
    if gpu.vramTotal.isFinite || gpu.vramUsed.isFinite {
      grid.putGauge(
        prefix + "vram", labelWidth: labelWidth, ratio: gpu.vramUsage, bar: Bar(gpu.vramUsage, .vram),
        remark: Format.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs), remarkWidth: 13, in: rest.takeTop(1), glyphs)
    }
    var x = rest.x
    let differs = gpus.contains { $0.model != gpus[0].model }
    if gpu.temperature.isFinite, !rest.isEmpty {
      x = grid.put(temperature(gpu), x: x, y: rest.y, .temperature(gpu.temperature)) + 3
    }
    if gpu.power.isFinite, !rest.isEmpty {
      let limit = gpu.powerLimit.isFinite ? "/" + String(Format.whole(gpu.powerLimit)) : ""
      x = grid.put(String(Format.whole(gpu.power)) + limit + " W", x: x, y: rest.y) + 3
    }
    if differs, let model = gpu.model, !rest.isEmpty {
      grid.putShortened(model, x: x, y: rest.y, .muted, limit: rest.right - x)
    }
    let id = gpu.index
    drawGraph(on: &grid, in: graph) { sample in
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
      let power = gpu.power.isFinite ? String(Format.whole(gpu.power)) + " W" : glyphs.absent
      grid.putRight(power, end: end, y: rect.y)
      end -= 7
    }
    if gpus.contains(where: { $0.temperature.isFinite }) {
      grid.putRight(
        gpu.temperature.isFinite ? temperature(gpu) : glyphs.absent, end: end, y: rect.y, .temperature(gpu.temperature))
      end -= 6
    }
    if let remark = stateRemark(gpu) {
      grid.putShortened(remark.text, x: x, y: rect.y, remark.style, limit: end - x - 1)
      return
    }
    let isWide = rect.width >= 64
    if gpus.contains(where: { $0.vramTotal.isFinite }) {
      let text = isWide ? Format.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs) : Format.compact(gpu.vramUsed, glyphs)
      grid.putRight(text, end: end, y: rect.y, .muted)
      end -= isWide ? 15 : 7
    }
    let cells = end - x - 1
    guard cells >= 8 else { return }
    let half = isWide ? (cells - 11) / 2 : cells - 5
    Bar(gpu.util, .gpu).draw(on: &grid, x: x, y: rect.y, width: half, glyphs)
    grid.putRight(Format.percent(gpu.util, glyphs), end: x + half + 5, y: rect.y, .load(gpu.util))
    if isWide {
      x += half + 6
      Bar(gpu.vramUsage, .vram).draw(on: &grid, x: x, y: rect.y, width: half, glyphs)
      grid.putRight(Format.percent(gpu.vramUsage, glyphs), end: x + half + 5, y: rect.y, .load(gpu.vramUsage))
    }
  }

  /// What stands in the place of figures where a GPU gives none; nil where it does.
  private func stateRemark(_ gpu: GPU) -> (text: String, style: Style)? {
    switch gpu.state {
    case .active: nil
    case .asleep: ("asleep", .muted)
    case .lost:
      (gpu.age >= 1 ? "no answer for " + Format.duration(gpu.age) : "lost", .critical)
    }
  }

  private func temperature(_ gpu: GPU) -> String {
    String(Format.whole(gpu.temperature)) + glyphs.celsius
  }

  private func drawGraph(on grid: inout Grid, in rect: Rect, _ figure: (borrowing Sample) -> Double) {
    guard rect.width >= 4, rect.height >= 1 else { return }
    let columns = Graph.columns(in: rect.width, glyphs)
    Graph(values: context.timeline.values(in: rect.width, glyphs, figure), maximum: 1, color: .gpu).draw(
      on: &grid, in: rect, glyphs)
    grid.putScale("100%", seconds: Double(columns) * context.timeline.interval, in: rect)
  }
}

/// Several GPUs taken together.
struct GPUSummary {
  /// Mean of their use, 0…1; NaN where none tells it.
  let util: Double
  private let used: Double
  private let total: Double
  private let power: Double

  init(_ gpus: [GPU]) {
    var sum = 0.0
    var count = 0
    var (used, total, power) = (0.0, 0.0, 0.0)
    for gpu in gpus {
      if gpu.util.isFinite {
        sum += gpu.util
        count += 1
      }
      if gpu.vramTotal.isFinite, gpu.vramUsed.isFinite {
        used += gpu.vramUsed
        total += gpu.vramTotal
      }
      if gpu.power.isFinite { power += gpu.power }
    }
    util = count > 0 ? sum / Double(count) : .nan
    self.used = used
    self.total = total
    self.power = power
  }

  func text(_ glyphs: Glyphs) -> String {
    var parts: [String] = []
    if util.isFinite { parts.append("mean " + Format.percent(util, glyphs)) }
    if total > 0 { parts.append(Format.pair(used, of: total, glyphs)) }
    if power > 0 { parts.append(String(Format.whole(power)) + " W") }
    return parts.joined(separator: glyphs.separator)
  }

  /// Used ÷ total memory; NaN where unknown.
  var vramUsage: Double { total > 0 ? used / total : .nan }
  var vramText: (Glyphs) -> String { { [used, total] in total > 0 ? Format.pair(used, of: total, $0) : "" } }
}

extension Style {
  /// A temperature's colour without marks of the sensor's own to go by.
  static func temperature(_ celsius: Double) -> Style {
    celsius >= 90 ? .critical : celsius >= 80 ? .warning : .plain
  }
}
