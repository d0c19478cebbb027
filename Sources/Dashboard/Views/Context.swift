internal import AgentMetrics
internal import History

/// What panels draw from.
struct Context {
  /// The sample that is shown: the newest, or that of the moment that is looked at.
  let sample: Sample
  let timeline: Timeline
  let glyphs: Glyphs
  let state: ScreenState
  let table: TableContents
  let hits: HitMap
  /// Bytes that a picture costs, on the mean; NaN where unknown.
  var bytesPerFrame = Double.nan
  /// Formats wall-clock times.
  var clock = WallClock()

  /// Columns of a panel that its graph has, and those beside it.
  ///
  /// The same for every panel of a width, so that graphs one above the other have one axis.
  static func split(_ width: Int) -> (graph: Int, side: Int) {
    guard width >= 44 else { return (width, 0) }
    let side = max(28, min(width / 2, width >= 150 ? width * 2 / 5 : 60))
    return (width - side - 3, side)
  }

  /// The cell of the moment that is looked at, in a graph so wide.
  func cursorCell(width: Int) -> Int? {
    state.cursor.time.flatMap { timeline.axis.cell(of: $0, width: width, glyphs) }
  }

  /// When a process started and how long ago; nil where unknown.
  func started(_ process: Process) -> String? {
    let age = sample.host.uptime - process.start
    guard sample.boottime.isFinite, age.isFinite, process.start > 0 else { return nil }
    let time = sample.timestamp.seconds - age
    return clock.time(time) + " (" + TextFormat.duration(max(0, age)) + " ago)"
  }

  /// Says why there is nothing else.
  ///
  /// - Parameter isHidden: whether there would be something, were it not hidden.
  func drawNothing(on grid: inout Grid, in rect: Rect, isHidden: Bool) {
    let texts =
      isHidden
      ? ["all panels are hidden (0 shows them)"]
      : ["nothing to show: no metrics are available", "nothing to show: no metrics", "nothing to show"]
    guard !rect.isEmpty, let text = texts.first(where: { $0.utf8.count <= rect.width }) ?? texts.last else { return }
    grid.putShortened(text, x: rect.x, y: rect.y, .muted, limit: rect.width)
    // A lower screen has no foot with the keys.
    guard grid.height < 12, rect.height > 1 else { return }
    grid.putShortened("q quit  h keys", x: rect.x, y: rect.y + 1, .muted, limit: rect.width)
  }

  /// Cuts the row of the time axis off a graph's place, and draws it: below the first graph of each place and width.
  ///
  /// Graphs of other widths reach over other stretches of time; those below one another share the row.
  func drawAxis(on grid: inout Grid, below rect: inout Rect) {
    // The first one is worth a row of the curve; in the past, where one finds the way by it, even of two.
    let minimum = !hits.axes.isEmpty ? 5 : state.cursor.time == nil ? 3 : 2
    guard rect.height >= minimum, rect.width >= 12 else { return }
    guard !hits.axes.contains(where: { $0.x == rect.x && $0.width == rect.width }) else { return }
    hits.axes.append(rect)
    AxisRow(context: self).draw(on: &grid, in: rect.takeBottom(1))
  }

  /// A graph of a share, with its scale and the click that looks at a moment.
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
    // Over the curve, and always: a label that gives way to it would come and go.
    if rest.width >= 24, rest.height >= 3, !top.isEmpty { grid.put(top + " ", x: rest.x, y: rest.y, .muted) }
  }
}

/// The rows that a panel can do with.
struct Height: Equatable {
  /// Fewer make no sense.
  var minimum: Int
  /// Shows all that it has.
  var comfortable: Int
  /// More would stay empty.
  var maximum: Int
  /// What it gets before others grow; of no weight where it is less than the minimum.
  var enough = 0
  /// So many would leave rows empty though more would not; empty where there is no such number.
  var useless: Range<Int> = 0..<0

  /// The next greater number of rows that is of use.
  func next(after rows: Int) -> Int { useless.contains(rows + 1) ? useless.upperBound : rows + 1 }

  /// The maximum of what has a graph: takes whatever there is.
  static let open = 10_000
}

/// A part of the screen that shows one matter under a title; not made where there is nothing to show.
protocol Panel {
  /// The rows it can do with at this width.
  func height(width: Int) -> Height
  /// Draws into `rect`, which is at least as high as the minimum.
  func draw(on grid: inout Grid, in rect: Rect)
  /// Draws it maximized, in a box of its own.
  func drawAlone(in box: PanelBox, on grid: inout Grid, _ rect: Rect)
}

extension Panel {
  func drawAlone(in box: PanelBox, on grid: inout Grid, _ rect: Rect) {
    grid.within(rect) { box.draw(on: &$0, in: rect) }
  }
}
