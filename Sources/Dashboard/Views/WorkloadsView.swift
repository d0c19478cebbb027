internal import AgentMetrics
internal import Query

/// Containers, services, sessions, jobs and other workloads of the displayed sample, in a box over the panels.
struct WorkloadsView {
  let context: Context
  let choice: WorkloadChoice
  private var glyphs: Glyphs { context.glyphs }

  private struct Column {
    let title: String
    let width: Int
    let text: (Workload) -> String
    var style: (Workload) -> Style = { _ in .plain }
  }

  func draw(on grid: inout Grid) {
    let workloads = context.sample.workloads
    let rows = choice.sort.sorted(workloads?.top ?? [])
    context.hits.frameContext.overlayRows = rows.count
    let selected = min(choice.selected, max(0, rows.count - 1))
    // All of the width: names are long.
    let wanted = Size(width: min(140, grid.width - 2), height: rows.count + 7)
    OverlayBox(title: "Workloads by " + choice.sort.meaning, wanted: wanted, glyphs: glyphs)
      .draw(on: &grid) { grid, inner in
        var rest = inner
        guard let workloads, !rows.isEmpty else {
          grid.putShortened(
            workloads == nil ? "no control groups on this machine, or none recorded at that time" : "no workloads",
            x: rest.x, y: rest.y, .muted, limit: rest.width)
          return OverlayBox.More()
        }
        let foot = rest.takeBottom(min(3, max(1, rest.height / 3)))
        let columns = columns(rest.width, rows)
        drawHead(columns, on: &grid, in: rest.takeTop(1))
        let first = max(0, min(selected - rest.height / 2, rows.count - rest.height))
        for (row, workload) in rows.dropFirst(first).prefix(rest.height).enumerated() {
          draw(workload, columns, on: &grid, x: rest.x, y: rest.y + row, width: rest.width)
          if first + row == selected {
            grid.restyle(Rect(x: rest.x, y: rest.y + row, width: rest.width, height: 1)) { _ in .selection }
          }
        }
        drawFoot(workloads, rows[selected], on: &grid, in: foot)
        return OverlayBox.More(first: first, visible: rest.height, of: rows.count)
      }
  }

  /// The columns of numbers, which are at the right; narrow boxes drop the least informative first.
  private func columns(_ width: Int, _ rows: [Workload]) -> [Column] {
    let hasGPU = rows.contains { $0.gpu.isFinite || $0.gpuMemory.isFinite }
    func percent(_ value: Float) -> String { value.isFinite ? TextFormat.percent(Double(value), glyphs) : "" }
    let all: [(column: Column, from: Int)] = [
      (
        Column(title: "CPU", width: 6) {
          $0.cpu.isFinite ? TextFormat.fixed($0.cpu, 2) : ""
        } style: { _ in
          .bold
        }, 0
      ),
      (Column(title: "ENDED", width: 6) { $0.endedCPU > 0 ? TextFormat.fixed(Double($0.endedCPU), 2) : "" }, 84),
      (
        Column(title: "THR", width: 5) {
          percent($0.throttled)
        } style: {
          $0.throttled > 0.05 ? .warning : .plain
        },
        60
      ),
      (
        Column(title: "MEM", width: 6) {
          $0.memory.isFinite ? TextFormat.compact($0.memory, glyphs) : ""
        } style: {
          $0.memoryUsage >= 0.9 ? .critical : .plain
        }, 0
      ),
      (
        Column(title: "LIMIT", width: 6) {
          $0.memoryLimit.isFinite ? TextFormat.compact($0.memoryLimit, glyphs) : ""
        }, 70
      ),
      (
        Column(title: "PSI", width: 5) {
          $0.pressure.isFinite ? TextFormat.percent($0.pressure, glyphs) : ""
        } style: {
          $0.pressure > 0.2 ? .warning : .plain
        }, 56
      ),
      (Column(title: "READ", width: 7) { $0.readRate > 0 ? TextFormat.compact($0.readRate, glyphs) : "" }, 76),
      (Column(title: "WRITE", width: 7) { $0.writeRate > 0 ? TextFormat.compact($0.writeRate, glyphs) : "" }, 76),
      (
        Column(title: "GPU", width: 5) { $0.gpu.isFinite ? TextFormat.fixed(Double($0.gpu), 2) : "" },
        hasGPU ? 50 : .max
      ),
      (
        Column(title: "VRAM", width: 6) { $0.gpuMemory.isFinite ? TextFormat.compact($0.gpuMemory, glyphs) : "" },
        hasGPU ? 90 : .max
      ),
      (
        Column(title: "OOM", width: 4) {
          $0.oomKills > 0 ? TextFormat.fixed($0.oomKills, 0) : ""
        } style: { _ in
          .warning
        }, 100
      ),
    ]
    return all.filter { width >= $0.from }.map(\.column)
  }

