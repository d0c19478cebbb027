internal import AgentMetrics

/// A GPU in one row or several: graphs of its use and memory, and its values.
struct GPUCell {
  let context: Context
  let gpu: GPU
  private var gpus: [GPU] { context.sample.gpus }
  private var glyphs: Glyphs { context.glyphs }

  /// A text that is left out, with those behind it, where it does not fit.
  private struct Part {
    let text: String
    var style = Style.plain
  }

  init(context: Context, gpu: GPU) {
    self.context = context
    self.gpu = gpu
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    grid.putRight(String(gpu.index), end: rect.x + indexWidth, y: rect.y, .muted)
    let rest = content(in: rect)
    if rect.height == 1 { drawRow(on: &grid, in: rest) } else { drawRows(on: &grid, in: rest) }
  }

  private var indexWidth: Int { String(gpus.last?.index ?? 0).utf8.count }

  /// The cell without the index.
  private func content(in rect: Rect) -> Rect {
    let x = rect.x + indexWidth + 1
    return Rect(x: x, y: rect.y, width: max(0, rect.right - x), height: rect.height)
  }

  /// The graphs of a cell of several rows.
  func graph(in rect: Rect) -> Rect {
    var rest = content(in: rect)
    return rest.takeLeft(max(0, rest.width - Self.figuresWidth(rest.width) - 1))
  }

  private static func figuresWidth(_ width: Int) -> Int { max(24, min(40, width * 3 / 5)) }

  private var graphs: GPUGraphs { GPUGraphs(context: context, index: gpu.index) }

  private func temperature(_ gpu: GPU) -> String {
    String(TextFormat.whole(gpu.temperature)) + glyphs.celsius
  }

  // MARK: One row

  private func drawRow(on grid: inout Grid, in rect: Rect) {
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
      grid.putShortened(remark.text, x: rect.x, y: rect.y, remark.style, limit: end - rect.x - 1)
      return
    }
    let hasMemory = gpus.contains { $0.vramTotal.isFinite }
    if hasMemory {
      let text =
        rect.width >= 62
        ? TextFormat.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs) : TextFormat.compact(gpu.vramUsed, glyphs)
      grid.putRight(text, end: end, y: rect.y, .muted)
      end -= rect.width >= 62 ? 15 : 7
    }
    // Use, its percentage, and memory.
    let cells = end - rect.x - 1
    let trouble = gpu.trouble(glyphs)
    let hasTwo = (hasMemory || trouble != nil) && cells >= 13
    let use = hasTwo ? (cells - 6) * 3 / 5 : cells - 5
    guard use >= 3 else {
      if cells >= 4 { grid.putRight(percent(gpu.util), end: rect.x + 4, y: rect.y, .load(gpu.util)) }
      return
    }
    graphs.drawUse(on: &grid, in: Rect(x: rect.x, y: rect.y, width: use, height: 1))
    grid.putRight(percent(gpu.util), end: rect.x + use + 5, y: rect.y, .load(gpu.util))
    guard hasTwo else { return }
    let second = Rect(x: rect.x + use + 6, y: rect.y, width: cells - use - 6, height: 1)
    if let trouble {
      let text = second.width >= 9 ? trouble.marks + " " + trouble.text : trouble.marks
      grid.putShortened(text, x: second.x, y: second.y, trouble.style, limit: second.width)
    } else {
      graphs.drawMemory(on: &grid, in: second)
    }
  }

  private func percent(_ ratio: Double) -> String {
    let text = TextFormat.percent(ratio, glyphs)
    return String(repeating: " ", count: max(0, 4 - text.count)) + text
  }

  // MARK: Several rows

  private func drawRows(on grid: inout Grid, in rect: Rect) {
    let width = Self.figuresWidth(rect.width)
    var figures = rect
    let graph = figures.takeLeft(max(0, rect.width - width - 1))
    _ = figures.takeLeft(1)
    var memory = graph
    let use = memory.takeTop(max(1, (graph.height + 1) / 2))
    graphs.drawUse(on: &grid, in: use)
    if gpu.vramUsage.isFinite { graphs.drawMemory(on: &grid, in: memory) }
    var lines = [useLine, memoryLine(figures.width)].filter { !$0.isEmpty }
    // Trouble, the clock and the link are in the lines above.
    let remarks = gpu.remarks(glyphs, hasClock: false, hasLink: false).filter {
      $0.style != .critical && $0.style != .warning
    }
    lines += remarks.map { [Part(text: $0.text, style: $0.style)] }
    for line in lines where !figures.isEmpty {
      let row = figures.takeTop(1)
      var x = row.x
      for (place, part) in line.enumerated() {
        let columns = Grid.columns(of: part.text)
        // The first text and trouble are shortened rather than left out.
        guard x + columns <= row.right || place == 0 || part.style == .warning || part.style == .critical else { break }
        x = grid.putShortened(part.text, x: x, y: row.y, part.style, limit: row.right - x) + 2
      }
    }
  }

  /// Its use, temperature, power and clock.
  private var useLine: [Part] {
    if let remark = gpu.stateRemark { return [Part(text: remark.text, style: remark.style)] }
    var parts = [Part(text: percent(gpu.util), style: .load(gpu.util))]
    if gpu.temperature.isFinite { parts.append(Part(text: temperature(gpu), style: .temperature(gpu.temperature))) }
    if gpu.power.isFinite { parts.append(Part(text: String(TextFormat.whole(gpu.power)) + " W")) }
    if gpu.clock.isFinite { parts.append(Part(text: TextFormat.frequency(gpu.clock, glyphs), style: .muted)) }
    return parts
  }

  /// Its memory, and its trouble or its link.
  private func memoryLine(_ width: Int) -> [Part] {
    guard gpu.state == .active else { return [] }
    var parts: [Part] = []
    if gpu.vramTotal.isFinite {
      parts.append(Part(text: percent(gpu.vramUsage), style: .load(gpu.vramUsage)))
      // The total is the same for all, and in the title; traffic is worth its room.
      let text =
        width >= 40
        ? TextFormat.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs) : TextFormat.compact(gpu.vramUsed, glyphs)
      parts.append(Part(text: text, style: .muted))
    }
    if let trouble = gpu.trouble(glyphs) {
      parts.append(Part(text: trouble.marks + " " + trouble.text, style: trouble.style))
    } else {
      parts += gpu.linkParts(glyphs).map { Part(text: $0, style: .muted) }
    }
    return parts
  }
}

extension GPU {
  /// Traffic of its PCI Express link in bytes per second, then generation and lanes.
  func linkParts(_ glyphs: Glyphs) -> [String] {
    var parts: [String] = []
    if pcieReceive.isFinite || pcieTransmit.isFinite {
      parts.append("rx " + TextFormat.compact(pcieReceive, glyphs) + " tx " + TextFormat.compact(pcieTransmit, glyphs))
    }
    if pcieGeneration.isFinite, pcieWidth.isFinite {
      parts.append(
        "PCIe " + String(TextFormat.whole(pcieGeneration)) + glyphs.times + String(TextFormat.whole(pcieWidth)))
    }
    return parts
  }
}
