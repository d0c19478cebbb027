internal import AgentMetrics
internal import History

/// What panels draw from.
struct Context {
  let sample: Sample
  let timeline: Timeline
  let glyphs: Glyphs
  let order: ProcessOrder
}

/// The rows that a panel can do with.
struct Height: Equatable {
  /// Fewer make no sense.
  var minimum: Int
  /// Shows all that it has.
  var comfortable: Int
  /// More would stay empty.
  var maximum: Int

  /// The maximum of what has a graph: takes whatever there is.
  static let open = 10_000
}

/// A part of the screen that shows one matter under a title; not made where there is nothing to show.
protocol Panel {
  /// The rows it can do with at this width.
  func height(width: Int) -> Height
  /// Draws into `rect`, which is at least as high as the minimum.
  func draw(on grid: inout Grid, in rect: Rect)
}

/// The whole picture, as a pure function of what is known.
struct Screen {
  private let latest: Sample?
  private let timeline: Timeline
  private let size: Size
  private let glyphs: Glyphs
  private let options: DashboardOptions
  private let state: ScreenState
  private let now: Double
  private let utcOffset: Int

  /// A picture of the newest of `entries`, oldest first, with the others as its past; of `preview` where there is none.
  init(
    entries: [History.Entry], preview: Sample?, interval: Int, size: Size, glyphs: Glyphs, options: DashboardOptions,
    state: ScreenState,
    now: Double, utcOffset: Int
  ) {
    latest = entries.last?.sample ?? preview
    timeline = Timeline(entries, interval: interval)
    self.size = size
    self.glyphs = glyphs
    self.options = options
    self.state = state
    self.now = now
    self.utcOffset = utcOffset
  }

  /// Draws it.
  func draw() -> Grid {
    var grid = Grid(size, isASCII: glyphs.isASCII)
    var rest = grid.bounds
    let hasFrame = size.height >= 8
    if hasFrame { drawHeader(on: &grid, in: rest.takeTop(1)) }
    if hasFrame && size.height >= 12 || size.height >= 2 && message != nil {
      drawFooter(on: &grid, in: rest.takeBottom(1))
    }
    if let latest {
      let context = Context(sample: latest, timeline: timeline, glyphs: glyphs, order: state.order)
      if size.width >= 60 && size.height >= 16 {
        drawPanels(context, on: &grid, in: rest)
      } else {
        CompactView(context: context).draw(on: &grid, in: rest)
      }
    } else {
      let text = "no sample yet"
      grid.put(text, x: max(0, (rest.width - Grid.columns(of: text)) / 2), y: rest.y + rest.height / 2, .muted)
    }
    if state.isHelpShown { HelpView(glyphs: glyphs).draw(on: &grid) }
    return grid
  }

  // MARK: Head and foot

  private func drawHeader(on grid: inout Grid, in rect: Rect) {
    let clock = Format.clock(now + Double(utcOffset))
    var right = rect.right
    grid.putRight(clock, end: right, y: rect.y, .muted, limit: rect.width)
    right -= clock.utf8.count + 2
    if state.isPaused, right - rect.x >= 18 {
      // What is shown is a moment of the past: which one.
      let moment = latest.map { Format.clock($0.timestamp.seconds + Double(utcOffset)) } ?? ""
      let text = right - rect.x >= 36 ? " PAUSED " + moment + " " : " PAUSED "
      grid.putRight(text, end: right, y: rect.y, .reverse)
      right -= text.utf8.count + 2
    }
    guard let sample = latest, right > rect.x else { return }
    let host = sample.host
    var parts: [(text: String, style: Style, rank: Int)] = []
    if let name = host.hostname { parts.append((name, .bold, 0)) }
    if let os = host.os { parts.append((os, .muted, 4)) }
    if let kernel = host.kernel { parts.append((kernel, .muted, 3)) }
    if host.uptime.isFinite { parts.append(("up " + Format.duration(host.uptime), .muted, 2)) }
    if let load = sample.load, load.load1.isFinite {
      let averages = [load.load1, load.load5, load.load15].filter(\.isFinite).map { Format.fixed($0, 2) }
      parts.append(("load " + averages.joined(separator: " "), .plain, 1))
    }
    // The least important go first where there is no room for all.
    let gap = 3
    while parts.count > 1, parts.reduce(-gap, { $0 + Grid.columns(of: $1.text) + gap }) > right - rect.x {
      guard let least = parts.indices.max(by: { parts[$0].rank < parts[$1].rank }) else { break }
      parts.remove(at: least)
    }
    var x = rect.x
    for part in parts {
      if x > rect.x { grid.put(glyphs.separator, x: x, y: rect.y, .faint) }
      x = grid.putShortened(part.text, x: x > rect.x ? x + gap : x, y: rect.y, part.style, limit: right - x)
    }
  }

