internal import AgentMetrics
internal import SampleStore

/// Contents of the last frame that keys and mouse clicks refer to.
struct FrameContext {
  /// A click target on the screen.
  struct Hit: Equatable {
    enum HitTarget: Equatable {
      case panel(PanelDescriptor)
      case sort(ProcessColumn)
      case process(Int32)
      case key(KeyPress)
      /// A graph: a time of the axis.
      case time
      case host(Int)
      case setting(Int)
      /// A row of the list in a box over the panels.
      case row(Int)
    }

    var rect: Rect
    var target: HitTarget
  }

  /// Lines of the details beside a list.
  struct DetailRows: Equatable {
    var hidden = 0
    var visible = 1
  }

  /// Later targets cover earlier ones.
  var hits: [Hit] = []
  /// Panels in screen order.
  var panels: [PanelDescriptor] = []
  /// Height of the row that says why the machine is slow; 0 without it.
  var slowRows = 0
  /// Processes in table order.
  var rows: [Int32] = []
  /// The rows themselves.
  var table: [ProcessRow] = []
  /// All known processes, without the filter.
  var processes: [Process] = []
  /// Whether ``processes`` is the whole table.
  var isWholeTable = false
  /// Scroll range of each panel; only panels with hidden rows.
  var hiddenRows: [PanelDescriptor: Int] = [:]
  /// Visible list rows of each such panel.
  var shownRows: [PanelDescriptor: Int] = [:]
  /// Process of each row that is a thread.
  var owners: [Int32: Int32] = [:]
  /// Number of visible table rows.
  var visibleRows = 1
  /// Scroll range of an overlay, in rows.
  var overlayRows = 0
  /// Whether the screen has room for an overlay's details beside its list.
  var hasWideOverlay = false
  /// Details of the selected workload.
  var details = DetailRows()
  /// Visible rows of a process's details.
  var overlayVisible = 1
  var clock = WallClock()
  var axis = TimeAxis(step: 1, end: 0)
  /// Columns of the widest graph.
  var axisColumns = 60
  var glyphs = Glyphs(.braille)
  var entries: [History.Entry] = []
  /// Oldest time in memory or in the archive; infinite where both are empty.
  var oldest = Double.infinity
  /// Times of the known steps before memory.
  var past: [Double] = []
  /// Nominal seconds between two samples.
  var interval = 1
  var events: [MachineEvent] = []
  /// Rows of the list of events.
  var listedEvents: [MachineEvent] = []
  /// The alerts of this program's agent as they are now; nil for another machine.
  var ownAlerts: [Alert]?
  /// Whether signals may be sent.
  var canSignal = false
  /// Whether threads can be shown.
  var hasThreads = false
  var hosts = 1
  /// URL of the shown machine's page; nil where none is known.
  var page: String?
  /// Hosts in grid order.
  var hostOrder: [Int] = []

  /// The visible part of the process table; nil without a table, or where the selected process is not in it.
  var window: TableWindow?
  /// The scroll position that the table was drawn at, without that of a followed process; nil without a table.
  var scroll: Int?

  /// The greatest scroll of the table.
  var lastScroll: Int { max(0, rows.count - visibleRows) }

  /// Whether a window that begins at a time needs samples of the archive, which reaches further back than memory.
  func isArchived(_ start: Double) -> Bool {
    guard let first = entries.first?.sample.timestamp.seconds else { return false }
    return start < first - 1 && oldest < first - 1
  }

  /// A time of the axis as text.
  func time(_ time: Double) -> String { clock.time(time) }

  /// Returns the panel at a position.
  func panel(x: Int, y: Int) -> PanelDescriptor? {
    for hit in hits.reversed() where hit.rect.contains(x, y) {
      if case .panel(let panel) = hit.target { return panel }
    }
    return nil
  }

  /// Returns the click target at a position, if any.
  func target(x: Int, y: Int) -> Hit? {
    hits.last { $0.rect.x <= x && x < $0.rect.right && $0.rect.y <= y && y < $0.rect.bottom }
  }
}

/// Collects click targets while a frame is drawn.
final class HitMap {
  var frameContext = FrameContext()
  /// Graphs with a time axis below.
  var axes: [Rect] = []

  func add(_ target: FrameContext.Hit.HitTarget, _ rect: Rect) {
    if !rect.isEmpty { frameContext.hits.append(FrameContext.Hit(rect: rect, target: target)) }
  }

  /// Removes all targets but the keys of the last row: a box over the panels has the clicks.
  func cover() {
    frameContext.hits.removeAll { if case .key = $0.target { false } else { true } }
  }
}
