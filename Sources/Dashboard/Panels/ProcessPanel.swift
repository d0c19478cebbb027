internal import AgentMetrics

/// The processes that use most of what the user sorts by.
struct ProcessPanel: Panel {
  private static let gap = 3

  private let processes: Processes
  private let order: ProcessOrder
  private let glyphs: Glyphs

  init?(_ context: Context) {
    guard let processes = context.sample.processes else { return nil }
    self.processes = processes
    order = context.order
    glyphs = context.glyphs
  }

  /// The sample names the few greatest of each measure; beyond them the ranking would be a guess.
  private func rows(_ order: ProcessOrder) -> [Process] {
    Array(ProcessPanel.sorted(processes.top, by: order).prefix(Processes.topCount))
  }

  /// Greatest first; equal ones by pid, so that they stand still.
  static func sorted(_ processes: [Process], by order: ProcessOrder) -> [Process] {
    func measure(_ process: Process) -> Double {
      let value: Double
      switch order {
      case .cpu: value = process.cpu
      case .memory: value = process.resident
      case .io:
        value =
          (process.readRate.isFinite ? process.readRate : 0) + (process.writeRate.isFinite ? process.writeRate : 0)
      }
      return value.isFinite ? value : -1
    }
    return processes.sorted { left, right in
      let (a, b) = (measure(left), measure(right))
      return a == b ? left.pid < right.pid : a > b
    }
  }

  func height(width: Int) -> Height {
    let full = 2 + min(processes.top.count, Processes.topCount)
    return Height(minimum: min(full, 4), comfortable: full, maximum: full)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    // A table of its own for the next measure, where one would leave half of the screen empty.
    let orders = rect.width >= 150 ? [order, order.next] : [order]
    for (index, order) in orders.enumerated() {
      let isLast = index == orders.count - 1
      var part = isLast ? rest : rest.takeLeft((rect.width - Self.gap) / 2)
      if !isLast { _ = rest.takeLeft(Self.gap) }
      grid.putTitle(
        index == 0 ? "PROCESSES" : "", detail: "most " + order.name, right: isLast ? summary(part.width) : "",
        in: part.takeTop(1), glyphs)
      grid.within(part) { ProcessTable(rows: rows(order), order: order, glyphs: glyphs).draw(on: &$0, in: part) }
    }
  }

  private func summary(_ width: Int) -> String {
    var parts = [String(processes.total) + " processes"]
    parts.append(String(processes.running) + " running")
    if processes.blocked > 0 { parts.append(String(processes.blocked) + " blocked") }
    if processes.zombie > 0 { parts.append(String(processes.zombie) + " zombie") }
    if width >= 90 { parts.append(Format.count(Double(processes.threads), glyphs) + " threads") }
    return parts.joined(separator: glyphs.separator)
  }
}

/// Processes as a table; narrow screens lose columns from the least telling on.
struct ProcessTable {
  let rows: [Process]
  let order: ProcessOrder
  let glyphs: Glyphs

  private enum Column {
    case pid, user, state, cpu, memory, read, write
  }

  /// Draws the head and as many rows as there is room for.
  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    guard rest.height >= 2 else { return }
    let columns: [(column: Column, title: String, width: Int)] = [
      (.pid, "PID", 7), (.user, "USER", rest.width >= 90 ? 12 : 8), (.state, "S", 1), (.cpu, "CPU%", 6),
      (.memory, "MEM", 6),
      (.read, "READ/s", 7), (.write, "WRITE/s", 7),
    ].filter { column in
      switch column.0 {
      case .user: rest.width >= 56
      case .read, .write: rest.width >= 64 || order == .io && rest.width >= 48
      case .state: rest.width >= 40
      case .pid: rest.width >= 28
      case .cpu, .memory: true
      }
    }
    let head = rest.takeTop(1)
    let nameX = columns.reduce(rest.x) { $0 + $1.width + 1 } + 1
    let nameWidth = max(0, min(rest.right - nameX, rest.width >= 100 ? 24 : 16))
    let serviceX = nameX + nameWidth + 2
    var x = head.x
    for column in columns {
      let style: Style = isSorted(column.column) ? .title : .muted
      if column.column == .user || column.column == .state {
        grid.put(column.title, x: x, y: head.y, style)
      } else {
        grid.putRight(column.title, end: x + column.width, y: head.y, style)
      }
      x += column.width + 1
    }
    grid.put("NAME", x: nameX, y: head.y, .muted)
    let hasService = rest.right - serviceX >= 8 && rows.contains { $0.service != nil }
    if hasService { grid.put("SERVICE", x: serviceX, y: head.y, .muted) }
    for process in rows.prefix(rest.height) {
      let line = rest.takeTop(1)
      var x = line.x
      for column in columns {
        draw(column.column, of: process, on: &grid, x: x, y: line.y, width: column.width)
        x += column.width + 1
      }
      let limit = hasService ? nameWidth : rest.right - nameX
      grid.putShortened(
        process.name, x: nameX, y: line.y, process.isKernelThread ? .muted : .plain, limit: limit)
      if hasService, let service = process.service {
        grid.putShortened(service, x: serviceX, y: line.y, .muted, limit: rest.right - serviceX)
      }
    }
  }

  private func isSorted(_ column: Column) -> Bool {
    switch column {
    case .cpu: order == .cpu
    case .memory: order == .memory
    case .read, .write: order == .io
    default: false
    }
  }

  private func draw(_ column: Column, of process: Process, on grid: inout Grid, x: Int, y: Int, width: Int) {
    switch column {
    case .pid: grid.putRight(String(process.pid), end: x + width, y: y, .muted, limit: width)
    case .user: grid.putShortened(process.user, x: x, y: y, .muted, limit: width)
    case .state:
      let style: Style =
        switch process.state {
        case UInt8(ascii: "R"): Style(.good)
        case UInt8(ascii: "D"), UInt8(ascii: "Z"), UInt8(ascii: "T"): .warning
        default: .muted
        }
      guard process.state != 0 else { return }
      grid.put(String(Unicode.Scalar(process.state)), x: x, y: y, style, limit: width)
    case .cpu:
      grid.putRight(Format.fine(process.cpu, glyphs), end: x + width, y: y, process.cpu >= 0.005 ? .plain : .muted)
    case .memory: grid.putRight(Format.compact(process.resident, glyphs), end: x + width, y: y)
    case .read: rate(process.readRate)
    case .write: rate(process.writeRate)
    }
    func rate(_ value: Double) {
      grid.putRight(Format.compact(value, glyphs), end: x + width, y: y, value > 0 ? .plain : .faint)
    }
  }
}
