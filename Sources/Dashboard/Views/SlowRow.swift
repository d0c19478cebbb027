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
    NoticeRow(label: " SLOW ", labelColor: .warning, texts: findings.map(\.text), style: .plain, glyphs: glyphs)
      .draw(on: &grid, in: rect)
  }
}
