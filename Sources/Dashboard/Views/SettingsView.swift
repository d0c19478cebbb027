/// The editor of the settings.
struct SettingsView {
  let settings: Settings
  let selected: Int
  let options: DashboardOptions
  let glyphs: Glyphs
  let hits: HitMap

  func draw(on grid: inout Grid) {
    let all = Setting.edited
    let wanted = Size(width: 76, height: all.count + 5)
    OverlayBox(title: "Settings", wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let foot = rest.takeBottom(inner.height >= 6 ? 2 : 0)
      let first = max(0, min(selected - rest.height / 2, all.count - rest.height))
      for (row, setting) in all.dropFirst(first).prefix(rest.height).enumerated() {
        let y = rest.y + row
        let line = Rect(x: rest.x, y: y, width: rest.width, height: 1)
        let isSelected = first + row == selected
        hits.add(.setting(first + row), line)
        grid.putShortened(setting.key, x: rest.x, y: y, isSelected ? .selection : .plain, limit: 15)
        let value = setting.get(settings)
        let marks = glyphs.isASCII ? ("<", ">") : ("‹", "›")
        var x = rest.x + 16
        if isSelected { grid.put(marks.0, x: x - 1, y: y, .key) }
        x = grid.put(value, x: x, y: y, .bold, limit: rest.right - x)
        if isSelected { grid.put(marks.1, x: x, y: y, .key) }
        let helpX = rest.x + 30
        // Only a fragment would fit.
        guard rest.right - helpX >= 16 else { continue }
        grid.putShortened(setting.help, x: helpX, y: y, .muted, limit: rest.right - helpX)
      }
      let more = OverlayBox.More(first: first, visible: rest.height, of: all.count)
      guard !foot.isEmpty else { return more }
      grid.putShortened(
        "up, down: select, left, right: change, Esc: close", x: foot.x, y: foot.y, .muted, limit: foot.width)
      grid.putShortened(
        options.configPath.map { "saved to " + $0 } ?? "not saved: no home directory", x: foot.x, y: foot.y + 1,
        .muted, limit: foot.width)
      return more
    }
  }
}
