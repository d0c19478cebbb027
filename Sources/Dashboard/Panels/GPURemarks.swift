internal import AgentMetrics

/// The remarks on each GPU, in rows of as many as fit side by side, in the order of the GPUs.
struct GPURemarks {
  private let context: Context
  private let columns: Int
  /// A row of lines that stand side by side; nil where a GPU has fewer.
  private let lines: [[(text: String, style: Style)?]]

  private static let gap = 3

  init(context: Context, columns: Int) {
    self.context = context
    self.columns = max(1, columns)
    let glyphs = context.glyphs
    let blocks = context.sample.gpus.map { gpu -> [(text: String, style: Style)] in
      let name = "GPU " + String(gpu.index) + " " + (gpu.model ?? gpu.vendor)
      return [(name, .title)] + (GPUPanel.stateRemark(gpu).map { [$0] } ?? []) + GPUPanel.remarks(gpu, glyphs)
    }
    var lines: [[(text: String, style: Style)?]] = []
    for start in stride(from: 0, to: blocks.count, by: self.columns) {
      let row = blocks[start..<min(blocks.count, start + self.columns)]
      for line in 0..<(row.map(\.count).max() ?? 0) {
        lines.append(row.map { $0.indices.contains(line) ? $0[line] : nil })
      }
    }
    self.lines = lines
  }

  var rows: Int { lines.count }

  func draw(on grid: inout Grid, in rect: Rect) {
    guard !rect.isEmpty, !lines.isEmpty else { return }
    let width = (rect.width - Self.gap * (columns - 1)) / columns
    var rest = rect
    // A line that says where the rest is, where there is one.
    let foot =
      lines.count > rect.height && rect.height >= 4 ? rest.takeBottom(1) : Rect(x: 0, y: 0, width: 0, height: 0)
    let window = context.window(lines, count: rest.height, in: .gpu)
    for row in window.rows {
      let line = rest.takeTop(1)
      for (column, part) in row.enumerated() {
        guard let part else { continue }
        let indent = part.style == .title ? 0 : 2
        grid.putShortened(
          part.text, x: line.x + column * (width + Self.gap) + indent, y: line.y, part.style, limit: width - indent)
      }
    }
    guard !foot.isEmpty else { return }
    grid.putShortened(
      window.hidden.text(context.glyphs) + " lines: up, down, PgUp, PgDn", x: foot.x, y: foot.y, .muted,
      limit: foot.width)
  }
}
