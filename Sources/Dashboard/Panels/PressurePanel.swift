internal import AgentMetrics

extension PanelDescriptor {
  static let pressure = PanelDescriptor(
    id: "pressure", name: "Pressure (PSI)", title: "PRESSURE", catalog: ["pressure."], sources: ["pressure"],
    graphs: [PressurePanel.cpu, PressurePanel.memory, PressurePanel.io],
    places: [.overview: PanelPlace(2, 0), .io: PanelPlace(1, 0)]
  ) { PressurePanel($0) }
}

/// Pressure stall information: the share of time in which tasks waited for a resource.
struct PressurePanel: Panel {
  static let cpu = GraphMetric("pressure.cpu.some.ratio") { $0.pressure?.cpu?.some?.ratio ?? .nan }
  static let memory = GraphMetric("pressure.memory.some.ratio") { $0.pressure?.memory?.some?.ratio ?? .nan }
  static let io = GraphMetric("pressure.io.some.ratio") { $0.pressure?.io?.some?.ratio ?? .nan }

  private let resources: [(name: String, resource: Pressure.Resource)]
  private let context: Context
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    guard let pressure = context.sample.pressure else { return nil }
    self.context = context
    resources = [
      ("cpu", pressure.cpu), ("memory", pressure.memory), ("I/O", pressure.io), ("irq", pressure.irq),
    ].compactMap { name, resource in resource.map { (name, $0) } }
    if resources.isEmpty { return nil }
  }

  func height(width: Int) -> Height {
    // Beside the title, in one line, or in a line each.
    let limit = 1 + resources.count
    // Alone it has graphs.
    let maximum = context.state.isMaximized ? Height.open : limit
    return Height(minimum: 1, comfortable: limit, maximum: maximum, useless: [min(3, limit)..<limit])
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    if rest.height <= resources.count {
      let title = context.title(.pressure)
      let isAlone = rest.height == 1
      PanelTitle(name: title, detail: isAlone ? "" : "PSI, some")
        .draw(on: &grid, in: isAlone ? rest : rest.takeTop(1), glyphs)
      var x = rest.x
      if isAlone { x += Grid.columns(of: title) + 1 }
      let isTight = rest.right - x < 34
      for (name, resource) in resources {
        let ratio = share(resource.some ?? resource.full)
        let text = isAlone && isTight ? TextFormat.percent(ratio, glyphs).trimmed : TextFormat.fine(ratio, glyphs) + "%"
        let name = isTight ? String(name.prefix(3)) : name
        guard x + name.utf8.count + 1 + text.utf8.count <= rest.right else { break }
        x = grid.put(name + " ", x: x, y: rest.y, .muted)
        x = grid.put(text, x: x, y: rest.y, style(ratio))
        // Over the rule of the title's line.
        let gap = isTight ? 2 : 3
        grid.fill(" ", x: x, y: rest.y, count: min(gap, rest.right - x))
        x += gap
      }
      return
    }
    let hasFull = rest.width >= 30
    PanelTitle(
      name: context.title(.pressure), detail: "stall time (PSI)", right: hasFull ? "some          full" : "some"
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    for (name, resource) in resources {
      let line = rest.takeTop(1)
      grid.put(name, x: line.x, y: line.y)
      let some = share(resource.some)
      let full = share(resource.full)
      var end = line.right
      if hasFull {
        if resource.full != nil { grid.putRight(TextFormat.fine(full, glyphs) + "%", end: end, y: line.y, style(full)) }
        end -= 14
      }
      if resource.some != nil { grid.putRight(TextFormat.fine(some, glyphs) + "%", end: end, y: line.y, style(some)) }
      end -= 8
      if end - line.x - 7 >= 6 {
        Bar(some, .pressure).draw(on: &grid, x: line.x + 7, y: line.y, width: end - line.x - 7, glyphs)
      }
    }
    if rest.height >= 9 { drawGraphs(on: &grid, in: rest) }
  }

  /// A graph of each resource, where there is room below the lines.
  private func drawGraphs(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let graphs = [("cpu", Self.cpu), ("memory", Self.memory), ("I/O", Self.io)]
    // From the last one, which has the time axis of all below it.
    for (index, (name, graph)) in graphs.enumerated().reversed() where rest.height >= 3 {
      let own = rest.takeBottom(index == 0 ? rest.height : (rest.height + (index == 2 ? 2 : 0)) / (index + 1))
      context.drawGraph(on: &grid, in: own, gradient: .load, top: name + " 100%", graph.value)
    }
  }

  /// Share between the last two readings if known, else the kernel's mean over ten seconds.
  private func share(_ stall: Pressure.Stall?) -> Double {
    guard let stall else { return .nan }
    return stall.ratio.isFinite ? stall.ratio : stall.avg10
  }

  private func style(_ ratio: Double) -> Style {
    ratio >= 0.5 ? .critical : ratio >= 0.1 ? .warning : .plain
  }
}
