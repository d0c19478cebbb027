internal import AgentMetrics

/// The cells of the process table.
extension ProcessTableView {
  /// - Parameter hasArguments: whether the command's arguments follow a name.
  func draw(
    _ column: ProcessColumn, of row: ProcessRow, hasArguments: Bool = false, on grid: inout Grid, in cell: Rect
  ) {
    let process = row.process
    let (x, y, width) = (cell.x, cell.y, cell.width)
    func right(_ text: String, _ style: Style = .plain) {
      grid.putRight(text, end: x + width, y: y, style, limit: width)
    }
    func left(_ text: String?, _ style: Style = .muted) {
      if let text { grid.putShortened(text, x: x, y: y, style, limit: width) }
    }
    func rate(_ value: Double) { right(TextFormat.compact(value, glyphs), value > 0 ? .plain : .faint) }
    func bytes(_ value: Double) {
      if value.isFinite { right(TextFormat.compact(value, glyphs), value > 0 ? .plain : .faint) }
    }
    func whole(_ value: Double, _ style: Style = .plain) {
      if value.isFinite { right(TextFormat.fixed(value, 0), style) }
    }
    switch column {
    case .pid: right(String(row.number), row.owner == nil ? .muted : .faint)
    case .parent: right(String(process.parent), .muted)
    case .user: left(process.user)
    case .state: drawState(process.state, on: &grid, in: cell)
    case .threads:
      let count = Double(process.threads)
      // Five digits do not fit.
      right(count < 10_000 ? String(process.threads) : TextFormat.count(count, glyphs), count > 1 ? .plain : .muted)
    case .cpu:
      let style: Style =
        process.cpu >= 0.5 ? Style(.load(min(1, process.cpu)), .bold) : process.cpu >= 0.005 ? .plain : .muted
      right(TextFormat.fine(process.cpu, glyphs), style)
    case .memory: right(TextFormat.compact(process.resident, glyphs))
    case .memoryShare: right(TextFormat.fine(process.resident / context.sample.ram.total, glyphs))
    case .virtual: if process.virtual.isFinite { right(TextFormat.compact(process.virtual, glyphs), .muted) }
    case .shared: bytes(row.memory.shared)
    case .proportional: bytes(row.memory.proportional)
    case .swapped: bytes(row.memory.swapped)
    case .read: rate(process.readRate)
    case .write: rate(process.writeRate)
    case .faults:
      if process.majorFaults.isFinite {
        right(TextFormat.fixed(process.majorFaults, 0), process.majorFaults > 0 ? .plain : .faint)
      }
    // The kernel's priority of a real-time process is below -1.
    case .priority: if process.priority < -99 { right("RT") } else { whole(process.priority, .muted) }
    case .nice: whole(process.nice, process.nice == 0 ? .muted : .plain)
    case .time: if process.cpuTime.isFinite { right(Self.time(process.cpuTime)) }
    case .start: if let start = start(of: process) { right(start, .muted) }
    case .gpu:
      if row.gpuUtil.isFinite {
        right(TextFormat.percent(row.gpuUtil, glyphs), Style(.gpu, row.gpuUtil >= 0.5 ? .bold : []))
      } else if let first = row.gpus.first {
        right("#" + String(first), .muted)
      }
    case .gpus:
      let text = Self.ranges(row.gpus)
      // A list that is too long keeps its begin.
      if Grid.columns(of: text) > width { left(text, Style(.gpu)) } else { right(text, Style(.gpu)) }
    case .vram: if row.vram.isFinite { right(TextFormat.compact(row.vram, glyphs), Style(.vram)) }
    case .service: left(process.service)
    case .workload: left(process.workload)
    case .name: drawName(row, hasArguments: hasArguments, on: &grid, in: cell)
    case .command: left(command(of: process, width: cell.width))
    }
  }

  private func drawState(_ state: UInt8, on grid: inout Grid, in cell: Rect) {
    let style: Style =
      switch state {
      case UInt8(ascii: "R"): Style(.good)
      case UInt8(ascii: "D"), UInt8(ascii: "Z"), UInt8(ascii: "T"): .warning
      default: .muted
      }
    guard state != 0 else { return }
    grid.put(String(Unicode.Scalar(state)), x: cell.x, y: cell.y, style, limit: cell.width)
  }

