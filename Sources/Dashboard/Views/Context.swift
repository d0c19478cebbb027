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
  /// What is added to UTC for the times that are shown.
  var utcOffset = 0

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
    state.moment.flatMap { timeline.axis.cell(of: $0, width: width, glyphs) }
  }

  /// A panel's name with the digit that shows and hides it.
  func title(_ id: PanelID, _ name: String) -> String { glyphs.small(id.rawValue) + name }

  /// A time of day.
  func clock(_ moment: Double, hasSeconds: Bool = true) -> String {
    let text = Format.clock(moment + Double(utcOffset))
    return hasSeconds ? text : String(text.dropLast(3))
  }

  /// A graph of a share, with its scale and the click that looks at a moment.
  func drawGraph(
    on grid: inout Grid, in rect: Rect, paint: Graph.Paint, top: String = "100%", hasAxis: Bool = false,
    _ figure: (borrowing Sample) -> Double
  ) {
    guard rect.width >= 4, rect.height >= 1 else { return }
    var rest = rect
    if hasAxis, rect.height >= 4 { AxisRow(context: self).draw(on: &grid, in: rest.takeBottom(1)) }
    Graph(
      timeline.columns(in: rest.width, glyphs, figure), maximum: 1, paint: paint, cursor: cursorCell(width: rest.width)
    ).draw(on: &grid, in: rest, glyphs)
    hits.add(.moment, rest)
    // Over the curve, and always: a label that gives way to it would come and go.
    if rest.width >= 24, rest.height >= 3, !top.isEmpty { grid.put(top + " ", x: rest.x, y: rest.y, .muted) }
  }
}

/// The table of processes as it is known.
struct TableContents {
  enum Kind: Equatable {
    /// All processes.
    case whole
    /// Those that use most, of the newest sample.
    case top
    /// Those that used most, of a past one.
    case stored
  }

  var rows: [ProcessRow] = []
  var kind = Kind.top
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
