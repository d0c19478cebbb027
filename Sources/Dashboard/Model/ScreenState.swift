internal import AgentMetrics

/// State of the screen as keys and the mouse have changed it.
struct ScreenState: Equatable {
  /// A box over the panels, which takes the keys.
  enum Overlay: Equatable {
    case help(scroll: Int)
    /// The figures of a panel and what they are.
    case explain(PanelDescriptor, selected: Int)
    case settings(selected: Int)
    case details(Int32)
    /// The choice of a signal; then its confirmation.
    case signal(SignalDialog)
    /// The filter is being typed; what it was before.
    case filter(before: String)
  }

  var settings = Settings()
  var table = TableState()
  var overlay: Overlay? {
    didSet { if overlay != oldValue { overlayScroll = 0 } }
  }
  /// Rows that the details of a process were scrolled by.
  var overlayScroll = 0
  var focus: PanelDescriptor? {
    didSet { if focus != oldValue { scrolls = [:] } }
  }
  var isMaximized = false
  var cursor = TimeCursor()
  /// Whether the screen is frozen as it was when Space was pressed.
  var isPaused = false
  /// Rows by which panels other than the process table are scrolled.
  var scrolls: [PanelDescriptor: Int] = [:]
  /// A line that answers the last key.
  var note: String?
  /// Whether all hosts are shown; the chosen one.
  var isGrid = false
  var host = 0

  init(settings: Settings = Settings()) {
    self.settings = settings
    table.choice = settings.table
  }

  /// Leaves the past and the pause.
  mutating func returnToNow() {
    cursor.reset()
    isPaused = false
  }

  /// Shows one host of the grid.
  mutating func open(host: Int) {
    self.host = host
    isGrid = false
    returnToNow()
    (focus, isMaximized, scrolls) = (nil, false, [:])
    (table.selected, table.follows, table.scroll) = (nil, false, 0)
  }
}
