internal import AgentMetrics
internal import History

/// Contents of the last frame that keys and mouse clicks refer to.
struct FrameContext {
  /// Something on the screen that can be clicked.
  struct Hit: Equatable {
    enum HitTarget: Equatable {
      case panel(PanelDescriptor)
      case sort(ProcessColumn)
      case process(Int32)
      case key(KeyPress)
      /// A graph: a moment of the axis.
      case time
      case host(Int)
      case setting(Int)
    }

    var rect: Rect
    var target: HitTarget
  }

  /// Later ones lie over earlier ones.
  var hits: [Hit] = []
  /// Panels in the order of the screen.
  var panels: [PanelDescriptor] = []
  /// Processes in the order of the table.
  var rows: [Int32] = []
  /// The rows themselves.
  var table: [ProcessRow] = []
  /// All processes that are known, without the filter.
  var processes: [Process] = []
  /// Whether ``processes`` is the whole table.
  var isWholeTable = false
  /// Rows by which each panel can be scrolled; only panels with hidden rows.
  var hiddenRows: [PanelDescriptor: Int] = [:]
  /// Rows of its lists that each such panel shows.
  var shownRows: [PanelDescriptor: Int] = [:]
  /// The process of each row that is a thread.
  var owners: [Int32: Int32] = [:]
  /// How many of them can be seen at once.
  var visibleRows = 1
  /// Rows that an overlay could be scrolled by.
  var overlayRows = 0
  var clock = WallClock()
  var axis = TimeAxis(step: 1, end: 0)
  /// Columns of the widest graph.
  var axisColumns = 60
  var glyphs = Glyphs(.braille)
  var entries: [History.Entry] = []
  /// The oldest moment that is kept anywhere; infinite where nothing is.
  var oldest = Double.infinity
  /// Where the steps stand that are known of before them.
  var past: [Double] = []
  /// Nominal seconds between two samples.
  var interval = 1
  var events: [TimelineEvent] = []
  /// Whether signals may be sent.
  var canSignal = false
  /// Whether threads are known.
  var hasThreads = false
  var hosts = 1
  /// Hosts in the order of the grid.
  var hostOrder: [Int] = []

  /// The greatest scroll of the table.
  var lastScroll: Int { max(0, rows.count - visibleRows) }

  /// A time of the axis as text.
  func time(_ time: Double) -> String { clock.time(time) }

  /// The panel at a place.
  func panel(x: Int, y: Int) -> PanelDescriptor? {
    for hit in hits.reversed() where hit.rect.contains(x, y) {
      if case .panel(let panel) = hit.target { return panel }
    }
    return nil
  }

  /// What is at a place; nil where there is nothing.
  func target(x: Int, y: Int) -> Hit? {
    hits.last { $0.rect.x <= x && x < $0.rect.right && $0.rect.y <= y && y < $0.rect.bottom }
  }
}

/// Gathers what can be clicked while a picture is drawn.
final class HitMap {
  var frameContext = FrameContext()
  /// The graphs below which a time axis stands.
  var axes: [Rect] = []

  func add(_ target: FrameContext.Hit.HitTarget, _ rect: Rect) {
    if !rect.isEmpty { frameContext.hits.append(FrameContext.Hit(rect: rect, target: target)) }
  }
}
