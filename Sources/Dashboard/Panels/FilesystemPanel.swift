internal import AgentMetrics

/// Space of mounted filesystems; grayed with their age where the values are stale.
struct FilesystemPanel: Panel {
  private let context: Context
  private let rows: [Filesystem]
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    self.context = context
    rows = context.sample.filesystems
    if rows.isEmpty { return nil }
  }

  func height(width: Int) -> Height {
    Height(minimum: 2, comfortable: 1 + min(rows.count, 8), maximum: 1 + rows.count)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let window = context.window(rows, count: rect.height - 1, in: .disk) { FilesystemPanel.shown($0, count: $1) }
    let shown = window.rows
    PanelTitle(name: "FILESYSTEMS", more: window.hidden, right: "free")
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    let longest = shown.map { Grid.columns(of: $0.mountpoint) }.max() ?? 0
    let nameWidth = max(4, min(longest, rest.width - 14, rest.width / 2))
    let room = rest.width - nameWidth - 6
    let remarks = shown.map { remark($0, width: room) }
    let remarkWidth = max(10, remarks.map { Grid.columns(of: $0) }.max() ?? 0)
    for (filesystem, remark) in zip(shown, remarks) {
      let line = rest.takeTop(1)
      let isStale = filesystem.isStale
      grid.putShortened(
        filesystem.mountpoint, x: line.x, y: line.y, isStale ? .stale : .plain, limit: min(nameWidth, line.width))
      let inner = Rect(x: line.x + nameWidth + 1, y: line.y, width: line.width - nameWidth - 1, height: 1)
      guard inner.width > 0 else { continue }
      guard filesystem.usage.isFinite else {
        // Without any answer yet, only the reason is known.
        grid.putShortened(filesystem.error ?? glyphs.absent, x: inner.x, y: line.y, .warning, limit: inner.width)
        continue
      }
      // Full read-only images need no attention.
      let load = filesystem.isReadOnly ? 0 : filesystem.usage
      GaugeLine(
        ratio: filesystem.usage, bar: Bar(filesystem.usage, .fullness(load), isStale: isStale), remark: remark,
        remarkWidth: remarkWidth, isStale: isStale, percentage: .fullness(load)
      )
      .draw(on: &grid, in: inner, glyphs)
    }
  }

  /// The free space, with the age of the values before it.
  private func remark(_ filesystem: Filesystem, width: Int) -> String {
    guard filesystem.usage.isFinite else { return "" }
    let free = (filesystem.isReadOnly ? "ro " : "") + TextFormat.bytes(filesystem.available, glyphs)
    guard filesystem.age.isFinite else { return free }
    let age = TextFormat.duration(filesystem.age) + " old"
    // The age of stale values is more important than the values.
    return Grid.columns(of: age + "  " + free) <= width ? age + "  " + free : age
  }

  /// Selects the filesystems that fit, in mount order: hung ones first, then the fullest.
  static func shown(_ rows: [Filesystem], count: Int) -> [Filesystem] {
    if rows.count <= count { return rows }
    let chosen = rows.indices.sorted { left, right in
      let (a, b) = (rank(rows[left]), rank(rows[right]))
      return a == b ? left < right : a > b
    }.prefix(max(0, count))
    return chosen.sorted().map { rows[$0] }
  }

  private static func rank(_ filesystem: Filesystem) -> Double {
    let usage = filesystem.usage.isFinite && !filesystem.isReadOnly ? filesystem.usage : 0
    // Access to a hung filesystem blocks the caller.
    return usage + (filesystem.error != nil ? 20 : filesystem.age.isFinite ? 10 : 0)
  }
}

extension Filesystem {
  /// Whether its values are stale or missing.
  var isStale: Bool { age.isFinite || error != nil }

  /// An alert in one line: it does not answer, or is nearly full.
  func alert(_ glyphs: Glyphs) -> String? {
    if let error { return mountpoint + " " + error }
    if age.isFinite { return mountpoint + " " + TextFormat.duration(age) + " old" }
    return isNearlyFull ? mountpoint + " " + TextFormat.percent(usage, glyphs) + " full" : nil
  }
}
