internal import AgentMetrics

/// Block devices: what they read and write, and how busy they are.
struct DiskPanel: Panel {
  private let context: Context
  private let rows: [Disk]
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    let disks = context.sample.disks
    if disks.isEmpty { return nil }
    self.context = context
    // Hardware first, then what stands on it; each in the kernel's order, so that nothing jumps.
    var rows = disks.filter(\.isPhysical) + disks.filter { !$0.isPhysical }
    if var total = context.sample.disk, disks.lazy.filter(\.isPhysical).count > 1 {
      total.name = "total"
      rows.insert(total, at: 0)
    }
    self.rows = rows
  }

  func height(width: Int) -> Height {
    Height(minimum: 2, comfortable: 1 + min(rows.count, 8) + 2, maximum: Height.open)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let hasBar = rect.width >= 54
    let busyWidth = hasBar ? 16 : 6
    grid.putTitle(
      "DISKS", heads: [("read/s", busyWidth + 10), ("write/s", busyWidth), ("busy", 0)], in: rest.takeTop(1), glyphs)
    let shown = shownRows(rest.height)
    for disk in shown {
      let line = rest.takeTop(1)
      var end = line.right
      if disk.busy.isFinite || !disk.device.isEmpty {
        grid.putRight(Format.percent(disk.busy, glyphs), end: end, y: line.y, .load(disk.busy))
        if hasBar { Bar(disk.busy, .load(disk.busy)).draw(on: &grid, x: end - 15, y: line.y, width: 10, glyphs) }
      }
      end -= busyWidth
      let isQuiet = !(disk.readRate > 0) && !(disk.writeRate > 0)
      grid.putRight(Format.compact(disk.writeRate, glyphs), end: end, y: line.y, isQuiet ? .muted : .plain)
      grid.putRight(Format.compact(disk.readRate, glyphs), end: end - 10, y: line.y, isQuiet ? .muted : .plain)
      let nameStyle: Style = disk.isPhysical ? .plain : .muted
      let limit = end - 17 - line.x
      let x = grid.putShortened(disk.name ?? disk.device, x: line.x, y: line.y, nameStyle, limit: limit)
      if let model = disk.model, line.x + limit - x >= 12 {
        grid.putShortened(model, x: x + 2, y: line.y, .muted, limit: line.x + limit - x - 2)
      }
    }
    RateGraph(
      timeline: context.timeline, glyphs: glyphs, upper: .read, lower: .write, upperName: "read", lowerName: "write"
    ).draw(on: &grid, in: rest, { $0.disk?.readRate ?? .nan }, { $0.disk?.writeRate ?? .nan })
  }

  /// Those there is room for; the quiet ones go first, and the order stays.
  private func shownRows(_ count: Int) -> [Disk] {
    if rows.count <= count { return rows }
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

/// Two rates mirrored on a common scale: one stands, the other hangs.
struct RateGraph {
  let timeline: Timeline
  let glyphs: Glyphs
  let upper: Color
  let lower: Color
  let upperName: String
  let lowerName: String

  /// Draws both, where there are at least two rows.
  func draw(
    on grid: inout Grid, in rect: Rect, _ upperRate: (borrowing Sample) -> Double,
    _ lowerRate: (borrowing Sample) -> Double
  ) {
    guard rect.height >= 2, rect.width >= 8 else { return }
    let upperValues = timeline.values(in: rect.width, glyphs, upperRate)
    let lowerValues = timeline.values(in: rect.width, glyphs, lowerRate)
    guard (upperValues + lowerValues).contains(where: \.isFinite) else { return }
    let maximum = Graph.niceMaximum(upperValues, lowerValues)
    var rest = rect
    let top = rest.takeTop((rect.height + 1) / 2)
    Graph(values: upperValues, maximum: maximum, color: upper).draw(on: &grid, in: top, glyphs)
    Graph(values: lowerValues, maximum: maximum, color: lower, hangs: true).draw(on: &grid, in: rest, glyphs)
    guard rect.width >= 24, rect.height >= 3 else { return }
    grid.put(upperName + " " + Format.rate(maximum, glyphs) + " ", x: rect.x, y: top.y, .muted)
    grid.put(lowerName + " ", x: rect.x, y: rest.bottom - 1, .muted)
  }
}
