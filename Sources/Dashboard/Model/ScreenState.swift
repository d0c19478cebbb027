internal import AgentMetrics

/// The part of a process's details that comes first.
enum DetailTopic {
  case summary
  /// Open files and sockets.
  case files
  case environment
}

/// State of the screen, as changed by keys and the mouse.
struct ScreenState: Equatable {
  /// A box over the panels, which receives the keys.
  enum Overlay: Equatable {
    case help(scroll: Int)
    /// The values of a panel and their meanings.
    case explain(PanelDescriptor, selected: Int)
    case settings(selected: Int)
    case workloads(WorkloadChoice)
    /// Who used the machine in the marked window.
    case ranking(RankingChoice)
    /// The list of events.
    case events(EventChoice)
    /// Changes between two times.
    case comparison(ComparisonChoice)
    /// Resources held without use in a window.
    case waste(WasteChoice)
    case details(Int32)
    /// The choice of a signal, and its confirmation.
    case signal(SignalDialog)
    /// The choice of a panel to show alone.
    case alone(selected: Int)
    /// The choice of an I/O priority.
    case ioPriority(IOPriorityDialog)
    /// The filter being typed, with its previous text.
    case filter(before: String)
    /// The choice of the process table's columns, of its sort key, and of a user.
    case columns(selected: Int)
    case sortMenu(selected: Int)
    case users(selected: Int)
    /// The searched text.
    case search(String)
    /// The time being typed.
    case jump(JumpPrompt)
  }

  var settings = Settings()
  var table = TableState()
  var overlay: Overlay? {
    didSet { if overlay != oldValue { overlayScroll = 0 } }
  }
  /// First part of a process's details.
  var topic = DetailTopic.summary
  /// Scroll position of a process's details, in rows.
  var overlayScroll = 0
  var focus: PanelDescriptor? {
    didSet { if focus != oldValue { scrolls = [:] } }
  }
  var isMaximized = false
  var cursor = TimeCursor()
  /// A marked time, where a window begins or ends.
  var mark: Double?
  /// Whether Space has frozen the screen.
  var isPaused = false
  /// Scroll positions of the panels other than the process table, in rows.
  var scrolls: [PanelDescriptor: Int] = [:]
  /// Response to the last key, in one line.
  var note: String? {
    didSet { namesViewedTime = false }
  }
  /// Whether the note names only the time that is viewed since a jump.
  var namesViewedTime = false
  /// Other machines' alerts that the user has silenced on this screen, until they end.
  var silenced: Set<AlertKey> = []
  /// Whether all hosts are shown, and the selected one.
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
