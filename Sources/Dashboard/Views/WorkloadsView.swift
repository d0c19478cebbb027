internal import AgentMetrics
internal import Query
internal import Why

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
    let frame = context.hits.frameContext
    let users = choice.isByUser ? UserUse(context.sample, frame.processes) : nil
    let all = users?.rows ?? workloads?.top ?? []
    let rows = choice.sort.sorted(all)
    context.hits.frameContext.overlayRows = rows.count
    context.hits.frameContext.hasWideOverlay = grid.width >= 150
    let selected = min(choice.selected, max(0, rows.count - 1))
    // All of the width: names are long.
    let hasDetails = (choice.hasDetails ?? (grid.width >= 150)) && grid.height >= 16 && !rows.isEmpty
    let wanted =
      hasDetails
      ? Size(width: min(200, grid.width), height: grid.height - 2)
      : Size(width: min(140, grid.width - 2), height: rows.count + 7)
    let subject = choice.isByUser ? "Users by " : "Workloads by "
    OverlayBox(title: subject + choice.sort.meaning, wanted: wanted, glyphs: glyphs)
      .draw(on: &grid) { grid, inner in
        var rest = inner
        guard !rows.isEmpty else {
          grid.putShortened(
            workloads == nil ? "no control groups on this machine, or none recorded at that time" : "no workloads",
            x: rest.x, y: rest.y, .muted, limit: rest.width)
          return OverlayBox.More()
        }
        let foot = rest.takeBottom(min(3, max(1, rest.height / 3)))
        if hasDetails {
          // Beside the list where that leaves it a useful width, else below it.
          if rest.width >= 90 {
            let list = rest.takeLeft(rest.width - min(64, rest.width * 2 / 5))
            drawDetails(of: rows[selected], on: &grid, in: rest)
            rest = Rect(x: list.x, y: list.y, width: list.width - 2, height: list.height)
          } else {
            drawDetails(of: rows[selected], on: &grid, in: rest.takeBottom(rest.height / 2))
          }
        }
        let columns = columns(rest.width, rows)
        drawHead(columns, on: &grid, in: rest.takeTop(1))
        let first = max(0, min(selected - rest.height / 2, rows.count - rest.height))
        for (row, workload) in rows.dropFirst(first).prefix(rest.height).enumerated() {
          draw(workload, columns, on: &grid, x: rest.x, y: rest.y + row, width: rest.width)
          let line = Rect(x: rest.x, y: rest.y + row, width: rest.width, height: 1)
          context.hits.add(.row(first + row), line)
          if first + row == selected { grid.restyle(line) { _ in .selection } }
        }
        drawFoot(users.map(summary) ?? workloads.map(summary), rows[selected], on: &grid, in: foot)
        return OverlayBox.More(first: first, visible: rest.height, of: rows.count)
      }
  }

  /// Everything known of a workload, and its processes, from the scroll position on.
  private func drawDetails(of workload: Workload, on grid: inout Grid, in rect: Rect) {
    let lines = details(of: workload)
    let hidden = max(0, lines.count - rect.height)
    let first = min(choice.scroll, hidden)
    context.hits.frameContext.details = FrameContext.DetailRows(hidden: hidden, visible: rect.height)
    for (row, line) in lines.dropFirst(first).prefix(rect.height).enumerated() {
      let y = rect.y + row
      grid.put(glyphs.vertical, x: rect.x - 1, y: y, .faint)
      if line.isWide {
        grid.putShortened(line.text, x: rect.x + 1, y: y, line.style, limit: rect.width - 1)
      } else {
        let end = grid.putShortened(line.name, x: rect.x + 1, y: y, .muted, limit: rect.width / 2)
        let room = rect.right - end - 1
        grid.putRight(line.text, end: rect.right, y: y, line.style, limit: room)
      }
    }
  }

  /// Its values, limits, pressure and throttling among them, and its processes by CPU.
  private func details(of workload: Workload) -> [DetailLine] {
    let values = FieldTexts.of(Workload.table, workload, glyphs).map { DetailLine(name: $0.name, text: $0.text) }
    let all = context.hits.frameContext.processes.filter {
      choice.isByUser ? $0.user == workload.id : $0.workload == workload.id
    }
    let members = all.sorted { left, right in
      let (first, second) = (left.cpu.isFinite ? left.cpu : 0, right.cpu.isFinite ? right.cpu : 0)
      return first == second ? left.pid < right.pid : first > second
    }
    let lines = members.map { process in
      DetailLine(
        name: String(process.pid) + " " + process.name,
        text: TextFormat.fine(process.cpu, glyphs) + "%  " + TextFormat.bytes(process.resident, glyphs))
    }
    let isWhole = context.hits.frameContext.isWholeTable
    let title = (isWhole ? "PROCESSES " : "LISTED PROCESSES ") + String(members.count)
    return [.heading(rowTitle(workload))] + values + (members.isEmpty ? [] : [.heading(title)] + lines)
  }

  /// The columns of numbers, which are at the right; narrow boxes drop the least informative first.
  private func columns(_ width: Int, _ rows: [Workload]) -> [Column] {
    let hasGPU = rows.contains { $0.gpu.isFinite || $0.gpuMemory.isFinite }
    func percent(_ value: Float) -> String { value.isFinite ? TextFormat.percent(Double(value), glyphs) : "" }
    // Limits, pressure and kills belong to control groups; users have none.
    func ofGroups(_ width: Int) -> Int { choice.isByUser ? .max : width }
    let all: [(column: Column, from: Int)] = [
      (
        Column(title: "CPU%", width: 6) {
          cpu($0.cpu)
        } style: { _ in
          .bold
        }, 0
      ),
      (Column(title: "ENDED%", width: 6) { $0.endedCPU > 0 ? cpu(Double($0.endedCPU)) : "" }, 84),
      (
        Column(title: "THRTL", width: 5) {
          percent($0.throttled)
        } style: {
          $0.throttled > 0.05 ? .warning : .plain
        },
        ofGroups(60)
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
        }, ofGroups(70)
      ),
      (
        Column(title: "PSI", width: 5) {
          $0.pressure.isFinite ? TextFormat.percent($0.pressure, glyphs) : ""
        } style: {
          $0.pressure > 0.2 ? .warning : .plain
        }, ofGroups(56)
      ),
    ]
    let last: [(column: Column, from: Int)] = [
      (
        Column(title: "GPU%", width: 5) { cpu(Double($0.gpu)) },
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
        }, ofGroups(100)
      ),
    ]
    return (all + trafficColumns(rows) + last).filter { width >= $0.from }.map(\.column)
  }

  /// Bytes of block devices, and of networks where one has its own.
  private func trafficColumns(_ rows: [Workload]) -> [(column: Column, from: Int)] {
    let network = rows.contains { $0.receiveTotal.isFinite } ? 106 : Int.max
    let all: [(title: String, from: Int, rate: (Workload) -> Double)] = [
      ("READ", 76, { $0.readRate }), ("WRITE", 76, { $0.writeRate }), ("RECV", network, { $0.receiveRate }),
      ("SENT", network, { $0.transmitRate }),
    ]
    return all.map { title, from, rate in
      (Column(title: title, width: 7) { rate($0) > 0 ? TextFormat.compact(rate($0), glyphs) : "" }, from)
    }
  }

  private func rowTitle(_ workload: Workload) -> String { choice.isByUser ? workload.name : workload.title }

  /// CPU time per second as the share of one CPU, as in the table of processes.
  private func cpu(_ value: Double) -> String { value.isFinite ? TextFormat.fine(value, glyphs) : "" }

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
    // The user, where there is room, comes after the name.
    let about = choice.isByUser ? processCount(of: workload) : workload.user ?? ""
    let aboutWidth = nameWidth >= 36 ? min(18, Grid.columns(of: about)) : 0
    grid.putShortened(rowTitle(workload), x: x, y: y, limit: nameWidth - (aboutWidth > 0 ? aboutWidth + 2 : 0))
    if aboutWidth > 0 {
      grid.putShortened(about, x: x + nameWidth - aboutWidth, y: y, .muted, limit: aboutWidth)
    }
    var end = x + nameWidth
    for column in columns {
      end += column.width + 1
      grid.putRight(column.text(workload), end: end, y: y, column.style(workload), limit: column.width)
    }
  }

  private func drawFoot(_ summary: String?, _ selected: Workload, on grid: inout Grid, in rect: Rect) {
    var rest = rect
    if rest.height >= 3 {
      var parts = [selected.id]
      if let engine = selected.engine { parts.append(engine) }
      if let image = selected.image { parts.append(image) }
      if let pod = selected.podName ?? selected.pod { parts.append("pod " + pod) }
      if choice.isByUser {
        parts.append(processCount(of: selected))
      } else if selected.tasks.isFinite {
        parts.append(TextFormat.counted(Double(selected.tasks), "task", "tasks"))
      }
      if selected.cpuLimit.isFinite {
        parts.append("limit " + TextFormat.fixed(Double(selected.cpuLimit), 1) + " CPUs")
      }
      if selected.cpuTotal.isFinite { parts.append(TextFormat.seconds(selected.cpuTotal) + " of CPU time") }
      let row = rest.takeTop(1)
      grid.putShortened(
        parts.joined(separator: glyphs.separator), x: row.x, y: row.y, .muted, limit: row.width)
    }
    if rest.height >= 2, let summary {
      let row = rest.takeTop(1)
      grid.putShortened(summary, x: row.x, y: row.y, limit: row.width)
    }
    let hasMore = context.hits.frameContext.details.hidden > 0
    let keys =
      hasMore
      ? "PgUp, PgDn: more details   c m i u p: sort by CPU, memory, I/O, GPU, pressure   Tab: users   Enter: list alone"
      : "c m i u p: sort by CPU, memory, I/O, GPU, pressure   Tab: users   Enter: details   Esc: close"
    grid.putShortened(keys, x: rest.x, y: rest.y, .muted, limit: rest.width)
  }

  /// Number of a user's processes, of those in the list where the others are unknown.
  private func processCount(of user: Workload) -> String {
    let count = user.tasks.isFinite ? Double(user.tasks) : 0
    return context.hits.frameContext.isWholeTable
      ? TextFormat.counted(count, "process", "processes") : TextFormat.fixed(count, 0) + " listed"
  }

  /// Use beside the rows: ended processes, time that is no user's, and the processes that are not listed.
  private func summary(_ users: UserUse) -> String {
    let ended = users.rows.reduce(0) { $0 + ($1.endedCPU.isFinite ? Double($1.endedCPU) : 0) }
    var parts = ["CPU of ended processes " + cpu(ended) + "%"]
    if users.unattributedCPU.isFinite { parts.append("no user's " + cpu(users.unattributedCPU) + "%") }
    let (listed, total) = (context.hits.frameContext.processes.count, context.sample.processes?.total ?? 0)
    if !context.hits.frameContext.isWholeTable, total > listed {
      let rest = context.sample.workloads == nil ? "" : ", the others as the rest of their workloads"
      parts.append("\(listed) of \(total) processes are listed" + rest)
    }
    return parts.joined(separator: glyphs.separator)
  }

  /// Use beside the rows: ended processes, other workloads, and time outside of workloads.
  private func summary(_ workloads: Workloads) -> String {
    var parts: [String] = []
    let ended = workloads.top.reduce(0) { $0 + ($1.endedCPU.isFinite ? Double($1.endedCPU) : 0) }
    parts.append("CPU of ended processes " + cpu(ended) + "%")
    if let rest = workloads.rest {
      parts.append(
        TextFormat.counted(Double(rest.count), "other", "others") + (rest.cpu.isFinite ? " " + cpu(rest.cpu) + "%" : "")
      )
    }
    if workloads.unattributedCPU.isFinite { parts.append("outside of all " + cpu(workloads.unattributedCPU) + "%") }
    return parts.joined(separator: glyphs.separator)
  }
}

/// The order and the selected row of the workloads.
struct WorkloadChoice: Equatable {
  var sort = WorkloadOrder.cpu
  var selected = 0
  /// Whether users are listed instead.
  var isByUser = false
  /// Whether details of the selected one are shown; nil for the screen's default.
  var hasDetails: Bool?
  /// First line of the details.
  var scroll = 0
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
