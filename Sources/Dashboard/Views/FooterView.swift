internal import AgentMetrics
internal import SampleStore

/// The last row: a message or the keys, and the agent's cost and address.
struct FooterView {
  let input: ScreenInput
  let context: Context?
  let glyphs: Glyphs
  let hits: HitMap
  private var state: ScreenState { input.state }

  /// The most important message for the user; nil when all is well.
  var message: String? {
    if let connection = input.connection, let reason = connection.reason {
      return connection.failure(hasConnected: input.sample != nil) ?? reason
    }
    // The header says it where there is one.
    if input.size.height < 8, !state.isGrid, let silence = input.noData {
      return "no data for " + TextFormat.seconds(silence)
    }
    if let failure = input.historyFailure, input.isBeforeMemory || state.note == nil {
      return "older history could not be read: " + failure
    }
    // The note on a jump names the time that was asked for.
    if let gap = input.gap, state.note == nil || state.namesViewedTime {
      return input.clock.absence(of: gap.time, shown: gap.shown)
    }
    return state.note ?? input.message
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    if case .filter = state.overlay {
      drawPrompt(on: &grid, in: rect)
    } else if case .jump = state.overlay, let note = state.note {
      drawMessage(note, on: &grid, in: rect)
    } else if case .jump(let prompt) = state.overlay {
      drawPrompt("go to: ", prompt.text, Self.jumpHints, on: &grid, in: rect)
    } else if case .search(let text) = state.overlay, state.note == nil {
      drawPrompt("search: ", text, ["F3: next, Enter: done"], on: &grid, in: rect)
    } else if let message {
      drawMessage(message, on: &grid, in: rect)
    } else {
      drawKeys(on: &grid, in: rect)
    }
  }

  /// Draws the filter while it is typed.
  private func drawPrompt(on grid: inout Grid, in rect: Rect) {
    var x = grid.put("/", x: rect.x, y: rect.y, .key)
    x = grid.put(state.table.filter, x: x, y: rect.y, .bold, limit: rect.width - 2)
    grid.put(" ", x: x, y: rect.y, .reverse)
    // A small screen has no title with the number of matches.
    let isSmall = input.size.width < 60 || input.size.height < 16
    let count =
      isSmall
      ? context.map { String($0.table.rows.count) + ($0.table.rows.count == 1 ? " match  " : " matches  ") } ?? ""
      : ""
    let isMalformed = ProcessFilter.malformed(state.table.filter) != nil
    let hints =
      isMalformed
      ? ["text; thresholds: " + ProcessFilter.thresholds, ProcessFilter.thresholds, ">50%cpu >2gmem", ">50%cpu", ""]
      : [
        "Enter: apply, Esc: cancel   text regex user: gpu >50%cpu >2gmem !not",
        "Enter: apply, Esc: cancel   text user: >50%cpu !not", "Enter: apply, Esc: cancel", "Enter, Esc", "",
      ].map { count + $0 }
    if let hint = hints.first(where: { rect.right - x > $0.utf8.count + 4 }) {
      grid.putRight(hint, end: rect.right, y: rect.y, isMalformed ? .warning : .muted)
    }
  }

  private static let jumpHints = [
    "03:12   yesterday 14:00   -2h   2026-11-28 14:00   now   Enter: go, Esc: cancel",
    "03:12  yesterday 14:00  -2h  2026-11-28 14:00  now", "03:12  -2h  yesterday 14:00", "03:12  -2h",
  ]

  /// Draws a text while it is typed, and the longest hint that fits.
  private func drawPrompt(_ title: String, _ text: String, _ hints: [String], on grid: inout Grid, in rect: Rect) {
    var x = grid.put(title, x: rect.x, y: rect.y, .key)
    x = grid.put(text, x: x, y: rect.y, .bold, limit: rect.right - x - 1)
    grid.put(" ", x: x, y: rect.y, .reverse)
    if let hint = hints.first(where: { rect.right - x > $0.utf8.count + 4 }) {
      grid.putRight(hint, end: rect.right, y: rect.y, .muted)
    }
  }

  private func drawMessage(_ message: String, on grid: inout Grid, in rect: Rect) {
    let isNote = message == state.note
    // The first keys stay, unless the message fits only without them.
    let own = Self.firstKeys.reduce(0) { $0 + $1.width + 2 }
    let width = Grid.columns(of: message)
    let hasKeys = own + width <= rect.width || width > rect.width && rect.width >= 60
    let x = hasKeys ? draw(Self.firstKeys, on: &grid, in: rect) : rect.x
    grid.putShortened(message, x: x, y: rect.y, isNote ? .key : .warning, limit: rect.right - x)
  }

