internal import AgentMetrics

/// A small screen: a line each for CPU, memory and GPUs, then further content that fits.
struct CompactView {
  let context: Context
  private var glyphs: Glyphs { context.glyphs }
  private var sample: Sample { context.sample }

  /// Draws into `rect`, however small.
  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    grid.within(rect) { grid in
      drawModel(on: &grid, in: &rest)
      let gauges = gauges(rows: rest.height)
      if gauges.isEmpty, rest == rect, !hasRates, context.table.rows.isEmpty {
        return context.drawNothing(on: &grid, in: rest, isHidden: false)
      }
      let remarkWidth = gauges.map { Grid.columns(of: $0.remark) }.max() ?? 0
      let labelWidth = gauges.map { $0.label.utf8.count }.max() ?? 0
      let hasRemarks = rest.width >= labelWidth + 6 + remarkWidth + 7
      for gauge in gauges {
        GaugeLine(
          label: gauge.label, labelWidth: labelWidth, ratio: gauge.ratio, bar: gauge.bar,
          remark: hasRemarks ? gauge.remark : gauge.alert, remarkWidth: hasRemarks ? remarkWidth : 0,
          remarkStyle: gauge.alert.isEmpty ? .muted : .critical
        )
        .draw(on: &grid, in: rest.takeTop(1), glyphs)
      }
      drawRates(on: &grid, in: &rest, labelWidth: labelWidth)
      drawFilesystems(on: &grid, in: &rest)
      drawProcesses(on: &grid, in: &rest)
      drawGraph(on: &grid, in: rest, labelWidth: labelWidth)
    }
  }

  private struct Gauge {
    let label: String
    let ratio: Double
    let bar: Bar
    let remark: String
    /// Part of the remark that is shown at any width.
    var alert = ""
  }

  /// CPU, RAM and GPUs first; the group and swap where rows are left.
  private func gauges(rows: Int) -> [Gauge] {
    var gauges: [Gauge] = []
    let cpu = sample.cpu
    if cpu.usage.isFinite || !cpu.perCore.isEmpty {
      let limited = sample.cgroup.flatMap { $0.cpuLimit.isFinite ? $0 : nil }
      let frequency = cpu.frequency.isFinite ? TextFormat.frequency(cpu.frequency, glyphs) : ""
      gauges.append(
        Gauge(
          label: "CPU", ratio: cpu.usage, bar: CPUModes(cpu, glyphs).bar,
          remark: limited.map { $0.cpuText(glyphs) } ?? frequency))
    }
    let memory = MemoryLines.of(sample).map {
      Gauge(label: $0.label, ratio: $0.ratio, bar: $0.bar, remark: $0.remark(glyphs))
    }
    gauges += memory.prefix(1)
    let others = memory.dropFirst()
    if !sample.gpus.isEmpty {
      if gauges.count + sample.gpus.count + others.count <= max(3, rows - 2), sample.gpus.count <= 4 {
        for gpu in sample.gpus {
          let label = sample.gpus.count == 1 ? "GPU" : "GPU" + String(gpu.index)
          gauges.append(
            Gauge(
              label: label, ratio: gpu.util, bar: Bar(gpu.util, .gpu),
              remark: gpu.stateRemark?.text ?? gpu.trouble(glyphs)?.text ?? remark(gpu),
              alert: gpu.state == .lost ? "lost" : gpu.trouble(glyphs)?.text ?? ""))
        }
      } else {
        let all = GPUSummary(sample.gpus)
        let count = String(sample.gpus.count)
        gauges.append(
          Gauge(
            label: "GPUs", ratio: all.util, bar: Bar(all.util, .gpu),
            remark: all.alertText.isEmpty
              ? count + glyphs.times + " " + all.vramText(glyphs) : all.alertText + " of " + count,
            alert: all.alertText))
      }
    }
    gauges += others.prefix(max(0, rows - gauges.count))
    return Array(gauges.prefix(max(0, rows)))
  }

  private func remark(_ gpu: GPU) -> String {
    gpu.vramTotal.isFinite ? TextFormat.pair(gpu.vramUsed, of: gpu.vramTotal, glyphs) : ""
  }

  /// Draws the model before the first measurement.
  private func drawModel(on grid: inout Grid, in rest: inout Rect) {
    guard !sample.cpu.usage.isFinite, sample.cpu.perCore.isEmpty, let model = sample.cpu.model, !rest.isEmpty else {
      return
    }
    let row = rest.takeTop(1)
    grid.put("CPU", x: row.x, y: row.y)
    grid.putShortened(model, x: row.x + 4, y: row.y, .muted, limit: row.width - 4)
  }

  private var hasRates: Bool {
    [sample.disk?.readRate, sample.disk?.writeRate, sample.network?.receiveRate, sample.network?.transmitRate]
      .contains { $0?.isFinite == true }
  }

  private func drawRates(on grid: inout Grid, in rest: inout Rect, labelWidth: Int) {
    var lines: [(label: String, first: String, second: String)] = []
    if let disk = sample.disk, disk.readRate.isFinite || disk.writeRate.isFinite {
      lines.append(
        (
          "disk", "read " + TextFormat.rate(disk.readRate, glyphs).leftPadded(to: 10),
          "write " + TextFormat.rate(disk.writeRate, glyphs).leftPadded(to: 10)
        ))
    }
    if let network = sample.network, network.receiveRate.isFinite || network.transmitRate.isFinite {
      lines.append(
        (
          "net", "rx   " + TextFormat.rate(network.receiveRate, glyphs).leftPadded(to: 10),
          "tx    " + TextFormat.rate(network.transmitRate, glyphs).leftPadded(to: 10)
        ))
    }
    for line in lines {
      // Both, or the first alone: half a value would be a wrong one.
      let indent = max(4, labelWidth) + 1
      guard !rest.isEmpty, rest.width >= indent + line.first.utf8.count else { return }
      let row = rest.takeTop(1)
      grid.put(line.label, x: row.x, y: row.y)
      var x = row.x + indent
      if row.right - x >= line.first.utf8.count + 2 + line.second.utf8.count {
        x = grid.put(line.first, x: x, y: row.y, .muted) + 2
        grid.put(line.second, x: x, y: row.y, .muted)
      } else {
        grid.put(line.first, x: x, y: row.y, .muted, limit: row.right - x)
      }
    }
  }

  /// Draws the worst alarming filesystem in one line.
  private func drawFilesystems(on grid: inout Grid, in rest: inout Rect) {
    let alarming = sample.filesystems.filter { $0.alert(glyphs) != nil }
    guard let worst = FilesystemPanel.shown(alarming, count: 1).first, let text = worst.alert(glyphs), !rest.isEmpty
    else { return }
    let row = rest.takeTop(1)
    let more = alarming.count > 1 ? " +" + String(alarming.count - 1) : ""
    let x = grid.putShortened(
      text, x: row.x, y: row.y, worst.isStale ? .warning : .fullness(worst.usage),
      limit: row.width - more.utf8.count)
    grid.put(more, x: x, y: row.y, .muted)
  }

  private func drawProcesses(on grid: inout Grid, in rest: inout Rect) {
    guard sample.processes != nil, rest.height >= 2, rest.width >= 28, !context.table.rows.isEmpty else { return }
    // The graph above keeps two rows, or a third of many.
    let rows = min(context.table.rows.count + 1, rest.height - (rest.height >= 5 ? max(2, rest.height / 3) : 0))
    guard rows >= 2 else { return }
    ProcessTableView(context: context).draw(on: &grid, in: rest.takeBottom(rows))
  }

  private func drawGraph(on grid: inout Grid, in rect: Rect, labelWidth: Int) {
    guard sample.cpu.usage.isFinite, rect.width >= 8, rect.height >= 1 else { return }
    var rect = rect
    if rect.height < 3 {
      // Too low for a label over the curve, which would seem to belong to the line above.
      let label = rect.takeLeft(max(3, labelWidth) + 1)
      grid.put("CPU", x: label.x, y: label.y, .muted)
    }
    context.drawGraph(on: &grid, in: rect, gradient: .load, top: "CPU 100%", CPUPanel.usage.value)
  }
}

extension String {
  fileprivate func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - Grid.columns(of: self))) + self
  }
}
