internal import AgentMetrics

/// Mounted filesystems: how full they are; greyed with their age where the figures are old.
struct FilesystemPanel: Panel {
  private let rows: [Filesystem]
  private let glyphs: Glyphs

  init?(_ context: Context) {
    rows = context.sample.filesystems
    glyphs = context.glyphs
    if rows.isEmpty { return nil }
  }

  func height(width: Int) -> Height {
    Height(minimum: 2, comfortable: 1 + min(rows.count, 8), maximum: 1 + rows.count)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    grid.putTitle("FILESYSTEMS", right: "free", in: rest.takeTop(1), glyphs)
    let shown = shownRows(rest.height)
    let longest = shown.map { Grid.columns(of: $0.mountpoint) }.max() ?? 0
    let nameWidth = max(4, min(longest, rest.width - 26, rest.width / 2))
    for filesystem in shown {
      let line = rest.takeTop(1)
      let isStale = filesystem.age.isFinite || filesystem.error != nil
      grid.putShortened(
        filesystem.mountpoint, x: line.x, y: line.y, isStale ? .stale : .plain, limit: min(nameWidth, line.width))
      let inner = Rect(x: line.x + nameWidth + 1, y: line.y, width: line.width - nameWidth - 1, height: 1)
      guard inner.width > 0 else { continue }
      guard filesystem.usage.isFinite else {
        // Never answered: what is known is why.
        grid.putShortened(filesystem.error ?? glyphs.absent, x: inner.x, y: line.y, .warning, limit: inner.width)
        continue
      }
      var remark = Format.bytes(filesystem.available, glyphs)
      if filesystem.age.isFinite { remark = Format.duration(filesystem.age) + " old" }
      if filesystem.isReadOnly { remark = "ro " + remark }
      grid.putGauge(
        "", labelWidth: 0, ratio: filesystem.usage,
        bar: Bar(filesystem.usage, .load(filesystem.usage), isStale: isStale),
        remark: remark, remarkWidth: 10, in: inner, glyphs, isStale: isStale)
    }
  }

  /// Those there is room for: the fullest, in the order of the mounts.
  private func shownRows(_ count: Int) -> [Filesystem] {
    if rows.count <= count { return rows }
    let chosen = rows.indices.sorted { left, right in
      let (a, b) = (rank(rows[left]), rank(rows[right]))
      return a == b ? left < right : a > b
    }.prefix(count)
    return chosen.sorted().map { rows[$0] }
  }

  private func rank(_ filesystem: Filesystem) -> Double {
    filesystem.usage.isFinite ? filesystem.usage : 0
  }
}
