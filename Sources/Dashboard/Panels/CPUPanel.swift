internal import AgentMetrics

extension PanelDescriptor {
  static let cpu = PanelDescriptor(
    id: "cpu", name: "CPU", title: "CPU", catalog: ["cpu.", "load."], sources: ["cpu", "host"],
    graphs: [CPUPanel.usage],
    facts: [
      PanelFact("context switches", "cpu.context_switches_per_sec"),
      PanelFact("interrupts", "cpu.interrupts_per_sec"), PanelFact("forks", "cpu.forks_per_sec"),
    ],
    places: [
      .overview: PanelPlace(0), .processes: PanelPlace(0, 0), .gpu: PanelPlace(1, 0), .graphs: PanelPlace(0),
    ]
  ) { CPUPanel($0) }
}

/// CPU use: the total by mode, over time, and each logical CPU.
struct CPUPanel: Panel {
  static let usage = GraphMetric("cpu.usage") { $0.cpu.usage }

  private let context: Context
  private var cpu: CPU { context.sample.cpu }
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    let cpu = context.sample.cpu
    if !cpu.usage.isFinite && cpu.model == nil && cpu.perCore.isEmpty { return nil }
    self.context = context
  }

  func height(width: Int) -> Height {
    let count = cpu.perCore.count
    // CPUs without values are those of the preview: they reserve the room for their values.
    guard cpu.usage.isFinite || count > 0 else { return Height(minimum: 1, comfortable: 1, maximum: 1) }
    guard count > 0 else { return Height(minimum: 2, comfortable: 8, maximum: Height.open) }
    let side = CoresView.rows(count, width: Context.split(width).side)
    let whole = CoresView.rows(count, width: width)
    // At worst a cell of the strip represents several CPUs.
    let minimum = 3
    let enough = 2 + (side.strip <= 8 ? side.strip : whole.strip)
    let body = side.bars <= 10 ? max(6, side.bars) : side.strip <= 4 ? max(6, side.strip + 4) : whole.strip + 4
    return Height(minimum: minimum, comfortable: max(enough, 2 + body), maximum: Height.open, enough: enough)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    PanelTitle(name: context.title(.cpu), detail: model, right: summary)
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    guard cpu.usage.isFinite || !cpu.perCore.isEmpty else { return }
    drawGauge(on: &grid, in: rest.takeTop(1))
    guard !rest.isEmpty else { return }
    guard !cpu.perCore.isEmpty else { return drawGraph(on: &grid, in: rest) }
    let cores = CoresView(cores: cpu.perCore, glyphs: glyphs)
    let (graphWidth, sideWidth) = Context.split(rest.width)
    let need = CoresView.rows(cpu.perCore.count, width: sideWidth)
    let whole = CoresView.rows(cpu.perCore.count, width: rest.width)
    // Beside the graph, even where only a condensed strip would leave room for it.
    if sideWidth > 0, need.strip <= rest.height || whole.strip + 1 > rest.height {
      drawGraph(on: &grid, in: Rect(x: rest.x, y: rest.y, width: graphWidth, height: rest.height))
      rest = Rect(x: rest.right - sideWidth, y: rest.y, width: sideWidth, height: rest.height)
      // The strip grows with the room, but not over the facts.
      let factRows = PanelDescriptor.cpu.facts.count + 1
      let hasFacts = need.bars > rest.height && rest.height - factRows >= need.strip
      let part = Rect(x: rest.x, y: rest.y, width: rest.width, height: rest.height - (hasFacts ? factRows : 0))
      _ = rest.takeTop(cores.draw(on: &grid, in: part) + 1)
      drawFacts(on: &grid, in: rest)
    } else {
      let strip = rest.takeBottom(min(whole.strip, rest.height))
      drawGraph(on: &grid, in: rest)
      cores.draw(on: &grid, in: strip)
    }
  }

  /// The model without trademark signs.
  private var model: String {
    guard let model = cpu.model else { return "" }
    return ["(R)", "(r)", "(TM)", "(tm)"].reduce(model) { $0.removing($1) }
  }

  private var summary: String {
    var parts: [String] = []
    if cpu.sockets > 1 { parts.append(TextFormat.count(cpu.sockets, glyphs) + " sockets") }
    if cpu.cores.isFinite { parts.append(TextFormat.count(cpu.cores, glyphs) + (cpu.cores == 1 ? " core" : " cores")) }
    if cpu.threads.isFinite {
      parts.append(TextFormat.count(cpu.threads, glyphs) + (cpu.threads == 1 ? " thread" : " threads"))
    }
    if cpu.frequency.isFinite { parts.append(TextFormat.frequency(cpu.frequency, glyphs)) }
    return parts.joined(separator: glyphs.separator)
  }

  private func drawGauge(on grid: inout Grid, in rect: Rect) {
    let legend = CPUModes(cpu, glyphs)
    var bar = rect
    if let group = context.sample.cgroup, group.cpuLimit.isFinite {
      let text = "group " + group.cpuText(glyphs)
      grid.putRight(text, end: bar.right, y: bar.y, group.cpuUsage >= 0.9 ? .warning : .plain)
      bar.width -= Grid.columns(of: text) + 3
    }
    for isShort in [false, true] {
      let width = legend.width(isShort: isShort)
      guard width > 0, bar.width >= width + 17 else { continue }
      legend.draw(on: &grid, x: bar.right - width, y: bar.y, isShort: isShort)
      bar.width -= width + 2
      break
    }
    GaugeLine(ratio: cpu.usage, bar: legend.bar)
      .draw(on: &grid, in: bar, glyphs)
  }

  private func drawGraph(on grid: inout Grid, in rect: Rect) {
    context.drawGraph(on: &grid, in: rect, gradient: .load, Self.usage.value)
  }

  /// Draws the facts if there is room below the CPUs.
  private func drawFacts(on grid: inout Grid, in rect: Rect) {
    let facts = context.facts(of: .cpu)
    guard rect.height >= facts.count, rect.width >= 26 else { return }
    for (row, fact) in facts.enumerated() {
      grid.put(fact.label, x: rect.x, y: rect.y + row, .muted)
      grid.putRight(fact.text, end: rect.right, y: rect.y + row)
    }
  }
}

