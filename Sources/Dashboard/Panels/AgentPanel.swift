internal import AgentMetrics

extension PanelDescriptor {
  static let agent = PanelDescriptor(
    id: "agent", name: "Agent", title: "AGENT", catalog: ["agent.", "host."], sources: ["host"],
    places: [.overview: PanelPlace(2, 1)], widePlaces: [.overview: PanelPlace(2, 2)], needsLargeScreen: true
  ) { AgentPanel($0) }
}

/// The agent's own cost, and the state of its collectors.
struct AgentPanel: Panel {
  private let context: Context
  private var agent: AgentCost { context.sample.agent }
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    let agent = context.sample.agent
    if !agent.cpu.isFinite, !agent.resident.isFinite, agent.sources.isEmpty { return nil }
    self.context = context
  }

  func height(width: Int) -> Height {
    Height(minimum: 2, comfortable: 2 + min(4, agent.sources.count), maximum: 2 + agent.sources.count)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let window = context.window(ranked, count: rest.height - 2, in: .agent)
    PanelTitle(name: context.title(.agent), more: window.hidden, detail: "overhead", right: agent.version)
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    let line = rest.takeTop(1)
    var x = line.x
    for (name, text) in AgentPanel.metrics(agent, bytesPerFrame: context.bytesPerFrame, glyphs) {
      guard x + name.utf8.count + 1 + Grid.columns(of: text) <= line.right else { break }
      x = grid.put(name, x: x, y: line.y, .muted) + 1
      x = grid.put(text, x: x, y: line.y) + 3
    }
    for source in window.rows where !rest.isEmpty {
      let line = rest.takeTop(1)
      grid.putShortened(source.name, x: line.x, y: line.y, source.success ? .plain : .warning, limit: 14)
      grid.putRight(TextFormat.time(source.duration, glyphs), end: line.right, y: line.y, .muted)
      let limit = line.width - 26
      if let error = source.error {
        grid.putShortened(error, x: line.x + 15, y: line.y, .warning, limit: limit)
      } else {
        let age = source.age >= 1 ? TextFormat.duration(source.age) + " old" : nil
        let text = [age, source.note].compactMap(\.self).joined(separator: ", ")
        grid.putShortened(text, x: line.x + 15, y: line.y, .muted, limit: limit)
      }
    }
  }

  /// The collectors: failing, stale and partial ones first, then by duration.
  private var ranked: [SourceReading] {
    agent.sources.enumerated().sorted { left, right in
      let (a, b) = (rank(left.element), rank(right.element))
      return a == b ? left.offset < right.offset : a > b
    }.map(\.element)
  }

  private func rank(_ source: SourceReading) -> Double {
    // Steps of a quarter decade, for a stable order.
    let duration = source.duration.isFinite && source.duration > 0 ? source.duration : 1e-9
    var step = 0.0
    var limit = 1e-6
    while limit < duration, step < 30 {
      limit *= 1.8
      step += 1
    }
    return (source.success ? 0 : 1000) + (source.age >= 3 ? 100 : 0) + (source.isPartial ? 50 : 0) + step
  }

  /// The agent's CPU, memory and bytes per frame, each with its name.
  static func metrics(_ agent: AgentCost, bytesPerFrame: Double, _ glyphs: Glyphs) -> [(name: String, text: String)] {
    var metrics: [(String, String)] = []
    if agent.cpu.isFinite { metrics.append(("cpu", TextFormat.fine(agent.cpu, glyphs) + "%")) }
    if agent.resident.isFinite { metrics.append(("memory", TextFormat.bytes(agent.resident, glyphs))) }
    if bytesPerFrame.isFinite {
      // Rounded to 50, because the value itself costs bytes when it changes.
      metrics.append(("terminal", String(TextFormat.whole(bytesPerFrame / 50) * 50) + " B/frame"))
    }
    return metrics
  }
}