  /// What the user should know before anything else; nil when all is well.
  private var message: String? {
    if let latest, !state.isPaused {
      let age = now - latest.timestamp.seconds
      if age > 3 * timeline.interval { return "no new sample for " + Format.duration(age) }
    }
    return options.messages()
  }

  private func drawFooter(on grid: inout Grid, in rect: Rect) {
    var right = rect.right
    var about = [options.version.isEmpty ? "" : "agent " + options.version]
    about.append("every " + Format.duration(Double(options.sampleInterval)))
    if let url = options.listening { about.append(url) }
    if let message {
      grid.putShortened(message, x: rect.x, y: rect.y, .warning, limit: rect.width)
      return
    }
    let keys = [("q", "quit"), ("h", "help"), ("space", state.isPaused ? "go on" : "pause"), ("s", "sort")]
    let keysWidth = keys.reduce(-2) { $0 + $1.0.utf8.count + $1.1.utf8.count + 3 }
    while !about.isEmpty {
      let text = about.filter { !$0.isEmpty }.joined(separator: glyphs.separator)
      if keysWidth + 3 + Grid.columns(of: text) <= rect.width {
        grid.putRight(text, end: rect.right, y: rect.y, .muted)
        right -= Grid.columns(of: text) + 2
        break
      }
      about.removeFirst()
    }
    var x = rect.x
    for (key, meaning) in keys {
      guard x + key.utf8.count + 1 + meaning.utf8.count <= right else { break }
      x = grid.put(key, x: x, y: rect.y, .key) + 1
      x = grid.put(meaning, x: x, y: rect.y, .muted) + 2
    }
  }

  // MARK: Panels

  private func drawPanels(_ context: Context, on grid: inout Grid, in rect: Rect) {
    let bands: [(any Panel)?] = [
      CPUPanel(context), GPUPanel(context), ColumnsPanel(context, width: rect.width), ProcessPanel(context),
    ]
    let present = bands.compactMap { $0 }
    if present.isEmpty {
      grid.put("nothing to show: the system tells no figures", x: rect.x, y: rect.y, .muted)
    }
    Layout.draw(present, on: &grid, in: rect)
  }
}

/// Panels side by side in columns.
private struct ColumnsPanel: Panel {
  private static let gap = 3
  private let columns: [[any Panel]]

  init?(_ context: Context, width: Int) {
    let memory = MemoryPanel(context)
    let pressure = PressurePanel(context)
    let disks = DiskPanel(context)
    let filesystems = FilesystemPanel(context)
    let network = NetworkPanel(context)
    let temperatures = TemperaturePanel(context)
    let sorted: [[(any Panel)?]] =
      width >= 150
      ? [[memory, pressure], [disks, filesystems], [network, temperatures]]
      : [[memory, network, pressure], [disks, filesystems, temperatures]]
    columns = sorted.map { $0.compactMap { $0 } }.filter { !$0.isEmpty }
    if columns.isEmpty { return nil }
  }

  private func columnWidth(_ width: Int) -> Int {
    (width - Self.gap * (columns.count - 1)) / columns.count
  }

  func height(width: Int) -> Height {
    let width = columnWidth(width)
    let heights = columns.map { $0.map { $0.height(width: width) } }
    return Height(
      minimum: heights.map { $0.prefix(2).reduce(0) { $0 + $1.minimum } }.max() ?? 0,
      comfortable: heights.map { $0.reduce(0) { $0 + $1.comfortable } }.max() ?? 0,
      maximum: heights.map { $0.reduce(0) { $0 + $1.maximum } }.max() ?? 0)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    let width = columnWidth(rect.width)
    for (index, panels) in columns.enumerated() {
      let x = rect.x + index * (width + Self.gap)
      // The last takes what the division leaves over.
      let own = index == columns.count - 1 ? rect.right - x : width
      Layout.draw(panels, on: &grid, in: Rect(x: x, y: rect.y, width: own, height: rect.height))
    }
  }
}