/// The shares of CPU time as a bar and as text.
struct CPUModes {
  private let parts: [(name: String, short: String, ratio: Double, color: Color, pattern: Bar.Pattern)]
  private let glyphs: Glyphs
  let bar: Bar

  init(_ cpu: CPU, _ glyphs: Glyphs) {
    self.glyphs = glyphs
    guard let modes = cpu.modes else {
      parts = []
      bar = Bar(cpu.usage, .user)
      return
    }
    let isUnix = modes.iowait.isFinite
    parts =
      [
        ("user", "us", isUnix ? modes.user + modes.nice + modes.guest : modes.user, .user, .first),
        ("system", "sy", modes.system + modes.irq + modes.softirq, .system, .second),
      ]
      + (isUnix
        ? [("iowait", "wa", modes.iowait, .iowait, .third), ("steal", "st", modes.steal, .steal, .fourth)] : [])
    // I/O wait is not use, so it comes last.
    bar = Bar(
      (isUnix ? [0, 1, 3, 2] : [0, 1]).map { [parts] in
        Bar.Segment(ratio: parts[$0].ratio, color: parts[$0].color, pattern: parts[$0].pattern)
      })
  }

  private var hasPatterns: Bool { glyphs.isMono || glyphs.isASCII }

  /// Columns of the words, or of top's abbreviations.
  func width(isShort: Bool) -> Int {
    parts.isEmpty ? 0 : parts.reduce(-2) { $0 + (isShort ? $1.short : $1.name).utf8.count + (hasPatterns ? 2 : 0) + 7 }
  }

  /// Draws the words, each in the color of its segment.
  func draw(on grid: inout Grid, x: Int, y: Int, isShort: Bool) {
    var x = x
    for part in parts {
      if hasPatterns {
        grid.put(part.pattern.glyph(glyphs), x: x, y: y, .bold)
        x += 2
      }
      x = grid.put(isShort ? part.short : part.name, x: x, y: y, Style(part.color))
      grid.putRight(TextFormat.percent(part.ratio, glyphs), end: x + 5, y: y)
      x += 7
    }
  }
}

extension Cgroup {
  /// CPU use of the group, `0.7/1.5 CPUs`.
  func cpuText(_ glyphs: Glyphs) -> String {
    (cpuCores.isFinite ? TextFormat.fixed(cpuCores, 1) : glyphs.absent) + "/" + TextFormat.fixed(cpuLimit, 1) + " CPUs"
  }
}

extension String {
  /// Removes all occurrences of `part`.
  fileprivate func removing(_ part: String) -> String {
    var result = ""
    var rest = self[...]
    while let first = rest.first {
      if rest.hasPrefix(part) {
        rest = rest.dropFirst(part.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