  private func drawName(_ row: ProcessRow, hasArguments: Bool, on grid: inout Grid, in cell: Rect) {
    let process = row.process
    let x = grid.put(branch(row), x: cell.x, y: cell.y, .faint, limit: cell.width)
    var name = process.name
    if row.count > 1 { name = String(row.count) + glyphs.times + " " + name }
    if row.hidden > 0 { name += " +" + String(row.hidden) }
    let isQuiet = process.isKernelThread || row.owner != nil
    let end = grid.putShortened(name, x: x, y: cell.y, isQuiet ? .muted : .plain, limit: cell.right - x)
    guard hasArguments, row.count <= 1, row.owner == nil, cell.right - end > 6 else { return }
    grid.putShortened(Self.arguments(of: process), x: end + 1, y: cell.y, .muted, limit: cell.right - end - 1)
  }

  /// The words of a command line after the one that is the name, without folders.
  private static func arguments(of process: Process) -> String {
    guard let command = process.command?.prefix(400) else { return "" }
    let name = process.name
    let isFirst = command.hasPrefix(name + " ")
    let words = command.dropFirst(isFirst ? name.count : 0).split(separator: " ").map { word in
      // A descriptor's path is no program's.
      word.first == "/" && !word.hasPrefix("/dev/") ? word.split(separator: "/").last ?? word : word
    }
    // The kernel keeps 15 bytes of a name (TASK_COMM_LEN); daemons write "sshd: user" over theirs.
    let isNamed = { (word: Substring) in
      let word = word.split(separator: "/").last ?? word
      return word == name || word == name + ":" || name.utf8.count == 15 && word.hasPrefix(name)
    }
    let place = isFirst ? nil : words.prefix(3).firstIndex(where: isNamed)
    return words[(place.map { $0 + 1 } ?? 0)...].joined(separator: " ")
  }

  /// Numbers with runs as ranges: `0-3,6`.
  static func ranges(_ numbers: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = runs.last, number <= last.upperBound + 1 {
        runs[runs.count - 1] = last.lowerBound...max(last.upperBound, number)
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count > 1 ? "\($0.lowerBound)-\($0.upperBound)" : String($0.lowerBound) }
      .joined(separator: ",")
  }

  /// The command line from the scroll position; where it does not fit, arguments say more than the program's folder.
  private func command(of process: Process, width: Int) -> String? {
    guard var text = process.command.map({ Substring($0) }) else { return nil }
    if !state.showsFullCommand || Grid.columns(of: String(text)) > width {
      let program = text.prefix { $0 != " " }
      if let slash = program.lastIndex(of: "/") { text = text[text.index(after: slash)...] }
    }
    guard let columns = state.columns else { return String(text) }
    return String(text.dropFirst(max(0, state.firstColumn - columns.count + 1) * Self.scrollStep))
  }

  /// Characters of a command line that one step scrolls.
  static let scrollStep = 16

  /// Time of a process's start, or its day.
  private func start(of process: Process) -> String? {
    let host = context.sample.host
    let boot = host.bootTime.isFinite ? host.bootTime : context.sample.timestamp.seconds - host.uptime
    let time = boot + process.start
    guard time.isFinite else { return nil }
    return context.clock.isToday(time) ? context.clock.short(time) : context.clock.day(time)
  }

  /// CPU time as top and htop show it: `3:07.45`, `1h02:03`, `3d04h05`.
  static func time(_ seconds: Double) -> String {
    func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    let hundredths = Int(max(0, min(seconds, 1e12)) * 100 + 1e-6)
    let whole = hundredths / 100
    if whole < 3_600 { return String(whole / 60) + ":" + two(whole % 60) + "." + two(hundredths % 100) }
    let (hours, minutes) = (whole / 3_600, whole / 60 % 60)
    if hours < 24 { return String(hours) + "h" + two(minutes) + ":" + two(whole % 60) }
    return String(hours / 24) + "d" + two(hours % 24) + "h" + two(minutes)
  }
}
