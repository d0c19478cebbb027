internal import AgentMetrics

/// The graphs of one GPU over time, colored where it was throttled.
struct GPUGraphs {
  let context: Context
  let index: Int
  private var glyphs: Glyphs { context.glyphs }

  init(context: Context, index: Int) {
    self.context = context
    self.index = index
  }

  func drawUse(on grid: inout Grid, in rect: Rect) {
    draw(on: &grid, in: rect, .gpu) { $0.util }
    shade(on: &grid, in: rect)
  }

  func drawMemory(on grid: inout Grid, in rect: Rect) {
    draw(on: &grid, in: rect, .memory) { $0.vramUsage }
  }

  private func draw(on grid: inout Grid, in rect: Rect, _ gradient: Color.Gradient, _ value: (GPU) -> Double) {
    guard rect.width >= 2, rect.height >= 1 else { return }
    let columns = context.timeline.columns(in: rect.width, glyphs) { sample in
      for gpu in sample.gpus where gpu.index == index { return value(gpu) }
      return .nan
    }
    Graph(columns, maximum: 1, gradient: gradient, cursor: context.cursorCell(width: rect.width))
      .draw(on: &grid, in: rect, glyphs)
    context.hits.add(.time, rect)
  }

  /// Colors the use of the times in which the GPU was throttled.
  private func shade(on grid: inout Grid, in rect: Rect) {
    let subject = "GPU " + String(index)
    let events = context.timeline.events.filter {
      $0.subject == subject || $0.kind == .reboot || $0.kind == .agentRestart
    }
    let lane = EventLane(events, width: rect.width, axis: context.timeline.axis, glyphs)
    for cells in lane.shades {
      let part = Rect(x: rect.x + cells.lowerBound, y: rect.y, width: cells.count, height: rect.height)
      grid.restyle(part) { $0.foreground == .cursor ? $0 : Style(.warning, $0.attributes) }
    }
  }
}
