internal import AgentMetrics
internal import Why

/// Why the machine is slow at the drawn time, in one row below the header; none when nothing is wrong.
struct SlowRow {
  private let findings: [Finding]
  private let glyphs: Glyphs

  init?(_ sample: Sample?, after previous: Sample?, _ glyphs: Glyphs) {
    guard let sample else { return nil }
    findings = Situation(sample, after: previous).findings
    self.glyphs = glyphs
    if findings.isEmpty { return nil }
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    var x = grid.put(" SLOW ", x: rect.x, y: rect.y, Style(.warning, [.bold, .reverse]), limit: rect.width) + 1
    for (index, finding) in findings.enumerated() {
      guard index == 0 || x + 3 + Grid.columns(of: finding.text) <= rect.right else { break }
      if index > 0 {
        grid.put(glyphs.separator, x: x, y: rect.y, .faint)
        x += 3
      }
      x = grid.putShortened(finding.text, x: x, y: rect.y, .plain, limit: rect.right - x)
    }
  }
}