  private static let firstKeys: [FootKey] = [
    FootKey("q", "quit", .character("q")), FootKey("h", "keys", .character("h")),
  ]

  /// The keys of the current state.
  private var keys: [FootKey] {
    let rows = FootKey(glyphs.isASCII ? "Up Dn" : "↑ ↓", "select", .down)
    func time(_ meaning: String) -> FootKey { FootKey(glyphs.isASCII ? "<- ->" : "← →", meaning, .left) }
    let filter = FootKey("/", "filter", .character("/"))
    let sort = FootKey("s", "sort", .character("s"))
    let signal = hits.frameContext.canSignal ? [FootKey("k", "signal", .character("k"))] : []
    let explain = FootKey("?", "explain", .character("?"))
    let zoom = FootKey("+ -", "zoom", .character("-"))
    if state.isGrid { return [FootKey("Enter", "open", .enter), rows] }
    if state.cursor.time == nil, state.isPaused {
      return [FootKey("Space", "resume", .character(" ")), filter, sort, time("past")] + signal + [explain]
    }
    if let mark = state.mark {
      let since = "since " + hits.frameContext.time(mark)
      return [
        FootKey("'", "rank " + since, .character("'")), FootKey("=", "compare", .character("=")), time("time"),
        FootKey("Esc", "unmark", .escape),
      ]
    }
    if state.cursor.time != nil {
      return [FootKey("Esc", "now", .shiftEnd), time("time"), FootKey("n p", "events", .character("n")), zoom]
    }
    if state.table.selected != nil {
      return [FootKey("Enter", "details", .character("d"))] + signal
        + [FootKey("f", "follow", .character("f")), FootKey("Esc", "back", .escape)]
    }
    if state.isMaximized {
      return [FootKey("Enter", "all panels", .enter), FootKey("Tab", "next panel", .tab), explain, time("past")]
    }
    return [
      FootKey("Space", "pause", .character(" ")), zoom, filter, time("past"), sort,
      FootKey("l", "layout", .character("l")), explain, FootKey("F2", "settings", .function(2)),
    ]
  }

  /// Draws the keys, and from the right the agent's cost and address.
  private func drawKeys(on grid: inout Grid, in rect: Rect) {
    let keys = Self.firstKeys + keys
    var about: [(text: String, keys: Int)] = []
    if let agent = context?.sample.agent, !state.isGrid {
      let cost = AgentPanel.metrics(agent, bytesPerFrame: input.bytesPerFrame, glyphs).map(\.text)
      if !cost.isEmpty { about.append(("agent " + cost.joined(separator: " "), 6)) }
    }
    if let url = input.options.listening { about.append((url, 4)) }
    if about.isEmpty, !input.options.version.isEmpty { about.append(("agent " + input.options.version, 4)) }
    var rest = rect
    // Keys have priority: the agent's cost makes room for six of them, its address for four.
    while let first = about.first {
      let text = about.map(\.text).joined(separator: glyphs.separator)
      let own = keys.prefix(first.keys).reduce(0) { $0 + $1.width + 2 }
      if own + Grid.columns(of: text) <= rect.width {
        grid.putRight(text, end: rect.right, y: rect.y, .muted)
        rest.width -= Grid.columns(of: text) + 2
        break
      }
      about.removeFirst()
    }
    draw(keys, on: &grid, in: rest)
  }

  private struct FootKey {
    let label: String
    let meaning: String
    let key: KeyPress

    init(_ label: String, _ meaning: String, _ key: KeyPress) {
      (self.label, self.meaning, self.key) = (label, meaning, key)
    }

    var width: Int { Grid.columns(of: label) + 1 + meaning.utf8.count }
  }

  /// Draws as many of the keys as fit; returns the column after them.
  @discardableResult
  private func draw(_ keys: [FootKey], on grid: inout Grid, in rect: Rect) -> Int {
    var x = rect.x
    for key in keys {
      guard x + key.width <= rect.right else { break }
      hits.add(.key(key.key), Rect(x: x, y: rect.y, width: key.width, height: 1))
      x = grid.put(key.label, x: x, y: rect.y, .key) + 1
      x = grid.put(key.meaning, x: x, y: rect.y, .muted) + 2
    }
    return x
  }
}