  private func nameWidth(_ columns: [Column], _ width: Int) -> Int {
    max(8, width - columns.reduce(0) { $0 + $1.width + 1 })
  }

  private func drawHead(_ columns: [Column], on grid: inout Grid, in row: Rect) {
    var x = row.x + nameWidth(columns, row.width)
    grid.put("NAME", x: row.x, y: row.y, .muted)
    for column in columns {
      x += column.width + 1
      grid.putRight(column.title, end: x, y: row.y, .muted)
    }
  }

  private func draw(_ workload: Workload, _ columns: [Column], on grid: inout Grid, x: Int, y: Int, width: Int) {
    let nameWidth = nameWidth(columns, width)
    // The kind, and the user where there is room, come after the name.
    let about = [workload.kind.rawValue, workload.user ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
    let aboutWidth = nameWidth >= 36 ? min(18, Grid.columns(of: about)) : 0
    grid.putShortened(workload.name, x: x, y: y, limit: nameWidth - (aboutWidth > 0 ? aboutWidth + 2 : 0))
    if aboutWidth > 0 {
      grid.putShortened(about, x: x + nameWidth - aboutWidth, y: y, .muted, limit: aboutWidth)
    }
    var end = x + nameWidth
    for column in columns {
      end += column.width + 1
      grid.putRight(column.text(workload), end: end, y: y, column.style(workload), limit: column.width)
    }
  }

  private func drawFoot(_ workloads: Workloads, _ selected: Workload, on grid: inout Grid, in rect: Rect) {
    var rest = rect
    if rest.height >= 3 {
      var parts = [selected.id]
      if let engine = selected.engine { parts.append(engine) }
      if let image = selected.image { parts.append(image) }
      if let pod = selected.podName ?? selected.pod { parts.append("pod " + pod) }
      if selected.tasks.isFinite { parts.append(TextFormat.fixed(Double(selected.tasks), 0) + " tasks") }
      if selected.cpuLimit.isFinite {
        parts.append("limit " + TextFormat.fixed(Double(selected.cpuLimit), 1) + " CPUs")
      }
      if selected.cpuTotal.isFinite { parts.append(TextFormat.fixed(selected.cpuTotal, 1) + " s of CPU time") }
      let row = rest.takeTop(1)
      grid.putShortened(
        parts.joined(separator: glyphs.separator), x: row.x, y: row.y, .muted, limit: row.width)
    }
    if rest.height >= 2 {
      let row = rest.takeTop(1)
      grid.putShortened(summary(workloads), x: row.x, y: row.y, limit: row.width)
    }
    grid.putShortened(
      "c m i u p: sort by CPU, memory, I/O, GPU, pressure   up, down: select   Esc: close", x: rest.x, y: rest.y,
      .muted, limit: rest.width)
  }

  /// Use beside the rows: ended processes, other workloads, and time outside of workloads.
  private func summary(_ workloads: Workloads) -> String {
    var parts: [String] = []
    let ended = workloads.top.reduce(0) { $0 + ($1.endedCPU.isFinite ? Double($1.endedCPU) : 0) }
    parts.append("ended processes " + TextFormat.fixed(ended, 2) + " CPUs")
    if let rest = workloads.rest {
      parts.append("\(rest.count) others " + (rest.cpu.isFinite ? TextFormat.fixed(rest.cpu, 2) + " CPUs" : ""))
    }
    if workloads.unattributedCPU.isFinite {
      parts.append("outside of all " + TextFormat.fixed(workloads.unattributedCPU, 2) + " CPUs")
    }
    return parts.joined(separator: glyphs.separator)
  }
}

/// The order and the selected row of the workloads.
struct WorkloadChoice: Equatable {
  var sort = WorkloadOrder.cpu
  var selected = 0
}

extension WorkloadOrder {
  var meaning: String {
    switch self {
    case .cpu: "CPU"
    case .memory: "memory"
    case .io: "I/O"
    case .gpu: "GPU"
    case .pressure: "pressure"
    case .tasks: "tasks"
    case .id: "id"
    }
  }

  /// The key that selects it.
  init?(_ key: KeyPress) {
    switch key {
    case .character("c"): self = .cpu
    case .character("m"): self = .memory
    case .character("i"): self = .io
    case .character("u"): self = .gpu
    case .character("p"): self = .pressure
    default: return nil
    }
  }
}
