internal import AgentMetrics
internal import Why

/// Why the machine is slow at the drawn time, below the header; absent while it is not.
struct SlowRow {
  private let texts: [String]
  private let glyphs: Glyphs

  private static let label = " SLOW "

  init?(_ sample: Sample?, after previous: Sample?, _ glyphs: Glyphs) {
    guard let sample else { return nil }
    self.init(Situation(sample, after: previous).findings.map(\.text), glyphs)
  }

  init?(_ texts: [String], _ glyphs: Glyphs) {
    self.texts = texts
    self.glyphs = glyphs
    if texts.isEmpty { return nil }
  }

  /// Rows that the first reason needs at a width, two at most.
  func rows(width: Int) -> Int { Grid.columns(of: texts[0]) <= room(width) ? 1 : 2 }

  private func room(_ width: Int) -> Int { width - Self.label.utf8.count - 1 }

  func draw(on grid: inout Grid, in rect: Rect) {
    let room = room(rect.width)
    var texts = texts
    var second = ""
    if Grid.columns(of: texts[0]) > room {
      // The cause is worth more than the sign of it.
      let text = Self.culpritFirst(texts[0])
      texts = [text]
      if rect.height > 1 { (texts[0], second) = Self.wrapped(text, room) }
    }
    NoticeRow(label: Self.label, labelColor: .warning, texts: texts, style: .plain, glyphs: glyphs)
      .draw(on: &grid, in: rect)
    if !second.isEmpty {
      let x = rect.x + Self.label.utf8.count + 1
      grid.putShortened(second, x: x, y: rect.y + 1, limit: room)
    }
  }

  /// "java holds 61% of it: all tasks waited …": the last clause of a sentence before the others.
  static func culpritFirst(_ text: String) -> String {
    let clauses = text.split(separator: ";").map { $0.drop { $0 == " " } }
    guard clauses.count > 1, let last = clauses.last else { return text }
    return ([last] + clauses.dropLast()).joined(separator: "; ")
  }

  /// The words that fit the first row, and the rest.
  static func wrapped(_ text: String, _ width: Int) -> (String, String) {
    var first = ""
    let words = text.split(separator: " ")
    for (place, word) in words.enumerated() {
      let next = first.isEmpty ? String(word) : first + " " + word
      guard Grid.columns(of: next) <= width else {
        guard !first.isEmpty else { break }
        return (first, words[place...].joined(separator: " "))
      }
      first = next
    }
    return (text, "")
  }
}
