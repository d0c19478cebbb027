internal import AgentMetrics
internal import SampleStore

/// The first row: host, operating system and load, and at the right the time and the state of the screen.
struct HeaderView {
  let input: ScreenInput
  /// The drawn sample.
  let sample: Sample?
  let glyphs: Glyphs
  private var state: ScreenState { input.state }
  private var clock: WallClock { input.clock }

  func draw(on grid: inout Grid, in rect: Rect) {
    var rest = rect
    drawStatus(on: &grid, in: &rest)
    if sample?.host.isDemo == true {
      // First of all: the metrics are simulated.
      let end = grid.put(" DEMO ", x: rest.x, y: rest.y, Style(.warning, [.bold, .reverse]), limit: rest.width)
      _ = rest.takeLeft(end + 1 - rest.x)
    }
    drawHost(on: &grid, in: rest)
  }

  /// Draws time, pause, viewed time and connection from the right, and cuts them off `rest`.
  private func drawStatus(on grid: inout Grid, in rest: inout Rect) {
    let rect = rest
    var right = rect.right
    defer { rest.width = max(0, right - rest.x) }
    func putRight(_ text: String, _ style: Style, gap: Int = 2) {
      let width = Grid.columns(of: text)
      guard right - rect.x >= width else { return }
      grid.putRight(text, end: right, y: rect.y, style)
      right -= width + gap
    }
    let time = clock.timeOfDay(input.now) + (state.settings.isUTC && rect.width >= 60 ? "Z" : "")
    // With room for only one time, the sample's time is shown.
    if state.cursor.time == nil && !state.isPaused || rect.width >= 48 { putRight(time, .muted) }
    if state.isPaused {
      putRight(
        right - rect.x >= 34 ? " PAUSED at " + clock.timeOfDay(input.now) + ", Space resumes " : " PAUSED ",
        Style(.warning, [.bold, .reverse]))
    }
    if state.cursor.time != nil, let sample {
      // A sample of the past: its time and age.
      let time = sample.timestamp.seconds
      let step = input.isBeforeMemory ? input.historyPoint?.step : nil
      let about =
        (step.map { ", mean of " + TextFormat.duration($0) } ?? "") + ", "
        + TextFormat.duration(max(0, input.now - time)) + " ago"
      let room = right - rect.x
      let texts = [clock.time(time) + about, clock.time(time), clock.short(time), clock.timeOfDay(time)]
      if let text = texts.enumerated().first(where: { $1.utf8.count + 7 <= room - ($0 == 0 ? 24 : 2) })?.element {
        putRight(" PAST " + text + " ", Style(.cursor, [.bold, .reverse]))
      }
    }
    if input.isLoading, right - rect.x >= 20 { putRight("loading", .warning) }
    if let silence = input.noData, input.connection?.isConnected != false {
      putRight(" no data for " + TextFormat.seconds(silence) + " ", Style(.critical, [.bold, .reverse]))
    }
    if let connection = input.connection {
      if !connection.isConnected, connection.reason == nil {
        putRight("connecting", .warning)
      } else if !connection.isConnected {
        let age = input.entries.last.map { input.now - $0.sample.timestamp.seconds } ?? .nan
        putRight(
          sample == nil
            ? " NOT CONNECTED " : age.isFinite && age >= 1 ? " LOST " + TextFormat.duration(age) + " ago " : " LOST ",
          Style(.critical, [.bold, .reverse]))
      } else if input.noData == nil, connection.lag.isFinite, right - rect.x >= 60 {
        // A sample may bear the time of a tick that its reading came before.
        putRight(
          connection.lag < -0.1
            ? "its clock is " + TextFormat.time(-connection.lag, glyphs) + " ahead"
            : "latency " + TextFormat.time(max(0, connection.lag), glyphs), .muted)
      }
    }
  }

  /// Draws the most important parts that fit, in their order.
  private func drawHost(on grid: inout Grid, in rect: Rect) {
    guard let sample, rect.width > 0 else { return }
    let host = sample.host
    var parts: [(text: String, style: Style, rank: Int)] = []
    if let name = host.hostname { parts.append((name, .bold, 0)) }
    if let os = host.os { parts.append((os, .muted, 4)) }
    if let kernel = host.kernel { parts.append((kernel, .muted, 3)) }
    if host.uptime.isFinite { parts.append(("up " + TextFormat.duration(host.uptime), .muted, 2)) }
    if let load = sample.load, load.load1.isFinite {
      let averages = [load.load1, load.load5, load.load15].filter(\.isFinite).map { TextFormat.fixed($0, 2) }
      parts.append(("load " + averages.joined(separator: " "), .plain, 1))
    }
    // The most important part first, then others that fit beside it.
    let gap = 3
    var room = rect.width
    var kept: Set<Int> = []
    for part in parts.sorted(by: { $0.rank < $1.rank }) {
      let width = Grid.columns(of: part.text) + (kept.isEmpty ? 0 : gap)
      guard kept.isEmpty || width <= room else { continue }
      kept.insert(part.rank)
      room -= width
    }
    parts.removeAll { !kept.contains($0.rank) }
    let start = rect.x
    var x = start
    for part in parts {
      if x > start { grid.put(glyphs.separator, x: x, y: rect.y, .faint) }
      x = grid.putShortened(part.text, x: x > start ? x + gap : x, y: rect.y, part.style, limit: rect.right - x)
    }
  }
}
