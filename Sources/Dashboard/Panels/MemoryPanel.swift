internal import AgentMetrics

extension PanelDescriptor {
  static let memory = PanelDescriptor(
    id: "memory", name: "Memory", title: "MEMORY", catalog: ["ram.", "swap.", "cgroup."],
    sources: ["memory", "cgroup"], graphs: [MemoryPanel.usage],
    facts: [
      PanelFact("free", "ram.free_mb"), PanelFact("cached", "ram.cached_mb"),
      PanelFact("zfs", "ram.arc_mb", omitsZero: true), PanelFact("shared", "ram.shared_mb", omitsZero: true),
      PanelFact("committed", "ram.committed_mb"),
    ],
    places: [
      .overview: PanelPlace(2, 0), .processes: PanelPlace(0, 1), .gpu: PanelPlace(1, 1), .graphs: PanelPlace(2, 0),
    ]
  ) { MemoryPanel($0) }
}

/// Main memory, swap, and the limit of the agent's own group.
struct MemoryPanel: Panel {
  static let usage = GraphMetric("ram.used_mb", "ram.total_mb") { $0.ram.usage }

  private let context: Context
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    if !context.sample.ram.total.isFinite { return nil }
    self.context = context
  }

  private var lines: [MemoryLine] { MemoryLines.of(context.sample) }
  typealias MemoryLine = MemoryLines.MemoryLine

  func height(width: Int) -> Height {
    let gauges = 1 + lines.count
    return Height(minimum: gauges, comfortable: gauges + 2, maximum: Height.open)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    PanelTitle(name: context.title(.memory), right: parts(limit: rect.width - 12))
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    let remarks = lines.map { $0.remark(glyphs) }
    let remarkWidth = remarks.map { Grid.columns(of: $0) }.max() ?? 0
    let labelWidth = lines.map { $0.label.utf8.count }.max() ?? 0
    for (line, remark) in zip(lines, remarks) {
      GaugeLine(
        label: line.label, labelWidth: labelWidth, ratio: line.ratio, bar: line.bar, remark: remark,
        remarkWidth: remarkWidth
      )
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    }
    context.drawGraph(on: &grid, in: rest, gradient: .memory, Self.usage.value)
  }

  /// Other uses of memory, as many as fit.
  private func parts(limit: Int) -> String {
    var text = ""
    for fact in context.facts(of: .memory) {
      let part = (text.isEmpty ? "" : glyphs.separator) + fact.label + " " + fact.text
      if Grid.columns(of: text) + Grid.columns(of: part) > limit { break }
      text += part
    }
    return text
  }
}

/// Memory as gauge lines, for the panel and for small screens.
enum MemoryLines {
  struct MemoryLine {
    let label: String
    let ratio: Double
    let bar: Bar
    let used: Double
    let total: Double

    func remark(_ glyphs: Glyphs) -> String { TextFormat.pair(used, of: total, glyphs) }
  }

  /// RAM, the group's limit and swap, if present.
  static func of(_ sample: Sample) -> [MemoryLine] {
    var lines: [MemoryLine] = []
    let ram = sample.ram
    if ram.total.isFinite {
      let cache = max(0, ram.available - ram.free) / ram.total
      lines.append(
        MemoryLine(
          label: "RAM", ratio: ram.usage,
          bar: Bar([
            Bar.Segment(ratio: ram.usage, color: .memory, pattern: .first),
            Bar.Segment(ratio: cache.isFinite ? cache : 0, color: .cache, pattern: .third),
          ]), used: ram.used, total: ram.total))
    }
    if let group = sample.cgroup, group.memoryLimit.isFinite {
      lines.append(
        MemoryLine(
          label: "group", ratio: group.memoryUsage, bar: Bar(group.memoryUsage, .memory), used: group.memoryUsed,
          total: group.memoryLimit))
    }
    if let swap = sample.swap, swap.total > 0 {
      lines.append(
        MemoryLine(label: "swap", ratio: swap.usage, bar: Bar(swap.usage, .swap), used: swap.used, total: swap.total))
    }
    return lines
  }
}
