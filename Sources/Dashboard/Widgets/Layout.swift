/// Divides rows among stacked panels.
enum Layout {
  /// Returns the rows of each panel; 0 for panels without room.
  ///
  /// The minimums are assigned first, in order, so that the first panels remain longest. Then all grow evenly to the
  /// first, enough, comfortable and maximum heights. A panel that could not use one more row grows by several or not at all.
  static func divide(_ rows: Int, among heights: [Height]) -> [Int] {
    var given = [Int](repeating: 0, count: heights.count)
    var left = max(0, rows)
    for (index, height) in heights.enumerated() where height.minimum <= left {
      given[index] = height.minimum
      left -= height.minimum
    }
    for limit in [\Height.first, \Height.enough, \Height.comfortable, \Height.maximum] {
      var hasGrown = true
      while left > 0, hasGrown {
        hasGrown = false
        for index in heights.indices where left > 0 && given[index] > 0 {
          let next = heights[index].next(after: given[index])
          guard next <= heights[index][keyPath: limit], next - given[index] <= left else { continue }
          left -= next - given[index]
          given[index] = next
          hasGrown = true
        }
      }
    }
    return given
  }

  /// Draws stacked panels, each within its own rows.
  static func draw(_ panels: [any Panel], on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let rows = divide(rect.height, among: panels.map { $0.height(width: rect.width) })
    for (panel, rows) in zip(panels, rows) where rows > 0 {
      let part = rest.takeTop(rows)
      grid.within(part) { panel.draw(on: &$0, in: part) }
    }
  }
}

struct SideBySide: Panel {
  let columns: [[any Panel]]
  let gap: Int

  /// Omits columns without a panel; nil if none remains.
  init?(_ columns: [[any Panel]], gap: Int) {
    self.columns = columns.filter { !$0.isEmpty }
    self.gap = gap
    if self.columns.isEmpty { return nil }
  }

  private func width(_ width: Int) -> Int { max(0, (width - gap * (columns.count - 1)) / columns.count) }

  func height(width: Int) -> Height {
    let width = self.width(width)
    let heights = columns.map { $0.map { $0.height(width: width) } }
    return Height(
      // The first two panels of the first column, and the first one of the others.
      minimum: heights.enumerated().map { $1.prefix($0 == 0 ? 2 : 1).reduce(0) { $0 + $1.minimum } }.max() ?? 0,
      comfortable: heights.map { $0.reduce(0) { $0 + $1.comfortable } }.max() ?? 0,
      maximum: min(Height.open, heights.map { $0.reduce(0) { $0 + $1.maximum } }.max() ?? 0),
      first: heights.map { $0.reduce(0) { $0 + $1.first } }.max() ?? 0,
      enough: heights.map { $0.reduce(0) { $0 + max($1.minimum, $1.enough) } }.max() ?? 0,
      useless: heights.count == 1 && heights[0].count == 1 ? heights[0][0].useless : [])
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    let width = width(rect.width)
    for (index, panels) in columns.enumerated() {
      let x = rect.x + index * (width + gap)
      // The last column takes the remainder of the division.
      let own = index == columns.count - 1 ? rect.right - x : width
      Layout.draw(panels, on: &grid, in: Rect(x: x, y: rect.y, width: own, height: rect.height))
    }
  }
}

/// Related panels, stacked under one number.
struct Stack: Panel {
  let panels: [any Panel]

  init?(_ panels: [(any Panel)?]) {
    self.panels = panels.compactMap { $0 }
    if self.panels.isEmpty { return nil }
  }

  func height(width: Int) -> Height {
    let heights = panels.map { $0.height(width: width) }
    // All of them must be visible: a full filesystem is more important than a disk's graph.
    return Height(
      minimum: heights.reduce(0) { $0 + $1.minimum }, comfortable: heights.reduce(0) { $0 + $1.comfortable },
      maximum: min(Height.open, heights.reduce(0) { $0 + $1.maximum }))
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    let rows = Layout.divide(rect.height, among: panels.map { $0.height(width: rect.width) })
    for (panel, rows) in zip(panels, rows) where rows > 0 {
      let part = rest.takeTop(rows)
      // Clipped horizontally only by the border around all of them.
      grid.within(Rect(x: grid.clip.x, y: part.y, width: grid.clip.width, height: rows)) {
        panel.draw(on: &$0, in: part)
      }
    }
  }
}

/// A panel with its border, if there is room for one, its focus and its click target.
struct PanelBox: Panel {
  let descriptor: PanelDescriptor
  let inner: any Panel
  let isFramed: Bool
  let context: Context

  func height(width: Int) -> Height {
    guard isFramed else { return inner.height(width: width) }
    let height = inner.height(width: width - 4)
    // A border around a title alone would take more room than the values.
    let minimum = max(height.minimum, min(2, height.maximum)) + 1
    return Height(
      minimum: minimum, comfortable: max(minimum, height.comfortable + 1),
      maximum: min(Height.open, height.maximum + 1), first: height.first > 0 ? height.first + 1 : 0,
      enough: height.enough + 1, useless: height.useless.map { $0.lowerBound + 1..<$0.upperBound + 1 })
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    context.hits.frameContext.panels.append(descriptor)
    context.hits.add(.panel(descriptor), rect)
    let hasFocus = context.state.focus == descriptor
    guard isFramed else {
      inner.draw(on: &grid, in: rect)
      if hasFocus { grid.markFocus(Rect(x: rect.x, y: rect.y, width: rect.width, height: 1)) }
      return
    }
    grid.putFrame(rect, context.glyphs, hasFocus ? .focus : .border)
    let inside = Rect(x: rect.x + 2, y: rect.y, width: rect.width - 4, height: rect.height - 1)
    grid.within(Rect(x: rect.x + 1, y: rect.y, width: rect.width - 2, height: rect.height - 1)) {
      inner.draw(on: &$0, in: inside)
    }
    let remark = inner.remark
    if !remark.isEmpty {
      let x = grid.put(" ", x: rect.x + 1, y: rect.bottom - 1)
      let end = grid.putShortened(remark, x: x, y: rect.bottom - 1, .muted, limit: rect.width - 5)
      grid.put(" ", x: end, y: rect.bottom - 1)
    }
    if hasFocus { grid.markFocus(Rect(x: rect.x, y: rect.y, width: rect.width, height: 1)) }
  }
}

extension Grid {
  /// Draws the four sides of a box.
  mutating func putFrame(_ rect: Rect, _ glyphs: Glyphs, _ style: Style) {
    guard rect.width >= 2, rect.height >= 2 else { return }
    for y in [rect.y, rect.bottom - 1] { fill(glyphs.rule, x: rect.x, y: y, count: rect.width, style) }
    for y in rect.y..<rect.bottom {
      put(glyphs.vertical, x: rect.x, y: y, style)
      put(glyphs.vertical, x: rect.right - 1, y: y, style)
    }
    let corners = glyphs.corners
    put(corners[0], x: rect.x, y: rect.y, style)
    put(corners[1], x: rect.right - 1, y: rect.y, style)
    put(corners[2], x: rect.x, y: rect.bottom - 1, style)
    put(corners[3], x: rect.right - 1, y: rect.bottom - 1, style)
  }

  /// Highlights the name of the focused panel.
  fileprivate mutating func markFocus(_ title: Rect) {
    restyle(title) { $0 == .title ? Style(.focus, [.bold, .reverse]) : $0 }
  }
}
