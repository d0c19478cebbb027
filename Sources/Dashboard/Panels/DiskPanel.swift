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
      rows.insert(total, at: 0)
    }
    self.rows = rows
  }

  func height(width: Int) -> Height {
    // One row is too low for a graph.
    let all = 1 + rows.count
    return Height(
      minimum: 2, comfortable: 1 + min(rows.count, 8) + 2, maximum: Height.open, useless: all + 1..<all + 2)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let hasBar = rect.width >= 54
    let busyWidth = hasBar ? 16 : 6
    // Alone, every disk is listed below, so that the graph keeps its room.
    let count = context.state.isMaximized ? max(3, rect.height - 6) : rect.height - 1
    let window = context.window(rows, count: count, in: .disk, choose: busiest)
    let isTight = rect.width < 32
    let rateWidth = isTight ? 8 : 10
    // In a narrow panel, the count of hidden rows replaces the units.
    let unit = isTight && window.rows.count < rows.count ? "" : "/s"
    PanelTitle(
      name: context.title(.disk), more: window.hidden,
      heads: [("read" + unit, busyWidth + rateWidth), ("write" + unit, busyWidth), ("busy", 0)]
    )
    .draw(on: &grid, in: rest.takeTop(1), glyphs)
    for disk in window.rows {
      let line = rest.takeTop(1)
      var end = line.right
      if disk.busy.isFinite || !disk.device.isEmpty {
        grid.putRight(TextFormat.percent(disk.busy, glyphs), end: end, y: line.y, .load(disk.busy))
        if hasBar { Bar(disk.busy, .load(disk.busy)).draw(on: &grid, x: end - 15, y: line.y, width: 10, glyphs) }
      }
      end -= busyWidth
      let isQuiet = !(disk.readRate > 0) && !(disk.writeRate > 0)
      grid.putRight(TextFormat.compact(disk.writeRate, glyphs), end: end, y: line.y, isQuiet ? .muted : .plain)
      grid.putRight(
        TextFormat.compact(disk.readRate, glyphs), end: end - rateWidth, y: line.y, isQuiet ? .muted : .plain)
      let nameStyle: Style = disk.isPhysical ? .plain : .muted
      let limit = end - rateWidth - (isTight ? 6 : 7) - line.x
      let x = grid.putShortened(disk.name ?? disk.device, x: line.x, y: line.y, nameStyle, limit: limit)
      if let model = disk.model, line.x + limit - x >= 12 {
        grid.putShortened(model, x: x + 2, y: line.y, .muted, limit: line.x + limit - x - 2)
      }
    }
    RateGraph(context: context, upper: (.read, "read"), lower: (.write, "write"))
      .draw(on: &grid, in: rest, Self.read, Self.write)
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
