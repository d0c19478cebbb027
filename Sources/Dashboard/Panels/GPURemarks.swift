internal import AgentMetrics

/// The remarks on each GPU, in rows of as many GPUs as fit side by side, in order.
struct GPURemarks {
  private let context: Context
  private let columns: Int
  /// Rows of adjacent lines; nil where a GPU has fewer.
  private let lines: [[(text: String, style: Style)?]]

  private static let gap = 3

  init(context: Context, columns: Int) {
    self.context = context
    self.columns = max(1, columns)
    let glyphs = context.glyphs
    let blocks = context.sample.gpus.map { gpu -> [(text: String, style: Style)] in
      let name = "GPU " + String(gpu.index) + " " + (gpu.model ?? gpu.vendor)
      return [(name, .title)] + (gpu.stateRemark.map { [$0] } ?? []) + gpu.remarks(glyphs)
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

  /// The lines at a width.
  func lines(width: Int) -> [PanelLine] {
    let own = (width - Self.gap * (columns - 1)) / columns
    return lines.map { row in
      PanelLine(
        parts: row.enumerated().compactMap { column, part in
          guard let part else { return nil }
          let indent = part.style == .title ? 0 : 2
          let text = TextFormat.shortened(part.text, to: own - indent, context.glyphs)
          return .init(x: column * (own + Self.gap) + indent, text: text, style: part.style)
        })
    }
  }
}

extension GPU {
  /// Replaces the metrics of a GPU that has none; nil for one that has.
  var stateRemark: (text: String, style: Style)? {
    switch state {
    case .active: nil
    case .asleep: ("asleep", .muted)
    case .lost:
      (age >= 1 ? "no response for " + TextFormat.duration(age) : "lost", .critical)
    }
  }

  /// Lines with its throttling, faults, clocks, link and processes.
  func remarks(_ glyphs: Glyphs, hasClock: Bool = true, hasLink: Bool = true) -> [(text: String, style: Style)] {
    var lines: [(text: String, style: Style)] = []
    if let reasons = throttleReasons, !reasons.isEmpty {
      lines.append(("throttled: " + GPU.throttleText(reasons), .warning))
    }
    var faults: [String] = []
    if let action = recoveryAction { faults.append("needs " + action) }
    if xid > 0 { faults.append("Xid " + String(TextFormat.whole(xid))) }
    if eccUncorrected > 0 { faults.append(TextFormat.count(eccUncorrected, glyphs) + " ECC errors") }
    if retiredPages > 0 { faults.append(TextFormat.count(retiredPages, glyphs) + " retired pages") }
    if !faults.isEmpty { lines.append((faults.joined(separator: glyphs.separator), .critical)) }
    var clocks: [String] = []
    if let performanceState { clocks.append(performanceState) }
    if hasClock, clock.isFinite {
      clocks.append(
        "core " + TextFormat.frequency(clock, glyphs)
          + (clockMaximum.isFinite ? "/" + TextFormat.frequency(clockMaximum, glyphs) : ""))
    }
    if memoryClock.isFinite { clocks.append("memory " + TextFormat.frequency(memoryClock, glyphs)) }
    if fan.isFinite { clocks.append("fan " + TextFormat.percent(fan, glyphs)) }
    if !clocks.isEmpty { lines.append((clocks.joined(separator: glyphs.separator), .muted)) }
    var link: [String] = []
    if hasLink, pcieGeneration.isFinite, pcieWidth.isFinite {
      link.append(
        "PCIe " + String(TextFormat.whole(pcieGeneration)) + glyphs.times + String(TextFormat.whole(pcieWidth)))
    }
    if hasLink, pcieReceive.isFinite { link.append("rx " + TextFormat.rate(pcieReceive, glyphs)) }
    if hasLink, pcieTransmit.isFinite { link.append("tx " + TextFormat.rate(pcieTransmit, glyphs)) }
    if !link.isEmpty { lines.append((link.joined(separator: glyphs.separator), .muted)) }
    var codecs: [String] = []
    if encoder > 0 { codecs.append("encoder " + TextFormat.percent(encoder, glyphs)) }
    if decoder > 0 { codecs.append("decoder " + TextFormat.percent(decoder, glyphs)) }
    if !codecs.isEmpty { lines.append((codecs.joined(separator: glyphs.separator), .muted)) }
    for process in (processes ?? []).prefix(4) {
      var text = String(process.pid) + " " + (process.name ?? "?")
      if process.vram.isFinite { text += glyphs.separator + TextFormat.bytes(process.vram, glyphs) }
      if process.util.isFinite { text += glyphs.separator + TextFormat.percent(process.util, glyphs) }
      if let service = process.service { text += glyphs.separator + service }
      lines.append((text, .plain))
    }
    return lines
  }
}
