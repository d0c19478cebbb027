internal import AgentMetrics

/// GPUs as columns of a small table, a row per metric: sixteen in 80 columns.
struct GPUStrips {
  let gpus: [GPU]
  let glyphs: Glyphs

  /// Rows for the numbers, use and memory.
  static let fewestRows = 3
  private static let labelWidth = 5
  private static let cellWidths = 4...7

  /// Draws as many rows as fit and returns their number.
  func draw(on grid: inout Grid, in rect: Rect) -> Int {
    let room = rect.width - Self.labelWidth
    guard room >= 3, !rect.isEmpty, !gpus.isEmpty else { return 0 }
    // Too narrow for numbers: a cell each.
    let cell = min(Self.cellWidths.upperBound, room / gpus.count)
    guard cell >= Self.cellWidths.lowerBound else { return drawCells(on: &grid, in: rect) }
    let lines: [(label: String, has: Bool, text: (GPU) -> String, style: (GPU) -> Style)] = [
      (
        "", true, { String($0.index) + String(($0.trouble(glyphs)?.marks ?? "").prefix(cell - 3)) },
        { $0.trouble(glyphs)?.style ?? .muted }
      ),
      ("util", true, { $0.util.isFinite ? String(TextFormat.whole($0.util * 100)) : "" }, { .load($0.util) }),
      (
        "vram", gpus.contains { $0.vramUsage.isFinite },
        { $0.vramUsage.isFinite ? String(TextFormat.whole($0.vramUsage * 100)) : "" }, { .load($0.vramUsage) }
      ),
      (
        glyphs.celsius, gpus.contains { $0.temperature.isFinite },
        { $0.temperature.isFinite ? String(TextFormat.whole($0.temperature)) : "" }, { .temperature($0.temperature) }
      ),
    ]
    var row = 0
    let shown = lines.filter(\.has)
    for line in shown where row < rect.height {
      grid.put(line.label, x: rect.x, y: rect.y + row, .muted)
      for (index, gpu) in gpus.enumerated() {
        let end = rect.x + Self.labelWidth + (index + 1) * cell
        var text = line.text(gpu)
        var style = line.style(gpu)
        if gpu.state != .active, !line.label.isEmpty {
          text = line.label == "util" ? gpu.state.sign : glyphs.absent
          style = gpu.state == .asleep ? .muted : .critical
        } else if text.isEmpty {
          (text, style) = (glyphs.absent, .muted)
        }
        grid.putRight(text, end: end, y: rect.y + row, style, limit: cell - 1)
      }
      row += 1
    }
    return row
  }

  /// Draws a cell per metric and GPU, below the GPU numbers if there are two columns and a gap for each.
  private func drawCells(on grid: inout Grid, in rect: Rect) -> Int {
    var rest = rect
    let room = rect.width - Self.labelWidth
    let pitch = max(1, min(3, room / gpus.count))
    let shown = gpus.prefix(room / pitch)
    func end(_ index: Int) -> Int { rect.x + Self.labelWidth + (index + 1) * pitch - (pitch > 2 ? 1 : 0) }
    if gpus.contains(where: { $0.trouble(glyphs) != nil }), rest.height > 1 {
      let line = rest.takeTop(1)
      grid.put("state", x: line.x, y: line.y, .muted, limit: Self.labelWidth - 1)
      for (index, gpu) in shown.enumerated() {
        guard let trouble = gpu.trouble(glyphs) else { continue }
        grid.put(String(trouble.marks.prefix(1)), x: end(index) - 1, y: line.y, trouble.style)
      }
    }
    if rest.height >= Self.fewestRows {
      let line = rest.takeTop(1)
      for (index, gpu) in shown.enumerated() where pitch > 2 || index % 8 == 0 {
        if pitch > 2 {
          grid.putRight(String(gpu.index), end: end(index), y: line.y, .muted, limit: pitch - 1)
        } else {
          grid.put(String(gpu.index), x: end(index) - 1, y: line.y, .muted)
        }
      }
    }
    for (name, metric) in [("util", { (gpu: GPU) in gpu.util }), ("vram", { $0.vramUsage })] where !rest.isEmpty {
      let line = rest.takeTop(1)
      grid.put(name, x: line.x, y: line.y, .muted)
      for (index, gpu) in shown.enumerated() {
        let value = metric(gpu)
        let x = end(index) - 1
        guard gpu.state == .active, value.isFinite else {
          // Distinguishes a lost GPU from a sleeping one.
          let hasSign = gpu.state != .active && name == "util"
          grid.put(
            hasSign ? gpu.state.sign : glyphs.isASCII ? "-" : "·", x: x, y: line.y,
            gpu.state == .lost ? .critical : hasSign ? .muted : .faint, limit: 1)
          continue
        }
        let strip = glyphs.strip
        let level = min(strip.count - 1, Int(max(0, min(1, value)) * Double(strip.count)))
        grid.put(strip[level], x: x, y: line.y, .load(value))
      }
    }
    return rect.height - rest.height
  }
}
