internal import AgentMetrics

extension PanelDescriptor {
  static let disk = PanelDescriptor(
    id: "disk", name: "Disk", title: "DISKS", catalog: ["disk.", "disks.", "filesystems."],
    sources: ["disk", "filesystem"], graphs: [DiskPanel.read, DiskPanel.write],
    places: [.overview: PanelPlace(2, 1), .graphs: PanelPlace(3), .io: PanelPlace(0, 0)],
    widePlaces: [.graphs: PanelPlace(2, 1)]
  ) { Stack([DiskPanel($0), FilesystemPanel($0)]) }
}

/// Block devices: read and write rates, and load.
struct DiskPanel: Panel {
  static let read = GraphMetric("disk.read_bytes_per_sec") { $0.disk?.readRate ?? .nan }
  static let write = GraphMetric("disk.write_bytes_per_sec") { $0.disk?.writeRate ?? .nan }

  private let context: Context
  private let rows: [Disk]
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    let disks = context.sample.disks
    if disks.isEmpty { return nil }
    self.context = context
    // Hardware first, then stacked devices; each in the kernel's order, for a stable order.
    var rows = disks.filter(\.isPhysical) + disks.filter { !$0.isPhysical }
    if var total = context.sample.disk, disks.lazy.filter(\.isPhysical).count > 1 {
      total.name = "total"
      let hardware = disks.filter(\.isPhysical)
      total.readLatency = Disk.meanLatency(hardware.map { ($0.reads, $0.readLatency) })
      total.writeLatency = Disk.meanLatency(hardware.map { ($0.writes, $0.writeLatency) })
      let queues = hardware.map(\.queue).filter(\.isFinite)
      if !queues.isEmpty { total.queue = queues.reduce(0, +) }
      rows.insert(total, at: 0)
    }
    self.rows = rows
  }

  func height(width: Int) -> Height {
    // One row is too low for a graph.
    let all = 1 + rows.count
    return Height(
      minimum: 2, comfortable: 1 + min(rows.count, 8) + 2, maximum: Height.open, useless: [all + 1..<all + 2])
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let ends = columnEnds(rect.width)
    // Alone, every disk is listed below too, so that the graph keeps its room.
    let graphRows = rect.height - 1 - rows.count >= 3 ? 3 : 5
    let count = context.state.isMaximized ? max(3, rect.height - 1 - graphRows) : rect.height - 1
    let window = context.window(rows, count: count, in: .disk, choose: busiest)
    let isTight = ends.isTight
    // In a narrow panel, the count of hidden rows replaces the units.
    let unit = isTight && window.rows.count < rows.count ? "" : "/s"
    var heads: [(text: String, end: Int)] = [("read" + unit, ends.read), ("write" + unit, ends.write), ("busy", 0)]
    if let wait = ends.wait { heads.append(("wait", wait)) }
    if let queue = ends.queue { heads.append(("queue", queue)) }
    PanelTitle(name: context.title(.disk), more: window.hidden, heads: heads)
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    for disk in window.rows {
      let line = rest.takeTop(1)
      if disk.busy.isFinite || !disk.device.isEmpty {
        grid.putRight(TextFormat.percent(disk.busy, glyphs), end: line.right, y: line.y, .load(disk.busy))
        if let bar = ends.bar {
          Bar(disk.busy, .load(disk.busy)).draw(on: &grid, x: line.right - bar, y: line.y, width: 10, glyphs)
        }
      }
      let isQuiet = !(disk.readRate > 0) && !(disk.writeRate > 0)
      let style: Style = isQuiet ? .muted : .plain
      grid.putRight(TextFormat.compact(disk.writeRate, glyphs), end: line.right - ends.write, y: line.y, style)
      grid.putRight(TextFormat.compact(disk.readRate, glyphs), end: line.right - ends.read, y: line.y, style)
      if let wait = ends.wait, disk.meanLatency.isFinite {
        let text = TextFormat.value(disk.meanLatency, .milliseconds, glyphs)
        grid.putRight(text, end: line.right - wait, y: line.y, limit: 7)
      }
      if let queue = ends.queue, disk.queue.isFinite {
        let style: Style = disk.queue > 0 ? .plain : .muted
        grid.putRight(TextFormat.fixed(disk.queue, 1), end: line.right - queue, y: line.y, style, limit: 5)
      }
      let nameStyle: Style = disk.isPhysical ? .plain : .muted
      let limit = line.width - ends.read - (isTight ? 6 : 7)
      let x = grid.putShortened(disk.name ?? disk.device, x: line.x, y: line.y, nameStyle, limit: limit)
      let room = line.x + limit - x - 2
      let errors = errorText(disk)
      if !errors.isEmpty, room >= 6 {
        grid.putShortened(errors, x: x + 2, y: line.y, .warning, limit: room)
      } else if let model = disk.model, room >= 10 {
        grid.putShortened(model, x: x + 2, y: line.y, .muted, limit: room)
      }
    }
    RateGraph(context: context, upper: (.read, "read"), lower: (.write, "write"))
      .draw(on: &grid, in: rest, Self.read, Self.write)
  }

  private func errorText(_ disk: Disk) -> String {
    if disk.missingMembers > 0 { return TextFormat.count(disk.missingMembers, glyphs) + " missing" }
    return disk.allErrors > 0 ? TextFormat.count(disk.allErrors, glyphs) + " errors" : ""
  }

  /// Distances of the columns' ends from the right edge; nil for those without room.
  private func columnEnds(_ width: Int) -> (
    read: Int, write: Int, wait: Int?, queue: Int?, bar: Int?, isTight: Bool
  ) {
    let isKnown = rows.contains { $0.queue.isFinite }
    let hasWait = isKnown && width >= 38
    let hasQueue = isKnown && width >= 52
    let hasBar = width >= (isKnown ? 66 : 54)
    let busy = hasBar ? 16 : 6
    let queue = busy
    let wait = queue + (hasQueue ? 6 : 0)
    let write = wait + (hasWait ? 9 : 0)
    let isTight = width < 32 || hasWait && width < 46
    let read = write + (isTight ? 8 : 10)
    return (read, write, hasWait ? wait : nil, hasQueue ? queue : nil, hasBar ? 15 : nil, isTight)
  }

  /// Selects the busiest devices that fit, in their order.
  private func busiest(_ rows: [Disk], _ count: Int) -> [Disk] {
    let chosen = rows.indices.sorted { left, right in
      let (a, b) = (rank(rows[left]), rank(rows[right]))
      return a == b ? left < right : a > b
    }.prefix(count)
    return chosen.sorted().map { rows[$0] }
  }

  private func rank(_ disk: Disk) -> Double {
    let traffic = disk.readRate + disk.writeRate
    return (disk.device.isEmpty ? 1e18 : disk.isPhysical ? 1e15 : 0) + (traffic.isFinite ? min(traffic, 1e14) : 0)
  }
}

extension Disk {
  /// Mean seconds of a request, reads and writes together; NaN without requests.
  fileprivate var meanLatency: Double { Disk.meanLatency([(reads, readLatency), (writes, writeLatency)]) }

  /// Mean of latencies, each weighted by its number of requests; NaN without requests.
  fileprivate static func meanLatency(_ parts: [(count: Double, latency: Double)]) -> Double {
    let known = parts.filter { $0.count > 0 && $0.latency.isFinite }
    let count = known.reduce(0) { $0 + $1.count }
    return count > 0 ? known.reduce(0) { $0 + $1.count * $1.latency } / count : .nan
  }
}
