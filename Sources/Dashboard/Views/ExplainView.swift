internal import AgentMetrics

/// Metrics of a panel with value, meaning, source and unit, from the catalog, and their age.
struct ExplainView {
  let context: Context
  let panel: PanelDescriptor
  let selected: Int
  private var glyphs: Glyphs { context.glyphs }

  /// The metrics of the panel that this sample has.
  static func metrics(
    of panel: PanelDescriptor, in sample: Sample, _ glyphs: Glyphs = Glyphs(.ascii)
  ) -> [(metric: Catalog.Metric, text: String)] {
    Catalog.shared.metrics.compactMap { metric in
      guard panel.catalog.contains(where: { metric.id.hasPrefix($0) }), metric.definition.kind != .info else {
        return nil
      }
      var first: Double?
      var labels: [String] = []
      var count = 0
      metric.values(in: sample) {
        if first == nil { (labels, first) = ($0, $1) }
        count += 1
      }
      guard let first else { return nil }
      let text = TextFormat.value(first, metric.definition.unit, glyphs)
      guard count > 1 else { return (metric, text) }
      let list = metric.id.hasPrefix("gpus.") ? "GPU " : metric.id.hasPrefix("cpu.") ? "CPU " : ""
      return (metric, text + " (" + list + labels.joined(separator: " ") + "; " + String(count) + " values)")
    }
  }

  /// Whether a metric covers the time between two readings, as rates and shares of time are.
  private static func isMean(_ definition: Definition) -> Bool {
    switch definition.unit {
    case .bytesPerSecond, .perSecond, .cores: true
    case .ratio: definition.help.contains("time")
    default: false
    }
  }

  func draw(on grid: inout Grid) {
    let metrics = ExplainView.metrics(of: panel, in: context.sample, glyphs)
    context.hits.frameContext.overlayRows = metrics.count
    let selected = min(selected, max(0, metrics.count - 1))
    let wanted = Size(width: 96, height: min(metrics.count, 24) + 9)
    OverlayBox(title: panel.name + " metrics explained", wanted: wanted, glyphs: glyphs)
      .draw(on: &grid) { grid, inner in
        var rest = inner
        let about = rest.takeBottom(min(6, max(2, inner.height / 2)))
        guard metrics.indices.contains(selected) else {
          grid.put("not available on this machine", x: inner.x, y: inner.y, .muted)
          return OverlayBox.More()
        }
        let first = max(0, min(selected - rest.height / 2, metrics.count - rest.height))
        for (row, entry) in metrics.dropFirst(first).prefix(rest.height).enumerated() {
          let y = rest.y + row
          let isSelected = first + row == selected
          let valueWidth = min(36, rest.width / 2)
          grid.putShortened(entry.metric.id, x: rest.x, y: y, limit: rest.width - valueWidth - 1)
          grid.putRight(entry.text, end: rest.right, y: y, .bold, limit: valueWidth)
          let line = Rect(x: rest.x, y: y, width: rest.width, height: 1)
          context.hits.add(.row(first + row), line)
          if isSelected { grid.restyle(line) { _ in .selection } }
        }
        drawAbout(metrics[selected].metric, on: &grid, in: about)
        return OverlayBox.More(first: first, visible: rest.height, of: metrics.count)
      }
  }

  /// Lines on a metric, as name and text.
  private func about(_ metric: Catalog.Metric) -> [(name: String, text: String)] {
    let definition = metric.definition
    var age = "instantaneous value"
    if ExplainView.isMean(definition), context.sample.elapsed.isFinite {
      age = "mean over " + TextFormat.time(context.sample.elapsed, glyphs)
    }
    if definition.kind == .counter { age = "cumulative since the source started" }
    let sources = context.sample.agent.sources.filter { panel.sources.contains($0.name) }
    if let oldest = sources.map(\.age).filter(\.isFinite).max(), oldest >= 1 {
      age += "; read " + TextFormat.duration(oldest) + " ago"
    }
    if let failing = sources.first(where: { !$0.success }) { age += "; " + (failing.error ?? "its source is failing") }
    for note in sources.compactMap(\.note) { age += "; " + note }
    return [
      ("meaning", definition.help), ("source", context.sources.text(of: metric)),
      ("unit", definition.unit.rawValue + ", " + definition.kind.rawValue), ("age", age),
    ].filter { !$0.text.isEmpty }
  }

  private static let nameWidth = 9

  private func drawAbout(_ metric: Catalog.Metric, on grid: inout Grid, in rect: Rect) {
    var rest = rect
    grid.fill(glyphs.rule, x: rest.x, y: rest.y, count: rest.width, .faint)
    _ = rest.takeTop(1)
    let lines = about(metric)
    for (index, line) in lines.enumerated() where !rest.isEmpty {
      grid.put(line.name, x: rest.x, y: rest.y, .key)
      var text = Substring(line.text)
      // A long text takes the row of the keys.
      while rest.height > lines.count - index, let (head, tail) = split(text, width: rest.width - Self.nameWidth) {
        let row = rest.takeTop(1)
        grid.put(String(head), x: row.x + Self.nameWidth, y: row.y, limit: row.width - Self.nameWidth)
        text = tail
      }
      let row = rest.takeTop(1)
      grid.putShortened(String(text), x: row.x + Self.nameWidth, y: row.y, limit: row.width - Self.nameWidth)
    }
    if !rest.isEmpty {
      grid.put("up, down: select, Tab: next panel, Esc: close", x: rest.x, y: rest.y, .muted, limit: rest.width)
    }
  }

  /// Cuts a text at the last blank that leaves the first part at most `width` columns wide; nil if it fits or has none.
  private func split(_ text: Substring, width: Int) -> (Substring, Substring)? {
    guard Grid.columns(of: String(text)) > width else { return nil }
    let blank = text.indices.last { text[$0] == " " && Grid.columns(of: String(text[..<$0])) <= width }
    return blank.map { (text[..<$0], text[text.index(after: $0)...]) }
  }
}
