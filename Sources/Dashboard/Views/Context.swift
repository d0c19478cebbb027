internal import AgentMetrics
internal import SampleStore

/// Input of the panels.
struct Context {
  /// The displayed sample: the newest, or the one at the time cursor.
  let sample: Sample
  let timeline: Timeline
  let glyphs: Glyphs
  let state: ScreenState
  let table: TableContents
  let hits: HitMap
  /// Mean bytes per frame; NaN where unknown.
  var bytesPerFrame = Double.nan
  /// Formats wall-clock times.
  var clock = WallClock()
  /// Origins of the metrics.
  var sources = SourceTexts.rows
  /// Rows of the whole screen.
  var screenHeight = 24
  /// Whether all processes can be listed now, though not at past times.
  var hasWholeTable = false
  /// The process table of the last frame that had one; nil before it.
  var lastTable: TableWindow?

  /// Divides a panel into columns of its graph and those beside it.
  ///
  /// Equal for all panels of a width, so that stacked graphs share one axis.
  static func split(_ width: Int) -> (graph: Int, side: Int) {
    guard width >= 44 else { return (width, 0) }
    let side = max(28, min(width / 2, width >= 150 ? width * 2 / 5 : 60))
    return (width - side - 3, side)
  }

  /// Returns the cell of the time cursor in a graph of this width.
  func cursorCell(width: Int) -> Int? {
    state.cursor.time.flatMap { timeline.axis.cell(of: $0, width: width, glyphs) }
  }

  /// Start time and age of a process; nil where unknown.
  func started(_ process: Process) -> String? {
    let age = sample.host.uptime - process.start
    guard sample.boottime.isFinite, age.isFinite, process.start > 0 else { return nil }
    let time = sample.timestamp.seconds - age
    return clock.time(time) + " (" + TextFormat.duration(max(0, age)) + " ago)"
  }

  /// Explains an empty screen.
  ///
  /// - Parameter isHidden: whether hidden panels would have content.
  func drawNothing(on grid: inout Grid, in rect: Rect, isHidden: Bool) {
    let texts =
      isHidden
      ? ["all panels are hidden (0 shows them)"]
      : ["no metrics are available", "no metrics available", "no metrics"]
    guard !rect.isEmpty, let text = texts.first(where: { $0.utf8.count <= rect.width }) ?? texts.last else { return }
    grid.putShortened(text, x: rect.x, y: rect.y, .muted, limit: rect.width)
    // A lower screen has no footer with the keys.
    guard grid.height < 12, rect.height > 1 else { return }
    grid.putShortened("q quit  h keys", x: rect.x, y: rect.y + 1, .muted, limit: rect.width)
  }

  /// Cuts the row of the time axis off a graph, and draws it: below the first graph of each position and width.
  ///
  /// Graphs of other widths cover other time ranges; stacked graphs share the row.
  func drawAxis(on grid: inout Grid, below rect: inout Rect) {
    // The first axis is worth one row of the curve; in the past, where it is needed for navigation, two.
    let minimum = !hits.axes.isEmpty ? 5 : state.cursor.time == nil ? 3 : 2
    guard rect.height >= minimum, rect.width >= 12 else { return }
    guard !hits.axes.contains(where: { $0.x == rect.x && $0.width == rect.width }) else { return }
    hits.axes.append(rect)
    AxisRow(context: self).draw(on: &grid, in: rect.takeBottom(1))
  }

  /// Draws a graph of a share, with its scale and a click target for the time cursor.
  func drawGraph(
    on grid: inout Grid, in rect: Rect, gradient: Color.Gradient, top: String = "100%",
    _ metric: (borrowing Sample) -> Double
  ) {
    guard rect.width >= 4, rect.height >= 1 else { return }
    var rest = rect
    drawAxis(on: &grid, below: &rest)
    Graph(
      timeline.columns(in: rest.width, glyphs, metric), maximum: 1, gradient: gradient,
      cursor: cursorCell(width: rest.width)
    ).draw(on: &grid, in: rest, glyphs)
    hits.add(.time, rest)
    // Over the curve, and always: a label that avoids the curve would flicker.
    if rest.width >= 24, rest.height >= 3, !top.isEmpty { grid.put(top + " ", x: rest.x, y: rest.y, .muted) }
  }
}

/// Possible heights of a panel in rows.
struct Height: Equatable {
  /// The smallest useful height.
  var minimum: Int
  /// Shows all content.
  var comfortable: Int
  /// Height above which rows stay empty.
  var maximum: Int
  /// Height reached before any other panel exceeds its minimum.
  var first = 0
  /// Height reached before other panels grow; without effect below the minimum.
  var enough = 0
  /// Heights that would leave rows empty although larger ones would not.
  var useless: [Range<Int>] = []

  /// Returns the next larger useful height.
  func next(after rows: Int) -> Int { useless.first { $0.contains(rows + 1) }?.upperBound ?? rows + 1 }

  /// Maximum of a panel with a graph, which uses any room.
  static let open = 10_000
}

/// A part of the screen with a title for one subject; not created without content.
protocol Panel {
  /// Returns the possible heights at a width.
  func height(width: Int) -> Height
  /// Draws into `rect`, which is at least as high as the minimum.
  func draw(on grid: inout Grid, in rect: Rect)
  /// Lines before all values of its domain where it is alone.
  func linesAlone(width: Int) -> [PanelLine]
  /// A remark, shown in the lower border where there is one.
  var remark: String { get }
}

extension Panel {
  func linesAlone(width: Int) -> [PanelLine] { [] }
  var remark: String { "" }
}
