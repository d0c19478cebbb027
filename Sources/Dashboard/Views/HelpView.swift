/// The key bindings, in a box over the middle of the screen.
struct HelpView {
  let glyphs: Glyphs
  let hits: HitMap

  /// Abbreviations on the screen, each short enough for 80 columns.
  static let legend: [(name: String, text: String)] = {
    [
      ("axis", "B reboot, A agent restart, G gap, C clock step, O OOM kill"),
      ("", "X Xid, E ECC error, R GPU recovery, L GPU lost, F filesystem"),
      ("", "D disk, N link, W workload, ! alert; thick line: throttled"),
      ("GPU", "z asleep, ! lost and not in the mean; T throttled, X E R"),
      ("+3", "3 hidden rows; scroll by wheel, or focus the panel (Tab)"),
      ("graph", "line: mean of the samples of a column; shaded: min-max"),
      ("RAM", "used (total - available), then reclaimable cache"),
      ("group", "limit of the agent's own container (cgroup)"),
      ("Ki Mi Gi", "1 Ki = 1024 bytes; CPU% of a process: 100% is one CPU"),
    ]
  }()

  private enum HelpLine {
    case section(String)
    case key(KeyMap.Binding)
    case note(String, String)
  }

  private var lines: [HelpLine] {
    var lines: [HelpLine] = []
    for section in KeyMap.sections {
      lines.append(.section(section.title))
      lines += section.bindings.map { .key($0) }
    }
    lines.append(.section("Legend"))
    lines += Self.legend.map { .note($0.name, $0.text) }
    return lines
  }

  /// Replaces characters that the terminal lacks.
  static func label(_ text: String, _ glyphs: Glyphs) -> String {
    guard glyphs.isASCII || glyphs.kind == .console else { return text }
    let words: [Character: String] = ["←": "Left", "→": "Right", "↑": "Up", "↓": "Down", "⇧": "Shift-", "…": "to"]
    return text.map { words[$0] ?? String($0) }.joined()
  }

  /// Draws the help, scrolled, as far as it fits.
  func draw(on grid: inout Grid, scroll: Int) {
    let all = lines
    let wanted = Size(width: 84, height: all.count + 2)
    let keyWidth = glyphs.isASCII || glyphs.kind == .console ? 16 : 12
    OverlayBox(title: "Keys", wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      let limit = max(0, all.count - inner.height)
      hits.frameContext.overlayRows = limit
      let first = min(scroll, limit)
      let isNarrow = inner.width < 60
      for (row, line) in all.dropFirst(first).prefix(inner.height).enumerated() {
        let y = inner.y + row
        switch line {
        case .section(let title):
          let x = grid.put(title, x: inner.x, y: y, .title) + 1
          grid.fill(glyphs.rule, x: x, y: y, count: inner.right - x, .faint)
        case .key(let binding):
          let label = HelpView.label(binding.label, glyphs)
          let x = grid.put(label, x: inner.x, y: y, .key)
          let start = max(x + 1, inner.x + keyWidth)
          grid.putShortened(
            isNarrow ? binding.short : binding.meaning, x: start, y: y, limit: inner.right - start)
        case .note(let name, let text):
          grid.put(name, x: inner.x, y: y)
          grid.putShortened(
            text, x: inner.x + keyWidth, y: y, .muted, limit: inner.right - inner.x - keyWidth)
        }
      }
      return OverlayBox.More(first: first, visible: inner.height, of: all.count)
    }
  }
}
